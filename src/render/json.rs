//! The same for machines. Member names are stable; new ones may be added.

use serde_json::{Value as Json, json};

use crate::model::diagnostic::Diagnostic;
use crate::model::outcome::{Fate, Outcome};
use crate::model::plan::{Change, Comparison, Plan};
use crate::model::step::Step;
use crate::model::value::Value;

/// JSON's text as it is printed: nothing in it is a command to a terminal or a pipeline.
pub fn printable(json: &Json) -> String {
    super::escape::json(&format!("{json:#}")) + "\n"
}

/// A plan with everything that it would do.
pub fn plan(plan: &Plan) -> Json {
    json!({
        "format": "trustform-plan/1",
        "stack": plan.stack.title(),
        "tenant_id": plan.stack.tenant_id,
        "digest": plan.digest,
        "waits_seconds": plan.waits().map_or(0, |(ms, _)| ms / 1000),
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "access": plan.access,
        "notes": plan.notes.iter().map(note).collect::<Vec<_>>(),
        "pending": plan.pending.iter().map(|pending| json!({ "address": pending.address, "needs": pending.needs })).collect::<Vec<_>>(),
        "refusals": plan.refusals,
        "requests": plan.steps.iter().map(request).collect::<Vec<_>>(),
        "outputs": outputs(plan.outputs.iter().map(|(name, output)| (name, &output.value))),
    })
}

/// Two desired states, compared.
pub fn comparison(comparison: &Comparison) -> Json {
    json!({
        "format": "trustform-diff/1",
        "stack": comparison.stack.name,
        "tenant_id": comparison.stack.tenant_id,
        "base": comparison.base,
        "changes": comparison.changes.iter().map(change).collect::<Vec<_>>(),
        "access": comparison.access,
        "notes": comparison.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

fn note(note: &Diagnostic) -> Json {
    json!({
        "code": note.code, "level": note.level, "subject": note.subject, "message": note.message, "help": note.help,
    })
}

fn change(change: &Change) -> Json {
    let mut json = json!({
        "address": change.address,
        "action": change.action,
        "reason": change.reason,
        "remark": change.remark,
        "fields": change.fields.iter().map(|field| json!({
            "path": field.path,
            "before": field.before.as_ref().map(Value::to_json),
            "after": field.after.as_ref().map(Value::to_json),
        })).collect::<Vec<_>>(),
    });
    if !change.keys.is_empty() {
        json["keys"] = json!(change.keys);
    }
    json
}

/// A step's request, exactly as it is sent but for its holes.
fn request(step: &Step) -> Json {
    json!({
        "address": step.address,
        "method": step.request.method.as_str(),
        "service": step.request.service.name(),
        "path": format!("{}{}", step.request.service.version(), crate::model::value::Text(&step.request.path)),
        "headers": step.request.headers.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "body": step.request.body.as_ref().map(Value::to_json),
        "needs": step.needs.iter().map(|need| need.0).collect::<Vec<_>>(),
    })
}

/// How an apply ended.
pub fn outcome(plan: &Plan, outcome: &Outcome) -> Json {
    let fate = |step: &Step| match outcome.fates.get(&step.id) {
        Some(Fate::Done) => "done",
        Some(Fate::Failed) => "failed",
        Some(Fate::Unknown) => "unknown",
        Some(Fate::Waiting) | None => "not-sent",
    };
    json!({
        "format": "trustform-outcome/1",
        "complete": outcome.complete(),
        "digest": plan.digest,
        "requests": plan.steps.iter().map(|step| json!({
            "address": step.address, "request": step.request.to_string(), "fate": fate(step),
        })).collect::<Vec<_>>(),
    })
}

/// Outputs by name; what is not known yet is null.
pub fn outputs<'a>(outputs: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Json {
    let known = |value: &Value| {
        if value.is_known() {
            value.to_json()
        } else {
            Json::Null
        }
    };
    Json::Object(
        outputs
            .into_iter()
            .map(|(name, value)| (name.clone(), known(value)))
            .collect(),
    )
}
