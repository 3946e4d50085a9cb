//! What the files of a plugin are at one moment.
//!
//! Looked at again and again, not waited for: that needs no library, sees changes on every file system (bind mounts and network folders
//! tell nobody), and costs one look per file, of which a plugin has few.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::ignored::is_ignored;

/// So many files are looked at; a folder with more is not only a plugin's.
const MOST: usize = 10_000;

/// By what one sees that a file is another one, or has another content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    length: u64,
    /// Editors write a new file and put it in the place of the old one.
    inode: u64,
    /// A script that was made executable is another one.
    mode: u32,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            length: metadata.len(),
            inode: metadata.ino(),
            mode: metadata.mode(),
        }
    }
}

/// The files of a folder, those that are ignored aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, Stamp>,
}

impl Snapshot {
    /// Looks at a folder. What goes away meanwhile is not there.
    pub fn of(folder: &Path) -> Snapshot {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_str().is_none_or(is_ignored) || files.len() >= MOST {
                    continue;
                }
                let path = entry.path();
                // A link to a folder could lead in a circle; one to a file is as good as the file.
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if let Ok(metadata) = fs::metadata(&path)
                    && metadata.is_file()
                {
                    files.insert(path, Stamp::of(&metadata));
                }
            }
        }
        Snapshot { files }
    }

    /// A file that differs from an earlier moment, or is new, or gone; the first by its path.
    pub fn difference<'a>(&'a self, before: &'a Snapshot) -> Option<&'a Path> {
        let differs = |path: &&PathBuf| self.files.get(*path) != before.files.get(*path);
        let all = self.files.keys().chain(before.files.keys());
        all.filter(differs).min().map(PathBuf::as_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_change_of_a_file_is_one_and_what_is_ignored_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("web/__pycache__")).unwrap();
        fs::write(at("plugin.py"), "a").unwrap();
        fs::write(at("web/page.html"), "b").unwrap();
        let mut before = Snapshot::of(folder.path());
        let mut changed = || {
            let now = Snapshot::of(folder.path());
            let difference = now.difference(&before).map(Path::to_owned);
            before = now;
            difference
        };
        assert_eq!(changed(), None);
        fs::write(at("plugin.py"), "longer").unwrap();
        assert_eq!(changed(), Some(at("plugin.py")));
        fs::write(at("web/new.html"), "c").unwrap();
        assert_eq!(changed(), Some(at("web/new.html")));
        fs::write(at("other.py"), "longer").unwrap();
        fs::rename(at("other.py"), at("plugin.py")).unwrap();
        assert_eq!(changed(), Some(at("plugin.py")));
        fs::remove_file(at("web/new.html")).unwrap();
        assert_eq!(changed(), Some(at("web/new.html")));
        fs::write(at("web/__pycache__/x.py"), "d").unwrap();
        fs::write(at(".hidden"), "d").unwrap();
        symlink(folder.path(), at("circle")).unwrap();
        assert_eq!(changed(), None);
    }
}
