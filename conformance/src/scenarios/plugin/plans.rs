//! Fault plans for plugins: orders of all kinds, many at once and large ones, callers that go away, signals and restarts, in a drawn order.
//!
//! The judgements that any plan is worth: every order is obeyed, health is SERVING, a plugin that was ended starts again, and it ends when told.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use plugin_host::hooks::Outcome;
use plugin_host::process::Exit;
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::pb::MessageWillBePostedResponse;
use rustix::process::Signal;

use super::place;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::fault_plan::generate::USUAL_PLUGIN;
use crate::fault_plan::place::Place;
use crate::fault_plan::{Action, FaultPlan, Step};
use crate::plugin_run::message::Orderable;
use crate::plugin_run::order::{Order, Word};
use crate::plugin_run::process;
use crate::plugin_run::running::{Running, Setup};
use crate::requirement::Side;
use crate::rng::Rng;
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::scenarios::hunt::checks::Checks;
use crate::scenarios::hunt::hunt;

scenarios! {
    Plugin, Crash;
    /// Plans drawn from the seed: orders, signals and restarts.
    "plugin/plans/drawn" => drawn: ["FP-051", "FP-052", "FP-053", "FP-054"], deadline(120), plans(USUAL_PLUGIN), waits();
}

/// How long a handler sleeps that is ended before it wakes.
const LONG: u64 = 60_000;
/// How long a handler sleeps beside which something else is asked.
const WHILE: u64 = 200;
/// How long something may take that is a matter of milliseconds.
const SOON: Duration = Duration::from_secs(5);

type Answer = Outcome<MessageWillBePostedResponse>;

async fn drawn(case: &mut Case) -> ScenarioResult {
    hunt(
        case,
        (Side::Plugin, USUAL_PLUGIN),
        SCENARIOS[0].requirements,
        |case, plan| Box::pin(play(case, plan)),
    )
    .await
}

async fn play(case: &mut Case, plan: &FaultPlan) -> ScenarioResult {
    let case = &*case;
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let playing = Playing {
        case,
        running: &running,
        checks: Checks::new(case),
        rng: Mutex::new(Rng::new(plan.seed)),
    };
    let end = playing.all(&plan.steps).await;
    running.end().await;
    end?;
    playing.checks.pass();
    Ok(())
}

/// A plugin that runs, and what was checked of it.
struct Playing<'a> {
    case: &'a Case,
    running: &'a Running,
    checks: Checks<'a>,
    rng: Mutex<Rng>,
}

impl Playing<'_> {
    async fn all(&self, steps: &[Step]) -> Result<(), Interruption> {
        for step in steps {
            self.case.note(Source::Fault, step.to_string());
            match step.at.place() {
                Place::Idle => self.idle(&step.action).await?,
                _ => self.in_hook(&step.action).await?,
            }
            self.is_well().await?;
        }
        self.is_well().await?;
        // The last restart is of a plugin that does nothing: one that was never restarted shows here that it can be.
        self.stop(true).await?;
        self.again().await?;
        self.is_well().await?;
        self.stop(true).await
    }

    async fn idle(&self, action: &Action) -> Result<(), Interruption> {
        match action {
            Action::Kill {} => self.killed().await,
            Action::Stop { .. } => self.pause().await,
            Action::Restart {} => self.again().await,
            Action::Deactivate {} => {
                self.stop(true).await?;
                self.again().await
            }
            Action::Activate {} => self.activate_again().await,
            Action::Hooks { count } => self.many(*count).await,
            Action::Big { bytes } => self.own_answer("b".repeat(*bytes)).await,
            _ => self.serves().await,
        }
    }

    async fn in_hook(&self, action: &Action) -> Result<(), Interruption> {
        let ms = match action {
            Action::Exit { code } => return self.exits(i32::from(*code)).await,
            Action::Late { ms } => return self.obeyed(Word::Sleep(*ms)).await,
            Action::Error { message } => return self.obeyed(Word::Fail(message.clone())).await,
            Action::Flood { bytes, .. } => return self.obeyed(Word::Flood(*bytes)).await,
            Action::Stop { .. } | Action::Health {} | Action::Hooks { .. } => WHILE,
            _ => LONG,
        };
        let order = self.order(Word::Sleep(ms));
        let call = Box::pin(self.send(&order));
        let beside = Box::pin(async {
            let within = self.case.scaled(SOON);
            if self
                .running
                .seen
                .evidence_for(&order.nonce, within)
                .await
                .is_none()
            {
                let reason = "no evidence of a handler that sleeps";
                return Err(Interruption::broken_off(reason));
            }
            self.beside(action).await
        });
        match select(beside, call).await {
            // Its caller goes away, or the plugin was ended in the middle of it.
            Either::Left((done, call)) if ms == LONG => {
                drop(call);
                done?;
            }
            Either::Left((done, call)) => {
                done?;
                self.answered(&call.await?)?;
            }
            Either::Right((call, beside)) if ms == LONG => {
                // It ends with its process; what ended that goes on.
                let _ = call?;
                beside.await?;
            }
            Either::Right((call, beside)) => {
                self.answered(&call?)?;
                beside.await?;
            }
        }
        match action {
            Action::Kill {} | Action::Deactivate {} => self.again().await,
            _ => Ok(()),
        }
    }

    /// What is done while a handler sleeps.
    async fn beside(&self, action: &Action) -> Result<(), Interruption> {
        match action {
            Action::Kill {} => self.kill().await,
            Action::Stop { .. } => self.pause().await,
            Action::Restart {} => self.again().await,
            Action::Deactivate {} => self.stop(false).await,
            Action::Hooks { count } => self.many(*count).await,
            Action::Health {} => self.serves().await,
            _ => Ok(()),
        }
    }

    /// It answers an order by its own answer, and is healthy.
    async fn is_well(&self) -> Result<(), Interruption> {
        self.own_answer("well".to_owned()).await?;
        self.serves().await
    }

    async fn serves(&self) -> Result<(), Interruption> {
        let health = self.running.health().await?.to_string();
        self.checks.check(
            "FP-054",
            health == "SERVING",
            ("SERVING", health),
            "not-serving",
        )
    }

    /// An order that is obeyed, by whatever answer it has.
    async fn obeyed(&self, word: Word) -> Result<(), Interruption> {
        let answer = self.send(&self.order(word)).await?;
        self.answered(&answer)
    }

    fn answered(&self, answer: &Answer) -> Result<(), Interruption> {
        let answered = matches!(answer, Outcome::Answered(_) | Outcome::Refused(_));
        let texts = ("an answer", answer.to_string());
        self.checks
            .check("FP-052", answered, texts, "transport-error")
    }

    async fn own_answer(&self, why: String) -> Result<(), Interruption> {
        let answer = self.send(&self.order(Word::Reject(why.clone()))).await?;
        self.answered(&answer)?;
        let own = matches!(&answer, Outcome::Answered(answer) if answer.rejection_reason == why);
        let cut = |text: &str, most| text.chars().take(most).collect::<String>();
        let texts = (
            format!("the rejection {:?} of {} bytes", cut(&why, 40), why.len()),
            cut(&answer.to_string(), 200),
        );
        self.checks.check("FP-052", own, texts, "wrong-answer")
    }

    async fn many(&self, count: usize) -> Result<(), Interruption> {
        let all = (0..count).map(|number| self.own_answer(format!("number {number}")));
        join_all(all).await.into_iter().collect()
    }

    async fn exits(&self, code: i32) -> Result<(), Interruption> {
        // There is no answer to be judged.
        let _ = self.send(&self.order(Word::Exit(code))).await?;
        self.ended().await?;
        self.again().await
    }

    async fn killed(&self) -> Result<(), Interruption> {
        self.kill().await?;
        self.again().await
    }

    async fn kill(&self) -> Result<(), Interruption> {
        self.running.kill()?;
        self.ended().await
    }

    async fn ended(&self) -> Result<(), Interruption> {
        match self.running.exit_within(SOON).await {
            Some(_) => Ok(()),
            None => Err(Interruption::broken_off(
                "a process that was ended is there",
            )),
        }
    }

    /// SIGSTOP, and SIGCONT as soon as it stands still: a SIGCONT that came before would take the SIGSTOP back.
    async fn pause(&self) -> Result<(), Interruption> {
        let pid = self.running.pid()?;
        self.case
            .note(Source::Fault, format!("SIGSTOP and SIGCONT to {pid}"));
        process::signal(pid, Signal::STOP)?;
        let stood = process::stopped_within(pid, self.case.scaled(SOON)).await;
        process::signal(pid, Signal::CONT)?;
        if stood {
            return Ok(());
        }
        let reason = format!("SIGSTOP did not stop process {pid}");
        Err(Interruption::broken_off(reason))
    }

    /// It is started again and has to be ready.
    async fn again(&self) -> Result<(), Interruption> {
        let started = self.running.restart(self.case).await;
        let texts = (
            "a plugin that starts again",
            started
                .as_ref()
                .map_or_else(ToString::to_string, |_| String::new()),
        );
        self.checks
            .check("FP-053", started.is_ok(), texts, "does-not-start-again")
    }

    async fn activate_again(&self) -> Result<(), Interruption> {
        // A matter between the host and itself; the plugin must not be touched by it.
        match self.running.activate(self.case).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Interruption::broken_off(error.to_string())),
        }
    }

    /// It is told to end. One that has nothing to do ends by itself, with 0.
    async fn stop(&self, idle: bool) -> Result<(), Interruption> {
        let Some(report) = self.running.deactivate().await else {
            return Err(Interruption::broken_off("there was nothing to stop"));
        };
        let text = report.to_string();
        let texts = ("an end without SIGKILL", text.clone());
        self.checks
            .check("FP-051", report.graceful, texts, "does-not-end")?;
        let alone = report.step("terminate").is_none() && report.exit == Some(Exit::Code(0));
        let texts = ("an end with 0 when asked, without a signal", text);
        self.checks
            .check("FP-051", alone || !idle, texts, "does-not-end")
    }

    /// The answer alone: evidence is asked for where something has to be seen to run.
    async fn send(&self, order: &Order) -> Result<Answer, Interruption> {
        let text = order.to_string();
        let short: String = text.chars().take(80).collect();
        self.case.note(Source::Suite, short);
        let request = MessageWillBePosted::ordering(text);
        Ok(self
            .running
            .hooks()?
            .call::<MessageWillBePosted>(request)
            .await)
    }

    fn order(&self, word: Word) -> Order {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Order {
            nonce: format!("{:016x}", rng.next()),
            word,
        }
    }
}
