//! `federated_credential`: a trust. Whoever shows a token of this issuer, for this audience, with this subject
//! (or claims that match this expression), may act as the application.
//!
//! Credentials are a set, addressed by content: (issuer, subject or expression) is the identity, the name is a
//! hash of it, and a changed trust is a create and then a delete.

pub mod builders;
mod check;
pub mod emulator;
mod fields;
mod lower;
pub mod rules;
mod wire;

pub use check::allows;
pub use wire::{list, take_list, trust};

use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task, application};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::schema::Shape;
use crate::model::step::{Reply, Step};
use crate::model::value::Value;

pub const KIND: &str = "federated_credential";

/// Credentials that one application or identity can hold. Source: Microsoft, "Important considerations and
/// restrictions for federated identity credentials".
pub const ROOM: usize = 20;

pub struct FederatedCredential;

impl Kind for FederatedCredential {
    fn shape(&self) -> &'static Shape {
        &fields::SHAPE
    }

    fn rules(&self) -> &'static [&'static super::rule::Rule] {
        rules::ALL
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        lower::lower(resource, lowering);
    }

    fn review(&self, desired: &Desired) -> Vec<Diagnostic> {
        check::review(desired)
    }

    fn known(&self, resource: &Resource, _stack: &Stack) -> Vec<(&'static str, Value)> {
        [
            ("name", "name"),
            ("issuer", "issuer"),
            ("subject", "subject"),
            ("expression", "claims_matching_expression"),
        ]
        .into_iter()
        .filter_map(|(output, path)| Some((output, resource.at(path)?.clone())))
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
        wire::find(resource, parent?, live)
    }

    fn seen(&self, object: &Object, stack: &Stack) -> Object {
        wire::take_mark(object, stack)
    }

    fn claim(&self, object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
        wire::claim(object, owner, scene)
    }

    /// A credential with the wanted content under somebody else's name satisfies the wish, and gets our mark.
    fn arrives(&self, _resource: &Resource, object: &Object, _stack: &Stack) -> bool {
        object.body.get("marked") == Some(&Value::Bool(false))
    }

    /// The mark is our own business.
    fn show(&self, path: &str, value: &Value, _live: &Live) -> Value {
        if path == "marked" {
            Value::Null
        } else {
            value.clone()
        }
    }

    /// Of a name that proves itself only the label is for people.
    fn segment(&self, object: &Object, scene: &Scene) -> Segment {
        let label = match wire::proven(object, &scene.desired.stack) {
            true => object.name.rsplit_once('-').map_or("", |(label, _)| label),
            false => &object.name,
        };
        Segment::new(KIND, label)
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        wire::steps(task)
    }
}

/// Whether two credentials trust the same.
pub fn same_content(a: &crate::model::value::Map, b: &crate::model::value::Map) -> bool {
    let member = |body: &crate::model::value::Map, name: &str| {
        body.get(name).filter(|value| !value.is_empty()).cloned()
    };
    ["issuer", "subject", "claims_matching_expression"]
        .iter()
        .all(|name| member(a, name) == member(b, name))
}

/// Whether undeclared credentials of this application are shown, deleted or kept.
pub fn unmanaged(owner: &Resource) -> &str {
    owner
        .text("unmanaged_credentials")
        .filter(|_| owner.kind() == application::KIND)
        .unwrap_or("report")
}
