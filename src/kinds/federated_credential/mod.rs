//! `federated_credential`: a trust. Whoever shows a token of this issuer, for this audience, with this subject
//! (or claims that match this expression), may act as the application or managed identity that holds it.
//!
//! Credentials are a set, addressed by content: (issuer, subject or expression) is the identity, the name is a
//! hash of it, and a changed trust is a create and then a delete.

pub mod arm;
pub mod builders;
mod check;
mod declare;
pub mod emulator;
mod fields;
mod graph;
mod lower;
mod mark;
pub mod rules;
mod wire;

pub use check::allows;
pub use declare::{declare, exact};
pub use wire::{again, declared_trust, is_listed, list, list_elsewhere, take_list, trust};

use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task, is_identity, managed_identity};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::FieldChange;
use crate::model::schema::Shape;
use crate::model::step::{Expect, Reply, Step};
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

    fn spares(&self, read: &Read) -> bool {
        read.purpose == wire::ELSEWHERE
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
        mark::take_mark(object, stack)
    }

    /// Under a managed identity nothing but the name can say whose a credential is.
    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        let theirs = scene.object.filter(|object| {
            let parent = object.parent.as_ref();
            parent.is_some_and(|parent| parent.kind == managed_identity::KIND)
                && !mark::proven(object, &scene.desired.stack)
        });
        let said = theirs.filter(|_| !scene.destroy).map(|object| {
            Diagnostic::note(
                "foreign-name",
                format!("is there already as `{}`, which somebody else made: removing the block will not remove it", object.name),
            )
            .about(&resource.address)
        });
        said.into_iter().collect()
    }

    fn claim(&self, object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
        wire::claim(object, owner, scene)
    }

    /// A credential with the wanted content under somebody else's name satisfies the wish, and gets our mark.
    fn arrives(&self, _resource: &Resource, object: &Object, _stack: &Stack) -> bool {
        object.body.get("marked") == Some(&Value::Bool(false))
    }

    fn released(&self, object: &Object, stack: &Stack) -> Option<FieldChange> {
        mark::released(object, stack)
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
        let label = match mark::proven(object, &scene.desired.stack) {
            true => object.name.rsplit_once('-').map_or("", |(label, _)| label),
            false => &object.name,
        };
        Segment::new(KIND, label)
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        wire::steps(task)
    }
}

/// That the list of its parent's credentials shows what this one trusts. In Graph that is its content: another run may
/// have made the same anew, and then its id is another. In Azure it is the name, since the list may hide expressions.
pub fn stays(object: &Object) -> Expect {
    let text = |name: &str| object.body.get(name).filter(|value| !value.is_empty());
    let in_azure = |parent: &Key| parent.kind == managed_identity::KIND;
    let subject = text("subject").map(|value| ("subject", value.clone()));
    let expression = text("claims_matching_expression").map(|value| {
        let expression = Value::map([("value", value.clone())]);
        ("claimsMatchingExpression", expression)
    });
    match (text("issuer"), subject.or(expression)) {
        _ if object.parent.as_ref().is_some_and(in_azure) => {
            Expect::Member(Value::map([("name", object.name.as_str().into())]))
        }
        (Some(issuer), Some(content)) => {
            Expect::Member(Value::map([("issuer", issuer.clone()), content]))
        }
        _ => Expect::Member(Value::map([("name", object.name.as_str().into())])),
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

/// Whether undeclared credentials of this identity are shown, deleted or kept.
pub fn unmanaged(owner: &Resource) -> &str {
    owner
        .text("unmanaged_credentials")
        .filter(|_| is_identity(owner.kind()))
        .unwrap_or("report")
}
