//! Our own host as a subject: this very program with the subcommand `drive`, without a fault or with one.

use std::ffi::OsString;

use crate::requirement::Side;
use crate::subject::{
    Capabilities, HostCommand, Skipped, Subject, SubjectFactory, SubjectKind, fake,
};

/// Our own host: this very program with the subcommand `drive`.
#[derive(Clone, Debug, Default)]
pub struct OwnHost {
    fault: Option<&'static str>,
    damage: Option<&'static str>,
}

impl OwnHost {
    /// The name of the subject.
    pub const NAME: &str = "host";

    /// The host as it should be.
    pub fn new() -> OwnHost {
        OwnHost::default()
    }

    /// The host with one fault.
    pub fn with_fault(fault: &'static str) -> OwnHost {
        OwnHost {
            fault: Some(fault),
            damage: None,
        }
    }

    /// The host whose API is damaged in this way.
    pub fn with_damage(damage: &'static str) -> OwnHost {
        OwnHost {
            fault: None,
            damage: Some(damage),
        }
    }
}

impl SubjectFactory for OwnHost {
    fn name(&self) -> &str {
        OwnHost::NAME
    }

    fn side(&self) -> Side {
        Side::Host
    }

    fn make(&self) -> Result<Subject, Skipped> {
        if fake::binary().is_none() {
            return Err(Skipped {
                subject: OwnHost::NAME.to_owned(),
                reason: "the fake interpreter, with which hosts are judged, is not built"
                    .to_owned(),
                enable: fake::ENABLE.to_owned(),
            });
        }
        let program = std::env::current_exe().map_err(|error| Skipped {
            subject: OwnHost::NAME.to_owned(),
            reason: format!("this program cannot find itself: {error}"),
            enable: "run it by its path".to_owned(),
        })?;
        let mut args: Vec<OsString> = vec!["drive".into()];
        if let Some(fault) = self.fault {
            args.extend(["--fault".into(), fault.into()]);
        }
        if let Some(damage) = self.damage {
            args.extend(["--damage".into(), damage.into()]);
        }
        let kind = SubjectKind::Host(HostCommand { program, args });
        Ok(Subject {
            name: OwnHost::NAME.to_owned(),
            kind,
            capabilities: Capabilities::all(),
        })
    }
}
