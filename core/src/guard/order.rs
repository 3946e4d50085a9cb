//! What the host tells the guard: one line for each order. Pure.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// One order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Everything with this value of `PLUGIN_HOST_RUN` belongs to the host.
    Mark(String),
    /// A process group belongs to the host.
    AddGroup(u32),
    /// It is gone.
    RemoveGroup(u32),
    /// A folder or file belongs to the host.
    AddPath(PathBuf),
    /// It is gone, or may stay.
    RemovePath(PathBuf),
}

impl Order {
    /// The order as a line, LF included.
    pub fn to_line(&self) -> Vec<u8> {
        let (word, value) = match self {
            Self::Mark(mark) => ("mark", mark.clone().into_bytes()),
            Self::AddGroup(leader) => ("group-add", leader.to_string().into_bytes()),
            Self::RemoveGroup(leader) => ("group-remove", leader.to_string().into_bytes()),
            Self::AddPath(path) => ("path-add", escape(path)),
            Self::RemovePath(path) => ("path-remove", escape(path)),
        };
        [word.as_bytes(), b" ", &value, b"\n"].concat()
    }

    /// Reads a line without its LF. `None` if it is no order; a guard of another version passes over it.
    pub fn from_line(line: &[u8]) -> Option<Self> {
        let blank = line.iter().position(|b| *b == b' ')?;
        let (word, value) = (&line[..blank], &line[blank + 1..]);
        let number = || std::str::from_utf8(value).ok()?.parse().ok();
        Some(match word {
            b"mark" => Self::Mark(String::from_utf8(value.to_vec()).ok()?),
            b"group-add" => Self::AddGroup(number()?),
            b"group-remove" => Self::RemoveGroup(number()?),
            b"path-add" => Self::AddPath(unescape(value)),
            b"path-remove" => Self::RemovePath(unescape(value)),
            _ => return None,
        })
    }
}

/// A path may hold a line feed; nothing else is in the way.
fn escape(path: &Path) -> Vec<u8> {
    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'\n' => escaped.extend_from_slice(b"%n"),
            b'%' => escaped.extend_from_slice(b"%%"),
            other => escaped.push(*other),
        }
    }
    escaped
}

fn unescape(bytes: &[u8]) -> PathBuf {
    let mut plain = Vec::new();
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        match (byte, byte == &b'%') {
            (_, true) if rest.next() == Some(&b'n') => plain.push(b'\n'),
            (byte, _) => plain.push(*byte),
        }
    }
    PathBuf::from(OsString::from_vec(plain))
}

/// Everything that a guard answers for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Charge {
    /// The run's mark.
    pub mark: Option<String>,
    /// Leaders of process groups.
    pub groups: BTreeSet<u32>,
    /// Folders and files.
    pub paths: BTreeSet<PathBuf>,
}

impl Charge {
    /// Obeys one order.
    pub fn apply(&mut self, order: Order) {
        match order {
            Order::Mark(mark) => self.mark = Some(mark),
            Order::AddGroup(leader) => {
                self.groups.insert(leader);
            }
            Order::RemoveGroup(leader) => {
                self.groups.remove(&leader);
            }
            Order::AddPath(path) => {
                self.paths.insert(path);
            }
            Order::RemovePath(path) => {
                self.paths.remove(&path);
            }
        }
    }

    /// The orders that lead to this charge, for a guard that takes over.
    pub fn orders(&self) -> Vec<Order> {
        let mark = self.mark.clone().map(Order::Mark);
        let groups = self.groups.iter().copied().map(Order::AddGroup);
        let paths = self.paths.iter().cloned().map(Order::AddPath);
        mark.into_iter().chain(groups).chain(paths).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_order() -> impl Strategy<Value = Order> {
        let path = proptest::collection::vec(
            prop_oneof![Just(b'%'), Just(b'\n'), Just(b'n'), any::<u8>()],
            0..12,
        );
        let path = path.prop_map(|bytes| PathBuf::from(OsString::from_vec(bytes)));
        prop_oneof![
            "[a-z0-9/-]{0,20}".prop_map(Order::Mark),
            (0_u32..5).prop_map(Order::AddGroup),
            (0_u32..5).prop_map(Order::RemoveGroup),
            path.clone().prop_map(Order::AddPath),
            path.prop_map(Order::RemovePath),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(order in any_order()) {
            let line = order.to_line();
            prop_assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
            prop_assert_eq!(Order::from_line(&line[..line.len() - 1]), Some(order));
        }

        #[test]
        fn no_line_makes_it_panic(line in proptest::collection::vec(any::<u8>(), 0..40)) {
            Order::from_line(&line);
        }

        #[test]
        fn a_guard_that_takes_over_has_the_same_charge(orders in proptest::collection::vec(any_order(), 0..20)) {
            let mut charge = Charge::default();
            orders.into_iter().for_each(|order| charge.apply(order));
            let mut successor = Charge::default();
            charge.orders().into_iter().for_each(|order| successor.apply(order));
            prop_assert_eq!(charge, successor);
        }
    }

    #[test]
    fn other_lines_are_passed_over() {
        for line in ["", "mark", "group-add x", "group-add -1", "dance now"] {
            assert_eq!(Order::from_line(line.as_bytes()), None, "{line:?}");
        }
    }
}
