//! How a command ends.

use super::World;
use crate::model::diagnostic::{Diagnostic, Label, first};
use crate::model::source::Sources;
use crate::render::diagnostic;

/// Exit codes: pipelines branch on them, so they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error; usage errors too.
    Error = 1,
    /// There are changes (`plan --detailed-exitcode`).
    Changes = 2,
    /// The world changed since the plan.
    Drift = 3,
    /// Refused by a guard, or by the person who was asked.
    Refused = 4,
    /// Stopped half-way; safe to run again.
    Partial = 5,
    /// Another run holds the lock.
    Locked = 6,
}

impl Exit {
    /// Every code and what it says, for `--help` and the reference.
    pub const ALL: &[(Exit, &str)] = &[
        (Exit::Done, "done, or nothing to do"),
        (Exit::Error, "an error; usage errors too"),
        (
            Exit::Changes,
            "there are changes (`diff`, `plan --detailed-exitcode`, `fmt --check`), or findings (`audit`)",
        ),
        (
            Exit::Drift,
            "the world changed since the plan (`apply --expect`, a saved plan)",
        ),
        (
            Exit::Refused,
            "refused by a guard, or by the person who was asked",
        ),
        (Exit::Partial, "stopped half-way; safe to run again"),
        (Exit::Locked, "another run of the stack holds the lock"),
    ];
}

/// A command that did not come to its end.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
}

impl Failure {
    /// A saved plan knows where things stand in files that are not read again: such places are left out.
    pub fn new(diagnostics: Vec<Diagnostic>, sources: &Sources) -> Self {
        let mut diagnostics = first(diagnostics);
        for diagnostic in &mut diagnostics {
            let read = |label: &Label| sources.iter().any(|(id, _)| id == label.span.source);
            diagnostic.labels.retain(read);
        }
        Self {
            exit: Exit::Error,
            diagnostics,
            sources: sources.clone(),
        }
    }

    /// An error that has no place in a file.
    pub fn plain(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic::error(code, message).into()
    }

    pub fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// Prints what is wrong.
    pub fn report(self, world: &mut World) -> Exit {
        let text = diagnostic::text(&self.diagnostics, &self.sources, world.style());
        let _ = world.err.write_all(text.as_bytes());
        self.exit
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            exit: Exit::Error,
            diagnostics: vec![diagnostic],
            sources: Sources::default(),
        }
    }
}
