//! Ctrl-C, and a runner's SIGTERM.

use super::{Exit, Failure};
use crate::model::diagnostic::Diagnostic;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whoever wants it to end. One that came while nobody asked is told to the next who does.
pub struct Interrupt {
    #[cfg(unix)]
    signals: Option<(Signal, Signal)>,
}

impl Interrupt {
    /// From here on the process does not end by itself. Needs a runtime around it.
    pub fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signals: signal(SignalKind::interrupt())
                .ok()
                .zip(signal(SignalKind::terminate()).ok()),
        }
    }

    /// Until somebody wants it to end.
    #[cfg(unix)]
    pub async fn raised(&mut self) {
        let Some((interrupt, terminate)) = &mut self.signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    /// Until somebody wants it to end.
    #[cfg(not(unix))]
    pub async fn raised(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// As [`Interrupt::raised`]. Where nobody listens, the system ends the process.
pub async fn raised(interrupt: Option<&mut Interrupt>) {
    match interrupt {
        Some(interrupt) => interrupt.raised().await,
        None => std::future::pending().await,
    }
}

/// Ended before the next request was sent.
pub fn while_doing(what: &str) -> Failure {
    let message = format!("interrupted while {what}: nothing was sent since");
    let diagnostic = Diagnostic::error("interrupted", message);
    Failure::from(diagnostic.help("run the command again")).exit(Exit::Partial)
}
