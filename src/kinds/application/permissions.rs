//! What an application asks for (`requiredResourceAccess`), and the grants that `admin_consent` ensures.

use std::collections::{BTreeMap, BTreeSet};

use super::own_api::{OWN, client_id, own, own_permission};
use crate::kinds::api::{self, Class};
use crate::kinds::lower::Lowering;
use crate::kinds::{Scene, service_principal};
use crate::model::address::{InstanceKey, Segment};
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::value::{Map, Part, Ref, Value};
use crate::model::words::nearest;

/// Checks the `permissions` blocks and implies their grants.
pub fn lower(resource: &Resource, has_principal: bool, lowering: &mut Lowering) {
    for (label, block) in blocks(resource) {
        let path = format!("permissions.{label}");
        if own(label, &resource.address).is_some() {
            own_grants(resource, label, block, has_principal, lowering);
            continue;
        }
        let Some(app_id) = api::app_id(label) else {
            let names = api::WELL_KNOWN.iter().map(|api| api.name);
            let part = || {
                names
                    .clone()
                    .find(|name| label.len() > 3 && name.contains(label))
            };
            let help = match nearest(label, names.clone()).or_else(part) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!(
                    "use {}, the API's application id, or an application of this stack as in `application.label`",
                    names
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };
            lowering.refuse(
                resource,
                &path,
                "unknown-api",
                format!("`{label}` is not a known API"),
                help,
            );
            continue;
        };
        wrong_class(resource, label, &app_id, block, lowering);
        let api = Map::from([("api".to_owned(), Value::text(app_id))]);
        grants(resource, label, label, block, has_principal, &api, lowering);
    }
}

/// The grants of an API that is an application of this stack.
fn own_grants(
    resource: &Resource,
    label: &str,
    block: &Value,
    has_principal: bool,
    lowering: &mut Lowering,
) {
    let Some(address) = own(label, &resource.address) else {
        return;
    };
    let name = address.last().name();
    let api = Map::from([
        (
            "api".to_owned(),
            Value::reference(address.clone(), "client_id"),
        ),
        (OWN.to_owned(), address.to_string().into()),
    ]);
    grants(resource, label, &name, block, has_principal, &api, lowering);
}

/// The grants that a block's consent means; `api` says of which API, and `name` what their addresses call it.
fn grants(
    resource: &Resource,
    label: &str,
    name: &str,
    block: &Value,
    has_principal: bool,
    api: &Map,
    lowering: &mut Lowering,
) {
    let path = format!("permissions.{label}");
    if block.get("admin_consent") != Some(&Value::Bool(true)) {
        return;
    }
    if !has_principal {
        lowering.refuse(
            resource,
            &format!("{path}.admin_consent"),
            "consent-without-principal",
            "consent is given to a service principal, and `service_principal = false` goes without one",
            "remove `service_principal = false`, or the consent",
        );
        return;
    }
    for role in names(block, Class::Application) {
        let mut body = api.clone();
        body.insert("role".to_owned(), Value::text(role));
        let segment =
            Segment::new("app_role_assignment", name).keyed(InstanceKey::Name(role.to_owned()));
        lowering.imply(resource, segment, &format!("{path}.application"), body);
    }
    let scopes: BTreeSet<Value> = names(block, Class::Delegated).map(Value::text).collect();
    if !scopes.is_empty() {
        let mut body = api.clone();
        body.insert("scopes".to_owned(), Value::Set(scopes));
        lowering.imply(
            resource,
            Segment::new("delegated_permission_grant", name),
            &format!("{path}.delegated"),
            body,
        );
    }
}

/// The `=Scope` for `=Role` mix-up: a name that exists in the other class only.
fn wrong_class(
    resource: &Resource,
    label: &str,
    app_id: &str,
    block: &Value,
    lowering: &mut Lowering,
) {
    if app_id != api::MICROSOFT_GRAPH {
        return;
    }
    for class in [Class::Application, Class::Delegated] {
        for name in names(block, class) {
            let other = class.other();
            if api::graph_permission(class, name).is_none()
                && api::graph_permission(other, name).is_some()
            {
                let (why, help) = other.only("Microsoft Graph", name);
                let path = format!("permissions.{label}.{}", class.word());
                lowering.refuse(resource, &path, "wrong-permission-class", why, help);
            }
        }
    }
}

/// Names become ids, with what the API's own service principal publishes.
pub fn resolve(resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut wanted = BTreeSet::new();
    for (label, block) in blocks(resource) {
        let own = own(label, &resource.address);
        let app_id = client_id(label, &resource.address, scene.desired, scene.live);
        for class in [Class::Application, Class::Delegated] {
            for name in names(block, class) {
                let id = match (&own, &app_id) {
                    (Some(address), _) => own_permission(address, class, name, scene),
                    (None, Some(app_id)) => {
                        service_principal::permission(scene.live, app_id, class, name)
                    }
                    (None, None) => continue,
                };
                match id {
                    Ok(id) => {
                        let rest = format!("/{}/{id}", class.wire());
                        wanted.insert(match (&app_id, &own) {
                            (None, Some(address)) => Value::Text(vec![
                                Part::Ref(Ref {
                                    address: address.clone(),
                                    output: "client_id".to_owned(),
                                }),
                                // Nobody who reads the plan can look the id up yet.
                                Part::Literal(format!("{rest}/{name}")),
                            ]),
                            (app_id, _) => Value::text(format!(
                                "{}{rest}",
                                app_id.as_deref().unwrap_or_default()
                            )),
                        });
                    }
                    Err(diagnostic) => {
                        let span = resource.span(&format!("permissions.{label}.{}", class.word()));
                        diagnostics.push(diagnostic.about(&resource.address).at(span, ""));
                    }
                }
            }
        }
    }
    if !wanted.is_empty() {
        resource
            .body
            .insert("required_resource_access".into(), Value::Set(wanted));
    }
    diagnostics
}

/// Each API's block, by label.
pub fn blocks(resource: &Resource) -> impl Iterator<Item = (&str, &Value)> {
    resource
        .at("permissions")
        .and_then(Value::as_map)
        .into_iter()
        .flatten()
        .map(|(label, block)| (label.as_str(), block))
}

fn names(block: &Value, class: Class) -> impl Iterator<Item = &str> {
    block
        .get(class.word())
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str)
}

/// `requiredResourceAccess` as a set of texts: the service keeps no order.
pub fn decode(json: &serde_json::Value) -> Value {
    let apis = json.as_array().into_iter().flatten();
    Value::set(apis.flat_map(|api| {
        let app_id = api["resourceAppId"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let permissions = api["resourceAccess"].as_array().into_iter().flatten();
        permissions.map(move |permission| {
            let id = permission["id"]
                .as_str()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let class = permission["type"].as_str().unwrap_or_default();
            Value::text(format!("{app_id}/{class}/{id}"))
        })
    }))
}

/// The API, the class, the id and the name of one permission. Names stand only where the API is still to be made.
fn parts(permission: &Value) -> Option<(Value, &str, &str, Option<&str>)> {
    let Value::Text(parts) = permission else {
        return None;
    };
    let (api, rest) = match parts.as_slice() {
        [Part::Literal(text)] => {
            let (api, rest) = text.split_once('/')?;
            (Value::text(api), rest)
        }
        [Part::Ref(api), Part::Literal(rest)] => {
            let api = Value::Text(vec![Part::Ref(api.clone())]);
            (api, rest.strip_prefix('/')?)
        }
        _ => return None,
    };
    let (class, rest) = rest.split_once('/')?;
    let (id, name) = match rest.split_once('/') {
        Some((id, name)) => (id, Some(name)),
        None => (rest, None),
    };
    Some((api, class, id, name))
}

/// The way back: grouped by API.
pub fn encode(value: &Value) -> Value {
    let mut apis: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
    for (api, class, id, _) in value.items().filter_map(parts) {
        let permission = Value::map([("id", id.into()), ("type", class.into())]);
        apis.entry(api).or_default().push(permission);
    }
    Value::List(
        apis.into_iter()
            .map(|(api, permissions)| {
                Value::map([
                    ("resourceAppId", api),
                    ("resourceAccess", Value::List(permissions)),
                ])
            })
            .collect(),
    )
}

/// Names again, for people.
pub fn show(value: &Value, live: &Live) -> Value {
    Value::set(value.items().map(|permission| {
        let Some((api, class, id, name)) = parts(permission) else {
            return permission.clone();
        };
        let class = Class::from_wire(class);
        match (api.as_str(), api.refs().first()) {
            (Some(app_id), _) => {
                let name = service_principal::permission_name(live, app_id, class, id);
                let api = service_principal::api_name(live, app_id);
                Value::text(format!("{api} {name} ({})", class.word()))
            }
            (None, Some(own)) => {
                let name = name.unwrap_or(id);
                Value::text(format!("{} {name} ({})", own.address, class.word()))
            }
            (None, None) => permission.clone(),
        }
    }))
}
