//! The one question.

use super::{Exit, Failure, World};
use crate::model::diagnostic::Diagnostic;

/// Asks for a `yes`. Where nobody can answer, that is an error, and `help` names the option.
pub fn confirm(world: &mut World, question: &str, help: &str) -> Result<(), Failure> {
    if !world.terminal {
        let nobody = Diagnostic::error("not-approved", "nobody is there to approve this plan");
        return Err(nobody.help(help).into());
    }
    let _ = write!(world.err, "\n{question} Only `yes` is accepted: ");
    let _ = world.err.flush();
    let mut answer = String::new();
    let _ = world.input.read_line(&mut answer);
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::plain("not-approved", "not approved: nothing was changed").exit(Exit::Refused))
}
