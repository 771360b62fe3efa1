//! What an `application` block means: its names, its service principal, its grants.

use std::collections::BTreeMap;

use super::{Form, entitlements, fields, mark, optional_claims, permissions};
use crate::kinds::lower::Lowering;
use crate::model::address::Segment;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::value::{Map, Value};

/// Beside `existing`, only this may stand: the rest of the application is not ours.
const BESIDE_EXISTING: &[&str] = &["existing", "unmanaged_credentials"];

/// Lowers the block of an application, of whatever type.
pub fn lower_as(form: &Form, resource: &mut Resource, lowering: &mut Lowering) {
    lowering.unmanaged(resource, super::is_existing(resource));
    if super::is_existing(resource) {
        return existing(form, resource, lowering);
    }
    if super::is_adopted(resource) {
        named_once(form, resource, "adopt", lowering);
    }
    names(form, resource, lowering);
    tags(resource, lowering);
    redirects(resource, lowering);
    entitlements::lower(resource, lowering);
    optional_claims::lower(resource);
    let principal = service_principal(form, resource, lowering);
    permissions::lower(resource, principal, lowering);
}

fn existing(form: &Form, resource: &mut Resource, lowering: &mut Lowering) {
    // What a module's caller leaves out.
    resource.body.retain(|_, value| *value != Value::Null);
    for name in resource.body.keys() {
        if !BESIDE_EXISTING.contains(&name.as_str()) {
            lowering.refuse(
                resource,
                name,
                "not-ours",
                format!("`{name}` cannot be set on {} that someone else manages", form.one()),
                format!("with `existing` only its federated credentials are ours: remove the attribute, or manage the whole {} without `existing`", form.noun),
            );
        }
    }
    named_once(form, resource, "existing", lowering);
    if resource.text("unmanaged_credentials") == Some("delete") {
        lowering.refuse(
            resource,
            "unmanaged_credentials",
            "not-ours",
            format!(
                "credentials that others made on {} that others manage are not ours to delete",
                form.one()
            ),
            "use `report` or `keep`",
        );
    }
}

/// `adopt` and `existing` name an application in one way.
fn named_once(form: &Form, resource: &Resource, block: &str, lowering: &mut Lowering) {
    let named = resource.body[block].as_map().map_or(0, |map| {
        let ids = map
            .iter()
            .filter(|(name, value)| *name != "from" && !value.is_empty());
        ids.count()
    });
    let by_name = resource.text(&format!("{block}.from")).is_some();
    if named != 1 && !(named == 0 && by_name) {
        let ways = if block == "adopt" {
            "`client_id` and `object_id`"
        } else {
            "`client_id`, `object_id` and `unique_name`"
        };
        lowering.refuse(
            resource,
            block,
            "one-of",
            format!("`{block}` names the {} {named} times", form.noun),
            format!("give exactly one of {ways}"),
        );
    }
}

fn names(form: &Form, resource: &mut Resource, lowering: &mut Lowering) {
    match resource
        .text("display_name")
        .map(|name| name.chars().count())
    {
        None if resource
            .at("display_name")
            .is_some_and(|name| !name.is_known()) => {}
        None => lowering.refuse(
            resource,
            "display_name",
            "missing-attribute",
            format!("{} needs a `display_name`", form.one()),
            "add `display_name = \"…\"`",
        ),
        Some(long) if (121..=256).contains(&long) => lowering.diagnostics.push(
            Diagnostic::warning(
                "long-display-name",
                format!("the display name has {long} characters: the portal takes at most 120"),
            )
            .about(&resource.address)
            .at(resource.span("display_name"), ""),
        ),
        Some(_) => {}
    }
    // Microsoft's documents disagree on the default, so it is always sent.
    if !super::is_adopted(resource) {
        resource
            .body
            .entry("sign_in_audience".into())
            .or_insert_with(|| "AzureADMyOrg".into());
    }
    if resource
        .at("unique_name")
        .is_none_or(|name| *name == Value::Null)
    {
        let place = lowering.first_place(resource);
        let name = mark::unique_name(&lowering.stack.name, &place);
        resource.body.insert("unique_name".into(), name.into());
    }
}

/// Feature tags are tags; our marks come with them. Tags that nobody declared are completed from the live
/// object when that is known.
fn tags(resource: &mut Resource, lowering: &Lowering) {
    let features = resource.body.remove("feature_tags");
    let declared = resource
        .body
        .remove("tags")
        .filter(|tags| *tags != Value::Null);
    let mut features_on: Vec<Value> = Vec::new();
    for (name, tag) in fields::FEATURES {
        if features.as_ref().and_then(|block| block.get(name)) == Some(&Value::Bool(true)) {
            features_on.push((*tag).into());
        }
    }
    let unique_name = resource.text("unique_name").unwrap_or_default();
    let mut marks = vec![Value::text(mark::mark(&lowering.stack.name, unique_name))];
    if resource.protect {
        marks.push(mark::PROTECT.into());
    }
    if declared.is_some() || features.is_some() {
        let tags = declared.iter().flat_map(Value::items).cloned();
        resource.body.insert(
            "tags".into(),
            Value::set(tags.chain(features_on).chain(marks)),
        );
    } else {
        resource.body.insert(KEPT.into(), Value::set(marks));
    }
}

/// Where the marks wait for the tags of the live object, when the file says nothing about tags.
pub const KEPT: &str = "marks";

/// One URI may appear only once over the three platforms.
fn redirects(resource: &Resource, lowering: &mut Lowering) {
    let mut seen: BTreeMap<&Value, &str> = BTreeMap::new();
    for platform in ["web", "single_page_application", "public_client"] {
        let path = format!("{platform}.redirect_uris");
        for uri in resource.at(&path).into_iter().flat_map(Value::items) {
            if let Some(first) = seen.insert(uri, platform) {
                lowering.refuse(
                    resource,
                    &path,
                    "redirect-uri-twice",
                    format!("the redirect URI `{}` is declared for `{first}`, too", uri.as_str().unwrap_or_default()),
                    "Entra takes a redirect URI on one platform only: keep the one whose flow the application uses",
                );
            }
        }
    }
}

/// The service principal that comes with the application; whether there is one.
fn service_principal(form: &Form, resource: &mut Resource, lowering: &mut Lowering) -> bool {
    let block = match resource.at(form.principal) {
        Some(Value::Bool(false)) => return false,
        Some(Value::Map(block)) => block.clone(),
        _ => Map::new(),
    };
    let mut body = block;
    body.insert(
        "client_id".into(),
        Value::reference(resource.address.clone(), "client_id"),
    );
    lowering.imply(
        resource,
        Segment::new("service_principal", ""),
        form.principal,
        body,
    );
    true
}
