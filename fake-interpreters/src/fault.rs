//! What a plugin under test can do wrong, one deviation at a time.
//!
//! Each fault is the good testee of [`crate::script::Script::testee`] with one difference. Where the difference is one of
//! steps (what is written, when, and what is left behind) [`Fault::script`] writes other steps; the others are played by
//! the testee itself, which is told by the field `fault` of its serve step. Names are stable: mutants refer to them.
//!
//! The rows stand in a file for each part of a plugin's life; each file hands them on to the next, and the last makes the enum of all.

#[macro_use]
mod start;
#[macro_use]
mod hook;
#[macro_use]
mod http;
#[macro_use]
mod api;
#[macro_use]
mod end;
#[macro_use]
mod tls;
mod steps;

use serde::{Deserialize, Serialize};

use crate::script::{Script, Serve};

macro_rules! faults {
    (; $($(#[doc = $doc:literal])+ $name:ident = $text:literal,)*) => {
        /// One deviation of a testee.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Fault { $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)* }

        impl Fault {
            /// All of them, in reading order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in scripts.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What the testee does wrong, in a sentence.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start(),)* }
            }
        }
    };
}

start_faults!(hook_faults http_faults api_faults end_faults tls_faults faults;);

impl Fault {
    /// The fault of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// The testee with this fault.
    pub fn script(self) -> Script {
        steps::deviating(self).unwrap_or_else(|| {
            Script::serving(Serve {
                fault: Some(self),
                ..Serve::testee()
            })
        })
    }

    /// True when the deviation is in the steps, so that a serve step cannot play it.
    pub fn is_of_steps(self) -> bool {
        steps::deviating(self).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_fault_has_a_name_of_its_own_and_a_sentence() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        let sentences: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.describe()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        assert_eq!(sentences.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert!(fault.describe().ends_with('.'), "{fault:?}");
            assert!(
                fault
                    .name()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-'),
                "{fault:?}"
            );
            assert_eq!(Fault::named(fault.name()), Some(*fault));
        }
    }

    #[test]
    fn every_fault_makes_a_script_that_can_be_played_and_is_not_the_good_one() {
        for fault in Fault::ALL {
            let script = fault.script();
            script.check().unwrap();
            assert_ne!(script, Script::testee(), "{fault:?}");
        }
    }
}
