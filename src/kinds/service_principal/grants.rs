//! What the two kinds of grants have in common: whose they are, and which ones are read.

use std::collections::BTreeMap;

use super::{KIND, wire};
use crate::kinds::{Claim, Scene, Task, application};
use crate::model::address::{Address, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object};
use crate::model::value::Value;

/// The service principals whose grants a plan looks at: those of applications that ask for something, and of
/// ours that nothing declares any more.
pub fn wants_grants<'a>(desired: &'a Desired, live: &'a Live) -> impl Iterator<Item = &'a Object> {
    let declared: BTreeMap<&Key, &Resource> = application::declared(desired)
        .filter_map(|resource| Some((&application::found(resource, live)?.key, resource)))
        .collect();
    application::all(live)
        .filter(|object| !object.deleted)
        .filter(move |object| {
            let declared = declared.get(&object.key);
            declared.is_none_or(|resource| resource.body.contains_key("permissions"))
        })
        .filter_map(|object| wire::of_application(object, live))
}

/// The service principal that goes with a grant's address.
pub fn address(grant: &Address) -> Option<Address> {
    Some(grant.parent()?.child(Segment::new(KIND, "")))
}

/// The object id of the service principal that a declared grant is for; where it is still to be made, what making it tells.
pub fn principal(task: &Task) -> Option<Value> {
    let known = task
        .parent
        .and_then(|application| wire::of_application(application, task.live));
    Some(match known {
        Some(object) => object.key.id.as_str().into(),
        None => Value::reference(address(task.address)?, "object_id"),
    })
}

/// A grant that is not declared goes when `admin_consent` says `true` (the list is a whole) or `false`; with
/// `admin_consent` unset it is shown and stays.
pub fn claim_grant(
    object: &Object,
    owner: Option<&Resource>,
    scene: &Scene,
    describe: impl FnOnce() -> String,
) -> Claim {
    // What an application of ours holds goes before it does.
    let Some(owner) = owner else {
        return Claim::Ours;
    };
    if application::is_existing(owner) {
        return Claim::Foreign;
    }
    if scene.destroy {
        return Claim::Ours;
    }
    let api = object
        .body
        .get("resource_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let consent = application::permission_blocks(owner)
        .filter(|(label, _)| {
            let app_id =
                application::api_client_id(label, &owner.address, scene.desired, scene.live);
            let principal = app_id.and_then(|app_id| {
                scene
                    .live
                    .find(KIND, &crate::kinds::codec::key("appId", &app_id))
            });
            principal.is_some_and(|principal| principal.key.id == api)
        })
        .find_map(|(_, block)| block.get("admin_consent"));
    match consent {
        Some(Value::Bool(_)) => Claim::Ours,
        _ => Claim::Reported(Box::new(
            Diagnostic::note(
                "undeclared-grant",
                format!("holds {}, which no `admin_consent` declares", describe()),
            )
            .about(&owner.address)
            .help(
                "declare it with `admin_consent = true`, or revoke it with `admin_consent = false`",
            ),
        )),
    }
}
