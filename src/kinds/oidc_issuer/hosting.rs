//! `manage`: who makes what the documents stand in. Checks of its fields, and the resources that they mean.

use std::collections::BTreeMap;

use crate::kinds::lower::Lowering;
use crate::kinds::{container, storage_account};
use crate::model::address::Segment;
use crate::model::desired::Resource;
use crate::model::value::{Map, Value};

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
    let Some((_, needs, may)) = NEEDS.iter().find(|(word, ..)| *word == manage) else {
        return false;
    };
    let mut sound = true;
    for name in ALL {
        let given = resource.at(name).is_some_and(|value| !value.is_empty());
        let known = *name == "delete_lock" || resource.text(name).is_some();
        if needs.contains(name) && !(given && known) {
            sound = false;
            lowering.refuse(
                resource,
                name,
                "missing-attribute",
                format!(
                    "`manage = \"{manage}\"` needs a `{name}` that is known before anything is made"
                ),
                "add it; `manage = \"documents\"` publishes in a container that is there",
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
    if manage == "documents" || !sound {
        return sound;
    }
    let text = |name: &str| resource.text(name);
    let (Some(account), Some(name)) = (text("storage_account"), text("container")) else {
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
    if manage == "account" {
        let location = text("location").unwrap_or_default();
        place = place.child(Segment::new(storage_account::KIND, ""));
        let body = [
            ("id", Value::text(account_id.as_str())),
            // `West Europe` and `westeurope` are one place.
            (
                "location",
                location.to_ascii_lowercase().replace(' ', "").into(),
            ),
            ("sku", text("sku").unwrap_or(SKUS[0]).into()),
            ("allow_blob_public_access", true.into()),
            ("allow_shared_key_access", false.into()),
            ("minimum_tls_version", "TLS1_2".into()),
            ("https_traffic_only", true.into()),
            ("blob_versioning", true.into()),
            ("blob_soft_delete", true.into()),
            ("container_soft_delete", true.into()),
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
    let body = [
        ("id", Value::text(container::id(&account_id, name))),
        ("account_id", account_id.into()),
        ("account", account.into()),
        ("name", name.into()),
        ("public_access", "Blob".into()),
    ];
    add(
        resource,
        lowering,
        place.child(Segment::new(container::KIND, "")),
        body,
    );
    true
}

fn add<const N: usize>(
    resource: &Resource,
    lowering: &mut Lowering,
    address: crate::model::address::Address,
    body: [(&str, Value); N],
) {
    lowering.resources.push(Resource {
        address,
        body: Map::from(body.map(|(name, value)| (name.to_owned(), value))),
        origin: resource.origin,
        spans: BTreeMap::new(),
        protect: false,
    });
}
