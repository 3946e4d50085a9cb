//! The play of one plan: life after life of the plugin that is hurt, and the end of everything.

use std::sync::atomic::{AtomicBool, Ordering};

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Script, Serve};
use futures_util::future::join;
use serde_json::Value;

use super::call::Start;
use super::orders::{Orders, setting};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::Order;
use crate::driver::protocol::hello::Feature;
use crate::fault_plan::life::{Begin, Life, Told, lives};
use crate::fault_plan::place::Place;
use crate::fault_plan::script::script;
use crate::fault_plan::{FaultPlan, POKE};
use crate::scenario::{Interruption, ScenarioResult};
use crate::scenarios::host::stage::Stage;
use crate::scenarios::host::traces::pids;

/// Plays a plan with the host of a case.
pub(super) async fn play(case: &mut Case, plan: &FaultPlan) -> ScenarioResult {
    let case = &*case;
    let stage = Stage::open_with(case, setting(case)).await?;
    // Plans have answers that are no messages.
    stage.needs(Feature::Messages)?;
    let hurt = stage.place("hurt", &script(plan))?;
    let well = Script::serving(Serve::good().implemented(["OnActivate", POKE]));
    let well = stage.place("well", &well)?;
    let orders = Orders::new(stage, hurt, well);
    let end = orders.live_all(plan).await;
    for folder in [&orders.hurt, &orders.well] {
        for pid in pids(&folder.entries()?) {
            case.spawned(pid);
        }
    }
    end?;
    orders.checks.pass();
    Ok(())
}

impl Orders<'_> {
    async fn live_all(&self, plan: &FaultPlan) -> Result<(), Interruption> {
        let dir = self.well.directory.clone();
        let well: Start = self.order(Order::Activate { dir }).await?;
        self.check(
            "FP-003",
            well.is_ok(),
            ("a plugin that runs", well.words()),
            "wrong-start",
        )?;
        let mut begun = None;
        let mut last = 0;
        for (life, start) in lives(plan).iter().zip(1..) {
            let running = self.begin(start, life, begun.take()).await?;
            if start > 1 {
                self.gone(start - 1).await?;
            }
            if running {
                begun = self.live(start, life).await?;
            }
            last = start;
        }
        self.end(last).await
    }

    /// Begins a life; whether it runs.
    async fn begin(
        &self,
        start: u32,
        life: &Life<'_>,
        begun: Option<Start>,
    ) -> Result<bool, Interruption> {
        let answer = match begun {
            Some(answer) => answer,
            None => self.begin_by_order(start, life).await?,
        };
        let entries = self.hurt.entries()?;
        let texts = |expected: &str| {
            (
                expected.to_owned(),
                format!("start {start}: {}", answer.words()),
            )
        };
        let (id, reason) = match start {
            1 => ("FP-003", "wrong-start"),
            _ => ("FP-006", "not-again"),
        };
        let tried = of_start(&entries, start).next().is_some();
        self.check(id, tried, texts("a process that is started"), reason)?;
        if life.told() == Told::Runs {
            self.check(id, answer.is_ok(), texts("a plugin that runs"), reason)?;
        }
        let refused = life.told() != Told::Refused || answer.is_err();
        let texts = |expected: &str| {
            (
                expected.to_owned(),
                format!("start {start}: {}", answer.words()),
            )
        };
        self.check(
            "FP-003",
            refused,
            texts("a start that fails"),
            "wrong-start",
        )?;
        let activated = |entry: &Entry| {
            matches!(entry.event, Seen::Answered { .. }) && entry.method() == Some("OnActivate")
        };
        let activated = answer.is_err() || of_start(&entries, start).any(activated);
        let expected = "no success before OnActivate was answered";
        self.check("FP-003", activated, texts(expected), "wrong-start")?;
        if answer.is_ok() {
            // What runs is not started once more.
            self.activate_again(true).await?;
        }
        self.state(answer.is_ok()).await?;
        if answer.is_err() {
            self.gone(start).await?;
        }
        self.other_answers().await?;
        Ok(answer.is_ok())
    }

    async fn begin_by_order(&self, start: u32, life: &Life<'_>) -> Result<Start, Interruption> {
        let order = match life.begin {
            Begin::Restart => Order::Restart {
                plugin: self.hurt.id.clone(),
            },
            Begin::Activate | Begin::ByStep => Order::Activate {
                dir: self.hurt.directory.clone(),
            },
        };
        let over = AtomicBool::new(false);
        let beginning = async {
            let answer = self.order(order).await;
            over.store(true, Ordering::Release);
            answer
        };
        let runs = life.told() == Told::Runs;
        let striking = self.strike_all(start, &life.starting, runs, &over);
        let (answer, struck) = join(beginning, striking).await;
        struck?;
        answer
    }

    /// What happens to a plugin that runs; the answer to the start by which the next life was begun, if its last step began one.
    async fn live(&self, start: u32, life: &Life<'_>) -> Result<Option<Start>, Interruption> {
        let mut begun = None;
        for step in &life.active {
            begun = match step.at.place() {
                Place::Idle => self.idle(start, step).await?,
                _ => self.in_call(start, step).await?,
            };
        }
        if !life.stopping.is_empty() || !life.over {
            if life.active.is_empty() {
                self.answers().await?;
            }
            self.stop(start, &life.stopping).await?;
        }
        Ok(begun)
    }

    /// After the last life: the API was there for the plugin, and after the host's end there is nothing.
    async fn end(&self, last: u32) -> Result<(), Interruption> {
        self.api_answered(last).await?;
        self.other_answers().await?;
        let down = self.order::<Value>(Order::Shutdown {}).await?;
        if let Err(refusal) = down {
            return Err(Interruption::broken_off(format!(
                "the host refused to shut down: {}",
                refusal.kind
            )));
        }
        for start in 1..=last {
            self.gone(start).await?;
        }
        Ok(())
    }
}

fn of_start(entries: &[Entry], start: u32) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(move |entry| entry.start == start)
}
