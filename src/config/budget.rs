//! What one load may cost: a hostile file gets an error, not the machine.

use std::cell::Cell;

use super::context::{Eval, Failure, Shared};
use super::value::Value;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// Expressions and elements that one load may visit: some seconds of work.
const STEPS: u64 = 20_000_000;
/// Bytes of text that one load may produce.
const BYTES: u64 = 16 * 1024 * 1024;
/// How large one value may be, counted as in [`super::value::Size`].
const WEIGHT: usize = 64 * 1024 * 1024;
/// How deep one value may be.
const DEPTH: usize = 64;
/// How many instances all modules may have together.
const MODULES: usize = 10_000;
/// How many blocks `count`, `for_each` and `dynamic` may make in one load: less than two seconds of work, for few words.
const REPEATED: usize = 100_000;
/// How deep one evaluation may go, through expressions and the things that they name.
const NESTING: usize = 200;

/// What was spent so far.
#[derive(Default)]
pub(super) struct Budget {
    steps: Cell<u64>,
    bytes: Cell<u64>,
    nesting: Cell<usize>,
    modules: Cell<usize>,
    repeated: Cell<usize>,
    exhausted: Cell<bool>,
}

impl Shared<'_> {
    /// Pays for work.
    pub fn spend(&self, steps: usize, span: Span) -> Eval<()> {
        let spent = self.budget.steps.get().saturating_add(steps as u64);
        self.budget.steps.set(spent);
        if spent > STEPS {
            return Err(self.exhaust("evaluation takes too many steps", span));
        }
        Ok(())
    }

    /// Pays for text, before it is made.
    pub fn produce(&self, bytes: usize, span: Span) -> Eval<()> {
        let spent = self.budget.bytes.get().saturating_add(bytes as u64);
        self.budget.bytes.set(spent);
        if spent > BYTES {
            return Err(self.exhaust("evaluation produces more than 16 MiB of text", span));
        }
        Ok(())
    }

    /// Pays for an instance of a module.
    pub fn call(&self, span: Span) -> Eval<()> {
        let made = self.budget.modules.get() + 1;
        self.budget.modules.set(made);
        if made > MODULES {
            return Err(self.exhaust("there are more than 10,000 instances of modules", span));
        }
        Ok(())
    }

    /// Pays for the instances of a block.
    pub fn repeat(&self, instances: usize, span: Span) -> Eval<()> {
        let made = self.budget.repeated.get().saturating_add(instances);
        self.budget.repeated.set(made);
        if made > REPEATED {
            return Err(self.exhaust(
                "`count`, `for_each` and `dynamic` make more than 100,000 blocks",
                span,
            ));
        }
        self.spend(instances, span)
    }

    /// Lets a value through unless it is too large to be walked.
    pub fn admit(&self, value: Value, span: Span) -> Eval<Value> {
        let size = value.size();
        if size.weight > WEIGHT {
            return Err(self.exhaust("a value is larger than 64 MiB", span));
        }
        if size.depth > DEPTH {
            return Err(self.exhaust("a value is nested more than 64 levels deep", span));
        }
        Ok(value)
    }

    /// Says once that a bound was met; whatever is evaluated after that fails silently.
    fn exhaust(&self, what: &str, span: Span) -> Failure {
        const HELP: &str =
            "look for a `for`, a `count` or a `local` that multiplies what it is given";
        self.give_up(what, HELP, span)
    }

    fn give_up(&self, what: &str, help: &str, span: Span) -> Failure {
        if !self.budget.exhausted.replace(true) {
            let error = Diagnostic::error("limit", what).at(span, "here it passes the bound");
            self.say(error.help(help));
        }
        Failure::Reported
    }

    /// Lets nothing more be evaluated: enough is wrong.
    pub fn stop(&self) {
        self.budget.exhausted.set(true);
    }

    /// Runs one level deeper.
    pub fn nested<T>(&self, span: Span, run: impl FnOnce() -> Eval<T>) -> Eval<T> {
        if self.budget.exhausted.get() {
            return Err(Failure::Reported);
        }
        let depth = self.budget.nesting.get();
        if depth >= NESTING {
            return Err(self.give_up(
                "expressions refer to each other more than 200 levels deep",
                "let them refer to one `local` instead of each to the next",
                span,
            ));
        }
        self.budget.nesting.set(depth + 1);
        let result = run();
        self.budget.nesting.set(depth);
        result
    }
}
