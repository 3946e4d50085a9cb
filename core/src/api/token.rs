//! The token by which a plugin shows at its own door that it is the plugin: 256 random bits that only its process is told.
//!
//! It is never shown: neither its `Debug` nor a refusal has it.

use std::fmt;

use tonic::metadata::{Ascii, MetadataValue};

/// The metadata that carries it, after [`SCHEME`].
pub const METADATA: &str = "authorization";
/// What stands before it there, in any letters.
pub const SCHEME: &str = "Bearer ";

const BYTES: usize = 32;

/// The token of one plugin's process.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken(String);

/// Why a call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It has no token where it needs one.
    #[error(
        "the call carries no token: send the metadata `authorization: Bearer` with the value of MATTERMOST_PLUGIN_API_TOKEN"
    )]
    Missing,
    /// What it has in its place is not of that form.
    #[error("the metadata `authorization` is not of the form `Bearer TOKEN`")]
    Form,
    /// It is not this plugin's.
    #[error("the token is not the one that this plugin was given in MATTERMOST_PLUGIN_API_TOKEN")]
    Wrong,
}

impl ApiToken {
    /// A token that nobody can guess. Panics only where the system has no random bytes, and then nothing of it is safe.
    pub fn fresh() -> Self {
        let mut bytes = [0; BYTES];
        let mut filled = 0;
        while filled < BYTES {
            let flags = rustix::rand::GetRandomFlags::empty();
            match rustix::rand::getrandom(&mut bytes[filled..], flags) {
                Ok(more) => filled += more,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("the system has no random bytes: {error}"),
            }
        }
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The token itself, for the environment of the process whose it is.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Whether a call with this metadata, or without, may come in.
    ///
    /// # Errors
    /// Why it may not.
    pub fn admits(
        &self,
        said: Option<&MetadataValue<Ascii>>,
        is_required: bool,
    ) -> Result<(), NotAdmitted> {
        let Some(said) = said else {
            return match is_required {
                true => Err(NotAdmitted::Missing),
                false => Ok(()),
            };
        };
        let said = said.as_bytes();
        let (scheme, token) = said
            .split_at_checked(SCHEME.len())
            .ok_or(NotAdmitted::Form)?;
        if !scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) {
            return Err(NotAdmitted::Form);
        }
        match is_same(token.trim_ascii(), self.0.as_bytes()) {
            true => Ok(()),
            false => Err(NotAdmitted::Wrong),
        }
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(…)")
    }
}

/// In a time that says nothing of where they differ.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let differing = |(a, b): (&u8, &u8)| a ^ b;
    a.len() == b.len() && a.iter().zip(b).map(differing).fold(0, |all, one| all | one) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::right("Bearer SECRET", Ok(()))]
    #[case::any_letters("bearer SECRET", Ok(()))]
    #[case::wrong("Bearer secret", Err(NotAdmitted::Wrong))]
    #[case::beginning("Bearer SECRE", Err(NotAdmitted::Wrong))]
    #[case::longer("Bearer SECRETS", Err(NotAdmitted::Wrong))]
    #[case::empty("Bearer ", Err(NotAdmitted::Wrong))]
    #[case::alone("SECRET", Err(NotAdmitted::Form))]
    #[case::other("Basic SECRET", Err(NotAdmitted::Form))]
    fn what_is_said_is_checked_required_or_not(
        #[case] said: &str,
        #[case] expected: Result<(), NotAdmitted>,
    ) {
        let token = ApiToken("SECRET".to_owned());
        let said = said.parse().unwrap();
        for is_required in [false, true] {
            assert_eq!(token.admits(Some(&said), is_required), expected);
        }
    }

    #[test]
    fn who_says_nothing_comes_in_unless_a_token_is_required() {
        let token = ApiToken::fresh();
        assert_eq!(token.admits(None, false), Ok(()));
        assert_eq!(token.admits(None, true), Err(NotAdmitted::Missing));
    }

    #[test]
    fn tokens_are_fresh_and_never_shown() {
        let (a, b) = (ApiToken::fresh(), ApiToken::fresh());
        assert_ne!(a, b);
        assert_eq!(a.secret().len(), 2 * BYTES);
        assert!(!format!("{a:?}").contains(a.secret()));
    }
}
