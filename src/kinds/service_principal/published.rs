//! The permissions that an API's service principal publishes: from names to ids and back.

use super::KIND;
use crate::kinds::api::{self, Class};
use crate::kinds::codec::key;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::value::Value;
use crate::model::words::nearest;

/// Where a decoded service principal keeps its permissions: a map from id to name.
pub fn field(class: Class) -> &'static str {
    match class {
        Class::Application => "published_roles",
        Class::Delegated => "published_scopes",
    }
}

/// The id of a permission of an API, given by name or id.
///
/// # Errors
/// The API is not in the tenant, the name does not exist, or exists in the other class only.
pub fn permission(
    live: &Live,
    app_id: &str,
    class: Class,
    name: &str,
) -> Result<String, Diagnostic> {
    let Some(api) = live.find(KIND, &key("appId", app_id)) else {
        return Err(Diagnostic::error(
            "api-not-in-tenant",
            format!("no service principal of the API `{app_id}` is in this tenant"),
        )
        .help(format!(
            "add it once with `az ad sp create --id {app_id}`, or check the application id"
        )));
    };
    if api::is_guid(name) {
        let id = name.to_ascii_lowercase();
        return if lookup(api, class, |at, _| at == id).is_some() {
            Ok(id)
        } else {
            Err(unknown(api, class, name))
        };
    }
    lookup(api, class, |_, value| value == name)
        .map(|(id, _)| id.to_owned())
        .ok_or_else(|| unknown(api, class, name))
}

fn unknown(api: &Object, class: Class, name: &str) -> Diagnostic {
    let other = class.other();
    let kind = match class {
        Class::Application => "an application permission (app role)",
        Class::Delegated => "a delegated permission (scope)",
    };
    if lookup(api, other, |id, value| value == name || id == name).is_some() {
        let (why, help) = other.only(&api.name, name);
        return Diagnostic::error("wrong-permission-class", why).help(help);
    }
    let names = permissions(api, class).map(|(_, value)| value);
    let diagnostic = Diagnostic::error(
        "unknown-permission",
        format!("`{name}` is not {kind} of {}", api.name),
    );
    match nearest(name, names) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("list them with `az ad sp show --id <application id> --query \"[appRoles[].value, oauth2PermissionScopes[].value]\"`"),
    }
}

fn permissions(api: &Object, class: Class) -> impl Iterator<Item = (&str, &str)> {
    api.body
        .get(field(class))
        .and_then(Value::as_map)
        .into_iter()
        .flatten()
        .filter_map(|(id, value)| Some((id.as_str(), value.as_str()?)))
}

fn lookup(api: &Object, class: Class, fits: impl Fn(&str, &str) -> bool) -> Option<(&str, &str)> {
    permissions(api, class).find(|(id, value)| fits(id, value))
}

/// A permission's name; what is said of it where nobody knows it as an id.
pub fn permission_name(live: &Live, app_id: &str, class: Class, said: &str) -> String {
    let published = live
        .find(KIND, &key("appId", app_id))
        .and_then(|api| lookup(api, class, |id, _| id.eq_ignore_ascii_case(said)))
        .map(|(_, name)| name.to_owned());
    published
        .or_else(|| {
            let known = api::graph_permission_name(class, said);
            let known = known.filter(|_| app_id == api::MICROSOFT_GRAPH);
            known.map(str::to_owned)
        })
        .unwrap_or_else(|| said.to_owned())
}

/// An API's name, or its application id where nobody knows it.
pub fn api_name(live: &Live, app_id: &str) -> String {
    api::WELL_KNOWN
        .iter()
        .find(|api| api.app_id == app_id)
        .map(|api| api.display_name.to_owned())
        .or_else(|| {
            live.find(KIND, &key("appId", app_id))
                .map(|api| api.name.clone())
        })
        .unwrap_or_else(|| app_id.to_owned())
}
