//! How Graph behaves for federated identity credentials.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::emulator::graph::{self, Call, Failure, is_deleted};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{Store, View, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table, Version};
use crate::exchange::expression::Expression;
use crate::exchange::trust::{Matcher, Trust};
use crate::kinds::application::emulator::APPLICATIONS;
use crate::model::graph_permission::WRITE_APPLICATIONS as WRITE;

mod rules;

/// The entities behind `federatedIdentityCredentials`; `~parent` is the id of the object that trusts.
pub static CREDENTIALS: Table = Table {
    name: "federatedIdentityCredentials",
    resource: "FederatedIdentityCredential",
    odata_type: "#microsoft.graph.federatedIdentityCredential",
    indexed: &["~parent"],
    filterable: &["id", "name", "issuer", "subject"],
    present,
    dumped,
    ..Table::PLAIN
};

const EXPRESSION: &[Property] = &[Property::text("value"), Property::number("languageVersion")];

/// Lengths: entra-docs, federated-credential-configuration-considerations.
pub(in crate::kinds) const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("name"),
    Property::text("issuer").longest(600),
    Property::text("subject").longest(600),
    Property::text("description").longest(600),
    Property::texts("audiences").longest(600),
    Property::maybe_object("claimsMatchingExpression", EXPRESSION),
];

/// Most credentials of one application (entra-docs, same page).
const MAX_CREDENTIALS: usize = 20;

const LIST: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
];
const ALL: &str = "/applications/{application}/federatedIdentityCredentials";
const ONE: &str = "/applications/{application}/federatedIdentityCredentials/{credential}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&CREDENTIALS],
    routes: &[
        Route::new("GET", ALL, LIST, list_all),
        Route::new("POST", ALL, WRITE, create),
        // It asks for more than listing them (learn.microsoft.com, federatedidentitycredential-get).
        Route::new("GET", ONE, WRITE, read),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
    ],
    trusts: Some(trusts),
    ..Part::NOTHING
};

/// v1.0 knows no expressions: it shows a null subject (msgraph-metadata, August 2026).
fn present(entity: &Entity, version: Version) -> Entity {
    let mut shown = Table::as_stored(entity, version);
    if version == Version::V1 {
        shown.shift_remove("claimsMatchingExpression");
    }
    shown
}

/// The credentials of an application.
pub fn of_parent(view: View<'_>, parent: &str) -> Vec<Related> {
    view.find(&CREDENTIALS, "~parent", parent)
        .map(|row| (&CREDENTIALS, Arc::clone(row)))
        .collect()
}

/// Removes the credentials of an application that is gone for good.
pub fn purge_of(store: &mut Store, parent: &str, now: u64) {
    for (_, credential) in of_parent(store.primary(), parent) {
        store.remove(&CREDENTIALS, text(&credential, "id"), now);
    }
}

fn list_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    let parent = call.find(view, &APPLICATIONS, 0)?;
    let id = text(&parent, "id");
    let rows = of_parent(view, id);
    let flexible = rows
        .iter()
        .any(|(_, row)| !member(row, "claimsMatchingExpression").is_null());
    let context = format!("applications('{id}')/federatedIdentityCredentials");
    let reply = list::rows(call, view, &CREDENTIALS, &context, &rows)?;
    match flexible && call.version == Version::V1 && call.store.faults.broken_v1_credentials {
        true => Ok(broken(reply)),
        false => Ok(reply),
    }
}

/// The reply of December 2024: 200, cut in the middle, with an error where the rest belongs (azure-workload-identity#373).
fn broken(mut reply: Reply) -> Reply {
    let error = r#"{"error":{"code":"InternalServerError","message":"The property 'subject[Nullable=False]' of type 'Edm.String' has a null value, which is not allowed."}}"#;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let cut = text.find("\"subject\":null").unwrap_or(text.len() / 2);
    reply.body = format!("{}{error}", text[..cut].trim_end_matches(',')).into_bytes();
    reply
}

fn find(call: &Call<'_>, view: View<'_>, parent: &Entity) -> Option<Arc<Entity>> {
    let (property, value) = call.key(1);
    let by_name = property == "name" || uuid::Uuid::try_parse(value).is_err();
    let wanted = if by_name { "name" } else { "id" };
    let same = |row: &Entity| text(row, wanted) == value;
    of_parent(view, text(parent, "id"))
        .into_iter()
        .map(|(_, row)| row)
        .find(|row| same(row))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let parent = call.find(view, &APPLICATIONS, 0)?;
    let row = find(call, view, &parent).ok_or_else(|| Failure::not_found(call.key(1).1))?;
    let context = format!(
        "applications('{}')/federatedIdentityCredentials",
        text(&parent, "id")
    );
    list::entity(call, view, &CREDENTIALS, &row, &context)
}

/// The application that a write names; it may not have reached the replica yet (terraform-provider-azuread#1811).
fn parent(call: &Call<'_>) -> Result<Arc<Entity>, Failure> {
    call.find(call.reference_view(), &APPLICATIONS, 0)?;
    let parent = call.find(call.store.primary(), &APPLICATIONS, 0)?;
    call.caller.must_own(&parent)?;
    Ok(parent)
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let parent = parent(call)?;
    insert(call, &parent, body)
}

fn insert(call: &mut Call<'_>, parent: &Entity, body: Entity) -> Result<Reply, Failure> {
    let id = text(parent, "id").to_owned();
    let mut credential = shape::defaults(PROPERTIES);
    credential.insert("~parent".into(), id.clone().into());
    write(call, &mut credential, &body)?;
    let others = of_parent(call.store.primary(), &id);
    rules::check(call, &credential, &others)?;
    // The number is documented, code and message are not.
    if others.len() >= MAX_CREDENTIALS {
        return Err(Failure::bad_request(format!(
            "The number of federated identity credentials exceeds the maximum of {MAX_CREDENTIALS} for the application."
        )));
    }
    let own = call.store.guid();
    credential.insert("id".into(), own.clone().into());
    call.store.put(&CREDENTIALS, credential.clone(), call.now);
    let path = format!("applications/{id}/federatedIdentityCredentials/{own}");
    let context = format!("applications('{id}')/federatedIdentityCredentials");
    Ok(list::created(
        call,
        &CREDENTIALS,
        &credential,
        &context,
        &path,
    ))
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let mut body = call.body()?;
    let parent = parent(call)?;
    let (property, value) = call.key(1);
    let value = value.to_owned();
    let Some(old) = find(call, call.store.primary(), &parent) else {
        // federatedidentitycredential-upsert.md: the name comes from the URL.
        if property == "name" && call.creates_if_missing() {
            body.insert("name".into(), value.into());
            return insert(call, &parent, body);
        }
        return Err(Failure::not_found(&value));
    };
    let mut new = (*old).clone();
    write(call, &mut new, &body)?;
    if member(&new, "name") != member(&old, "name") {
        return Err(rules::value_error(
            "The name of a federated identity credential cannot be changed.",
            "Name",
            text(&new, "name"),
        ));
    }
    let others: Vec<Related> = of_parent(call.store.primary(), text(&parent, "id"))
        .into_iter()
        .filter(|(_, row)| member(row, "id") != member(&old, "id"))
        .collect();
    rules::check(call, &new, &others)?;
    call.store.put(&CREDENTIALS, new, call.now);
    Ok(Reply::empty(204))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let parent = parent(call)?;
    let row = find(call, call.store.primary(), &parent)
        .ok_or_else(|| Failure::not_found(call.key(1).1))?;
    call.store.remove(&CREDENTIALS, text(&row, "id"), call.now);
    Ok(Reply::empty(204))
}

fn write(call: &Call<'_>, credential: &mut Entity, body: &Entity) -> Result<(), Failure> {
    let known: &[Property] = match call.version {
        Version::V1 => &PROPERTIES[..PROPERTIES.len() - 1],
        Version::Beta => PROPERTIES,
    };
    shape::write(&CREDENTIALS, known, credential, body)
}

fn trusts(view: View<'_>, client_id: &str) -> Vec<(String, Trust)> {
    let Some(application) = graph::lookup(view, &APPLICATIONS, "appId", client_id) else {
        return Vec::new();
    };
    let rows = of_parent(view, text(&application, "id"));
    rows.iter()
        .filter_map(|(_, row)| Some((text(row, "id").to_owned(), trust(row)?)))
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

fn dumped(view: View<'_>, credential: &Entity) -> Option<Dumped> {
    let parent = view.get(&APPLICATIONS, text(credential, "~parent"))?;
    let mut shown: Map<String, Value> = shape::beyond_defaults(PROPERTIES, credential);
    shown.shift_remove("name");
    if let Some(expression) = member(credential, "claimsMatchingExpression")["value"].as_str() {
        shown.shift_remove("claimsMatchingExpression");
        shown.insert("expression".into(), expression.into());
    }
    if let Some(audience) = shown.shift_remove("audiences") {
        shown.insert("audience".into(), audience[0].clone());
    }
    (!is_deleted(credential)).then(|| Dumped {
        title: format!("federated_credential {}", text(credential, "name")),
        parent: Some(text(parent, "id").to_owned()),
        properties: shown,
    })
}

#[cfg(test)]
mod tests;
