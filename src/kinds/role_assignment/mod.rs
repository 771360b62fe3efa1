//! `role_assignment`: an Azure role that an identity of the stack holds at a scope.
//!
//! Its name is a UUID made of stack, scope, role and identity: a lost reply or a second run can only make the same one,
//! and the name proves whose it is.

pub mod emulator;
pub mod roles;
mod wire;

pub use wire::{principal, scopes};

use super::lower::Lowering;
use super::{
    Claim, Kind, Scene, Task, agent_identity_blueprint, application, managed_identity,
    service_principal,
};
use crate::model::address::{InstanceKey, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::Permission;
use crate::model::schema::{Compare, Complaint, Field, Group, Shape, When};
use crate::model::step::{Reply, Step};
use crate::model::value::{Map, Part, Ref, Value};
use crate::model::words::nearest;

pub const KIND: &str = "role_assignment";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "An Azure role that an application or managed identity holds at a scope.",
    parents: &[
        managed_identity::KIND,
        application::KIND,
        agent_identity_blueprint::KIND,
    ],
    implied: false,
    fields: &[
        Field::string(
            "scope",
            "Where: the id of a subscription, a resource group, a resource or a management group.",
        )
        .required()
        .check(scope)
        .when(When::Create)
        .compare(Compare::IgnoreCase),
        Field::string("role_definition_name", "The role's name, as in `Reader`.")
            .when(When::Create)
            .compare(Compare::IgnoreCase),
        Field::string(
            "role_definition_id",
            "The role's id, for custom roles whose name may change.",
        )
        .check(role_id)
        .when(When::Create)
        .compare(Compare::IgnoreCase),
        Field::string("name", "A UUID that stack, scope, role and identity give.")
            .computed()
            .compare(Compare::Never),
        Field::string("role", "The id of the role's definition.")
            .computed()
            .compare(Compare::Never),
        Field::string("principal_id", "The service principal that holds the role.")
            .computed()
            .compare(Compare::IgnoreCase),
    ],
    groups: &[Group::One(&["role_definition_name", "role_definition_id"])],
    outputs: &[],
};

fn scope(value: &Value) -> Result<(), Complaint> {
    let fits = |scope: &str| {
        let below = scope.trim_end_matches('/').split('/').skip(1);
        let lower = scope.to_ascii_lowercase();
        let begins = [
            "/subscriptions/",
            "/providers/microsoft.management/managementgroups/",
        ];
        begins
            .iter()
            .any(|begin| lower.starts_with(begin) && lower.len() > begin.len())
            && below.into_iter().all(|part| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "-_.()$".contains(c))
                    && part != "."
                    && part != ".."
            })
    };
    match value.as_str() {
        Some(scope) if !fits(scope) => Err(Complaint::new(format!("`{scope}` is not a scope in Azure"))
            .help("write a resource's id, as in `/subscriptions/…/resourceGroups/shop`: `az group show --query id` prints a group's")),
        _ => Ok(()),
    }
}

fn role_id(value: &Value) -> Result<(), Complaint> {
    match value.as_str() {
        Some(id) if !super::api::is_guid(&roles::guid(id)) => Err(Complaint::new(format!(
            "`{id}` is not the id of a role definition"
        ))
        .help("`az role definition list --name NAME --query [].name` prints it")),
        _ => Ok(()),
    }
}

pub struct RoleAssignment;

impl Kind for RoleAssignment {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        let Some(scope) = resource.text("scope") else {
            let message = "the scope of a role assignment has to be known before anything is made";
            let help = "write the id of the group or resource as text";
            lowering.refuse(resource, "scope", "missing-attribute", message, help);
            return;
        };
        let scope = scope.trim_end_matches('/').to_owned();
        resource.body.insert("scope".into(), scope.into());
        if let Some(id) = resource.text("role_definition_id").map(roles::guid) {
            resource.body.insert("role_definition_id".into(), id.into());
        }
        if let Some(parent) = lowering.parent {
            let holder = wire::holder(parent, lowering.stack);
            resource.body.insert(wire::HOLDER.into(), holder.into());
        }
    }

    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        wire::reads(desired, live)
    }

    fn spares(&self, read: &Read) -> bool {
        read.purpose == wire::ELSEWHERE
    }

    fn unseen(&self, desired: &Desired, live: &Live) -> Vec<Diagnostic> {
        let hidden = wire::hidden(desired, live).into_iter();
        hidden
            .map(|subscription| {
                Diagnostic::note(
                    "roles-not-shown",
                    format!("this login may not list who holds which role in the subscription `{subscription}`: a role that no block declares any more stays"),
                )
                .help("give it the role Reader on the subscription, or look with `az role assignment list --all --assignee CLIENT_ID`")
            })
            .collect()
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
        wire::find(resource, parent, live)
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        if scene.destroy {
            return Vec::new();
        }
        match holder_of(resource, scene) {
            Ok(principal) => resource
                .body
                .extend(principal.map(|id| ("principal_id".to_owned(), id))),
            Err(missing) => return vec![missing],
        }
        match wire::role(resource, scene.live) {
            Some(role) => {
                let definition = role.outputs["id"].as_str();
                resource.body.insert("role".into(), definition.into());
                if let Some(name) = wire::name(resource, role) {
                    resource.body.insert("name".into(), name.into());
                }
                Vec::new()
            }
            None => unknown(resource, scene.live).into_iter().collect(),
        }
    }

    fn claim(&self, object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
        let stack = &scene.desired.stack;
        match owner {
            // What an identity of ours holds goes before it does.
            None => Claim::Ours,
            Some(owner) if wire::proven(object, owner, stack) => Claim::Ours,
            Some(_) => Claim::Foreign,
        }
    }

    fn segment(&self, object: &Object, _scene: &Scene) -> Segment {
        let held = permission(object);
        Segment::new(KIND, "").keyed(InstanceKey::Name(held.name))
    }

    fn show(&self, path: &str, value: &Value, _live: &Live) -> Value {
        match path {
            "principal_id" => Value::Null,
            _ => value.clone(),
        }
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        wire::steps(task)
    }
}

/// The service principal of the identity that a resource nests in: the one that is there, or the one that will be.
///
/// # Errors
/// Someone else manages the application, and it has none.
pub fn holder_of(resource: &Resource, scene: &Scene) -> Result<Option<Value>, Diagnostic> {
    let parent = scene.parent.filter(|parent| !parent.deleted);
    let principal = parent.and_then(|parent| wire::principal(parent, scene.live));
    let existing = scene
        .desired
        .parent(resource)
        .is_some_and(super::is_existing);
    if existing && principal.is_none() && scene.parent.is_some() {
        return Err(Diagnostic::error(
            "no-principal",
            "the application has no service principal that could hold a role or be in a group",
        )
        .about(&resource.address)
        .at(resource.origin, "would be given to it")
        .help("whoever manages the application makes its service principal"));
    }
    Ok(principal.map_or_else(|| made(resource), |id| Some(Value::text(id))))
}

/// The principal that an earlier step of the apply makes.
fn made(resource: &Resource) -> Option<Value> {
    let parent = resource.address.parent()?;
    let reference = match parent.kind() {
        managed_identity::KIND => Ref {
            address: parent,
            output: "principal_id".to_owned(),
        },
        _ => Ref {
            address: parent.child(Segment::new(service_principal::KIND, "")),
            output: "object_id".to_owned(),
        },
    };
    Some(Value::Text(vec![Part::Ref(reference)]))
}

/// Why a role cannot be assigned; nothing where it was not looked up.
fn unknown(resource: &Resource, live: &Live) -> Option<Diagnostic> {
    let scope = resource.text("scope")?;
    if wire::is_nowhere(resource, live) {
        return Some(
            Diagnostic::error(
                "unknown-scope",
                format!("`{scope}` is not there, or this login does not see it"),
            )
            .about(&resource.address)
            .at(resource.span("scope"), "named here")
            .help("check the id and the subscription; `az resource list` shows what a login sees"),
        );
    }
    let (path, said) = match resource.text("role_definition_name") {
        Some(name) => ("role_definition_name", name),
        None => ("role_definition_id", resource.text("role_definition_id")?),
    };
    if !wire::is_looked_up(resource, live) {
        return None;
    }
    let diagnostic = Diagnostic::error(
        "unknown-role",
        format!("there is no role `{said}` at this scope"),
    )
    .about(&resource.address)
    .at(resource.span(path), "");
    Some(match nearest(said, roles::built_in().map(|(_, name)| name)) {
        Some(near) if path == "role_definition_name" => diagnostic.help(format!("did you mean `{near}`?")),
        _ => diagnostic.help("`az role definition list --scope SCOPE` shows every role; a custom one has to be assignable there"),
    })
}

/// The name of an assignment's role; its id where the name is not known.
pub fn role_name(object: &Object) -> &str {
    let text = |name: &str| object.body.get(name).and_then(Value::as_str);
    let named = text("role_definition_name").filter(|name| !name.is_empty());
    named
        .or_else(|| text("role_definition_id"))
        .unwrap_or_default()
}

/// The attributes of the block that declares an assignment.
///
/// # Errors
/// Why no file can say it.
pub fn declare(object: &Object) -> Result<Map, String> {
    let text = |name: &str| {
        let value = object.body.get(name).and_then(Value::as_str);
        value.filter(|text| !text.is_empty())
    };
    let at = text("scope").ok_or("it has no scope")?;
    scope(&at.into()).map_err(|complaint| complaint.message)?;
    let role = ["role_definition_name", "role_definition_id"];
    let role = role.iter().find_map(|name| Some((*name, text(name)?)));
    let role = role.ok_or("its role cannot be read")?;
    Ok([("scope", at), role]
        .map(|(name, text)| (name.to_owned(), text.into()))
        .into())
}

/// What an assignment allows.
pub fn permission(object: &Object) -> Permission {
    let text = |name: &str| {
        object
            .body
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    held(role_name(object), text("scope"))
}

/// What a declared assignment will allow.
pub fn declared_permission(resource: &Resource) -> Option<Permission> {
    let scope = resource.text("scope")?;
    let role = match resource.text("role_definition_name") {
        Some(name) => name,
        None => {
            let id = resource.text("role_definition_id")?;
            roles::built_in()
                .find(|(known, _)| *known == id)
                .map_or(id, |(_, name)| name)
        }
    };
    Some(held(role, scope))
}

fn held(role: &str, scope: &str) -> Permission {
    Permission {
        tier: roles::tier(role, scope),
        api: "Azure".to_owned(),
        name: format!("{role} on {scope}"),
        delegated: false,
    }
}
