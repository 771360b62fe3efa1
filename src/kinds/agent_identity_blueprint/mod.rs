//! `agent_identity_blueprint`: what agent identities are made from, and act through.
//!
//! In Graph it is a type of application, so that most of it is that kind's: names, marks, reads and requests, each cast to
//! the type. Its own are sponsors, without which there is none, and what it does not take.

mod agents;
pub mod emulator;
mod fields;
mod lower;
pub mod rules;

use super::application::{self, Application, Form};
use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::FieldChange;
use crate::model::schema::Shape;
use crate::model::step::{Reply, Service, Step};
use crate::model::value::Value;

pub const KIND: &str = "agent_identity_blueprint";

/// Source: Microsoft Graph, "agentIdentityBlueprint resource type", "Create agentIdentityBlueprint", "Upsert
/// agentIdentityBlueprint". Services of before 2026 know blueprints in beta only: reads go there, every service answers.
pub static FORM: Form = Form {
    kind: KIND,
    noun: "agent identity blueprint",
    shape: &fields::SHAPE,
    principal: "principal",
    odata_type: "microsoft.graph.agentIdentityBlueprint",
    cast: "/microsoft.graph.agentIdentityBlueprint",
    select: "id,appId,uniqueName,displayName,description,serviceManagementReference,signInAudience,identifierUris,tags,\
groupMembershipClaims,web,api,info,requiredResourceAccess,appRoles,optionalClaims",
    people: &["owners", "sponsors"],
    bound: &["sponsors"],
    reads: Service::GraphBeta,
};

pub struct AgentIdentityBlueprint;

impl Kind for AgentIdentityBlueprint {
    fn shape(&self) -> &'static Shape {
        &fields::SHAPE
    }

    fn rules(&self) -> &'static [&'static super::rule::Rule] {
        rules::ALL
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

    fn known(&self, resource: &Resource, stack: &Stack) -> Vec<(&'static str, Value)> {
        Application.known(resource, stack)
    }

    /// The list of what carries the stack's mark is the application kind's: it shows every type. So does its confirmation.
    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        let mut reads = application::reads_as(&FORM, desired, live);
        reads.extend(agents::reads(desired, live));
        reads
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        match read.purpose {
            agents::PURPOSE => agents::decode(read, reply, live),
            _ => application::decode_as(&FORM, read, reply, live),
        }
        agents::tell(live);
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        Application.find(resource, parent, live)
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        let mut said = Application.resolve(resource, scene);
        said.extend(agents::note(resource, scene));
        said
    }

    fn claim(&self, object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
        Application.claim(object, owner, scene)
    }

    fn segment(&self, object: &Object, scene: &Scene) -> Segment {
        Application.segment(object, scene)
    }

    fn protected(&self, object: &Object) -> bool {
        Application.protected(object)
    }

    fn keeps(&self, resource: &Resource) -> bool {
        Application.keeps(resource)
    }

    fn arrives(&self, resource: &Resource, object: &Object, stack: &Stack) -> bool {
        Application.arrives(resource, object, stack)
    }

    fn released(&self, object: &Object, stack: &Stack) -> Option<FieldChange> {
        Application.released(object, stack)
    }

    fn show(&self, path: &str, value: &Value, live: &Live) -> Value {
        Application.show(path, value, live)
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        Application.steps(task)
    }
}
