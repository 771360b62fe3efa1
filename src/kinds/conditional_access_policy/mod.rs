//! `conditional_access_policy`: from where service principals may get tokens.
//!
//! Conditional Access for workload identities knows one control: to block. So a policy blocks its service principals
//! everywhere but in its excluded locations.
//!
//! Source: Microsoft, "Conditional Access for workload identities"; Microsoft Graph, "Create conditionalAccessPolicy".

pub mod emulator;
mod fields;
mod wire;

pub use fields::{ENFORCED, REPORT_ONLY, TRUSTED};
pub use wire::{PATH, names, targets};

use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task, by_name, managed_identity};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::FieldChange;
use crate::model::schema::Shape;
use crate::model::step::{Phase, Reply, Step};
use crate::model::value::Value;

pub const KIND: &str = "conditional_access_policy";

/// What means every service principal that the tenant owns.
pub const EVERY: &str = "ServicePrincipalsInMyTenant";

pub struct ConditionalAccessPolicy;

impl Kind for ConditionalAccessPolicy {
    fn shape(&self) -> &'static Shape {
        &fields::SHAPE
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        by_name::lower(resource, lowering);
        resource
            .body
            .entry("state".to_owned())
            .or_insert_with(|| REPORT_ONLY.into());
        resource
            .body
            .insert(fields::EFFECT.to_owned(), wire::EFFECT.into());
        let count = |name| resource.at(name).into_iter().flat_map(Value::items).count();
        if count("excluded_locations") == 0 {
            lowering.refuse(
                resource,
                "excluded_locations",
                "blocks-everywhere",
                "without a location that it leaves out, the policy would block everywhere",
                "name the locations that tokens may be asked for from, as in `excluded_locations = [named_location.runners.id]`",
            );
        }
        if count("included_service_principals") == 0 {
            lowering.refuse(
                resource,
                "included_service_principals",
                "missing-attribute",
                "the policy is about no service principal",
                "name one, as in `included_service_principals = [application.deployer.service_principal.object_id]`",
            );
        }
        let named = resource.at("included_service_principals").into_iter();
        let managed = named
            .flat_map(Value::items)
            .flat_map(Value::refs)
            .any(|reference| reference.address.kind() == managed_identity::KIND);
        if managed {
            lowering.refuse(
                resource,
                "included_service_principals",
                "unfit-principal",
                "Conditional Access does not cover managed identities",
                "name the service principals of applications of this tenant",
            );
        }
    }

    fn reads(&self, desired: &Desired, _live: &Live) -> Vec<Read> {
        let policies = by_name::list(KIND, PATH, desired);
        wire::principals(desired).chain([policies]).collect()
    }

    fn spares(&self, read: &Read) -> bool {
        by_name::spares(read)
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
        by_name::find(resource, live, KIND)
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        match scene.destroy {
            true => Vec::new(),
            false => wire::unfit(resource, scene),
        }
    }

    fn claim(&self, object: &Object, _owner: Option<&Resource>, scene: &Scene) -> Claim {
        by_name::claim(object, scene)
    }

    fn segment(&self, object: &Object, scene: &Scene) -> Segment {
        by_name::segment(object, scene)
    }

    fn released(&self, object: &Object, _stack: &Stack) -> Option<FieldChange> {
        by_name::released(object)
    }

    fn show(&self, path: &str, value: &Value, live: &Live) -> Value {
        wire::show(path, value, live)
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        by_name::steps(task, PATH, wire::body, wire::body, Phase::Retire)
    }
}

/// Whether a policy, declared or there, is enforced.
pub fn is_enforced(body: &crate::model::value::Map) -> bool {
    body.get("state").and_then(Value::as_str) == Some(ENFORCED)
}
