//! Shows how far an apply or an audit is: a bar on a terminal, a line now and then elsewhere.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::World;
use crate::apply::driver::Progress;
use crate::cloud::Clock;

/// Milliseconds between two lines where no bar can be drawn.
const QUIET_MS: i64 = 10_000;

/// A bar with counts and an estimate, or lines.
pub enum Bar<'a> {
    Bar(ProgressBar),
    Lines {
        err: &'a mut dyn Write,
        clock: Clock,
        last: i64,
        /// What was printed last.
        said: String,
    },
}

impl<'a> Bar<'a> {
    pub fn new(world: &'a mut World, clock: &Clock, total: usize) -> Self {
        if !world.terminal {
            return Self::Lines {
                err: &mut *world.err,
                clock: clock.clone(),
                last: clock.now_ms(),
                said: String::new(),
            };
        }
        let bar = ProgressBar::new(total as u64);
        bar.set_draw_target(ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self::Bar(bar)
    }

    pub fn show(&mut self, progress: Progress) {
        let doing = if progress.verifying {
            "reading back"
        } else {
            "writing"
        };
        self.step(doing, progress.done, Some(progress.total), "requests");
    }

    /// So many of a total, where that is known.
    pub fn step(&mut self, doing: &'static str, done: usize, total: Option<usize>, what: &str) {
        match self {
            Self::Bar(bar) => {
                if let Some(total) = total {
                    bar.set_length(total as u64);
                }
                bar.set_position(done as u64);
                bar.set_message(doing);
            }
            Self::Lines {
                err,
                clock,
                last,
                said,
            } => {
                let now = clock.now_ms();
                let line = match total {
                    Some(total) => format!("{doing}: {done} of {total} {what}"),
                    None => format!("{doing}: {done} {what}"),
                };
                if now - *last >= QUIET_MS && *said != line {
                    *last = now;
                    let _ = writeln!(err, "{line}");
                    *said = line;
                }
            }
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
