//! What an application can set about the API that its plugins call.

use std::fmt;
use std::str::FromStr;

/// How plugins reach the API, and how they are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApiOptions {
    /// Where each plugin's server listens.
    pub transport: ApiTransport,
    /// How errors of the application travel.
    pub errors: ApiErrors,
    /// Whether every call has to carry the plugin's token. One that carries another is refused in any case.
    pub require_token: bool,
}

/// Where a plugin's API server listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ApiTransport {
    /// On a random port of 127.0.0.1, as the contract says.
    #[default]
    Tcp,
    /// On a unix socket in a folder that only the host's user can enter.
    Unix,
}

/// How the errors of the application travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ApiErrors {
    /// In the answer's field `error`, as the contract says.
    #[default]
    InBand,
    /// As a gRPC status, as Mattermost's host does it for most methods.
    Status,
}

/// A word that is none of those that can be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is neither {first:?} nor {second:?}")]
pub struct UnknownWord {
    word: String,
    first: &'static str,
    second: &'static str,
}

macro_rules! words {
    ($kind:ident: $($variant:ident = $word:literal),*) => {
        impl $kind {
            /// All of them, the default first.
            pub const ALL: [Self; 2] = [$(Self::$variant),*];

            /// The word by which it is set.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $kind {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                let found = Self::ALL.into_iter().find(|one| one.word() == word);
                let [first, second] = Self::ALL.map(Self::word);
                found.ok_or_else(|| UnknownWord { word: word.to_owned(), first, second })
            }
        }
    };
}

words!(ApiTransport: Tcp = "tcp", Unix = "unix");
words!(ApiErrors: InBand = "in-band", Status = "status");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for one in ApiTransport::ALL {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        for one in ApiErrors::ALL {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        let error = "TCP".parse::<ApiTransport>().unwrap_err();
        assert_eq!(error.to_string(), r#""TCP" is neither "tcp" nor "unix""#);
    }
}
