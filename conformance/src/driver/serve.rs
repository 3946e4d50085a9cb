//! The loop of the driver: orders from stdin, answers and events to stdout.
//!
//! Orders are carried out side by side, each in a task of its own. The end of stdin, or the order to shut down, ends the driver. Both
//! streams have threads of their own, so that neither a suite that is silent nor one that is slow stops the host.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::claims::Claim;
use super::damage::Damages;
use super::fault::Fault;
use super::host::{Host, NoHost};
use super::lines::{self, Line};
use super::protocol::hooks::Cancelled;
use super::protocol::{Configuration, Event, Message, Order, Refusal, Request};

/// How long orders may take that were under way at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// The last event of a driver.
const OVER: &str = "over";

/// Serves one suite, until it is done.
///
/// # Errors
/// When the guard cannot be started.
pub async fn serve(fault: Option<Fault>, damages: Damages, claim: Claim) -> io::Result<()> {
    let (out, messages) = mpsc::unbounded_channel();
    let (sender, lines) = mpsc::unbounded_channel();
    let (over, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        write(messages);
        drop(over);
    });
    thread::spawn(move || read(&sender));
    let served = obey_all((fault, damages, claim), lines, &out).await;
    say(
        &out,
        Message::Event(Event {
            event: OVER.to_owned(),
            ..Event::default()
        }),
    );
    // An error is how the end of the writer shows.
    let _ = ended.await;
    served
}

async fn obey_all(
    (fault, damages, claim): (Option<Fault>, Damages, Claim),
    mut lines: mpsc::UnboundedReceiver<Line>,
    out: &mpsc::UnboundedSender<Message>,
) -> io::Result<()> {
    let mut host: Option<Arc<Host>> = None;
    let mut orders: JoinSet<u64> = JoinSet::new();
    // Each tells its order that nobody wants its answer any more.
    let mut running: HashMap<u64, oneshot::Sender<()>> = HashMap::new();
    while let Some(line) = lines.recv().await {
        let Request { id, order } = match understand(&line) {
            Ok(request) => request,
            Err((id, error)) => {
                say(out, Message::Failed { id, error });
                continue;
            }
        };
        if let Some(error) = claim.refuses(&order) {
            say(out, Message::Failed { id, error });
            continue;
        }
        if let Order::Hello {} = order {
            let ok = serde_json::to_value(claim.hello()).expect("claims are lists of words");
            say(out, Message::Done { id, ok });
            continue;
        }
        if let (Order::Configure(configuration), None) = (&order, &host) {
            let ok = serde_json::json!({});
            match Host::new((fault, &damages), configuration, out.clone()).await {
                Ok(made) => {
                    host = Some(made);
                    say(out, Message::Done { id, ok });
                }
                Err(NoHost::Configuration(error)) => {
                    say(out, Message::Failed { id, error: *error })
                }
                Err(NoHost::Io(error)) => return Err(error),
            }
            continue;
        }
        if let Order::Cancel { order } = order {
            let away = running.remove(&order);
            let cancelled = away.is_some_and(|away| away.send(()).is_ok());
            let ok =
                serde_json::to_value(Cancelled { cancelled }).expect("one flag is a JSON object");
            say(out, Message::Done { id, ok });
            continue;
        }
        let host = match &host {
            Some(host) => Arc::clone(host),
            None => {
                let made =
                    Host::new((fault, &damages), &Configuration::default(), out.clone()).await;
                Arc::clone(host.insert(made.map_err(io::Error::other)?))
            }
        };
        let last = matches!(order, Order::Shutdown {});
        let out = out.clone();
        let (away, went_away) = oneshot::channel();
        let obeyed = async move {
            let message = tokio::select! {
                biased;
                answer = host.obey(order) => match answer {
                    Ok(ok) => Message::Done { id, ok },
                    Err(error) => Message::Failed { id, error },
                },
                Ok(()) = went_away => Message::Failed { id, error: cancelled_order() },
            };
            say(&out, message);
            id
        };
        if last {
            obeyed.await;
            break;
        }
        running.insert(id, away);
        orders.spawn(obeyed);
        while let Some(ended) = orders.try_join_next() {
            if let Ok(id) = ended {
                running.remove(&id);
            }
        }
    }
    if let Some(host) = &host {
        host.shut_down().await;
    }
    // Without plugins nothing keeps an order from being answered.
    let answered = async { while orders.join_next().await.is_some() {} };
    if timeout(LAST_ANSWERS, answered).await.is_err() {
        orders.abort_all();
    }
    Ok(())
}

fn say(out: &mpsc::UnboundedSender<Message>, message: Message) {
    // A suite that does not read any more has seen what it wanted.
    let _ = out.send(message);
}

/// The order in a line, or why there is none and the number that its answer has, if it has one.
fn understand(line: &Line) -> Result<Request, (u64, Refusal)> {
    let misunderstood = |message: String| Refusal {
        kind: "order.misunderstood".to_owned(),
        message,
        ..Refusal::default()
    };
    match line {
        Line::Text(text) => serde_json::from_str(text).map_err(|error| {
            let line: Option<Value> = serde_json::from_str(text).ok();
            let id = line.and_then(|line| line["id"].as_u64()).unwrap_or(0);
            (id, misunderstood(error.to_string()))
        }),
        Line::NotText(at) => Err((0, misunderstood(format!("no UTF-8 from byte {at} on")))),
        Line::TooLong => {
            let error = Refusal {
                kind: "order.too_long".to_owned(),
                message: format!("an order has at most {} bytes", lines::LONGEST),
                ..Refusal::default()
            };
            Err((0, error))
        }
    }
}

fn cancelled_order() -> Refusal {
    Refusal {
        kind: "order.cancelled".to_owned(),
        message: "whoever gave the order went away".to_owned(),
        ..Refusal::default()
    }
}

/// Reads lines until there are no more, or nobody wants them.
fn read(lines: &mpsc::UnboundedSender<Line>) {
    let mut input = io::stdin().lock();
    while let Ok(Some(line)) = lines::next(&mut input, lines::LONGEST) {
        if lines.send(line).is_err() {
            return;
        }
    }
}

/// Writes messages until the last one: events have senders that live on.
fn write(mut messages: mpsc::UnboundedReceiver<Message>) {
    let mut stdout = io::stdout();
    while let Some(message) = messages.blocking_recv() {
        let Ok(mut line) = serde_json::to_vec(&message) else {
            continue;
        };
        line.push(b'\n');
        if stdout
            .write_all(&line)
            .and_then(|()| stdout.flush())
            .is_err()
        {
            return;
        }
        if matches!(&message, Message::Event(event) if event.event == OVER) {
            return;
        }
    }
}
