//! The answer to `Implemented`: which hooks a plugin has. Pure.
//!
//! However many names a plugin announces, reading them takes one pass and a bounded amount of memory: they are taken from the bytes one by
//! one, and of those that mean nothing only the first few are kept.

use bytes::{Buf as _, Bytes};
use plugin_proto::pb::AppError;
use plugin_proto::{HOOKS, Method, find_hook};
use prost::DecodeError;
use prost::encoding::{DecodeContext, decode_key, skip_field, string};

use crate::in_band;

/// A set of hooks, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct HookSet(u64);

/// A hook of the application that has no RPC: a known name, but never called.
const WITHOUT_RPC: &str = "ServeMetrics";

impl HookSet {
    /// No hook.
    pub const EMPTY: Self = Self(0);

    /// Every hook of the contract; `Implemented` itself is none.
    pub fn every() -> Self {
        HOOKS.iter().skip(1).fold(Self::EMPTY, Self::with)
    }

    /// Whether a hook is in the set.
    pub const fn contains(self, hook: &Method) -> bool {
        self.0 & (1 << hook.index) != 0
    }

    /// The names in the order of the service.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        HOOKS
            .iter()
            .filter(move |hook| self.contains(hook))
            .map(|hook| hook.name)
    }

    /// The set with one hook more.
    pub fn with(self, hook: &Method) -> Self {
        Self(self.0 | 1 << hook.index)
    }
}

/// How many names are kept that are no hooks.
pub const NAMES_KEPT: usize = 64;

/// How much is kept of such a name, in characters.
const NAME_KEPT: usize = 100;

/// The field of the answer that holds the names.
const NAMES: u32 = 2;

/// What a plugin announced, tolerantly read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announcement {
    /// The hooks that it has.
    pub hooks: HookSet,
    /// Names that are no hooks, in the order given, each cut to 100 characters; at most [`NAMES_KEPT`].
    pub unknown: Vec<String>,
    /// How many more such names there were.
    pub surplus: usize,
    /// Names given more than once, each of them once; of names that are no hooks those that were kept.
    pub repeated: Vec<String>,
    /// The plugin does not serve `Implemented`, which means that it has every hook.
    pub unimplemented: bool,
}

impl Announcement {
    /// Reads an answer: what it announces, or the error that it carries.
    ///
    /// # Errors
    /// When the bytes are no answer.
    pub fn decode(answer: &Bytes) -> Result<Result<Self, AppError>, DecodeError> {
        let mut read = Self::default();
        let (mut rest, mut name) = (answer.clone(), String::new());
        while rest.has_remaining() {
            let (tag, kind) = decode_key(&mut rest)?;
            if tag == NAMES {
                string::merge(kind, &mut name, &mut rest, DecodeContext::default())?;
                read.add(&name);
            } else {
                skip_field(kind, tag, &mut rest, DecodeContext::default())?;
            }
        }
        Ok(match in_band::decode(answer)? {
            Some(error) => Err(error),
            None => Ok(read),
        })
    }

    /// Reads names that are decoded already. They are compared exactly; `Implemented` is no hook.
    pub fn read(names: &[String]) -> Self {
        let mut read = Self::default();
        names.iter().for_each(|name| read.add(name));
        read
    }

    fn add(&mut self, name: &str) {
        let kept = match name.char_indices().nth(NAME_KEPT) {
            Some((end, _)) => &name[..end],
            None => name,
        };
        let is_again = match find_hook(name) {
            Some(hook) if hook.index != 0 => {
                let is_again = self.hooks.contains(hook);
                self.hooks = self.hooks.with(hook);
                is_again
            }
            _ if name == WITHOUT_RPC => false,
            _ if self.unknown.iter().any(|known| known == kept) => true,
            _ if self.unknown.len() < NAMES_KEPT => {
                self.unknown.push(kept.to_owned());
                false
            }
            _ => {
                self.surplus += 1;
                false
            }
        };
        if is_again && !self.repeated.iter().any(|known| known == kept) {
            self.repeated.push(kept.to_owned());
        }
    }

    /// The announcement of a plugin that does not serve `Implemented`.
    pub fn of_everything() -> Self {
        Self {
            hooks: HookSet::every(),
            unimplemented: true,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::pb::ImplementedResponse;
    use proptest::prelude::*;
    use prost::Message as _;
    use rstest::rstest;

    #[test]
    fn every_hook_has_its_own_bit_and_implemented_is_the_first_method() {
        assert_eq!(HOOKS[0].name, "Implemented");
        assert_eq!(HookSet::every().0.count_ones(), 41);
        assert!(!HookSet::every().contains(&HOOKS[0]));
        assert!(
            HookSet::every()
                .names()
                .eq(HOOKS[1..].iter().map(|hook| hook.name))
        );
    }

    #[rstest]
    #[case::none(&[], &[], &[], &[])]
    #[case::order_of_the_service(&["ServeHTTP", "OnActivate"], &["OnActivate", "ServeHTTP"], &[], &[])]
    #[case::unknown(&["OnActivate", "onActivate", ""], &["OnActivate"], &["onActivate", ""], &[])]
    #[case::itself(&["Implemented"], &[], &["Implemented"], &[])]
    #[case::repeated(&["OnActivate", "OnActivate", "x", "OnActivate", "x"], &["OnActivate"], &["x"], &["OnActivate", "x"])]
    #[case::known_without_rpc(&["ServeMetrics"], &[], &[], &[])]
    fn names(
        #[case] given: &[&str],
        #[case] hooks: &[&str],
        #[case] unknown: &[&str],
        #[case] repeated: &[&str],
    ) {
        let given: Vec<_> = given.iter().map(|name| (*name).to_owned()).collect();
        let read = Announcement::read(&given);
        assert_eq!(read.hooks.names().collect::<Vec<_>>(), hooks);
        assert_eq!(read.unknown, unknown);
        assert_eq!(read.repeated, repeated);
        assert!(!read.unimplemented);
    }
    fn answer(names: &[&str]) -> Bytes {
        let hooks = names.iter().map(|name| (*name).to_owned()).collect();
        let answer = ImplementedResponse { error: None, hooks };
        answer.encode_to_vec().into()
    }

    #[test]
    fn the_bytes_of_an_answer_say_what_its_names_say() {
        let names = ["OnActivate", "nonsense", "OnActivate", "nonsense", ""];
        let read = Announcement::decode(&answer(&names)).unwrap().unwrap();
        assert_eq!(read, Announcement::read(&names.map(str::to_owned)));
        assert_eq!(read.repeated, ["OnActivate", "nonsense"]);
        let error = AppError {
            id: "a.b".to_owned(),
            ..AppError::default()
        };
        let refused = ImplementedResponse {
            error: Some(error.clone()),
            hooks: vec!["OnActivate".to_owned()],
        };
        let read = Announcement::decode(&refused.encode_to_vec().into()).unwrap();
        assert_eq!(read, Err(error));
    }

    #[test]
    fn a_million_names_are_read_in_one_pass_and_hardly_any_is_kept() {
        let mut bytes = answer(&["OnActivate"]).to_vec();
        let long = "x".repeat(200);
        for number in 0..1_000_000 {
            let name = format!("{number}{}", if number < 3 { &long } else { "" });
            string::encode(NAMES, &name, &mut bytes);
        }
        bytes.extend(&answer(&["OnDeactivate", "OnActivate"])[..]);
        let began = std::time::Instant::now();
        let read = Announcement::decode(&bytes.into()).unwrap().unwrap();
        // Comparing each with each would take hours.
        assert!(began.elapsed() < std::time::Duration::from_secs(60));
        let names: Vec<_> = read.hooks.names().collect();
        assert_eq!(names, ["OnActivate", "OnDeactivate"]);
        assert_eq!(
            (read.unknown.len(), read.surplus),
            (NAMES_KEPT, 1_000_000 - NAMES_KEPT)
        );
        assert!(read.unknown.iter().all(|name| name.len() <= NAME_KEPT));
        assert_eq!(read.repeated, ["OnActivate"]);
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_answer_are_refused_as_the_messages_decoder_refuses_them(
            good in proptest::collection::vec("[A-Za-z]{0,12}|OnActivate", 0..6),
            change in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            tail in prop_oneof![Just(vec![16, 0]), proptest::collection::vec(any::<u8>(), 0..6)],
        ) {
            let names: Vec<&str> = good.iter().map(String::as_str).collect();
            let mut bytes = answer(&names).to_vec();
            bytes.extend(tail);
            for (at, byte) in change {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            let bytes = Bytes::from(bytes);
            let ours = Announcement::decode(&bytes);
            match ImplementedResponse::decode(bytes) {
                Err(_) => prop_assert!(ours.is_err(), "{ours:?}"),
                Ok(ImplementedResponse { error: Some(error), .. }) => prop_assert_eq!(ours.unwrap(), Err(error)),
                Ok(answer) => prop_assert_eq!(ours.unwrap(), Ok(Announcement::read(&answer.hooks))),
            }
        }
    }
}
