//! The stage of a host scenario: one driver process in an environment full of traps, and plugin folders whose interpreter is the fake.
//!
//! What stands in the way of judging - a driver that ends or is silent - breaks the scenario off; a scenario that is about just that asks
//! through [`Stage::try_ask`]. What a driver does not claim makes a scenario not applicable at the point where it is needed.

mod setting;

pub use setting::Setting;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_interpreters::journal::Entry;
use fake_interpreters::script::Script;
use fake_interpreters::{PluginFolder, place};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::traces::{calls, pids};
use crate::case::host_talk::told;
use crate::case::words::Words;
use crate::case::{Case, MARK_VARIABLE};
use crate::driver::protocol::hello::{Feature, Hello};
use crate::driver::protocol::hooks::{FannedOut, Metrics};
use crate::driver::protocol::{
    Activated, Called, Ended, Event, Health, Order, Refusal, SCALE_VARIABLE, Status, Stopped,
};
use crate::scenario::{Interruption, ScenarioResult};
use crate::subject::fake;
use crate::subject::host::{DriverError, HostProcess};

/// Variables of the host's environment that no plugin may see, with their values.
pub const SECRETS: [(&str, &str); 5] = [
    ("DATABASE_URL", "postgres://mm:secret-1@db/mm"),
    ("MM_SQLSETTINGS_DATASOURCE", "secret-2"),
    ("AWS_SECRET_ACCESS_KEY", "secret-3"),
    ("MATTERMOST_PLUGIN_API_TARGET", "127.0.0.1:9"),
    ("PYTHONPATH", "/nonexistent/secret-4"),
];

/// How long an answer may take that nothing delays, before `--timeout-scale`. Far beyond what it takes: it decides nothing but when to
/// stop waiting.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often a journal is looked at while waiting.
const LOOK: Duration = Duration::from_millis(5);

/// A driver and the folders it is given.
#[derive(Debug)]
pub struct Stage<'a> {
    case: &'a Case,
    host: HostProcess,
    fake: PathBuf,
}

impl<'a> Stage<'a> {
    /// A driver with the usual settings.
    pub async fn open(case: &'a Case) -> Result<Stage<'a>, Interruption> {
        Stage::open_with(case, Setting::new()).await
    }

    /// A driver with settings of the scenario's own.
    pub async fn open_with(case: &'a Case, setting: Setting) -> Result<Stage<'a>, Interruption> {
        let (stage, configured) = Stage::configured(case, setting).await?;
        configured.map_err(|refusal| {
            Interruption::broken_off(format!(
                "the host refused configure: {}: {}",
                refusal.kind, refusal.message
            ))
        })?;
        Ok(stage)
    }

    /// A driver, and what it says to settings that it may refuse.
    pub async fn configured(
        case: &'a Case,
        mut setting: Setting,
    ) -> Result<(Stage<'a>, Result<Value, Refusal>), Interruption> {
        let fake = fake::binary().ok_or_else(|| suite("the fake interpreter is not built"))?;
        let timeline = case.timeline();
        let notes = Arc::new(move |line: String| {
            let (source, text) = told(&line);
            timeline.note(source, text);
        });
        let environment = environment(case, setting.environment())?;
        let subject = &case.subject().capabilities;
        let order = Order::Configure(setting.claimed(subject)?);
        let host = HostProcess::start(case.host()?, case.folder(), &environment, notes)
            .map_err(Interruption::of_driver)?
            .claiming(subject.driver.clone());
        let stage = Stage { case, host, fake };
        let configured = stage.ask(order).await?;
        Ok((stage, configured))
    }

    /// The driver has to claim this for the scenario to go on.
    fn needs_claim(&self, what: &str, claimed: impl Fn(&Hello) -> bool) -> ScenarioResult {
        match self.host.claims(claimed) {
            true => Ok(()),
            false => Err(Interruption::NotClaimed(what.to_owned())),
        }
    }

    /// Whether the host has something.
    pub fn has(&self, feature: Feature) -> bool {
        self.host
            .claims(|claims| claims.features.contains(&feature))
    }

    /// The host has to have something for the scenario to go on.
    pub fn needs(&self, feature: Feature) -> ScenarioResult {
        let what = format!("feature {}", feature.word());
        self.needs_claim(&what, |claims| claims.features.contains(&feature))
    }

    /// The driver has to claim an order for the scenario to go on.
    pub fn needs_order(&self, order: &str) -> ScenarioResult {
        self.needs_claim(&format!("order {order}"), |claims| {
            claims.orders.contains(order)
        })
    }

    /// The host has to tell such events for the scenario to go on.
    pub fn needs_event(&self, event: &str) -> ScenarioResult {
        self.needs_claim(&format!("event {event}"), |claims| {
            claims.events.contains(event)
        })
    }

    /// Whether a bound that was set is the host's, too.
    pub fn sets(&self, bound: &str) -> bool {
        self.host.claims(|claims| claims.timing.contains(bound))
    }

    /// The host has to let a bound be set for the scenario to go on.
    pub fn needs_bound(&self, bound: &str) -> ScenarioResult {
        self.needs_claim(&format!("bound {bound}"), |claims| {
            claims.timing.contains(bound)
        })
    }

    /// The case that is played.
    pub fn case(&self) -> &'a Case {
        self.case
    }

    /// The driver process.
    pub fn host(&self) -> &HostProcess {
        &self.host
    }

    /// The fake interpreter's binary.
    pub fn fake(&self) -> &Path {
        &self.fake
    }

    /// A plugin folder named `name`, whose plugin has the id `conf.<name>` and plays the script.
    pub fn place(&self, name: &str, script: &Script) -> Result<PluginFolder, Interruption> {
        Ok(place(
            &self.case.folder().join(name),
            &self.fake,
            &format!("conf.{name}"),
            script,
        )?)
    }

    /// Sends an order; the driver's own failure is the caller's to judge.
    pub async fn try_ask<A: DeserializeOwned>(
        &self,
        order: Order,
    ) -> Result<Result<A, Refusal>, DriverError> {
        self.host.ask_for(order, self.patience()).await
    }

    /// Sends an order; a driver that does not answer breaks the scenario off.
    pub async fn ask<A: DeserializeOwned>(
        &self,
        order: Order,
    ) -> Result<Result<A, Refusal>, Interruption> {
        self.try_ask(order).await.map_err(Interruption::of_driver)
    }

    /// Sends an order that waits for others of the same plugin: its time is that of all of them.
    pub async fn ask_behind<A: DeserializeOwned>(
        &self,
        others: u32,
        order: Order,
    ) -> Result<Result<A, Refusal>, Interruption> {
        let patience = self.case.scaled(PATIENCE).saturating_mul(others + 1);
        let answer = self.host.ask_for(order, self.within_case(patience)).await;
        answer.map_err(Interruption::of_driver)
    }

    /// Sends an order that must succeed for the scenario to go on.
    pub async fn done<A: DeserializeOwned>(&self, order: Order) -> Result<A, Interruption> {
        let word = order.word();
        self.ask(order).await?.map_err(|refusal| {
            Interruption::broken_off(format!(
                "the host refused {word}: {}: {}",
                refusal.kind, refusal.message
            ))
        })
    }

    /// Activates a folder, whatever comes of it.
    pub async fn activate(
        &self,
        folder: &PluginFolder,
    ) -> Result<Result<Activated, Refusal>, Interruption> {
        self.ask(Order::Activate {
            dir: folder.directory.clone(),
        })
        .await
    }

    /// Activates a folder that has to run for the scenario to go on.
    pub async fn running(&self, folder: &PluginFolder) -> Result<Activated, Interruption> {
        let activated: Activated = self
            .done(Order::Activate {
                dir: folder.directory.clone(),
            })
            .await?;
        let processes = pids(&folder.entries()?);
        if processes.is_empty() {
            let id = &folder.id;
            let reason = format!("the host says that {id} runs, but the fake was not started");
            return Err(Interruption::broken_off(reason));
        }
        for pid in processes {
            self.case.spawned(pid);
        }
        Ok(activated)
    }

    /// Places a folder and activates it; it has to run for the scenario to go on.
    pub async fn started(&self, name: &str, script: &Script) -> Result<PluginFolder, Interruption> {
        let folder = self.place(name, script)?;
        self.running(&folder).await?;
        Ok(folder)
    }

    /// Calls a hook.
    pub async fn hook(
        &self,
        folder: &PluginFolder,
        hook: &str,
        request: Value,
    ) -> Result<Result<Called, Refusal>, Interruption> {
        let order = Order::Hook {
            plugin: folder.id.clone(),
            hook: hook.to_owned(),
            request,
        };
        self.ask(order).await
    }

    /// Asks one plugin what it says to a hook.
    pub async fn ask_hook(
        &self,
        folder: &PluginFolder,
        hook: &str,
        request: Value,
    ) -> Result<FannedOut, Interruption> {
        self.done(Order::Ask {
            plugin: folder.id.clone(),
            hook: hook.to_owned(),
            request,
        })
        .await
    }

    /// Asks all plugins what they say to a hook.
    pub async fn fan_out(&self, hook: &str, request: Value) -> Result<FannedOut, Interruption> {
        let hook = hook.to_owned();
        self.done(Order::FanOut { hook, request }).await
    }

    /// Asks what the host counted.
    pub async fn metrics(&self) -> Result<Metrics, Interruption> {
        self.done(Order::Metrics {}).await
    }

    /// Checks a plugin's health.
    pub async fn health(&self, folder: &PluginFolder) -> Result<Health, Interruption> {
        self.done(Order::Health {
            plugin: folder.id.clone(),
        })
        .await
    }

    /// Asks for a plugin's state.
    pub async fn status(&self, folder: &PluginFolder) -> Result<Status, Interruption> {
        self.done(Order::Status {
            plugin: folder.id.clone(),
        })
        .await
    }

    /// Waits for the end of a plugin's process.
    pub async fn wait_exit(&self, folder: &PluginFolder) -> Result<Ended, Interruption> {
        let within_ms = millis(self.patience() / 2);
        self.done(Order::WaitExit {
            plugin: folder.id.clone(),
            within_ms,
        })
        .await
    }

    /// Stops a plugin.
    pub async fn deactivate(&self, folder: &PluginFolder) -> Result<Stopped, Interruption> {
        self.done(Order::Deactivate {
            plugin: folder.id.clone(),
        })
        .await
    }

    /// Stops a plugin, if it runs, and starts it again.
    pub async fn restart(
        &self,
        folder: &PluginFolder,
    ) -> Result<Result<Activated, Refusal>, Interruption> {
        self.ask(Order::Restart {
            plugin: folder.id.clone(),
        })
        .await
    }

    /// Whether this plugin starts and answers: the control of a negative check.
    pub async fn control(&self, name: &str) -> Result<String, Interruption> {
        let folder = self.started(name, &good()).await?;
        match self
            .hook(&folder, "MessageHasBeenPosted", Value::Null)
            .await?
        {
            Ok(Called::Answered { .. }) if Stage::was_asked(&folder, "MessageHasBeenPosted")? => {
                Ok(format!("{} runs and answers", folder.id))
            }
            other => Err(Interruption::broken_off(format!(
                "the control plugin did not answer: {}",
                other.words()
            ))),
        }
    }

    /// Whether the fake saw a call of this method.
    fn was_asked(folder: &PluginFolder, method: &str) -> Result<bool, Interruption> {
        Ok(!calls(&folder.entries()?, method).is_empty())
    }

    /// The first event of the driver that the function wants.
    pub async fn event(&self, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        self.host.event(self.patience(), wanted).await
    }

    /// What the fakes of a folder wrote down, as soon as the function is content with it, at the latest after the usual patience.
    pub async fn journal(
        &self,
        folder: &PluginFolder,
        content: impl Fn(&[Entry]) -> bool,
    ) -> Result<Vec<Entry>, Interruption> {
        let until = Instant::now() + self.patience();
        loop {
            let entries = folder.entries()?;
            if content(&entries) || Instant::now() >= until {
                return Ok(entries);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a condition of the machine holds: a process is gone, a port is closed. Whether it came to hold in time.
    pub async fn until(&self, within: Duration, condition: impl Fn() -> bool) -> bool {
        let until = Instant::now() + self.case.scaled(within);
        loop {
            if condition() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends the driver by closing its stdin; what it leaves behind is the census's to find.
    pub async fn close(self) -> ScenarioResult {
        if self.host.close(self.patience()).await {
            return Ok(());
        }
        Err(Interruption::broken_off(
            "the host did not end when its stdin was closed",
        ))
    }

    /// How long an answer may take, by now.
    pub fn patience(&self) -> Duration {
        self.within_case(self.case.scaled(PATIENCE))
    }

    /// So much time, or what is left of the case's.
    fn within_case(&self, time: Duration) -> Duration {
        let left = self.case.remaining();
        time.min(left.saturating_sub(Duration::from_millis(500)))
    }
}

/// A plugin that does everything right.
pub fn good() -> Script {
    fake_interpreters::preset::Preset::Good.script()
}

fn environment(
    case: &Case,
    own: BTreeMap<OsString, OsString>,
) -> Result<BTreeMap<OsString, OsString>, Interruption> {
    let tmp = case.folder().join("tmp");
    std::fs::create_dir_all(&tmp)?;
    let mut environment: BTreeMap<OsString, OsString> = SECRETS
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    environment.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
    environment.insert("HOME".into(), case.folder().into());
    environment.insert("TMPDIR".into(), tmp.into());
    environment.insert("PYTHONUNBUFFERED".into(), "1".into());
    environment.insert(MARK_VARIABLE.into(), case.mark().into());
    let scale = case.timeout_scale().to_string();
    environment.insert(SCALE_VARIABLE.into(), scale.into());
    environment.extend(own);
    Ok(environment)
}

fn suite(message: &str) -> Interruption {
    Interruption::Suite(message.into())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
