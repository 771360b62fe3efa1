//! Shows how far an apply is: a bar on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::World;
use crate::apply::driver::Progress;

/// A bar with counts and an estimate.
pub struct Bar(ProgressBar);

impl Bar {
    pub fn new(world: &World, total: usize) -> Self {
        let bar = ProgressBar::new(total as u64);
        bar.set_draw_target(match world.terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        });
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub fn show(&self, progress: Progress) {
        self.0.set_position(progress.done as u64);
        self.0.set_message(if progress.verifying {
            "reading back"
        } else {
            "writing"
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
