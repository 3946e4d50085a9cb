//! Whose child this process is, and which group and session it belongs to.
//!
//! Read from `/proc/self/stat`, not asked of the system by calls: seen from a PID namespace, a group or session that was made
//! outside of it has the number 0, for which bindings that know only positive numbers have no value.

use std::fs;
use std::io;

/// Numbers of this process's relatives; 0 is one outside of the PID namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kin {
    pub(crate) ppid: i32,
    pub(crate) pgid: i32,
    pub(crate) sid: i32,
}

impl Kin {
    /// Those of the calling process.
    ///
    /// # Errors
    /// When `/proc/self/stat` cannot be read, or does not have the form that proc(5) describes.
    pub(crate) fn own() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        Self::parse(&stat).ok_or_else(|| {
            let text = format!("/proc/self/stat has another form than expected: {stat:?}");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }

    /// The fields 4 to 6. The name before them stands in parentheses and may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut numbers = after_name.split_whitespace().skip(1).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            ppid: next()?,
            pgid: next()?,
            sid: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_fields_after_name_and_state() {
        let check = |stat: &str, expect| {
            let kin = Kin::parse(stat).map(|kin| (kin.ppid, kin.pgid, kin.sid));
            assert_eq!(kin, expect, "{stat}");
        };
        check("7 (cat) R 1 2 3 0 -1", Some((1, 2, 3)));
        check("7 (a) b) R 9 8) S 1 0 0 0 -1", Some((1, 0, 0)));
        check("7 (cat) R 1 2", None);
        check("7 (cat) R 1 x 3", None);
        check("", None);
    }
}
