//! `--without-consent`: grants that a pipeline may not make wait for an administrator.

use crate::model::diagnostic::Diagnostic;
use crate::model::plan::{Action, Change};
use crate::model::step::{Phase, Step};

/// Takes the changes that only grant out of a plan; what the administrator has to do.
pub fn left_out(drafts: &mut Vec<(Change, Vec<Step>)>) -> Vec<Diagnostic> {
    let grants = |(change, steps): &(Change, Vec<Step>)| {
        change.action != Action::Delete
            && !steps.is_empty()
            && steps.iter().all(|step| step.phase == Phase::Grant)
    };
    let (left, kept): (Vec<_>, Vec<_>) = std::mem::take(drafts).into_iter().partition(grants);
    *drafts = kept;
    left.into_iter()
        .map(|(change, _)| {
            let address = change.address.to_string();
            Diagnostic::warning("pending-consent", "waits for an administrator's grant")
                .about(&address)
                .help(format!(
                    "an administrator runs `trustform apply --only '{address}'` in this stack"
                ))
        })
        .collect()
}
