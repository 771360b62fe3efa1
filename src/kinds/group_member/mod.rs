//! `group_member`: an identity of the stack as a member of a group that is there in Entra.
//!
//! Graph keeps no mark with a membership. What this stack put into a group says a tag of the identity: see [`mark`].

pub mod emulator;
pub mod mark;
mod wire;

use std::collections::BTreeSet;

use super::lower::Lowering;
use super::{
    Claim, Kind, Scene, Task, agent_identity_blueprint, application, managed_identity,
    role_assignment,
};
use crate::model::address::{InstanceKey, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::Permission;
use crate::model::schema::{Compare, Complaint, Field, Shape, When};
use crate::model::step::{Reply, Step};
use crate::model::value::Value;

pub const KIND: &str = "group_member";

/// The field that names the group.
const GROUP: &str = "group_object_id";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "Puts an application or managed identity into a security group that is there. Whoever may act as it has what the group gives. Removing the block takes it out again; not under `existing`, where nothing may be marked: `az ad group member remove` does it there.",
    parents: &[
        application::KIND,
        managed_identity::KIND,
        agent_identity_blueprint::KIND,
    ],
    implied: false,
    fields: &[
        Field::string(
            GROUP,
            "The group's object id: names of groups are not unique, and others may change them.",
        )
        .required()
        .check(guid)
        .when(When::Create)
        .compare(Compare::IgnoreCase),
        Field::string("principal_id", "The service principal that is the member.")
            .computed()
            .compare(Compare::Never),
    ],
    groups: &[],
    outputs: &[],
};

fn guid(value: &Value) -> Result<(), Complaint> {
    match value.as_str() {
        Some(id) if !super::api::is_guid(id) => Err(Complaint::new(format!(
            "`{id}` is not the object id of a group"
        ))
        .help("`az ad group show --group NAME --query id` prints it")),
        _ => Ok(()),
    }
}

pub struct GroupMember;

impl Kind for GroupMember {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        match resource.text(GROUP).map(str::to_ascii_lowercase) {
            Some(id) => {
                resource.body.insert(GROUP.into(), id.into());
            }
            None => lowering.refuse(
                resource,
                GROUP,
                "missing-attribute",
                "the group has to be known before anything is made",
                "write its object id as text",
            ),
        }
    }

    /// Two blocks for one membership would each take the other's away.
    fn review(&self, desired: &Desired) -> Vec<Diagnostic> {
        let mut seen = BTreeSet::new();
        let all = desired.of_kind(KIND);
        let twice = all.filter(|one| !seen.insert((one.address.parent(), one.text(GROUP))));
        twice
            .map(|one| {
                Diagnostic::error("duplicate-member", "it is put into this group twice")
                    .about(&one.address)
                    .at(one.span(GROUP), "named here")
                    .help("remove one of the blocks")
            })
            .collect()
    }

    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        wire::reads(desired, live)
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        wire::decode(read, reply, live);
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        let principal = role_assignment::principal(parent?, live)?;
        live.get(&wire::key(resource.text(GROUP)?, &principal))
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        if scene.destroy {
            return Vec::new();
        }
        let group = resource.text(GROUP).unwrap_or_default();
        if let Some(wrong) = unfit(resource, group, scene.live) {
            return vec![wrong];
        }
        match role_assignment::holder_of(resource, scene) {
            Ok(principal) => {
                resource
                    .body
                    .extend(principal.map(|id| ("principal_id".to_owned(), id)));
                unmarked(resource, scene).into_iter().collect()
            }
            Err(missing) => vec![missing],
        }
    }

    fn claim(&self, object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
        let identity = object.parent.as_ref().and_then(|key| scene.live.get(key));
        let group = wire::group(object);
        let stack = &scene.desired.stack;
        if identity.is_some_and(|identity| mark::is_on(identity, group, stack)) {
            return Claim::Ours;
        }
        match owner {
            Some(owner) if !super::is_existing(owner) && !scene.destroy => {
                Claim::Reported(Box::new(
                    Diagnostic::note(
                        "undeclared-member",
                        format!("is a member of `{}`, and this stack did not put it there", object.name),
                    )
                    .about(&owner.address)
                    .help(format!(
                        "declare it with `group_member \"…\" {{ {GROUP} = \"{group}\" }}`; to take it out: `az ad group member remove --group {group} --member-id {}`",
                        wire::principal(object)
                    )),
                ))
            }
            _ => Claim::Foreign,
        }
    }

    fn segment(&self, object: &Object, _scene: &Scene) -> Segment {
        Segment::new(KIND, "").keyed(InstanceKey::Name(object.name.clone()))
    }

    fn show(&self, path: &str, value: &Value, live: &Live) -> Value {
        let name = value.as_str().and_then(|id| wire::name(id, live));
        match (path, name) {
            ("principal_id", _) => Value::Null,
            (GROUP, Some(name)) => {
                format!("{} ({name})", value.as_str().unwrap_or_default()).into()
            }
            _ => value.clone(),
        }
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        wire::steps(task)
    }
}

/// Why nothing can be put into a group; nothing where it can, or where the group was not read.
fn unfit(resource: &Resource, group: &str, live: &Live) -> Option<Diagnostic> {
    if live.is_absent(wire::GROUP, group) {
        return Some(
            Diagnostic::error(
                "unknown-group",
                format!("there is no group `{group}` in this tenant, or this login does not see it"),
            )
            .about(&resource.address)
            .at(resource.span(GROUP), "named here")
            .help("`az ad group list --query \"[].{name:displayName, id:id}\"` shows every group; it has to be there before"),
        );
    }
    let found = live.find(wire::GROUP, group)?;
    let why = found.outputs.get("unfit")?;
    Some(
        Diagnostic::error(
            "unfit-group",
            format!("`{}` takes no applications as members: {why}", found.name),
        )
        .about(&resource.address)
        .at(resource.span(GROUP), "named here")
        .help("name a security group whose members are assigned"),
    )
}

/// An identity that others manage carries no mark of ours: nothing says later who put it into the group.
fn unmarked(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let group = resource.text(GROUP)?;
    let parent = scene.desired.parent(resource)?;
    super::is_existing(parent).then(|| {
        let member = resource.text("principal_id").unwrap_or("OBJECT_ID");
        Diagnostic::note(
            "unmarked-member",
            format!("`{}` belongs to others and takes no mark: removing the block will not take it out of the group", parent.address),
        )
        .about(&resource.address)
        .help(format!(
            "to take it out: `az ad group member remove --group {group} --member-id {member}`"
        ))
    })
}

/// The groups that an identity's block puts it into.
pub fn declared<'a>(identity: &'a Resource, desired: &'a Desired) -> impl Iterator<Item = &'a str> {
    desired
        .of_kind(KIND)
        .filter(|member| member.address.parent().as_ref() == Some(&identity.address))
        .filter_map(|member| member.text(GROUP))
}

/// Every group that the stack names.
pub fn groups(desired: &Desired) -> BTreeSet<&str> {
    let all = desired.of_kind(KIND);
    all.filter_map(|member| member.text(GROUP)).collect()
}

/// What a membership gives.
pub fn permission(object: &Object, live: &Live) -> Permission {
    held(wire::group(object), Some(&object.name), live)
}

/// What a declared membership will give.
pub fn declared_permission(resource: &Resource, live: &Live) -> Option<Permission> {
    let group = resource.text(GROUP)?;
    Some(held(group, wire::name(group, live), live))
}

/// A group that directory roles may be assigned to gives what those do: nobody but their administrators sees which.
fn held(group: &str, name: Option<&str>, live: &Live) -> Permission {
    Permission {
        tier: wire::is_role_assignable(group, live).then_some(1),
        api: "membership in".to_owned(),
        name: match name {
            Some(name) if !name.is_empty() => format!("{name} ({group})"),
            _ => group.to_owned(),
        },
        delegated: false,
    }
}
