//! Faults of a testee that are nothing but other answers of a service: what they amount to as a serve step.

use crate::fault::Fault;
use crate::script::{Answer, Controller, Health, Implemented, Serve, SignalName};

/// The serve step that its fault makes of it.
pub(super) fn apply(mut serve: Serve) -> Serve {
    let Some(fault) = serve.fault else {
        return serve;
    };
    if let Some(health) = health(fault) {
        serve.health = health;
    }
    if let Some(controller) = controller(fault) {
        serve.controller = controller;
    }
    if let Some(answer) = implemented(fault) {
        serve.implemented = Some(Implemented::Answer(answer));
    }
    serve
}

fn health(fault: Fault) -> Option<Health> {
    let services = |words: &[(&str, &str)]| {
        Some(Health::Services(
            words
                .iter()
                .map(|(name, word)| ((*name).to_owned(), (*word).to_owned()))
                .collect(),
        ))
    };
    match fault {
        Fault::HealthNotServing => services(&[("plugin", "NOT_SERVING"), ("", "NOT_SERVING")]),
        Fault::HealthEmptyUnknown => services(&[("plugin", "SERVING")]),
        Fault::HealthPluginUnknown => services(&[("", "SERVING")]),
        Fault::HealthUnknownServing => services(&[("*", "SERVING")]),
        Fault::HealthUnimplemented => Some(Health::Unimplemented),
        Fault::HealthHangs => Some(Health::Hang),
        _ => None,
    }
}

fn controller(fault: Fault) -> Option<Controller> {
    Some(match fault {
        Fault::ShutdownIgnored => Controller::Ignore,
        Fault::ShutdownUnimplemented => Controller::Unimplemented,
        Fault::ShutdownHangs => Controller::Hang,
        Fault::ShutdownExitsNonZero => Controller::ExitCode(3),
        Fault::ShutdownAborts => Controller::Raise(SignalName::Abrt),
        Fault::ShutdownSlow => Controller::ExitAfterMs(20_000),
        _ => return None,
    })
}

fn implemented(fault: Fault) -> Option<Answer> {
    Some(match fault {
        Fault::ImplementedError => {
            Answer::error("plugin.implemented.error", "the registry is broken")
        }
        Fault::ImplementedUnimplemented => Answer::status("UNIMPLEMENTED", "Method not found!"),
        Fault::ImplementedInternal => Answer::status("INTERNAL", "the registry is broken"),
        Fault::ImplementedHangs => Answer::Hang,
        Fault::ImplementedEmpty => Answer::empty(),
        _ => return None,
    })
}
