//! Faults of the API as data: which methods or hooks, which part of a message, and what becomes of it. Pure: how they are put into a host
//! is `seams::damaged`.
//!
//! ```text
//! damages = damage { "; " damage }
//! damage  = methods deed | methods "request"|"answer" path change | "hook:" name "never"|"unheard"
//! methods = "*" | name { "," name }
//! deed    = "swallow" | "invent" | "hang" | "status" | "forget" | "stale"
//! path    = name { "[]" | "." name }
//! change  = "drop" | "set" JSON | "pop" | "reverse" | "double" | "without" name
//! ```
//! What the path does not lead to stays as it is: a damage of errors leaves answers alone, and the other way round.

mod change;
mod wording;

use std::str::FromStr;

use plugin_proto::{API, Form, Method, find_api, find_hook, reflect};
use serde_json::Value;

pub use change::Change;

/// What is wrong with an API, in the order of its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Damages(pub Vec<Damage>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Damage {
    /// Methods that do not do what they should.
    Methods(Vec<&'static Method>, Deed),
    /// A hook that is not called, or whose answer nobody hears.
    Hook(&'static Method, Silence),
}

/// What a method does in place of what it should.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// It answers with an empty message and has done nothing.
    Swallow,
    /// It answers with something in every field, whatever it is asked.
    Invent,
    /// It never answers.
    Hang,
    /// It answers with a gRPC status.
    Status,
    /// It knows nothing any more when its plugin is started again.
    Forget,
    /// Its first answer is the answer to all.
    Stale,
    /// A part of a message is changed.
    Change(Form, Change),
}

/// How a hook that an API call leads to is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It is not called.
    Never,
    /// It is called, and what it says is not taken.
    Unheard,
}

/// Why a text is no damage.
#[derive(Debug, thiserror::Error)]
pub enum DamageError {
    /// Not a method of the API, or not a hook.
    #[error("{0:?} is no name of an API method or of a hook")]
    Name(String),
    /// The rest of it means nothing.
    #[error("{0:?} is nothing that a method or a hook can do wrong")]
    Deed(String),
    /// The value is no JSON.
    #[error("the value of {0:?} is no JSON: {1}")]
    Json(String, serde_json::Error),
}

impl Damage {
    /// The methods of the API whose answers it can be seen in, if it names any.
    pub fn methods(&self) -> &[&'static Method] {
        match self {
            Damage::Methods(methods, _) => methods,
            Damage::Hook(..) => &[],
        }
    }
}

impl Damages {
    /// How a hook is silent.
    pub fn silence(&self, hook: &Method) -> Option<Silence> {
        self.0.iter().find_map(|damage| match damage {
            Damage::Hook(silent, silence) if silent.name == hook.name => Some(*silence),
            _ => None,
        })
    }

    /// Whether plugins that start again find nothing of what they left.
    pub fn forgets(&self) -> bool {
        let forgets = |damage: &Damage| matches!(damage, Damage::Methods(_, Deed::Forget));
        self.0.iter().any(forgets)
    }
}

impl Change {
    /// The message with the change; bytes that are no such message stay as they are.
    pub fn made(&self, method: &Method, form: Form, message: &[u8]) -> Option<bytes::Bytes> {
        let mut json: Value = reflect::to_json(method, form, message).ok()?;
        self.make(&mut json);
        reflect::from_json(method, form, &json).ok()
    }
}

impl FromStr for Damages {
    type Err = DamageError;

    fn from_str(text: &str) -> Result<Damages, DamageError> {
        let each = text.split("; ").filter(|part| !part.trim().is_empty());
        each.map(read).collect::<Result<_, _>>().map(Damages)
    }
}

fn read(text: &str) -> Result<Damage, DamageError> {
    let unknown = || DamageError::Deed(text.to_owned());
    let (who, what) = text.trim().split_once(' ').ok_or_else(unknown)?;
    if let Some(name) = who.strip_prefix("hook:") {
        let hook = find_hook(name).ok_or_else(|| DamageError::Name(name.to_owned()))?;
        return match what {
            "never" => Ok(Damage::Hook(hook, Silence::Never)),
            "unheard" => Ok(Damage::Hook(hook, Silence::Unheard)),
            _ => Err(unknown()),
        };
    }
    let methods = match who {
        "*" => API.iter().collect(),
        names => names
            .split(',')
            .map(|name| find_api(name).ok_or_else(|| DamageError::Name(name.to_owned())))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let deed = match what.split_once(' ') {
        None => match what {
            "swallow" => Deed::Swallow,
            "invent" => Deed::Invent,
            "hang" => Deed::Hang,
            "status" => Deed::Status,
            "forget" => Deed::Forget,
            "stale" => Deed::Stale,
            _ => return Err(unknown()),
        },
        Some(("request", change)) => Deed::Change(Form::Request, Change::read(change)?),
        Some(("answer", change)) => Deed::Change(Form::Response, Change::read(change)?),
        Some(_) => return Err(unknown()),
    };
    Ok(Damage::Methods(methods, deed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_says() {
        let damages: Damages = "KVGet,KVSet swallow; hook:OnActivate never"
            .parse()
            .unwrap();
        let [
            Damage::Methods(methods, Deed::Swallow),
            Damage::Hook(hook, Silence::Never),
        ] = &damages.0[..]
        else {
            panic!("{damages:?}");
        };
        assert_eq!((methods.len(), hook.name), (2, "OnActivate"));
        assert_eq!("".parse::<Damages>().unwrap(), Damages::default());
        assert!(
            "* hang"
                .parse::<Damages>()
                .is_ok_and(|all| all.0[0].methods().len() == API.len())
        );
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in [
            "KvGet swallow",
            "KVGet",
            "KVGet eat",
            "KVGet answer value",
            "KVGet answer value set {",
            "KVGet answer .. drop",
            "hook:OnActivated never",
            "hook:OnActivate twice",
        ] {
            assert!(text.parse::<Damages>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_change_of_a_message_is_one_of_its_bytes() {
        let method = find_api("KVList").unwrap();
        let json = serde_json::json!({"keys": ["a", "b"]});
        let wire = reflect::from_json(method, Form::Response, &json).unwrap();
        let change = Change::read("keys pop").unwrap();
        let changed = change.made(method, Form::Response, &wire).unwrap();
        let json = reflect::to_json(method, Form::Response, &changed).unwrap();
        assert_eq!(json, serde_json::json!({"keys": ["a"]}));
    }
}
