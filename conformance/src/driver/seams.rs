//! Where a fault is put into the options of the host: each seam is one that any application has.

pub(super) mod circle;

pub(super) mod damaged;

pub(super) mod api;
mod hooks;
pub(super) mod launch;
pub(super) mod line;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use plugin_host::options::{ApiOptions, HostOptions, UnknownWord};
use plugin_host::policy::{HttpFaults, Policy};
use plugin_host::timing::{Recovery, Timing};

use super::fault::{Fault, late};
use super::protocol::api::ApiSettings;
use super::protocol::{Configuration, Refusal};
use super::proxy;

/// What outlives one start and a fault has to reach later.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    /// Ends the forwarders of API servers.
    pub(super) forwarders: launch::Forwarders,
}

/// The options for a configuration, with one fault at most.
pub(super) fn options(
    fault: Option<Fault>,
    configuration: &Configuration,
    shared: &Shared,
) -> Result<HostOptions, Refusal> {
    let mut options = HostOptions {
        timing: timing(fault, configuration),
        recovery: recovery(fault, configuration),
        policy: policy(fault),
        hooks: hooks::policy(fault, &configuration.hooks)?,
        api: api_options(&configuration.api)?,
        pass_environment: configuration.pass_env.clone(),
        ..HostOptions::default()
    };
    if let Some(level) = &configuration.log_level {
        options.log_level.clone_from(level);
    }
    if configuration.auto_mtls {
        tls::switch_on(fault, &mut options);
        return Ok(options);
    }
    let Some(fault) = fault else {
        return Ok(options);
    };
    match fault {
        Fault::IgnoresPassedVariables => options.pass_environment.clear(),
        Fault::PassesItsOwn => options.pass_environment.push("PYTHONUNBUFFERED".to_owned()),
        Fault::PassesByPrefix => options.pass_environment = launch::alike(&configuration.pass_env),
        _ => {}
    }
    options.prepare = launch::prepare(fault, shared);
    let parse = line::reader(fault);
    options.read_handshake = Some(match proxy::is_on_the_wire(fault) {
        true => Arc::new(move |bytes| {
            parse(bytes).and_then(|handshake| proxy::between(fault, handshake))
        }),
        false => Arc::new(parse),
    });
    Ok(options)
}

fn api_options(settings: &ApiSettings) -> Result<ApiOptions, Refusal> {
    fn read<T: std::str::FromStr<Err = UnknownWord> + Default>(
        word: Option<&str>,
    ) -> Result<T, Refusal> {
        let read = word.map(str::parse).transpose();
        let read = read.map_err(|error: UnknownWord| Refusal {
            kind: "configuration".to_owned(),
            message: error.to_string(),
            ..Refusal::default()
        });
        Ok(read?.unwrap_or_default())
    }
    Ok(ApiOptions {
        transport: read(settings.transport.as_deref())?,
        errors: read(settings.errors.as_deref())?,
        require_token: settings.require_token,
    })
}

fn policy(fault: Option<Fault>) -> Policy {
    if fault == Some(Fault::Reference) {
        return Policy::reference();
    }
    let is = |wanted| fault == Some(wanted);
    Policy {
        inherit_host_environment: is(Fault::InheritHostEnvironment),
        omit_plugin_variables: is(Fault::OmitPluginVariables),
        ignore_health_status: is(Fault::IgnoreHealthStatus),
        never_terminate: is(Fault::NeverTerminate),
        kill_only_child: is(Fault::KillOnlyChild),
        start_without_configuration: is(Fault::StartWithoutConfiguration),
        trust_raw_script_path: is(Fault::TrustRawScriptPath),
        ignore_venv_path: is(Fault::IgnoreVenvPath),
        swallow_activation_error_text: is(Fault::SwallowActivationErrorText),
        require_implemented: is(Fault::RequireImplemented),
        ignore_tracebacks: is(Fault::IgnoreTracebacks),
        send_secrets: is(Fault::SendSecrets),
        strip_posts: is(Fault::StripPosts),
        swallow_hook_error_text: is(Fault::SwallowHookErrorText),
        outlive_callers: is(Fault::OutliveCallers),
        always_fail_open: is(Fault::AlwaysFailOpen),
        one_hook_deadline: is(Fault::OneHookDeadline),
        unlimited_calls: is(Fault::UnlimitedCalls),
        count_failures_as_successes: is(Fault::CountFailuresAsSuccesses),
        http: http(fault),
    }
}

fn http(fault: Option<Fault>) -> HttpFaults {
    let is = |wanted| fault == Some(wanted);
    HttpFaults {
        accept_half_close: is(Fault::AcceptsHalfClose),
        stop_at_completion: is(Fault::StopsAtCompletion),
        accept_missing_head: is(Fault::AcceptsMissingHead),
        end_broken_answers: is(Fault::EndsBrokenAnswers),
        pass_interim_statuses: is(Fault::PassesInterimStatuses),
        pass_all_headers: is(Fault::PassesAllHeaders),
        ignore_lengths: is(Fault::IgnoresLengths),
        never_end_uploads: is(Fault::NeverEndsUploads),
        // What the front never lets go is not to be ended by a deadline of the host either.
        no_deadlines: is(Fault::NoStreamDeadlines) || is(Fault::KeepsStreams),
    }
}

const LONGER: Duration = Duration::from_secs(5);
/// Earlier than any line that a check writes late on purpose.
const EARLY: Duration = Duration::from_millis(400);
const FOR_EVER: Duration = Duration::from_secs(3600);

fn timing(fault: Option<Fault>, configuration: &Configuration) -> Timing {
    let mut timing = Timing::default();
    for (name, bound) in bounds(&mut timing) {
        if let Some(ms) = configuration.timing_ms.get(name) {
            *bound = Duration::from_millis(*ms);
        }
    }
    hooks::bounds(configuration, &mut timing);
    match fault {
        Some(Fault::GivesUpEarly) => timing.start = (timing.start / 8).min(EARLY),
        Some(Fault::GivesUpLate) => timing.start += late(LONGER),
        Some(Fault::ConnectsSlowly) => timing.connect += late(LONGER),
        Some(Fault::SlowHookTimeout) => timing.hook += late(LONGER),
        Some(Fault::ShortHookTimeout) => {
            // Hooks of the life cycle keep theirs: a plugin that is not up shows nothing.
            let bound = timing.hooks.entry("MessageWillBePosted".to_owned());
            *bound.or_insert(timing.hook) /= 8;
        }
        Some(Fault::SlowHealthTimeout) => timing.health += late(LONGER),
        Some(Fault::StopsWithoutBound) => (timing.hook, timing.shutdown_rpc) = (FOR_EVER, FOR_EVER),
        Some(Fault::KillsAtOnce) => timing.term_grace = Duration::from_millis(100),
        Some(Fault::WaitsForHandlers) => timing.api_close = FOR_EVER,
        Some(Fault::ShutsDownAtOnce) => timing.deactivate = Duration::ZERO,
        Some(Fault::NoDeactivatePatience) => timing.deactivate = FOR_EVER,
        Some(Fault::TerminatesAtOnce) => timing.exit_after_shutdown = Duration::ZERO,
        _ => {}
    }
    timing
}

fn recovery(fault: Option<Fault>, configuration: &Configuration) -> Recovery {
    let mut recovery = Recovery::default();
    let watch = configuration.health.clone().unwrap_or_default();
    let set = |time: &mut Duration, ms: Option<u64>| {
        if let Some(ms) = ms {
            *time = Duration::from_millis(ms);
        }
    };
    set(&mut recovery.interval, watch.interval_ms);
    set(&mut recovery.window, watch.window_ms);
    set(&mut recovery.backoff.base, watch.backoff_ms);
    set(&mut recovery.backoff.cap, watch.backoff_cap_ms);
    recovery.pings = watch.pings.unwrap_or(recovery.pings);
    recovery.failures = watch.failures.unwrap_or(recovery.failures);
    match fault {
        Some(Fault::NeverChecks) => recovery.interval = FOR_EVER,
        Some(Fault::ChecksTooOften) => recovery.interval /= 10,
        Some(Fault::PingsOnce) => recovery.pings = 1,
        Some(Fault::NeverGivesUp) => recovery.failures = usize::MAX,
        Some(Fault::GivesUpSoon) => recovery.failures -= 1,
        Some(Fault::WindowForEver) => recovery.window = FOR_EVER,
        Some(Fault::NoBackoff) => recovery.backoff.cap = Duration::ZERO,
        Some(Fault::RecoversLate) => {
            (recovery.backoff.base, recovery.backoff.cap) = (late(LONGER * 2), late(LONGER * 2));
        }
        _ => {}
    }
    recovery
}

/// Each bound by its name in the protocol.
fn bounds(timing: &mut Timing) -> [(&'static str, &mut Duration); 13] {
    [
        ("start", &mut timing.start),
        ("connect", &mut timing.connect),
        ("implemented", &mut timing.implemented),
        ("hook", &mut timing.hook),
        ("health", &mut timing.health),
        ("shutdown_rpc", &mut timing.shutdown_rpc),
        ("exit_after_shutdown", &mut timing.exit_after_shutdown),
        ("term_grace", &mut timing.term_grace),
        ("kill", &mut timing.kill),
        ("drain", &mut timing.drain),
        ("api_close", &mut timing.api_close),
        ("deactivate", &mut timing.deactivate),
        ("shutdown", &mut timing.shutdown),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::protocol::TIMING;

    #[test]
    fn every_bound_of_the_protocol_is_one_of_the_host() {
        assert_eq!(bounds(&mut Timing::default()).map(|(name, _)| name), TIMING);
    }
}
