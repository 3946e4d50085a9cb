//! go-plugin's GRPCController: what the fake does when it is asked to end.
//!
//! The answer leaves first, then the process ends. A Go plugin stops its server inside the handler, so a host must not count
//! on the answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tonic::Status;

use super::Server;
use crate::fault::Fault;
use crate::script::Controller;
use crate::stage::Stage;

impl Server {
    /// `/plugin.GRPCController/Shutdown`.
    pub(super) async fn shut_down(&self) -> Result<Bytes, Status> {
        if let (true, Some(testee)) = (self.has(Fault::ShutdownWaitsForHandlers), &self.testee) {
            testee.quiet().await;
        }
        let before = self.stage.written();
        let (code, delay) = match &self.serve.controller {
            Controller::Exit => (0, Duration::ZERO),
            Controller::ExitCode(code) => (*code, Duration::ZERO),
            Controller::ExitAfterMs(ms) => (0, Duration::from_millis(*ms)),
            Controller::Ignore => return Ok(Bytes::new()),
            Controller::Unimplemented => {
                return Err(Status::unimplemented(
                    "unknown service plugin.GRPCController",
                ));
            }
            Controller::Hang => std::future::pending().await,
            Controller::Raise(signal) => {
                let (stage, signal) = (Arc::clone(&self.stage), *signal);
                tokio::spawn(async move {
                    stage.drain(before).await;
                    stage.raise(signal);
                });
                return Ok(Bytes::new());
            }
        };
        tokio::spawn(end(Arc::clone(&self.stage), code, delay, before));
        Ok(Bytes::new())
    }
}

async fn end(stage: Arc<Stage>, code: i32, delay: Duration, before: u64) {
    if !delay.is_zero() {
        // A sleep of nothing still waits for the next millisecond, which is longer than all the rest of the end.
        tokio::time::sleep(delay).await;
    }
    stage.drain(before).await;
    stage.exit(code, "shutdown");
}
