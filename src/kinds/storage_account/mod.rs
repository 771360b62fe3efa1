//! `storage_account`: the storage account that an issuer's documents stand in. It comes with `oidc_issuer` and
//! `manage = "account"`.
//!
//! Its id in Azure identifies it and a tag proves it ours. It goes with `destroy`, or when nothing declares it any more, and
//! never while it holds anything that is not of this stack.

pub mod emulator;
mod leftover;
mod wire;

pub use leftover::{containers_of_leftovers, leftovers};
pub use wire::{VERSION, WEB_ENDPOINT, group, id, refused_for_now};

use std::collections::BTreeSet;

use super::managed_identity::mark;
use super::{Claim, Kind, Scene, Task, container, is_existing, oidc_issuer};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::schema::{Compare, Default, Field, Output, Shape, When};
use crate::model::step::{Reply, Step};
use crate::model::value::Value;

pub const KIND: &str = "storage_account";

pub static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "The storage account of an issuer, made through Azure Resource Manager. It comes with `oidc_issuer` and `manage = \"account\"`.",
    parents: &[oidc_issuer::KIND],
    implied: true,
    fields: &[
        Field::string("location", "The Azure region that it is in.")
            .wire("/location")
            .when(When::Create)
            .compare(Compare::IgnoreCase)
            .computed(),
        Field::string("sku", "How it is replicated.")
            .wire("/sku/name")
            .computed(),
        Field::bool(
            "allow_blob_public_access",
            "Whether a container of it may be read by anyone.",
        )
        .wire("/properties/allowBlobPublicAccess")
        .default(Default::Bool(false))
        .computed(),
        Field::bool(
            "allow_shared_key_access",
            "Whether its keys give access; only Entra logins do otherwise.",
        )
        .wire("/properties/allowSharedKeyAccess")
        .default(Default::Bool(true))
        .computed(),
        Field::string(
            "minimum_tls_version",
            "The oldest version of TLS that it speaks.",
        )
        .wire("/properties/minimumTlsVersion")
        .computed(),
        Field::bool("https_traffic_only", "Whether it speaks https only.")
            .wire("/properties/supportsHttpsTrafficOnly")
            .default(Default::Bool(true))
            .computed(),
        Field::bool(
            "blob_versioning",
            "Whether it keeps what a document was before.",
        )
        .computed(),
        Field::bool(
            "blob_soft_delete",
            "Whether deleted documents can be brought back.",
        )
        .computed(),
        Field::bool(
            "container_soft_delete",
            "Whether deleted containers can be brought back.",
        )
        .computed(),
        Field::bool(
            "static_website",
            "Whether it serves the container `$web` to everyone, at a host of its own.",
        )
        .computed(),
        Field::bool(
            "delete_lock",
            "Whether a lock keeps everybody from deleting it.",
        )
        .computed(),
    ],
    groups: &[],
    outputs: &[
        Output {
            name: "blob_endpoint",
            doc: "Where its blobs are served.",
        },
        Output {
            name: "web_endpoint",
            doc: "Where its static website is served.",
        },
    ],
};

pub struct StorageAccount;

impl Kind for StorageAccount {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        let mut reads = wire::reads(desired, live);
        reads.extend(leftover::reads(desired, live));
        reads
    }

    fn spares(&self, read: &Read) -> bool {
        read.purpose == leftover::WITHIN
    }

    fn claim(&self, object: &Object, _owner: Option<&Resource>, scene: &Scene) -> Claim {
        leftover::claim(object, scene)
    }

    fn segment(&self, object: &Object, _scene: &Scene) -> Segment {
        Segment::new(KIND, object.name.as_str())
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        wire::decode(read, reply, live);
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        _parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        found(resource.text("id")?, live)
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        if is_existing(resource) {
            let refused = missing(resource, scene).filter(|_| !scene.destroy);
            return refused.into_iter().collect();
        }
        if !scene.destroy {
            let refused = no_group(resource, scene)
                .or_else(|| foreign(resource, scene))
                .or_else(|| moved(resource, scene));
            return refused.into_iter().collect();
        }
        let stays = scene
            .object
            .and_then(|object| stays(object, scene.live, &scene.desired.stack));
        let said = stays.map(|why| {
            Diagnostic::note("stays", format!("the storage account stays: {why}"))
                .about(&resource.address)
        });
        said.into_iter().collect()
    }

    fn review(&self, desired: &Desired) -> Vec<Diagnostic> {
        container::twice(desired, KIND, "storage account")
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        match task.resource.is_some_and(is_existing) {
            true => Vec::new(),
            false => wire::steps(task),
        }
    }
}

/// The account with this id.
pub fn found<'a>(id: &str, live: &'a Live) -> Option<&'a Object> {
    live.find(KIND, &id.to_ascii_lowercase())
}

/// Subscription and name of every resource group that the stack's accounts and containers are in, in lower case.
pub fn groups(desired: &Desired) -> BTreeSet<(String, String)> {
    let accounts = desired.of_kind(KIND).filter_map(|one| one.text("id"));
    accounts
        .chain(container::accounts(desired))
        .filter_map(group)
        .collect()
}

/// The ids of accounts that others make and the stack makes containers in.
pub fn of_others(desired: &Desired) -> impl Iterator<Item = &str> {
    let only_read = desired.of_kind(KIND).filter(|one| is_existing(one));
    let only_read = only_read.filter_map(|one| one.text("id"));
    let others = container::accounts(desired).filter(|id| {
        let mut made = desired.of_kind(KIND).filter_map(|one| one.text("id"));
        made.all(|own| !own.eq_ignore_ascii_case(id))
    });
    only_read.chain(others)
}

/// Whether the account is the stack's own.
pub fn is_ours(object: &Object, stack: &Stack) -> bool {
    let mark = object.body.get(wire::MARK).and_then(Value::as_str);
    mark == Some(&mark::value(&stack.name, &object.key.id))
}

/// Whether the account forbids to delete it and what is in it.
pub fn is_locked(object: &Object) -> bool {
    object.body.get("delete_lock") == Some(&Value::Bool(true))
}

/// Why an account is not deleted; none where it may be.
pub fn stays(object: &Object, live: &Live, stack: &Stack) -> Option<String> {
    if !is_ours(object, stack) {
        return Some("it does not belong to this stack".to_owned());
    }
    if is_locked(object) {
        return Some(
            "a lock forbids to delete it; apply with `delete_lock = false` first".to_owned(),
        );
    }
    let Some(holds) = object.body.get(wire::CONTAINERS) else {
        return Some("what is in it could not be listed: plan again later".to_owned());
    };
    holds.items().filter_map(Value::as_str).find_map(|name| {
        let inside = container::found(&container::id(&object.key.id, name), live);
        match inside {
            None => Some(format!(
                "it holds the container `{name}`, which is not of this stack"
            )),
            Some(inside) => container::stays(inside, live, stack)
                .map(|why| format!("the container `{name}` in it stays: {why}")),
        }
    })
}

/// An account that is only read has to be there.
fn missing(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    scene.object.is_none().then(|| {
        Diagnostic::error(
            "account-not-found",
            "there is no such storage account in the resource group, or this login does not see it",
        )
        .about(&resource.address)
        .at(resource.origin, "wants it")
        .help("check `subscription_id` and `resource_group`, or let the account be made with `manage = \"account\"`")
    })
}

/// Accounts are made in resource groups that are there.
fn no_group(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let (subscription, group) = group(resource.text("id")?)?;
    scene
        .live
        .is_absent(wire::GROUP, &format!("{subscription}/{group}"))
        .then(|| {
            Diagnostic::error(
                "no-resource-group",
                format!("there is no resource group `{group}` in the subscription `{subscription}`, or this login does not see it"),
            )
            .about(&resource.address)
            .at(resource.origin, "wants it")
            .help("make the resource group first: trustform makes storage accounts, not groups")
        })
}

/// An account that does not carry our tag is somebody else's.
fn foreign(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    if is_ours(object, &scene.desired.stack) {
        return None;
    }
    let mark = mark::value(&scene.desired.stack.name, &object.key.id);
    Some(
        Diagnostic::error(
            "foreign-account",
            format!(
                "a storage account `{}` is there and does not belong to this stack",
                object.name
            ),
        )
        .about(&resource.address)
        .at(resource.origin, "would take it over")
        .help(
            "to use it as it is, write `manage = \"container\"`: only the container in it is made",
        )
        .help(format!(
            "to hand it over to this stack, give it the tag `{}` with the value `{mark}`",
            mark::NAME
        )),
    )
}

/// Azure moves no account from one region to another.
fn moved(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let there = scene.object?.body.get("location")?.as_str()?;
    let wanted = resource.text("location")?;
    (!there.eq_ignore_ascii_case(wanted)).then(|| {
        Diagnostic::error(
            "location-fixed",
            format!("the storage account is in `{there}`, and Azure moves none to `{wanted}`"),
        )
        .about(&resource.address)
        .at(resource.origin, "")
        .help(format!(
            "write `location = \"{there}\"`, or publish in another account"
        ))
    })
}
