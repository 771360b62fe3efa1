//! How long a plan will take, in words.

use super::escape::terminal;
use crate::model::plan::Plan;

/// How long an apply will take, where a service's quota makes it long.
pub fn wait(plan: &Plan) -> Option<String> {
    let (ms, quota) = plan.waits()?;
    let seconds = ms / 1000;
    let takes = match seconds {
        ..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    };
    let writes = match quota.writes {
        1 => "one write".to_owned(),
        many => format!("{many} writes"),
    };
    let span = match quota.span_ms / 1000 {
        1 => "a second".to_owned(),
        many => format!("{many} seconds"),
    };
    let of = terminal(&quota.of);
    let verb = if of.ends_with('s') { "take" } else { "takes" };
    Some(format!(
        "An apply takes at least {takes}: {of} {verb} {writes} in {span}."
    ))
}
