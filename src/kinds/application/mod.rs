//! `application`: an app registration.

mod check;
mod declare;
pub mod emulator;
mod entitlements;
pub mod fields;
mod form;
mod lower;
pub mod mark;
mod offers;
mod optional_claims;
mod ownership;
mod permissions;
mod pre_authorized;
mod reads;
pub mod rules;
mod wire;

pub use super::is_existing;
pub use declare::{asks, declare};
pub use entitlements::{CLIENTS, ROLES, SCOPES};
pub use form::{APPLICATION, Form, all, declared, find, is_one, kinds};
pub use lower::lower_as;
pub use offers::offered;
pub use optional_claims::CLAIMS;
pub use permissions::{
    OWN as OWN_API, blocks as permission_blocks, client_id as api_client_id, own_permission,
    own_principal,
};
pub use reads::{decode_as, is_looked_up, owners, reads_as};

use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task};
use crate::model::address::{InstanceKey, Segment};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::FieldChange;
use crate::model::schema::Shape;
use crate::model::step::{Reply, Step};
use crate::model::value::Value;

/// The kind's name, as live objects carry it.
pub const KIND: &str = "application";

pub struct Application;

impl Kind for Application {
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
        lower::lower_as(&APPLICATION, resource, lowering);
    }

    fn review(&self, desired: &Desired) -> Vec<Diagnostic> {
        let mut said = check::review(desired);
        said.extend(permissions::review(desired));
        said
    }

    fn known(&self, resource: &Resource, _stack: &Stack) -> Vec<(&'static str, Value)> {
        let known = |output, path| Some((output, resource.at(path)?.clone()));
        [
            known("unique_name", "unique_name"),
            known("client_id", "existing.client_id"),
            known("object_id", "existing.object_id"),
            known("id", "existing.object_id"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        reads::reads_as(&APPLICATION, desired, live)
    }

    fn confirm(&self, object: &Object) -> Vec<Read> {
        reads::confirm(object)
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        reads::decode_as(&APPLICATION, read, reply, live);
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
        if is_existing(resource) {
            return ownership::missing(resource, "existing", scene);
        }
        if is_adopted(resource) {
            let missing = ownership::missing(resource, "adopt", scene);
            if !missing.is_empty() {
                return missing;
            }
        }
        if let Some(foreign) = ownership::foreign(resource, scene) {
            return vec![foreign];
        }
        ownership::keep_tags(resource, scene);
        if scene.destroy {
            return Vec::new();
        }
        entitlements::resolve(resource, scene);
        let mut said = permissions::resolve(resource, scene);
        said.extend(ownership::undeclared(resource, scene));
        said
    }

    /// Ours are the live applications that carry both our mark and the unique name that it was made from.
    fn claim(&self, object: &Object, _owner: Option<&Resource>, scene: &Scene) -> Claim {
        ownership::claim(object, scene.desired)
    }

    fn segment(&self, object: &Object, scene: &Scene) -> Segment {
        let unique_name = object.outputs.get("unique_name").map_or("", String::as_str);
        let kind = object.key.kind;
        let made_of = mark::segment(kind, &scene.desired.stack.name, unique_name);
        made_of.unwrap_or_else(|| match object.name.is_empty() {
            true => Segment::new(kind, unique_name),
            // People know it by this, and a hash tells them nothing.
            false => Segment::new(kind, "").keyed(InstanceKey::Name(object.name.clone())),
        })
    }

    fn protected(&self, object: &Object) -> bool {
        mark::has(object.body.get("tags"), mark::PROTECT)
    }

    fn keeps(&self, resource: &Resource) -> bool {
        is_existing(resource) || is_adopted(resource)
    }

    fn arrives(&self, resource: &Resource, object: &Object, stack: &Stack) -> bool {
        is_adopted(resource) && !ownership::is_marked(resource, object, stack)
    }

    fn released(&self, object: &Object, stack: &Stack) -> Option<FieldChange> {
        ownership::released(object, stack)
    }

    fn show(&self, path: &str, value: &Value, live: &Live) -> Value {
        match path {
            "required_resource_access" => permissions::show(value, live),
            entitlements::ROLES | entitlements::SCOPES | entitlements::CLIENTS => {
                entitlements::show(path, value)
            }
            optional_claims::CLAIMS => optional_claims::show(value),
            "tags" => Value::set(
                value
                    .items()
                    .filter(|tag| !mark::is_mark(tag) || tag.as_str().is_some_and(mark::is_shown))
                    .cloned(),
            ),
            _ => value.clone(),
        }
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        wire::steps(task)
    }
}

/// Whether the application was there before, and is taken over.
pub fn is_adopted(resource: &Resource) -> bool {
    resource.body.contains_key("adopt")
}

/// The application of whatever type that a resource describes.
pub fn found<'a>(resource: &Resource, live: &'a Live) -> Option<&'a Object> {
    live.find(
        Form::of(resource.kind())?.kind,
        &reads::alternate(resource)?,
    )
}
