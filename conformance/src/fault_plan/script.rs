//! What the fakes of a plan play: one start for each life. Pure.
//!
//! What comes from outside needs a plugin that stands still at that point: it hangs there, or, if it is to go on afterwards, takes a while.

use fake_interpreters::script::{
    Answer, ApiOrder, Controller, Flood, Grandchild, Implemented, Script, Serve, SignalName,
    Step as Played, Stream, Write,
};
use serde_json::json;

use super::life::{Life, lives};
use super::place::Place;
use super::{Action, CONTROL, FaultPlan, POKE, Point, Step, decoded};

/// How long a plugin takes at a point where something from outside happens after which it goes on, in milliseconds.
const WHILE: u64 = 60;

/// The API method that plugins of plans call.
pub const API: &str = "KVGet";

/// What the interpreter of a plan's plugin plays.
pub fn script(plan: &FaultPlan) -> Script {
    let mut script: Option<Script> = None;
    for life in lives(plan) {
        let start = start(&life);
        script = Some(match script {
            None => start,
            Some(before) => before.next_start().then(&start),
        });
    }
    script.unwrap_or_default()
}

fn start(life: &Life<'_>) -> Script {
    let mut script = Script::new().check_cookie();
    for step in &life.starting {
        script = match step.at.place() {
            Place::BeforeHandshake => before_handshake(script, &step.action),
            Place::AfterHandshake => return after_handshake(script, &step.action),
            _ => script,
        };
    }
    let script = script.listen().serve(serve(life)).handshake();
    let idle = life
        .active
        .iter()
        .filter(|step| step.at.place() == Place::Idle);
    let mut pokes = 0;
    idle.fold(script, |script, step| match when_poked(&step.action) {
        None => script,
        Some(played) => {
            pokes += 1;
            script
                .step(Played::WaitFor {
                    event: format!("answered:{POKE}"),
                    count: pokes,
                })
                .step(played)
        }
    })
}

fn before_handshake(script: Script, action: &Action) -> Script {
    match action {
        Action::Exit { code } => script.write_stderr("planned end\n").exit(i32::from(*code)),
        Action::Raise { signal } => script.raise(*signal),
        Action::Late { ms } => script.sleep(*ms),
        Action::Stop { resume: true } | Action::Activate {} => script.sleep(WHILE),
        Action::Garbage { hex } => script.step(write(Stream::Stdout, hex)).hang(),
        Action::Noise { stream, hex } => script.step(write(*stream, hex)),
        Action::Flood { stream, bytes } => script.step(flood(*stream, *bytes)),
        Action::Grandchild {} => script.grandchild(Grandchild {
            holds_pipes: true,
            ignore_term: true,
            ..Grandchild::default()
        }),
        Action::IgnoreTerm {} => script.ignore_term(),
        _ => script.hang(),
    }
}

fn after_handshake(script: Script, action: &Action) -> Script {
    let announced = |script: Script| script.handshake();
    match action {
        Action::Exit { code } => announced(script.listen()).exit(i32::from(*code)),
        Action::Raise { signal } => announced(script.listen()).raise(*signal),
        Action::CloseListener {} => {
            announced(script.listen().step(Played::CloseListener {})).hang()
        }
        _ => announced(script.listen().step(Played::AcceptMute {})).hang(),
    }
}

fn serve(life: &Life<'_>) -> Serve {
    let mut names: Vec<String> = ["OnActivate", "OnDeactivate", "OnConfigurationChange"]
        .into_iter()
        .chain([CONTROL, POKE])
        .map(str::to_owned)
        .collect();
    names.extend(
        life.active
            .iter()
            .filter_map(|step| step.at.hook().map(str::to_owned)),
    );
    let mut serve = Serve::good();
    let good = Answer::Value(json!({"hooks": names}));
    serve.implemented = Some(Implemented::Names(names));
    serve = serve.hook(CONTROL, with_api(Answer::empty()));
    let steps = life
        .starting
        .iter()
        .chain(&life.active)
        .chain(&life.stopping);
    for step in steps {
        match &step.at {
            Point::InImplemented => {
                let answer = answer(&step.action, good.clone());
                serve.implemented = Some(Implemented::Answer(answer));
            }
            Point::InConfiguration => serve = planned(serve, "OnConfigurationChange", step),
            Point::InActivate => serve = planned(serve, "OnActivate", step),
            Point::InDeactivate => serve = planned(serve, "OnDeactivate", step),
            Point::InHook { hook } => serve = planned(serve, hook, step),
            Point::InApi { hook } => {
                let answer = with_api(answer(&step.action, Answer::empty()));
                serve = serve.hook(hook, answer);
            }
            Point::InShutdown => serve.controller = controller(&step.action),
            Point::BeforeHandshake | Point::AfterHandshake | Point::Idle => {}
        }
    }
    serve
}

/// An answer that comes after a call of the API was answered.
fn with_api(answer: Answer) -> Answer {
    let order = ApiOrder::new(API, json!({"key": "plan"}));
    Answer::Api(order, Box::new(answer))
}

fn planned(serve: Serve, hook: &str, step: &Step) -> Serve {
    serve.hook(hook, answer(&step.action, Answer::empty()))
}

fn answer(action: &Action, good: Answer) -> Answer {
    match action {
        Action::Exit { code } => Answer::Exit(i32::from(*code)),
        Action::Raise { signal } => Answer::Raise(*signal),
        Action::Late { ms } => good.after(*ms),
        Action::Stop { resume: true } => good.after(WHILE),
        Action::Garbage { hex } => Answer::Raw(decoded(hex)),
        Action::Status { code } => Answer::status(code, "planned"),
        Action::Error { message } => Answer::error("plan.error", message),
        Action::CloseConnections {} => Answer::Close,
        _ => Answer::Hang,
    }
}

fn controller(action: &Action) -> Controller {
    match action {
        Action::Exit { code } => Controller::ExitCode(i32::from(*code)),
        Action::Raise { signal } => Controller::Raise(*signal),
        Action::Late { ms } => Controller::ExitAfterMs(*ms),
        Action::Stop { resume: true } => Controller::ExitAfterMs(WHILE),
        _ => Controller::Hang,
    }
}

/// What the plugin does by itself when it was poked.
pub fn when_poked(action: &Action) -> Option<Played> {
    match action {
        Action::Exit { code } => Some(Played::Exit {
            code: i32::from(*code),
        }),
        Action::Raise { signal } => Some(raise(*signal)),
        Action::CloseListener {} => Some(Played::CloseListener {}),
        Action::CloseStream { stream } => Some(Played::Close { fd: *stream }),
        Action::Flood { stream, bytes } => Some(flood(*stream, *bytes)),
        Action::Noise { stream, hex } => Some(write(*stream, hex)),
        _ => None,
    }
}

fn raise(signal: SignalName) -> Played {
    Played::Raise { signal }
}

fn flood(stream: Stream, bytes: usize) -> Played {
    Played::Flood(Flood {
        to: stream,
        bytes,
        line_length: 80,
    })
}

fn write(stream: Stream, hex: &str) -> Played {
    Played::Write(Write {
        to: stream,
        hex: Some(hex.to_owned()),
        pieces: 1,
        ..Write::default()
    })
}
