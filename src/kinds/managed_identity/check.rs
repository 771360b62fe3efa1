//! What Azure takes as an identity's name, group and id, checked before anything is contacted.
//!
//! Source: Microsoft, "Naming rules and restrictions for Azure resources" and "Important considerations and
//! restrictions for federated identity credentials" (regions, system-assigned identities).

use std::collections::BTreeMap;

use super::KIND;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Complaint;
use crate::model::value::Value;

type Verdict = Result<(), Complaint>;

/// Regions whose identities take no federated credential.
const WITHOUT: &[&str] = &["malaysiasouth", "newzealandnorth"];

/// The resource type in an identity's id.
const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

pub fn name(value: &Value) -> Verdict {
    refuse(
        value,
        |name| {
            (3..=128).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        },
        "the name of a managed identity",
        "use 3 to 128 letters, digits, `-` and `_`, beginning with a letter or digit",
    )
}

pub fn group(value: &Value) -> Verdict {
    refuse(
        value,
        |name| {
            (1..=90).contains(&name.len())
                && !name.ends_with('.')
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.()".contains(c))
        },
        "the name of a resource group",
        "use 1 to 90 letters, digits, `-`, `_`, `.` and parentheses",
    )
}

pub fn guid(value: &Value) -> Verdict {
    refuse(
        value,
        crate::kinds::api::is_guid,
        "the id of a subscription",
        "`az account show --query id` prints it",
    )
}

/// Only a user-assigned identity takes federated credentials.
pub fn existing(value: &Value) -> Verdict {
    let Some(id) = value.as_str() else {
        return Ok(());
    };
    if let Some(parts) = shaped(id) {
        return sound(parts);
    }
    let system = id
        .to_ascii_lowercase()
        .contains("/providers/microsoft.compute/");
    Err(if system || id.ends_with("/identities/default") {
        Complaint::new("a system-assigned identity takes no federated credential").help(
            "make a user-assigned identity and assign it to the resource, or trust an application",
        )
    } else {
        Complaint::new(format!("`{id}` is not the id of a user-assigned identity")).help(format!(
            "write `/subscriptions/…/resourceGroups/…/providers/{TYPE}/…`: `az identity show --query id` prints it"
        ))
    })
}

fn refuse(value: &Value, fits: impl Fn(&str) -> bool, what: &str, help: &str) -> Verdict {
    match value.as_str() {
        Some(text) if !fits(text) => {
            Err(Complaint::new(format!("`{text}` cannot be {what}")).help(help))
        }
        _ => Ok(()),
    }
}

/// Subscription, resource group and name of an identity's id.
pub fn parts(id: &str) -> Option<[&str; 3]> {
    shaped(id).filter(|parts| sound(*parts).is_ok())
}

fn sound([subscription, resource_group, identity]: [&str; 3]) -> Verdict {
    guid(&subscription.into())?;
    group(&resource_group.into())?;
    name(&identity.into())
}

/// The parts of a text that has the form of an identity's id, whatever they are.
fn shaped(id: &str) -> Option<[&str; 3]> {
    let parts: Vec<&str> = id.split('/').collect();
    let [
        "",
        subscriptions,
        subscription,
        groups,
        resource_group,
        providers,
        namespace,
        kind,
        identity,
    ] = parts.as_slice()
    else {
        return None;
    };
    let words = format!("{subscriptions}/{groups}/{providers}/{namespace}/{kind}");
    let fits =
        words.eq_ignore_ascii_case(&format!("subscriptions/resourceGroups/providers/{TYPE}"));
    fits.then_some([*subscription, *resource_group, *identity])
}

/// The id that an identity has, or will have.
pub fn id(subscription: &str, group: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{TYPE}/{name}")
}

/// Rules over all identities: each once, and no trusts where Azure takes none.
pub fn review(desired: &Desired) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    let mut seen: BTreeMap<String, &Resource> = BTreeMap::new();
    for resource in desired.of_kind(KIND) {
        let Some(id) = resource.text("id") else {
            continue;
        };
        if let Some(first) = seen.insert(id.to_ascii_lowercase(), resource) {
            said.push(
                Diagnostic::error("duplicate-identity", "this managed identity is declared twice")
                    .about(&resource.address)
                    .at(resource.origin, "declared again here")
                    .see(first.origin, format!("first declared as `{}`", first.address))
                    .help("put its credentials into one block: Azure takes one write at a time for an identity"),
            );
        }
        let location = resource.text("location").unwrap_or_default();
        let trusts = desired
            .resources
            .values()
            .any(|other| other.address.parent().as_ref() == Some(&resource.address));
        if trusts && WITHOUT.contains(&location) {
            said.push(
                Diagnostic::error(
                    "unsupported-region",
                    format!("identities in `{location}` take no federated credentials"),
                )
                .about(&resource.address)
                .at(resource.span("location"), "")
                .help("make the identity in another region: workloads anywhere can use it"),
            );
        }
    }
    said
}
