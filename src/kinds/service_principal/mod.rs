//! `service_principal`: an application's identity in the tenant. It comes with the `application` block.

pub mod emulator;
mod grants;
mod published;
pub mod rules;
mod wire;

pub use grants::{claim_grant, principal, wants_grants};
pub use published::{api_name, permission, permission_name};
pub use wire::of_application;

use super::{Claim, Kind, Scene, Task, agent_identity_blueprint, application};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Live, Object, Read};
use crate::model::schema::{Default, Field, Output, Shape, When};
use crate::model::step::{Reply, Step};
use crate::model::value::Value;

pub const KIND: &str = "service_principal";

pub static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "The application's identity in this tenant: grants are made to it, and it is what logs in. Written as a block of `application`, and as `principal` of `agent_identity_blueprint`.",
    parents: &[application::KIND, agent_identity_blueprint::KIND],
    implied: true,
    fields: FIELDS,
    groups: &[],
    outputs: &[
        Output {
            name: "object_id",
            doc: "The directory object's id: what grants and role assignments name.",
        },
        Output {
            name: "id",
            doc: "The same as `object_id`.",
        },
    ],
};

/// What the `service_principal` block of an application may hold.
pub static FIELDS: &[Field] = &[
    Field::string("client_id", "The application that it stands for.")
        .wire("/appId")
        .when(When::Create)
        .computed(),
    ENABLED,
    ASSIGNMENT,
    Field::string(
        "description",
        "Shown in the portal; at most 1,024 characters.",
    )
    .wire("/description"),
    Field::string("notes", "For administrators; at most 1,024 characters.").wire("/notes"),
    Field::string(
        "login_url",
        "Where an identity-provider initiated sign-in goes.",
    )
    .wire("/loginUrl"),
];

/// What applies to the principal of an agent identity blueprint. Source: Microsoft Graph, "agentIdentityBlueprintPrincipal
/// resource type".
pub static OF_BLUEPRINTS: &[Field] = &[ENABLED, ASSIGNMENT];

const ENABLED: Field = Field::bool("account_enabled", "Whether anything may log in as it.")
    .wire("/accountEnabled")
    .default(Default::Bool(true))
    .reset();

const ASSIGNMENT: Field = Field::bool(
    "app_role_assignment_required",
    "Whether users and applications need an assignment before they get a token for it.",
)
.wire("/appRoleAssignmentRequired")
.default(Default::Bool(false))
.reset();

pub struct ServicePrincipal;

impl Kind for ServicePrincipal {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn rules(&self) -> &'static [&'static super::rule::Rule] {
        rules::ALL
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
        match parent {
            Some(parent) => of_application(parent, live),
            None => wire::of_client(resource.text("client_id")?, live),
        }
    }

    /// An application that says `service_principal = false` does not want the one that is there.
    fn claim(&self, _object: &Object, owner: Option<&Resource>, _scene: &Scene) -> Claim {
        let word = |owner: &Resource| Some(application::Form::of(owner.kind())?.principal);
        match owner.and_then(|owner| owner.at(word(owner)?)) {
            Some(Value::Bool(false)) => Claim::Ours,
            _ => Claim::Foreign,
        }
    }

    /// Source: Microsoft, "Restore or remove a recently deleted application".
    fn goes_with_parent(&self) -> bool {
        true
    }

    fn segment(&self, _object: &Object, _scene: &Scene) -> Segment {
        Segment::new(KIND, "")
    }

    /// Whose it is, its address says.
    fn show(&self, path: &str, value: &Value, _live: &Live) -> Value {
        match path {
            "client_id" => Value::Null,
            _ => value.clone(),
        }
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        wire::steps(task)
    }
}
