//! Which plugins the folders of the command line hold: each is a plugin's, or a folder of plugins' folders.

use std::path::PathBuf;

use plugin_host::environment::Environment;
use plugin_host::manifest::{Manifest, ManifestError};

use super::ServeError;
use super::lines::Lines;

/// All plugins in the order of the folders. What is in a folder of plugins and is none is told and left out.
pub(super) async fn plugins(
    environment: &Environment,
    folders: &[PathBuf],
    lines: &Lines,
) -> Result<Vec<PathBuf>, ServeError> {
    let mut places: Vec<PathBuf> = Vec::new();
    for folder in folders {
        // With a manifest it is a plugin's, even if the manifest is no good yet: it may be mended.
        if !matches!(Manifest::find(folder), Err(ManifestError::Missing { .. })) {
            places.push(folder.clone());
            continue;
        }
        let scan = environment.scan(folder).await?;
        for broken in &scan.broken {
            let text = format!("{}: {}", broken.folder.display(), broken.error);
            lines.note(&text);
        }
        let found = scan.found.into_values().map(|found| found.folder);
        let all: Vec<PathBuf> = found.chain(scan.twins.into_values().flatten()).collect();
        if all.is_empty() {
            return Err(ServeError::NoPlugin(folder.clone()));
        }
        places.extend(all);
    }
    Ok(places)
}
