//! `manage`: who makes what the documents stand in. Checks of its fields, and the resources that they mean.

use std::collections::BTreeMap;

use crate::kinds::lower::Lowering;
use crate::kinds::{container, storage_account};
use crate::model::address::{Address, Segment};
use crate::model::desired::Resource;
use crate::model::value::Value;

/// Kinds of replication that take ordinary block blobs.
pub const SKUS: &[&str] = &[
    "Standard_LRS",
    "Standard_ZRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
];

/// What each way of managing needs, and what else it may say.
const NEEDS: &[(&str, &[&str], &[&str])] = &[
    ("documents", &[], &[]),
    ("container", &["subscription_id", "resource_group"], &[]),
    (
        "account",
        &["subscription_id", "resource_group", "location"],
        &["sku", "delete_lock"],
    ),
];

/// The container of a static website.
pub const WEB: &str = "$web";

/// The address of the account that an issuer means.
pub fn account(resource: &Resource) -> Address {
    resource
        .address
        .child(Segment::new(storage_account::KIND, ""))
}

const ALL: &[&str] = &[
    "subscription_id",
    "resource_group",
    "location",
    "sku",
    "delete_lock",
];

/// Adds the storage account and the container that an issuer means; whether its fields fit together.
pub fn lower(resource: &Resource, lowering: &mut Lowering) -> bool {
    let manage = resource.text("manage").unwrap_or("documents");
    let website = super::is_website(resource);
    // Only Azure knows a website's host.
    let row = match manage {
        "documents" if website => "container",
        other => other,
    };
    let Some((_, needs, may)) = NEEDS.iter().find(|(word, ..)| *word == row) else {
        return false;
    };
    let (what, help) = match website {
        true => (
            "a static website".to_owned(),
            "add it: only Azure Resource Manager knows the website's host",
        ),
        false => (
            format!("`manage = \"{manage}\"`"),
            "add it; `manage = \"documents\"` publishes in a container that is there",
        ),
    };
    let mut sound = true;
    if website {
        sound = alone(resource, lowering, manage);
    }
    for name in ALL {
        let given = resource.at(name).is_some_and(|value| !value.is_empty());
        let known = *name == "delete_lock" || resource.text(name).is_some();
        if needs.contains(name) && !(given && known) {
            sound = false;
            lowering.refuse(
                resource,
                name,
                "missing-attribute",
                format!("{what} needs a `{name}` that is known before anything is made"),
                help,
            );
        } else if given && !needs.contains(name) && !may.contains(name) {
            sound = false;
            lowering.refuse(
                resource,
                name,
                "not-managed",
                format!(
                    "`{name}` has no effect: `manage = \"{manage}\"` makes nothing that has it"
                ),
                "remove it, or let the storage account be made with `manage = \"account\"`",
            );
        }
    }
    if (manage == "documents" && !website) || !sound {
        return sound;
    }
    let text = |name: &str| resource.text(name);
    let name = if website {
        Some(WEB)
    } else {
        text("container")
    };
    let (Some(account), Some(name)) = (text("storage_account"), name) else {
        lowering.refuse(
            resource,
            "manage",
            "not-managed",
            format!("`manage = \"{manage}\"` needs a `storage_account` and a `container`: nothing is made for documents that are served from elsewhere"),
            "name both, or remove `manage`",
        );
        return false;
    };
    let (Some(subscription), Some(group)) = (text("subscription_id"), text("resource_group"))
    else {
        return false;
    };
    let account_id = storage_account::id(subscription, group, account);
    let mut place = resource.address.clone();
    if manage == "documents" {
        // Read for its host, and nothing else.
        let body = [("id", Value::text(account_id)), ("existing", true.into())];
        add(resource, lowering, self::account(resource), body);
        return true;
    }
    if manage == "account" {
        let location = text("location").unwrap_or_default();
        place = self::account(resource);
        let body = [
            ("id", Value::text(account_id.as_str())),
            // `West Europe` and `westeurope` are one place.
            (
                "location",
                location.to_ascii_lowercase().replace(' ', "").into(),
            ),
            ("sku", text("sku").unwrap_or(SKUS[0]).into()),
            ("allow_blob_public_access", (!website).into()),
            ("allow_shared_key_access", false.into()),
            ("minimum_tls_version", "TLS1_2".into()),
            ("https_traffic_only", true.into()),
            ("blob_versioning", true.into()),
            ("blob_soft_delete", true.into()),
            ("container_soft_delete", true.into()),
            ("static_website", website.into()),
            (
                "delete_lock",
                resource
                    .at("delete_lock")
                    .cloned()
                    .unwrap_or(Value::Bool(false)),
            ),
        ];
        add(resource, lowering, place.clone(), body);
    }
    let mut body = vec![
        ("id", Value::text(container::id(&account_id, name))),
        ("account_id", account_id.into()),
        ("account", account.into()),
        ("name", name.into()),
    ];
    // A website's container comes and goes with it, and its access level does not matter.
    if !website {
        body.push(("public_access", "Blob".into()));
    }
    let segment = Segment::new(container::KIND, "");
    add(resource, lowering, place.child(segment), body);
    true
}

/// A website is the issuer: nothing else may be part of its URL.
fn alone(resource: &Resource, lowering: &mut Lowering, manage: &str) -> bool {
    let mut sound = true;
    for name in ["path", "trailing_slash"] {
        if resource
            .at(name)
            .is_some_and(|value| !value.is_empty() && *value != Value::Bool(false))
        {
            sound = false;
            lowering.refuse(
                resource,
                name,
                "not-managed",
                format!("`{name}` cannot be set with `static_website`: the issuer is the website's own URL"),
                "remove it, or publish in a `container`",
            );
        }
    }
    if manage == "container" {
        sound = false;
        lowering.refuse(
            resource,
            "manage",
            "not-managed",
            "`manage = \"container\"` makes nothing for a static website: its container comes with it",
            "write `manage = \"account\"`, or `\"documents\"` where the website is there",
        );
    }
    sound
}
fn add<'v>(
    resource: &Resource,
    lowering: &mut Lowering,
    address: Address,
    body: impl IntoIterator<Item = (&'v str, Value)>,
) {
    lowering.resources.push(Resource {
        address,
        body: body
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        origin: resource.origin,
        spans: BTreeMap::new(),
        protect: false,
    });
}
