//! `managed_identity`: a user-assigned managed identity in Azure.
//!
//! Its id in Azure identifies it, so that a second one cannot come about; a tag proves it ours. Azure takes one write at
//! a time under an identity: all its steps share a lane.

pub(in crate::kinds) mod check;
pub mod emulator;
pub mod everywhere;
mod fields;
mod lower;
pub(in crate::kinds) mod mark;
mod wire;

pub use check::parts;
pub use mark::NAME as MARK;
pub use wire::{VERSION, group_of, groups, list_path};

use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task, group_member, is_existing};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::FieldChange;
use crate::model::schema::Shape;
use crate::model::step::{Reply, Step};
use crate::model::value::Value;

pub const KIND: &str = "managed_identity";

pub struct ManagedIdentity;

impl Kind for ManagedIdentity {
    fn shape(&self) -> &'static Shape {
        &fields::SHAPE
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn is_identity(&self) -> bool {
        true
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        lower::lower(resource, lowering);
    }

    fn review(&self, desired: &Desired) -> Vec<Diagnostic> {
        check::review(desired)
    }

    fn known(&self, resource: &Resource, stack: &Stack) -> Vec<(&'static str, Value)> {
        let id = resource.at("id").map(|id| ("id", id.clone()));
        let tenant = ("tenant_id", Value::text(stack.tenant_id.as_str()));
        id.into_iter().chain([tenant]).collect()
    }

    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        wire::reads(desired, live)
    }

    fn confirm(&self, object: &Object) -> Vec<Read> {
        match object.key.kind == KIND {
            true => vec![wire::by_id(&object.key.id)],
            false => Vec::new(),
        }
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        wire::decode(read, reply, live);
        everywhere::decode(read, reply, live);
    }

    fn spares(&self, read: &Read) -> bool {
        everywhere::PURPOSES.contains(&read.purpose)
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        _parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        found(resource, live)
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        let refused = match is_existing(resource) {
            true => missing(resource, scene),
            false => no_group(resource, scene)
                .or_else(|| foreign(resource, scene))
                .or_else(|| moved(resource, scene)),
        };
        if let Some(marks) = resource.body.remove(lower::KEPT) {
            let there = scene.object.and_then(|object| object.body.get("tags"));
            let mut tags = there.map(mark::without).unwrap_or_default();
            tags.extend(marks.as_map().cloned().unwrap_or_default());
            resource.body.insert("tags".into(), Value::Map(tags));
        }
        let id = resource.text("id").unwrap_or_default();
        let stack = &scene.desired.stack.name;
        let member: Vec<String> = group_member::declared(resource, scene.desired)
            .map(|group| group_member::mark::azure(stack, id, group))
            .collect();
        if let Some(Value::Map(tags)) = resource.body.get_mut("tags") {
            tags.extend(member.into_iter().map(|name| (name, Value::text("true"))));
        }
        refused.filter(|_| !scene.destroy).into_iter().collect()
    }

    fn claim(&self, object: &Object, _owner: Option<&Resource>, scene: &Scene) -> Claim {
        let stack = &scene.desired.stack;
        let Some(value) = mark::of(object.body.get("tags")) else {
            return Claim::Foreign;
        };
        if !value.starts_with(&format!("{}:", stack.name)) {
            return Claim::Foreign;
        }
        if value != mark::value(&stack.name, &object.key.id) {
            return Claim::Reported(Box::new(
                Diagnostic::warning(
                    "mark-without-name",
                    format!("`{}` carries this stack's tag, but not the one that was made for its id: somebody copied it", object.name),
                )
                .about(format!("{KIND} {}", object.outputs["id"]))
                .help("remove the tag from it; trustform leaves the identity alone"),
            ));
        }
        // Further away than the files look, it may be another environment's of the same name.
        match wire::is_in_named_group(&object.key.id, scene.desired) {
            true => Claim::Ours,
            false => Claim::Reported(Box::new(undeclared(object))),
        }
    }

    fn segment(&self, object: &Object, _scene: &Scene) -> Segment {
        Segment::new(KIND, object.name.as_str())
    }

    fn protected(&self, object: &Object) -> bool {
        let tags = object.body.get("tags");
        tags.is_some_and(|tags| tags.get(mark::PROTECT).is_some())
    }

    fn keeps(&self, resource: &Resource) -> bool {
        is_existing(resource)
    }

    fn released(&self, object: &Object, stack: &Stack) -> Option<FieldChange> {
        let before = object.body.get("tags")?;
        let ours = mark::value(&stack.name, &object.key.id);
        (mark::of(Some(before)) == Some(&ours)).then(|| FieldChange {
            path: "tags".to_owned(),
            before: Some(before.clone()),
            after: Some(Value::Map(mark::without(before))),
        })
    }

    fn show(&self, path: &str, value: &Value, _live: &Live) -> Value {
        match path {
            "tags" => Value::Map(mark::shown(value)),
            _ => value.clone(),
        }
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        match task.resource.is_some_and(is_existing) {
            true => Vec::new(),
            false => wire::steps(task),
        }
    }
}

/// What is said of an identity of ours where no block looks any more.
fn undeclared(object: &Object) -> Diagnostic {
    let id = &object.outputs["id"];
    Diagnostic::warning(
        "undeclared-identity",
        format!("`{}` carries this stack's tag, and no block names its resource group any more: it stays, with all whom it trusts and all that it may do", object.name),
    )
    .about(format!("{KIND}.{}", object.name))
    .help(format!("to delete it: `az identity delete --ids {id}`"))
}

/// The identity that a resource describes.
pub fn found<'a>(resource: &Resource, live: &'a Live) -> Option<&'a Object> {
    live.find(KIND, &resource.text("id")?.to_ascii_lowercase())
}

/// The identities whose trusts a plan looks at: those that are declared, and ours that nothing declares any more.
pub fn concerned<'a>(desired: &Desired, live: &'a Live) -> Vec<&'a Object> {
    let declared = desired
        .of_kind(KIND)
        .filter_map(|resource| found(resource, live));
    let mut all: Vec<&Object> = declared.collect();
    let ours = |object: &&Object| {
        mark::of(object.body.get("tags")) == Some(&mark::value(&desired.stack.name, &object.key.id))
    };
    all.extend(live.of_kind(KIND).filter(ours));
    all.sort_by_key(|object| &object.key);
    all.dedup_by_key(|object| &object.key);
    all
}

fn missing(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    if scene.object.is_some() {
        return None;
    }
    Some(
        Diagnostic::error("existing-not-found", "no such managed identity")
            .about(&resource.address)
            .at(resource.span("existing"), "named here")
            .help("check the id; an identity in another subscription needs a login that may read there, and its subscription has to trust this tenant"),
    )
}

/// Identities are made in resource groups that are there.
fn no_group(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let (subscription, group) = wire::group(resource)?;
    let about = format!("{subscription}/{group}");
    if !scene.live.is_absent(wire::GROUP, &about) {
        return None;
    }
    let (message, path, help) = match scene.live.is_absent(wire::SUBSCRIPTION, &subscription) {
        true => (
            format!(
                "the subscription `{subscription}` is not there, or this login does not see it"
            ),
            "subscription_id",
            "check the id and that the subscription trusts this tenant; `az account list` shows those that a login sees",
        ),
        false => (
            format!("there is no resource group `{group}` in the subscription"),
            "resource_group",
            "make the resource group first: trustform makes identities, not groups",
        ),
    };
    Some(
        Diagnostic::error("no-resource-group", message)
            .about(&resource.address)
            .at(resource.span(path), "named here")
            .help(help),
    )
}

/// An identity that does not carry our tag is somebody else's.
fn foreign(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    let id = &object.outputs["id"];
    let ours = mark::value(&scene.desired.stack.name, id);
    if mark::of(object.body.get("tags")) == Some(&ours) {
        return None;
    }
    Some(
        Diagnostic::error(
            "foreign-identity",
            format!("a managed identity `{}` is there and does not belong to this stack", object.name),
        )
        .about(&resource.address)
        .at(resource.origin, "would take it over")
        .help(format!("to manage only its credentials, write `existing = \"{id}\"` in the place of its name and group"))
        .help(format!("to hand it over to this stack, give it the tag `{}` with the value `{ours}`", mark::NAME)),
    )
}

/// Azure moves no identity from one region to another.
fn moved(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let there = scene.object?.body.get("location")?.as_str()?;
    let wanted = resource.text("location")?;
    (!there.eq_ignore_ascii_case(wanted)).then(|| {
        Diagnostic::error(
            "location-fixed",
            format!("the identity is in `{there}`, and Azure moves none to `{wanted}`"),
        )
        .about(&resource.address)
        .at(resource.span("location"), "")
        .help(format!(
            "write `location = \"{there}\"`: workloads in any region can use it"
        ))
    })
}
