//! A folder of plugins: which plugins are in it, and which of its folders are none and why.
//!
//! A direct subfolder whose name does not begin with a dot is looked at; a file is not. Nothing that was looked at is dropped
//! silently: a folder is found, broken, or one of several with the same id.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::environment::activate::ActivateError;
use crate::environment::home::Home;
use crate::ids::PluginId;
use crate::manifest::{Manifest, ManifestError};

/// What was found in a folder of plugins.
#[derive(Debug, Default)]
pub struct Scan {
    /// The plugins, each in its one folder.
    pub found: BTreeMap<PluginId, Found>,
    /// Folders without a usable manifest, in the order of their names.
    pub broken: Vec<Broken>,
    /// Ids that several folders have, with all of them in the order of their names. None of these plugins can be activated by id.
    pub twins: BTreeMap<PluginId, Vec<PathBuf>>,
}

/// A plugin that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its folder, links resolved.
    pub folder: PathBuf,
    /// The link by which it was found, if it does not live in the scanned folder itself.
    pub link: Option<PathBuf>,
    /// What its manifest says.
    pub manifest: Manifest,
}

/// A folder that holds no usable plugin.
#[derive(Debug)]
pub struct Broken {
    /// The folder.
    pub folder: PathBuf,
    /// Why.
    pub error: ManifestError,
}

/// Why a folder could not be scanned.
#[derive(Debug, thiserror::Error)]
#[error("scanning the plugins folder {}: {source}", folder.display())]
pub struct ScanError {
    /// The folder.
    pub folder: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl Scan {
    /// Looks into a folder.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub fn of(folder: &Path) -> Result<Self, ScanError> {
        let failed = |source| ScanError {
            folder: folder.to_owned(),
            source,
        };
        let mut folders = Vec::new();
        for entry in folder.read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            // A link to a folder is a folder: plugins under development are often linked.
            if !is_hidden && entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
        folders.sort();
        let manifests = folders.into_iter().map(|folder| {
            let manifest = Manifest::find(&folder);
            (Home::of(&folder), manifest)
        });
        Ok(manifests.collect())
    }
}

/// Where the plugins of a scan are: each id with all of its folders.
#[derive(Debug, Default)]
pub(super) struct Folders(BTreeMap<PluginId, Vec<Home>>);

impl Folders {
    pub(super) fn of(scan: &Scan) -> Self {
        let found = scan.found.iter();
        let found = found.map(|(id, found)| {
            let (folder, link) = (found.folder.clone(), found.link.clone());
            (id.clone(), vec![Home { folder, link }])
        });
        let twins = scan.twins.iter().map(|(id, folders)| {
            let homes = folders.iter().cloned().map(Home::unlinked);
            (id.clone(), homes.collect())
        });
        Self(found.chain(twins).collect())
    }

    /// The one home of a plugin.
    pub(super) fn home(&self, id: &PluginId) -> Result<Home, ActivateError> {
        let id = id.clone();
        match self.0.get(&id).map(Vec::as_slice) {
            Some([home]) => Ok(home.clone()),
            Some(homes @ [_, _, ..]) => Err(ActivateError::Twins {
                folders: homes.iter().map(|home| home.folder.clone()).collect(),
                id,
            }),
            Some([]) | None => Err(ActivateError::NotFound { id }),
        }
    }

    /// The plugins that can be activated.
    pub(super) fn found(&self) -> Vec<(PluginId, PathBuf)> {
        let one = |(id, homes): (&PluginId, &Vec<Home>)| match homes.as_slice() {
            [home] => Some((id.clone(), home.folder.clone())),
            _ => None,
        };
        self.0.iter().filter_map(one).collect()
    }

    /// A plugin is there no more.
    pub(super) fn forget(&mut self, id: &PluginId) {
        self.0.remove(id);
    }
}

impl FromIterator<(Home, Result<Manifest, ManifestError>)> for Scan {
    /// Sorts folders by what came of reading their manifests.
    fn from_iter<I: IntoIterator<Item = (Home, Result<Manifest, ManifestError>)>>(
        homes: I,
    ) -> Self {
        let mut scan = Self::default();
        for (Home { folder, link }, manifest) in homes {
            let manifest = match manifest {
                Ok(manifest) => manifest,
                Err(error) => {
                    scan.broken.push(Broken { folder, error });
                    continue;
                }
            };
            let id = manifest.id.clone();
            if let Some(twins) = scan.twins.get_mut(&id) {
                twins.push(folder);
                continue;
            }
            match scan.found.remove(&id) {
                Some(first) if first.folder != folder => {
                    scan.twins.insert(id, vec![first.folder, folder]);
                }
                first => {
                    // A folder that is known by two names is one folder, and its own name beats a link to it.
                    let link = link.filter(|_| first.is_none_or(|first| first.link.is_some()));
                    let found = Found {
                        folder,
                        link,
                        manifest,
                    };
                    scan.found.insert(id, found);
                }
            }
        }
        scan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(folder: &Path, name: &str, id: &str) {
        fs::create_dir_all(folder.join(name)).unwrap();
        let manifest =
            format!(r#"{{"id": "{id}", "server": {{"executable": "p.py", "runtime": "python"}}}}"#);
        fs::write(folder.join(name).join("plugin.json"), manifest).unwrap();
    }

    #[test]
    fn every_folder_is_found_broken_or_a_twin() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        write(&folder, "one", "com.example.one");
        write(&folder, "b", "com.example.twin");
        write(&folder, "a", "COM.example.TWIN");
        write(&folder, "c", "com.example.twin");
        write(&folder, ".hidden", "com.example.hidden");
        write(&folder, "odd", "no id at all");
        fs::create_dir(folder.join("empty")).unwrap();
        fs::write(folder.join("file"), b"").unwrap();
        std::os::unix::fs::symlink(folder.join("one"), folder.join("one-again")).unwrap();
        fs::create_dir(folder.join("nested")).unwrap();
        write(&folder.join("nested"), "inner", "com.example.inner");

        let scan = Scan::of(&folder).unwrap();
        let found: Vec<_> = scan.found.keys().map(PluginId::as_str).collect();
        assert_eq!(found, ["com.example.one"]);
        let broken: Vec<_> = scan
            .broken
            .iter()
            .map(|broken| {
                (
                    broken.folder.file_name().unwrap().to_str().unwrap(),
                    broken.error.kind(),
                )
            })
            .collect();
        let expected = [
            ("empty", "manifest.missing"),
            ("nested", "manifest.missing"),
            ("odd", "manifest.id"),
        ];
        assert_eq!(broken, expected);
        let twin = PluginId::parse("com.example.twin").unwrap();
        assert_eq!(
            scan.twins[&twin],
            ["a", "b", "c"].map(|name| folder.join(name))
        );
        let folders = Folders::of(&scan);
        let error = folders.home(&twin).unwrap_err().to_string();
        for name in ["a", "b", "c"] {
            assert!(
                error.contains(folder.join(name).to_str().unwrap()),
                "{error}"
            );
        }
        let missing = PluginId::parse("com.example.inner").unwrap();
        let error = folders.home(&missing).unwrap_err().to_string();
        assert_eq!(error, "plugin not found: com.example.inner");
    }

    #[test]
    fn a_link_is_kept_beside_the_folder_it_leads_to_and_the_own_name_beats_it() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().canonicalize().unwrap();
        let folder = root.join("plugins");
        write(&root, "outside", "com.example.linked");
        write(&folder, "own", "com.example.own");
        for (link, to) in [
            ("linked", root.join("outside")),
            ("a-before-own", folder.join("own")),
            ("z-after-own", folder.join("own")),
        ] {
            std::os::unix::fs::symlink(to, folder.join(link)).unwrap();
        }
        let scan = Scan::of(&folder).unwrap();
        let home = |id: &str| {
            let home = Folders::of(&scan).home(&PluginId::parse(id).unwrap());
            let Home { folder, link } = home.unwrap();
            (folder, link)
        };
        let linked = (root.join("outside"), Some(folder.join("linked")));
        assert_eq!(home("com.example.linked"), linked);
        assert_eq!(home("com.example.own"), (folder.join("own"), None));
        assert_eq!(scan.twins.len() + scan.broken.len(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Scan::of(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
