//! The laws of bodies, with a few of the plans that `fuzz body` plays: every split of the shortest bodies, splits around 64 KiB, drawn ones.

use crate::body_fuzz::Bench;
use crate::body_fuzz::hunt::{Found, Tally, hunt, keep};
use crate::body_plan::generate::{Choice, Part, exhaustive, plans};
use crate::body_plan::{BodyPlan, Direction};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::timeline::{Entry, Source};
use crate::scenario::{ScenarioResult, scenarios};
use crate::verdict::{Failure, Outcome};

scenarios! {
    Plugin, Http;
    /// Bodies of requests and of answers, cut in every way that is short and in many that are not.
    "plugin/http/laws" => laws: ["HT-101", "HT-102"], deadline(90);
}

/// Bodies up to this length are cut in every way.
const LONGEST: usize = 6;
/// One of so many splits around a border is played.
const SPARSE: usize = 6;
/// How many are drawn.
const DRAWN: usize = 40;
/// How many are played at the same time.
const AT_ONCE: usize = 8;

async fn laws(case: &mut Case) -> ScenarioResult {
    let case = &*case;
    let mut bench = Bench::new(case);
    for (id, direction) in [("HT-101", Direction::Up), ("HT-102", Direction::Down)] {
        let choice = Choice {
            direction,
            seed: case.seed(),
            cases: DRAWN,
            streams: bench.streams(),
        };
        let mut tally = Tally::default();
        let found = hunt(&mut bench, few(choice), AT_ONCE, &mut tally, &mut |_| {}).await?;
        match found {
            Some(found) => case.judge(id, broken(case, &found, bench.shown())?),
            None => {
                let splits = some(tally.splits.len());
                case.require(id)
                    .seen("splits that were played", splits)
                    .holds(true, "every law", "every law", "kept");
            }
        }
    }
    bench.end().await;
    Ok(())
}

fn few(choice: Choice) -> impl Iterator<Item = BodyPlan> {
    exhaustive(choice.direction, LONGEST)
        .chain(plans(Part::Borders, choice).step_by(SPARSE))
        .chain(plans(Part::Random, choice))
}

/// A law that was broken, by its name; its plan is kept if the run wants that.
fn broken(case: &Case, found: &Found, shown: Vec<Entry>) -> std::io::Result<Outcome> {
    case.timeline().adopt(shown);
    let text = format!("{}: {}", found.plan, found.breach);
    let entry = case.note(Source::Suite, text);
    let replay = match &case.planning().folder {
        None => None,
        Some(folder) => {
            let file = keep(folder, &case.subject().name, case.seed(), found)?;
            Some(file.display().to_string())
        }
    };
    Ok(Outcome::Failed(Failure {
        reason: found.law().name().into(),
        expected: found.breach.expected.clone(),
        seen: format!("{}; {}", found.breach.seen, found.plan),
        go_host: None,
        replay,
        entry: Some(entry),
    }))
}
