//! `--plugin DIR`: a plugin that is tested where it lies.

use std::path::Path;
use std::sync::Arc;

use super::claims::{self, ClaimsError};
use super::{PluginInPlace, Subject, SubjectKind};

/// A folder as a subject.
#[derive(Clone, Debug)]
pub struct InPlace {
    /// The subject.
    pub subject: Subject,
    /// What the user should know about it before it is run.
    pub note: Option<String>,
}

/// The plugin in a folder, with what it claims.
///
/// # Errors
/// When its `conformance.json` is there and cannot be used.
pub fn plugin_at(folder: &Path) -> Result<InPlace, ClaimsError> {
    let claimed = claims::read(folder)?;
    let note = claimed.is_none().then(|| {
        format!(
            "{} has no {}, so nothing of it will pass: what its handlers do cannot be seen. `doctor` examines a plugin as it is; \
             conformance/TESTEE.md says what can be judged, and `init` writes a plugin that is",
            folder.display(),
            claims::FILE
        )
    });
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let subject = Subject {
        name: format!("plugin:{}", folder.display()),
        kind: SubjectKind::Plugin(Arc::new(PluginInPlace(folder))),
        capabilities: claimed.unwrap_or_else(claims::undeclared),
    };
    Ok(InPlace { subject, note })
}
