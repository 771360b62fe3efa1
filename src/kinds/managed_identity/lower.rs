//! What a `managed_identity` block means: its id, and the tags that make it ours.

use super::{check, mark};
use crate::kinds;
use crate::kinds::lower::Lowering;
use crate::model::desired::Resource;
use crate::model::value::Value;

/// Beside `existing`, only this may stand: the rest of the identity is not ours.
const BESIDE_EXISTING: &[&str] = &["existing", "unmanaged_credentials"];

/// Where the marks wait for the tags of the live identity, when the file says nothing about tags.
pub const KEPT: &str = "marks";

pub fn lower(resource: &mut Resource, lowering: &mut Lowering) {
    let existing = kinds::is_existing(resource);
    if let Some(word) = &lowering.policy.unmanaged_credentials {
        // What others made where others manage is never ours to delete.
        let word = match word.as_str() {
            "delete" if existing => "report",
            word => word,
        };
        let body = &mut resource.body;
        body.entry("unmanaged_credentials".to_owned())
            .or_insert_with(|| word.into());
    }
    if existing {
        return only_referenced(resource, lowering);
    }
    let mut missing = false;
    for name in ["name", "subscription_id", "resource_group", "location"] {
        if resource.text(name).is_none_or(str::is_empty) {
            missing = true;
            lowering.refuse(
                resource,
                name,
                "missing-attribute",
                format!(
                    "a managed identity needs a `{name}` that is known before anything is made"
                ),
                "add it, or name an identity that is there with `existing = \"/subscriptions/…\"`",
            );
        }
    }
    let text = |name: &str| resource.text(name).unwrap_or_default();
    if missing {
        return;
    }
    let id = check::id(
        text("subscription_id"),
        text("resource_group"),
        text("name"),
    );
    // `West Europe` and `westeurope` are one place.
    let location = text("location").to_ascii_lowercase().replace(' ', "");
    let marks = mark::tags(&lowering.stack.name, &id, resource.protect);
    match resource.body.remove("tags") {
        Some(Value::Map(mut tags)) => {
            tags.extend(marks);
            resource.body.insert("tags".into(), Value::Map(tags));
        }
        _ => {
            resource.body.insert(KEPT.into(), Value::Map(marks));
        }
    }
    resource.body.insert("id".into(), id.into());
    resource.body.insert("location".into(), location.into());
}

fn only_referenced(resource: &mut Resource, lowering: &mut Lowering) {
    // What a module's caller leaves out.
    resource.body.retain(|_, value| *value != Value::Null);
    for name in resource.body.keys() {
        if !BESIDE_EXISTING.contains(&name.as_str()) {
            lowering.refuse(
                resource,
                name,
                "not-ours",
                format!("`{name}` cannot be set on an identity that someone else manages"),
                "with `existing` only its federated credentials and role assignments are ours: remove the attribute, or manage the whole identity without `existing`",
            );
        }
    }
    if resource.text("unmanaged_credentials") == Some("delete") {
        lowering.refuse(
            resource,
            "unmanaged_credentials",
            "not-ours",
            "credentials that others made on an identity that others manage are not ours to delete",
            "use `report` or `keep`",
        );
    }
    match resource.text("existing").map(str::to_owned) {
        Some(id) => {
            resource.body.insert("id".into(), id.into());
        }
        None => lowering.refuse(
            resource,
            "existing",
            "missing-attribute",
            "the id of an existing identity has to be known before anything is read",
            "write it as text: `az identity show --query id` prints it",
        ),
    }
}
