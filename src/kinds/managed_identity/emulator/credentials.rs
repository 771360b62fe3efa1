//! How Resource Manager behaves for the federated credentials of a managed identity.
//!
//! Texts of errors: entra-docs, "Important considerations and restrictions for federated identity credentials".

use std::sync::Arc;

use serde_json::{Value, json};

use super::{IDENTITIES, find as identity};
use crate::emulator::arm;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::store::{Store, View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Table};
use crate::exchange::expression::Expression;
use crate::exchange::issuers;
use crate::exchange::trust::{Matcher, Trust};

/// `~parent` is the identity's id.
pub static CREDENTIALS: Table = Table {
    name: "userAssignedIdentityCredentials",
    resource: "FederatedIdentityCredential",
    indexed: &["~parent"],
    dumped,
    ..Table::PLAIN
};

const KIND: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
const STABLE: &[&str] = &["2023-01-31", "2024-11-30"];
/// Those that know expressions.
const PREVIEW: &[&str] = &["2025-01-31-preview", "2025-05-31-preview"];

/// Most credentials of one identity (entra-docs, same page).
const MAX_CREDENTIALS: usize = 20;
/// Regions whose identities take none (same page).
const WITHOUT: &[&str] = &["malaysiasouth", "newzealandnorth"];

fn check_version(call: &Call<'_>) -> Result<(), Failure> {
    arm::check_version(call, KIND, &[STABLE, PREVIEW].concat())
}

fn knows_expressions(call: &Call<'_>) -> bool {
    let version = call.request.parameter("api-version").unwrap_or_default();
    PREVIEW.contains(&version.as_str())
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(400, "BadRequest", message)
}

fn of_parent(view: View<'_>, parent: &str) -> Vec<Arc<Entity>> {
    view.find(&CREDENTIALS, "~parent", parent)
        .cloned()
        .collect()
}

/// Removes the credentials of an identity that is gone.
pub(super) fn purge_of(store: &mut Store, parent: &str, now: u64) {
    for credential in of_parent(store.primary(), parent) {
        store.remove(&CREDENTIALS, text(&credential, "id"), now);
    }
}

fn parent(call: &Call<'_>) -> Result<Arc<Entity>, Failure> {
    identity(call).ok_or_else(|| {
        Failure::new(
            404,
            "ParentResourceNotFound",
            "The parent user-assigned identity doesn't exist.",
        )
    })
}

/// A stable version shows no expression.
fn shown(call: &Call<'_>, parent: &Entity, row: &Entity) -> Value {
    let mut properties = json!({
        "issuer": member(row, "issuer"), "audiences": member(row, "audiences"),
    });
    for name in ["subject", "claimsMatchingExpression"] {
        let known = name == "subject" || knows_expressions(call);
        if known && !member(row, name).is_null() {
            properties[name] = member(row, name).clone();
        }
    }
    let (id, name) = (text(parent, "~id"), text(row, "name"));
    json!({
        "id": format!("{}/federatedIdentityCredentials/{name}", id.replace("/resourceGroups/", "/resourcegroups/")),
        "name": name, "type": KIND, "properties": properties,
    })
}

fn row_id(parent: &Entity, name: &str) -> String {
    let parent = text(parent, "id");
    format!("{parent}/{}", name.to_ascii_lowercase())
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, Failure> {
    check_version(call)?;
    let parent = parent(call)?;
    let rows = of_parent(call.store.primary(), text(&parent, "id"));
    let rows = rows.iter().map(|row| shown(call, &parent, row)).collect();
    Ok(arm::page(call, rows))
}

pub(super) fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    check_version(call)?;
    let parent = parent(call)?;
    let name = call.key(3).1;
    let row = call
        .store
        .primary()
        .get(&CREDENTIALS, &row_id(&parent, name))
        .cloned();
    let row = row.ok_or_else(|| {
        let message = format!("The federated identity credential '{name}' was not found.");
        Failure::new(404, "ResourceNotFound", message)
    })?;
    Ok(Reply::json(200, &shown(call, &parent, &row)))
}

pub(super) fn put(call: &mut Call<'_>) -> Result<Reply, Failure> {
    check_version(call)?;
    let body = call.body()?;
    let parent = parent(call)?;
    let name = call.key(3).1.to_owned();
    arm::check_policy(call.store, KIND, &name)?;
    if WITHOUT.contains(&text(&parent, "location")) {
        return Err(Failure::new(
            405,
            "MethodNotAllowed",
            "The request format was unexpected: Support for federated identity credentials not enabled.",
        ));
    }
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !begins || !(3..=120).contains(&name.len()) || !name.chars().all(letters) {
        let message = format!("Federated Identity Credential name '{name}' is invalid.");
        return Err(bad(message));
    }
    let properties = body.get("properties").and_then(Value::as_object);
    let properties = properties.filter(|properties| !properties.is_empty());
    let properties = properties
        .ok_or_else(|| bad("Federated Identity Credential from HTTP body has empty properties"))?;
    let mut row = check(call, properties)?;
    let id = row_id(&parent, &name);
    let others = of_parent(call.store.primary(), text(&parent, "id"));
    let others: Vec<_> = others
        .iter()
        .filter(|other| text(other, "id") != id)
        .collect();
    let same =
        |other: &Entity, member_name| member(other, member_name) == member(&row, member_name);
    if others.iter().any(|other| {
        same(other, "issuer") && same(other, "subject") && same(other, "claimsMatchingExpression")
    }) {
        return Err(bad(
            "Issuer and subject combination already exists for this Managed Identity.",
        ));
    }
    let view = call.store.primary();
    let new = view.get(&CREDENTIALS, &id).is_none();
    if new && others.len() >= MAX_CREDENTIALS {
        return Err(bad(format!(
            "Too many federated identity credentials: a managed identity takes {MAX_CREDENTIALS}."
        )));
    }
    for (member, value) in [
        ("id", json!(id)),
        ("~parent", json!(text(&parent, "id"))),
        ("name", json!(name)),
    ] {
        row.insert(member.to_owned(), value);
    }
    call.store.put(&CREDENTIALS, row.clone(), call.now);
    let status = if new { 201 } else { 200 };
    Ok(Reply::json(status, &shown(call, &parent, &row)))
}

/// The properties of a credential, as far as they may stand in one.
fn check(call: &Call<'_>, properties: &Entity) -> Result<Entity, Failure> {
    let mut row = Entity::new();
    for name in ["issuer", "subject", "audiences"] {
        if let Some(value) = properties.get(name).filter(|value| !value.is_null()) {
            row.insert(name.to_owned(), value.clone());
        }
    }
    if items(&row, "audiences").len() != 1 {
        return Err(bad(
            "Federated Identity Credentials must have exactly one audience.",
        ));
    }
    let expression = properties
        .get("claimsMatchingExpression")
        .filter(|value| !value.is_null());
    // zioproto/istio-aks-example#6.
    if text(&row, "issuer").is_empty()
        || expression.is_none() == text(&row, "subject").is_empty()
        || expression.is_some() && !knows_expressions(call)
    {
        return Err(bad(
            "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.",
        ));
    }
    if let Some(expression) = expression {
        let faults = &call.store.faults;
        let text_of = expression["value"].as_str().unwrap_or_default();
        let parsed = Expression::parse(text_of).map_err(|_| {
            bad(format!(
                "The claims matching expression '{text_of}' is invalid."
            ))
        })?;
        let lacks = faults.required_claims_gate
            && issuers::check(text(&row, "issuer"), &parsed)
                .iter()
                .any(|problem| matches!(problem.weight, issuers::Weight::Refused));
        if faults.identity_expressions_refused || lacks {
            return Err(bad(
                "Claims matching expressions are not supported for this federated identity credential.",
            ));
        }
        row.insert("claimsMatchingExpression".into(), expression.clone());
    }
    Ok(row)
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    check_version(call)?;
    let parent = parent(call)?;
    let id = row_id(&parent, call.key(3).1);
    if call.store.primary().get(&CREDENTIALS, &id).is_none() {
        return Ok(Reply::empty(204));
    }
    call.store.remove(&CREDENTIALS, &id, call.now);
    Ok(Reply::empty(200))
}

/// What lets somebody log in as the identity with a client id.
pub(super) fn trusts(view: View<'_>, client_id: &str) -> Vec<(String, Trust)> {
    let client_id = client_id.to_ascii_lowercase();
    let found = view.find(&IDENTITIES, "~client", &client_id).next();
    let rows = found.map(|identity| of_parent(view, text(identity, "id")));
    let rows = rows.unwrap_or_default();
    rows.iter()
        .filter_map(|row| Some((text(row, "id").to_owned(), trust(row)?)))
        .collect()
}

fn trust(row: &Entity) -> Option<Trust> {
    let expression = member(row, "claimsMatchingExpression")["value"].as_str();
    Some(Trust {
        issuer: text(row, "issuer").to_owned(),
        audience: member(row, "audiences")[0].as_str()?.to_owned(),
        matcher: match expression {
            Some(expression) => Matcher::Expression(Expression::parse(expression).ok()?),
            None => Matcher::Subject(text(row, "subject").to_owned()),
        },
    })
}

fn dumped(_: View<'_>, row: &Entity) -> Option<Dumped> {
    let mut properties = Entity::new();
    for name in ["issuer", "subject"] {
        if !member(row, name).is_null() {
            properties.insert(name.to_owned(), member(row, name).clone());
        }
    }
    if let Some(expression) = member(row, "claimsMatchingExpression")["value"].as_str() {
        properties.insert("expression".to_owned(), json!(expression));
    }
    properties.insert("audience".to_owned(), member(row, "audiences")[0].clone());
    Some(Dumped {
        title: format!("federated_credential {}", text(row, "name")),
        parent: Some(text(row, "~parent").to_owned()),
        properties,
    })
}
