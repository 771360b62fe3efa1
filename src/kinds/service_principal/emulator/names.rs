//! Names in place of ids, for dumps of the tenant.

use serde_json::{Value, json};

use super::PRINCIPALS;
use super::shape::PROPERTIES;
use crate::emulator::graph::is_deleted;
use crate::emulator::shape;
use crate::emulator::store::{View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity};
use crate::kinds::application::emulator::APPLICATIONS;

/// What a dump calls a service principal: its application's unique name where it has one.
pub fn name_of(view: View<'_>, id: &str) -> String {
    let Some(found) = view.get(&PRINCIPALS, id) else {
        return id.to_owned();
    };
    let application = view
        .find(&APPLICATIONS, "appId", text(found, "appId"))
        .next();
    let unique = application.map_or("", |application| text(application, "uniqueName"));
    if unique.is_empty() {
        text(found, "displayName").to_owned()
    } else {
        unique.to_owned()
    }
}

/// The name of a permission of an API that is known by its object id.
pub fn permission_name(view: View<'_>, resource: &str, id: &str) -> String {
    let found = view.get(&PRINCIPALS, resource);
    let entries = found.into_iter().flat_map(|api| {
        items(api, "appRoles")
            .iter()
            .chain(items(api, "oauth2PermissionScopes"))
    });
    let named = entries
        .filter(|entry| entry["id"] == id)
        .find_map(|entry| entry["value"].as_str());
    named.unwrap_or(id).to_owned()
}

/// `requiredResourceAccess` in names, for dumps.
pub fn name_permissions(view: View<'_>, wanted: &Value) -> Value {
    let mut named = Entity::new();
    for resource in wanted.as_array().into_iter().flatten() {
        let client_id = resource["resourceAppId"].as_str().unwrap_or_default();
        let api = view.find(&PRINCIPALS, "appId", client_id).next();
        let (name, id) = api.map_or((client_id, ""), |api| {
            (text(api, "displayName"), text(api, "id"))
        });
        let access = resource["resourceAccess"].as_array();
        let mut values: Vec<String> = access
            .into_iter()
            .flatten()
            .map(|access| {
                let value = permission_name(view, id, access["id"].as_str().unwrap_or_default());
                format!("{value} ({})", access["type"].as_str().unwrap_or_default())
            })
            .collect();
        values.sort();
        named.insert(name.to_owned(), json!(values));
    }
    Value::Object(named)
}

pub(super) fn dumped(view: View<'_>, principal: &Entity) -> Option<Dumped> {
    if principal.get("~seeded") == Some(&Value::Bool(true)) {
        return None;
    }
    let mut shown = shape::beyond_defaults(PROPERTIES, principal);
    for copied in [
        "displayName",
        "homepage",
        "logoutUrl",
        "replyUrls",
        "servicePrincipalNames",
    ] {
        shown.shift_remove(copied);
    }
    if member(principal, "accountEnabled") == true {
        shown.shift_remove("accountEnabled");
    }
    if !items(principal, "passwordCredentials").is_empty() {
        let names: Vec<&str> = items(principal, "passwordCredentials")
            .iter()
            .filter_map(|key| key["displayName"].as_str())
            .collect();
        shown.insert("passwordCredentials".into(), json!(names));
    }
    let application = view
        .find(&APPLICATIONS, "appId", text(principal, "appId"))
        .next();
    let gone = if is_deleted(principal) {
        " (deleted)"
    } else {
        ""
    };
    Some(Dumped {
        title: match &application {
            Some(_) => format!("service_principal{gone}"),
            None => format!("service_principal {}{gone}", text(principal, "displayName")),
        },
        parent: application.map(|application| text(application, "id").to_owned()),
        properties: shown,
    })
}
