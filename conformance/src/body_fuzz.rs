//! Body plans, played with a plugin under test: each is one or more HTTP requests by hand, judged by the laws of bodies.
//!
//! A plugin that dies is named and started again. What plans there are is not known here; [`hunt`] plays many of them, and makes small what
//! fails.

mod exchange;
pub mod hunt;

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _};
use plugin_host::body::laws::{Breach, Law};

use crate::body_plan::told::told;
use crate::body_plan::{BodyPlan, Manner};
use crate::case::Case;
use crate::case::timeline::Entry;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::Session;
use crate::profile::Profile;
use crate::scenario::Interruption;
use exchange::{Asked, Begun, Trouble};

/// How many exchanges one process serves: what a host remembers of a process is bounded by its end.
const A_LIFE: usize = 4_000;
/// How long a process that dies may take to be seen dead.
const GONE: Duration = Duration::from_millis(300);
/// How long a handler may take to show that it has begun.
const BEGUN: Duration = Duration::from_secs(2);

/// A plugin under test that plans are played with, over as many processes as it takes.
#[derive(Debug)]
pub struct Bench<'c> {
    case: &'c Case,
    life: Option<Life>,
    lives: usize,
    shown: Vec<Entry>,
}

/// One process.
#[derive(Debug)]
struct Life {
    /// Has the timeline of this process alone.
    case: Case,
    session: Session,
    served: usize,
    begun: Begun,
}

impl<'c> Bench<'c> {
    /// The plugin of a case; it is started when the first plan is played.
    pub fn new(case: &'c Case) -> Bench<'c> {
        Bench {
            case,
            life: None,
            lives: 0,
            shown: Vec::new(),
        }
    }

    /// Whether handlers begin before the body is there, and answers leave piece by piece.
    pub fn streams(&self) -> bool {
        let claims = &self.case.subject().capabilities;
        claims.claims(Profile::Stream)
    }

    /// How many processes there were.
    pub fn lives(&self) -> usize {
        self.lives
    }

    /// What was seen of the process in the last play of a single plan that broke a law.
    pub fn shown(&self) -> Vec<Entry> {
        self.shown.clone()
    }

    /// Plays plans, some of them at the same time, up to the first that breaks a law: its place, and how it broke it.
    ///
    /// # Errors
    /// When the plugin cannot be started.
    pub async fn play_all(
        &mut self,
        plans: &[BodyPlan],
        at_once: usize,
    ) -> Result<Option<(usize, Breach)>, Interruption> {
        let life = self.alive(plans.len()).await?;
        let playing: Vec<BoxFuture<'_, Result<(), Trouble>>> = plans
            .iter()
            .enumerate()
            .map(|(number, plan)| life.play(plan, number).boxed())
            .collect();
        let mut played = stream::iter(playing).buffered(at_once.max(1)).enumerate();
        let mut first = None;
        while let Some((number, one)) = played.next().await {
            if let Err(trouble) = one {
                first = Some((number, trouble));
                break;
            }
        }
        drop(played);
        match first {
            None => Ok(None),
            Some((number, trouble)) => {
                let breach = self.blame(&plans[number], trouble).await?;
                // Whatever the plugin has kept of it, the next play begins without.
                self.end().await;
                Ok(Some((number, breach)))
            }
        }
    }

    /// Plays one plan with nothing else beside it than the plan wants, and says which law it broke.
    ///
    /// # Errors
    /// When the plugin cannot be started.
    pub async fn play(&mut self, plan: &BodyPlan) -> Result<Option<Breach>, Interruption> {
        if matches!(plan.manner, Manner::Cancel { .. }) {
            // What was given up in an earlier play is not of this one.
            self.end().await;
        }
        let life = self.alive(0).await?;
        let before = life.case.timeline().entries().len();
        let timeline = life.case.timeline();
        let played = self.play_all(std::slice::from_ref(plan), 1).await?;
        if played.is_some() {
            self.shown = timeline.entries().split_off(before);
        }
        Ok(played.map(|(_, breach)| breach))
    }

    /// Ends the plugin.
    pub async fn end(&mut self) {
        if let Some(life) = self.life.take() {
            life.session.raw.end().await;
        }
    }

    /// The running process, a new one if there is none or if the old one has served long enough.
    async fn alive(&mut self, more: usize) -> Result<&mut Life, Interruption> {
        let old = self.life.as_ref();
        let usable = old.is_some_and(|life| {
            life.session.raw.exit().is_none() && life.served + more <= A_LIFE.max(more)
        });
        if !usable {
            self.end().await;
            self.lives += 1;
            let mut case = self.case.part(&format!("life-{}", self.lives))?;
            let session = Session::start(&mut case, Word::Allow, &[]).await?;
            self.case.spawned(session.raw.pid());
            let begun = Begun {
                seen: session.raw.seen.clone(),
                within: self.streams().then(|| case.scaled(BEGUN)),
            };
            self.life = Some(Life {
                case,
                session,
                served: 0,
                begun,
            });
        }
        let life = self.life.as_mut();
        let life = life.ok_or_else(|| Interruption::broken_off("the plugin does not run"))?;
        life.served += more;
        Ok(life)
    }

    /// The law that is broken by what came of a plan.
    async fn blame(&mut self, plan: &BodyPlan, trouble: Trouble) -> Result<Breach, Interruption> {
        let seen = match trouble {
            Trouble::Broken(breach) => return Ok(breach),
            Trouble::Refused(seen) => seen,
        };
        if let Some(life) = &self.life
            && let Some(exit) = life.session.raw.exit_within(GONE).await
        {
            let seen = format!("the plugin ended: {exit}; {seen}");
            let law = match plan.manner {
                Manner::Cancel { .. } => Law::Cancel,
                _ => Law::Completion,
            };
            return Ok(Breach::new(law, "a whole answer", seen));
        }
        if matches!(plan.manner, Manner::Cancel { .. }) {
            let expected = "the answer to a request that comes after those that were given up";
            return Ok(Breach::new(Law::Cancel, expected, seen));
        }
        let whole = plan.in_one_piece();
        if whole.split == plan.split {
            return Ok(Breach::new(Law::Completion, "a whole answer", seen));
        }
        let in_one_piece = self.alive(1).await?.play(&whole, 0).await;
        let (law, expected) = match in_one_piece {
            Ok(()) => (
                Law::Borders,
                "a whole answer, as there is to the body in one piece",
            ),
            Err(_) => (Law::Completion, "a whole answer"),
        };
        Ok(Breach::new(law, expected, seen))
    }
}

impl Life {
    /// Plays a plan. The number keeps those apart that are played at the same time.
    async fn play(&self, plan: &BodyPlan, number: usize) -> Result<(), Trouble> {
        let services = &self.session.services;
        let asked = |plan: &BodyPlan, place: usize| {
            let nonce = format!("{:04x}{number:08x}{place:04x}", self.served % 0x1_0000);
            let told = told(plan, place, &nonce);
            Asked { nonce, told }
        };
        match plan.manner {
            Manner::Through if plan.beside == 0 => exchange::alone(services, &asked(plan, 0)).await,
            Manner::Through => {
                let all: Vec<Asked> = (0..=plan.beside).map(|place| asked(plan, place)).collect();
                exchange::together(services, &all, &self.begun).await
            }
            Manner::Early => exchange::early(services, &asked(plan, 0)).await,
            Manner::Unread => {
                let scaled = |allowed| self.case.scaled(allowed);
                exchange::unread(services, &asked(plan, 0), scaled).await
            }
            Manner::Cancel { times } => {
                for time in 0..times {
                    let asked = asked(plan, time);
                    if !exchange::given_up(services, &asked, &self.begun).await {
                        // Nobody takes requests any more; the next one shows what that is.
                        break;
                    }
                }
                let next = asked(&plan.in_one_piece(), times);
                exchange::alone(services, &next).await
            }
        }
    }
}
