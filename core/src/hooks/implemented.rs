//! The answer to `Implemented`: which hooks a plugin has. Pure.

use plugin_proto::{HOOKS, Method, find_hook};

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

    fn with(self, hook: &Method) -> Self {
        Self(self.0 | 1 << hook.index)
    }
}

/// What a plugin announced, tolerantly read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announcement {
    /// The hooks that it has.
    pub hooks: HookSet,
    /// Names that are no hooks, in the order given.
    pub unknown: Vec<String>,
    /// Names given more than once, each of them once.
    pub repeated: Vec<String>,
    /// The plugin does not serve `Implemented`, which means that it has every hook.
    pub unimplemented: bool,
}

impl Announcement {
    /// Reads the names of an answer. They are compared exactly; `Implemented` is no hook.
    pub fn read(names: &[String]) -> Self {
        let mut read = Self::default();
        for (position, name) in names.iter().enumerate() {
            if names[..position].contains(name) {
                if !read.repeated.contains(name) {
                    read.repeated.push(name.clone());
                }
                continue;
            }
            match find_hook(name) {
                Some(hook) if hook.index != 0 => read.hooks = read.hooks.with(hook),
                _ if name == WITHOUT_RPC => {}
                _ => read.unknown.push(name.clone()),
            }
        }
        read
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
}
