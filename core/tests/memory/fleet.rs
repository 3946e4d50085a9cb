//! A host of plugins without any process, which does as it is told and writes it down.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use bytes::Bytes;
use plugin_host::api::plugins::{HttpReply, Installed, Undone};
use plugin_host::bundle::{Bundle, BundleError};
use plugin_host::ids::PluginId;
use plugin_host::manifest::Manifest;
use plugin_proto::pb::{HttpHeader, ServeHttpRequestInit, ServeHttpResponseInit};
use serde_json::json;
use tempfile::TempDir;

/// The plugins of a host, without any process.
#[derive(Debug)]
pub(crate) struct Fleet {
    folder: TempDir,
    plugins: Mutex<BTreeMap<PluginId, (Manifest, bool)>>,
    done: Mutex<Vec<String>>,
    /// What fails from now on.
    broken: Mutex<Vec<&'static str>>,
    pub(crate) asked: Mutex<Option<(ServeHttpRequestInit, Bytes)>>,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            plugins: Mutex::default(),
            done: Mutex::default(),
            broken: Mutex::default(),
            asked: Mutex::default(),
        }
    }
}

fn manifest(id: &str) -> Manifest {
    let text = json!({
        "id": id, "name": "Name", "description": "About", "version": "1.2.3", "min_server_version": "9.0.0", "homepage_url": "h",
        "support_url": "s", "release_notes_url": "r", "icon_path": "i", "server": {"executable": "p.py", "runtime": "python"},
    });
    Manifest::parse("plugin.json".as_ref(), &text.to_string()).unwrap()
}

impl Fleet {
    /// A plugin is there.
    pub(crate) fn add(&self, id: &str, runs: bool) {
        let manifest = manifest(id);
        let mut plugins = self.plugins.lock().unwrap();
        plugins.insert(manifest.id.clone(), (manifest, runs));
    }

    pub(crate) fn break_down(&self, what: &'static str) {
        self.broken.lock().unwrap().push(what);
    }

    pub(crate) fn done(&self) -> Vec<String> {
        std::mem::take(&mut *self.done.lock().unwrap())
    }

    pub(crate) fn act(&self, action: &'static str, id: &PluginId) -> Result<(), Undone> {
        self.done.lock().unwrap().push(format!("{action} {id}"));
        match self.broken.lock().unwrap().contains(&action) {
            true => Err(Undone {
                action,
                plugin: id.clone(),
                reason: "broken".to_owned(),
            }),
            false => Ok(()),
        }
    }

    pub(crate) fn installed(&self) -> Vec<Installed> {
        let plugins = self.plugins.lock().unwrap();
        let installed = plugins.values().map(|(manifest, active)| Installed {
            manifest: manifest.clone(),
            folder: self.folder(&manifest.id),
            state: if *active { 2 } else { 0 },
            active: *active,
        });
        installed.collect()
    }

    pub(crate) fn folder(&self, id: &PluginId) -> PathBuf {
        PathBuf::from("/plugins").join(id.as_str())
    }

    pub(crate) fn enable(&self, id: &PluginId) -> Result<(), Undone> {
        self.act("enable", id)?;
        self.add(id.as_str(), true);
        Ok(())
    }

    pub(crate) fn disable(&self, id: &PluginId) {
        self.act("disable", id).unwrap();
        self.add(id.as_str(), false);
    }

    pub(crate) fn remove(&self, id: &PluginId) -> Result<(), Undone> {
        self.act("remove", id)?;
        self.plugins.lock().unwrap().remove(id);
        Ok(())
    }

    pub(crate) fn unpack(&self, bundle: &[u8]) -> Result<Bundle, BundleError> {
        Bundle::unpack(bundle, self.folder.path())
    }

    pub(crate) fn install(&self, bundle: &Bundle) -> Result<bool, Undone> {
        let id = &bundle.manifest().id;
        self.act("install", id)?;
        let before = self
            .plugins
            .lock()
            .unwrap()
            .get(id)
            .is_some_and(|(_, runs)| *runs);
        self.add(id.as_str(), false);
        Ok(before)
    }

    pub(crate) fn serve_http(
        &self,
        id: &PluginId,
        head: ServeHttpRequestInit,
        body: Bytes,
    ) -> HttpReply {
        *self.asked.lock().unwrap() = Some((head, body));
        let header = |key: &str, values: &[&str]| HttpHeader {
            key: key.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        match id.as_str() {
            "com.example.answers" => HttpReply::Answered {
                head: ServeHttpResponseInit {
                    status_code: 201,
                    headers: vec![
                        header("A", &["1", "2"]),
                        header("B", &[]),
                        header("A", &["3"]),
                    ],
                },
                body: Bytes::from_static(b"made"),
            },
            "com.example.late" => HttpReply::Failed {
                status: 504,
                reason: "too late".to_owned(),
            },
            _ => HttpReply::NotRunning,
        }
    }
}
