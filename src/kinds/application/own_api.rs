//! An API that is an application of the same stack: a `permissions` block names it by its address, before it is there.

use std::collections::BTreeSet;

use super::{entitlements, permissions};
use crate::kinds::api::{self, Class};
use crate::kinds::{Scene, service_principal};
use crate::model::address::{Address, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::value::Value;
use crate::model::words::{nearest, nearest_address};

/// Where a grant keeps the address of an API that is an application of this stack.
pub const OWN: &str = "own_api";

/// The application that a label names, as in `application.data_api`: in the module of the block where it stands.
pub fn own(label: &str, asking: &Address) -> Option<Address> {
    let address: Address = label.parse().ok()?;
    let fits =
        address.modules.is_empty() && address.segments.len() == 1 && address.kind() == super::KIND;
    fits.then(|| Address {
        modules: asking.modules.clone(),
        ..address
    })
}

/// The application id of the API that a label stands for, as far as it is known.
pub fn client_id(label: &str, asking: &Address, desired: &Desired, live: &Live) -> Option<String> {
    match own(label, asking) {
        None => api::app_id(label),
        Some(address) => {
            let found = super::found(desired.resources.get(&address)?, live)?;
            let id = found.outputs.get("client_id").filter(|_| !found.deleted)?;
            Some(id.to_ascii_lowercase())
        }
    }
}

/// The id of a permission that an application of this stack offers, or will offer.
///
/// # Errors
/// It offers none of this name.
pub fn own_permission(
    address: &Address,
    class: Class,
    name: &str,
    scene: &Scene,
) -> Result<String, Diagnostic> {
    let unknown = |near: Option<&str>| {
        let diagnostic = Diagnostic::error(
            "unknown-permission",
            format!("`{address}` offers no {} permission `{name}`", class.word()),
        );
        diagnostic.help(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it there: application permissions are `app_role`s, delegated ones `oauth2_permission_scope`s".to_owned(),
        })
    };
    let declared = scene.desired.resources.get(address);
    let mut api = declared.cloned().ok_or_else(|| unknown(None))?;
    let object = super::found(&api, scene.live).filter(|object| !object.deleted);
    if super::is_existing(&api) {
        let client_id = object.and_then(|object| object.outputs.get("client_id"));
        let client_id = client_id.map_or("", String::as_str);
        return service_principal::permission(scene.live, client_id, class, name);
    }
    entitlements::resolve(
        &mut api,
        &Scene {
            object,
            parent: None,
            ..*scene
        },
    );
    let offered = entitlements::ids(&api, class);
    let found = offered
        .iter()
        .find(|(value, id)| *value == name || *id == name);
    found
        .map(|(_, id)| id.clone())
        .ok_or_else(|| unknown(nearest(name, offered.keys().map(String::as_str))))
}

/// What the service principal of an API of this stack is, or will be, known by.
pub fn own_principal(address: &Address, scene: &Scene) -> Value {
    let declared = scene.desired.resources.get(address);
    let object = declared.and_then(|api| super::found(api, scene.live));
    let principal = object
        .filter(|object| !object.deleted)
        .and_then(|object| service_principal::of_application(object, scene.live));
    match principal {
        Some(principal) => principal.key.id.as_str().into(),
        None => {
            let principal = address.child(Segment::new(service_principal::KIND, ""));
            Value::reference(principal, "object_id")
        }
    }
}

/// Labels that name no application of the stack, and applications that ask each other in a circle: none could be made
/// first.
pub fn review(desired: &Desired) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    let asked = |resource: &Resource| -> Vec<(String, Address)> {
        let all = permissions::blocks(resource);
        all.filter_map(|(label, _)| Some((label.to_owned(), own(label, &resource.address)?)))
            .collect()
    };
    for resource in super::declared(desired) {
        for (label, address) in asked(resource) {
            let refuse = |code, message: String, help: String| {
                Diagnostic::error(code, message)
                    .about(&resource.address)
                    .at(resource.span(&format!("permissions.{label}")), "")
                    .help(help)
            };
            if !desired.resources.contains_key(&address) {
                let names: Vec<String> = super::declared(desired)
                    .map(|other| other.address.to_string())
                    .collect();
                let help = match nearest_address(&label, names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "declare it, or name the API by its application id".to_owned(),
                };
                said.push(refuse(
                    "unknown-api",
                    format!("no `{address}` is declared"),
                    help,
                ));
                continue;
            }
            let mut seen = BTreeSet::new();
            let mut open = vec![address.clone()];
            while let Some(at) = open.pop() {
                if at == resource.address {
                    let message = format!(
                        "`{}` asks for a permission of `{address}`, which asks for one of it in turn",
                        resource.address
                    );
                    said.push(refuse("permission-circle", message, "neither can be made first: let one of them name the other by its application id, in a second apply".to_owned()));
                    break;
                }
                if seen.insert(at.clone())
                    && let Some(next) = desired.resources.get(&at)
                {
                    open.extend(asked(next).into_iter().map(|(_, address)| address));
                }
            }
        }
    }
    said
}
