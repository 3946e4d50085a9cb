//! What a scenario sets before its driver starts, and how much of it a driver is told that claims less than all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use crate::driver::protocol::Configuration;
use crate::driver::protocol::environment::Watch;
use crate::driver::protocol::hooks::Calls;
use crate::scenario::Interruption;
use crate::subject::Capabilities;

/// What a scenario sets before its driver starts.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    configuration: Configuration,
    environment: BTreeMap<OsString, OsString>,
}

impl Setting {
    /// The defaults: bounds that a quick test can wait for, and generous ones where nothing is waited for.
    pub fn new() -> Setting {
        Setting::default()
    }

    /// A bound, by its name in the protocol.
    #[must_use]
    pub fn bound(mut self, name: &str, time: Duration) -> Setting {
        self.configuration
            .timing_ms
            .insert(name.to_owned(), millis(time));
        self
    }

    /// How plugins are looked after, once that is asked for.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Setting {
        self.configuration.health = Some(watch);
        self
    }

    /// A variable of the host's environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Setting {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// A variable that plugins may see.
    #[must_use]
    pub fn pass(mut self, name: &str) -> Setting {
        self.configuration.pass_env.push(name.to_owned());
        self
    }

    /// Plugins are asked for AutoMTLS.
    #[must_use]
    pub fn auto_mtls(mut self) -> Setting {
        self.configuration.auto_mtls = true;
        self
    }

    /// The log level that plugins are told.
    #[must_use]
    pub fn log_level(mut self, level: &str) -> Setting {
        self.configuration.log_level = Some(level.to_owned());
        self
    }

    /// What it means that the call of a hook failed: `open` or `closed`.
    #[must_use]
    pub fn failure(mut self, hook: &str, word: &str) -> Setting {
        let failure = &mut self.configuration.hooks.failure;
        failure.insert(hook.to_owned(), word.to_owned());
        self
    }

    /// What an answer to `MessagesWillBeConsumed` means.
    #[must_use]
    pub fn consumed(mut self, word: &str) -> Setting {
        self.configuration.hooks.consumed = Some(word.to_owned());
        self
    }

    /// The hook that is called before an API method is answered.
    #[must_use]
    pub fn in_api(mut self, method: &str, hook: &str) -> Setting {
        let in_api = &mut self.configuration.hooks.in_api;
        in_api.insert(method.to_owned(), hook.to_owned());
        self
    }

    /// How many calls a plugin gets at a time, and how many may wait.
    #[must_use]
    pub fn calls(mut self, concurrent: usize, queued: usize) -> Setting {
        self.configuration.hooks.calls = Some(Calls { concurrent, queued });
        self
    }

    /// The variables of the host's environment.
    pub(super) fn environment(&mut self) -> BTreeMap<OsString, OsString> {
        std::mem::take(&mut self.environment)
    }

    /// The configuration as far as the driver claims to let it be set. Bounds that it does not let be set are the host's own; what else
    /// a scenario sets is what it is about.
    pub(super) fn claimed(self, subject: &Capabilities) -> Result<Configuration, Interruption> {
        let mut configuration = self.configuration;
        let hooks = &configuration.hooks;
        let used = [
            ("pass_env", !configuration.pass_env.is_empty()),
            ("log_level", configuration.log_level.is_some()),
            ("health", configuration.health.is_some()),
            ("failure", !hooks.failure.is_empty()),
            ("consumed", hooks.consumed.is_some()),
            ("calls", hooks.calls.is_some()),
            ("in_api", !hooks.in_api.is_empty()),
            ("auto_mtls", configuration.auto_mtls),
        ];
        for (setting, used) in used {
            if used && !subject.of_driver(|claims| claims.settings.contains(setting)) {
                return Err(Interruption::NotClaimed(format!("setting {setting}")));
            }
        }
        configuration.timing_ms.retain(|name, _| {
            let bound = name.split('.').next().unwrap_or_default();
            subject.of_driver(|claims| claims.timing.contains(bound))
        });
        Ok(configuration)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
