//! How Graph behaves for service principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::graph::{self, Call, Failure, is_deleted};
use crate::emulator::odata::{cast, list};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Principal, Route};
use crate::emulator::store::{View, list as items, member, text};
use crate::emulator::table::{Entity, Related, Table};
use crate::emulator::{directory, secrets, shape as properties};
use crate::kinds::agent_identity_blueprint::emulator as blueprints;
use crate::kinds::application::emulator::{APPLICATIONS, people};
use crate::model::graph_permission::{READ_APPLICATIONS as READ, WRITE_APPLICATIONS as WRITE};

pub mod directory_roles;
mod follow;
mod names;
mod seed;
pub(in crate::kinds) mod shape;

pub use follow::{follow, purge_of, restore_of, soft_delete_of};
pub use names::{name_of, name_permissions, permission_name};
pub use seed::managed;
use shape::PROPERTIES;

/// The entity set `servicePrincipals`.
pub static PRINCIPALS: Table = Table {
    name: "servicePrincipals",
    resource: "ServicePrincipal",
    odata_type: "#microsoft.graph.servicePrincipal",
    directory_object: true,
    indexed: &["appId", "displayName", "servicePrincipalNames", "tags"],
    filterable: &[
        "id",
        "appId",
        "displayName",
        "servicePrincipalNames",
        "servicePrincipalType",
        "accountEnabled",
        "tags",
        "appOwnerOrganizationId",
        "agentIdentityBlueprintId",
    ],
    select_only: &["customSecurityAttributes"],
    present: shape::present,
    related: |view, principal, name| match name {
        "owners" => {
            let owner = |id: &Value| related(view, id.as_str()?);
            Some(
                items(principal, "~owners")
                    .iter()
                    .filter_map(owner)
                    .collect(),
            )
        }
        // The emulated tenant has no people: every id may sponsor.
        "sponsors" => Some(
            items(principal, "~sponsors")
                .iter()
                .filter_map(sponsor)
                .collect(),
        ),
        _ => None,
    },
    purged: follow::purged,
    dumped: names::dumped,
    ..Table::PLAIN
};

const ONE: &str = "/servicePrincipals/{principal}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&PRINCIPALS],
    routes: &[
        Route::new("GET", "/servicePrincipals", READ, list_all),
        Route::new("GET", "/servicePrincipals/$count", READ, count_all),
        Route::new("POST", "/servicePrincipals", WRITE, create),
        Route::new("GET", ONE, READ, read),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
        Route::new(
            "GET",
            "/servicePrincipals/{principal}/owners",
            READ,
            |call| people::list(call, &PRINCIPALS, "owners"),
        ),
        Route::new(
            "POST",
            "/servicePrincipals/{principal}/owners/$ref",
            WRITE,
            |call| people::add(call, &PRINCIPALS, "owners"),
        ),
        Route::new(
            "DELETE",
            "/servicePrincipals/{principal}/owners/{owner}/$ref",
            WRITE,
            |call| people::remove(call, &PRINCIPALS, "owners"),
        ),
        Route::new(
            "POST",
            "/servicePrincipals/{principal}/addPassword",
            WRITE,
            |call| secrets::add_password(call, &PRINCIPALS),
        ),
        Route::new(
            "POST",
            "/servicePrincipals/{principal}/removePassword",
            WRITE,
            |call| secrets::remove(call, &PRINCIPALS, "passwordCredentials"),
        ),
        Route::new(
            "POST",
            "/servicePrincipals/{principal}/addKey",
            WRITE,
            |call| secrets::add_key(call, &PRINCIPALS),
        ),
    ],
    seed: Some(seed::plant),
    principal: Some(principal),
    resource: Some(resource),
    ..Part::NOTHING
};

fn list_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let cast = call.cast;
    list::table(call, &PRINCIPALS, move |row| {
        !is_deleted(row) && cast.is_none_or(|cast| cast::of(row) == cast)
    })
}

fn count_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let rows = call.index_view().rows(&PRINCIPALS, None);
    graph::count(call, rows.filter(|row| !is_deleted(row)).count())
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let principal = call.find(view, &PRINCIPALS, 0)?;
    list::entity(call, view, &PRINCIPALS, &principal, "servicePrincipals")
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let mut body = call.body()?;
    if call.cast == Some(cast::AGENT) {
        return agent(call, &mut body);
    }
    let client_id = body
        .shift_remove("appId")
        .and_then(|id| id.as_str().map(str::to_owned));
    let client_id = client_id.ok_or_else(|| {
        Failure::bad_request(
            "A value is required for property 'appId' of resource 'ServicePrincipal'.",
        )
    })?;
    insert(call, &client_id, &body)
}

fn insert(call: &mut Call<'_>, client_id: &str, body: &Entity) -> Result<Reply, Failure> {
    // Both texts: terraform-provider-azuread, service_principal_resource.go; they also mean "not replicated yet".
    let application = |view| graph::lookup(view, &APPLICATIONS, "appId", client_id);
    // A replica may not know it yet; one that is deleted, the write itself meets.
    let is_there = application(call.store.primary()).is_some();
    let known = application(call.reference_view()).filter(|_| is_there);
    let Some(application) = known else {
        return Err(match call.caller.is_limited_to_owned() {
            true => Failure::new(
                403,
                "Authorization_RequestDenied",
                "When using this permission, the backing application of the service principal being created must in the local tenant",
            ),
            false => Failure::new(
                400,
                "NoBackingApplicationObject",
                format!(
                    "The appId '{client_id}' of the service principal does not reference a valid application object."
                ),
            ),
        });
    };
    call.caller.must_own(&application)?;
    // One among the deleted items does not count: deleting and creating again is usual.
    if graph::lookup(call.store.primary(), &PRINCIPALS, "appId", client_id).is_some() {
        return Err(Failure::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created, updated, or restored because the service principal name {client_id} is already in use."
            ),
        ));
    }
    let mut principal = properties::defaults(PROPERTIES);
    principal.insert("accountEnabled".into(), true.into());
    principal.insert("servicePrincipalType".into(), "Application".into());
    principal.insert("appId".into(), client_id.into());
    principal.insert(
        "appOwnerOrganizationId".into(),
        call.store.tenant.id.clone().into(),
    );
    principal.insert(
        "createdByAppId".into(),
        call.caller.client_id.clone().into(),
    );
    if let Some(name) = blueprints::principal_type(call, body, &application)? {
        principal.insert(cast::TYPE.into(), name.into());
    }
    follow::copy_from(&mut principal, None, &application);
    properties::write(&PRINCIPALS, PROPERTIES, &mut principal, body)?;
    check(&principal)?;
    let owners = match call.caller.is_limited_to_owned() {
        true => json!([call.caller.id]),
        false => json!([]),
    };
    principal.insert("~owners".into(), owners);
    let id = call.store.guid();
    principal.insert("id".into(), id.clone().into());
    call.store.put(&PRINCIPALS, principal.clone(), call.now);
    Ok(list::created(
        call,
        &PRINCIPALS,
        &principal,
        "servicePrincipals",
        &format!("servicePrincipals/{id}"),
    ))
}

/// An agent identity: a service principal without an application or credentials of its own.
fn agent(call: &mut Call<'_>, body: &mut Entity) -> Result<Reply, Failure> {
    let blueprint = blueprints::of_agent(call, body)?;
    let mut principal = properties::defaults(PROPERTIES);
    principal.insert(cast::TYPE.into(), cast::AGENT.into());
    body.shift_remove("agentIdentityBlueprintId");
    let sponsors = items(body, "sponsors@odata.bind").iter();
    let sponsors: Vec<Value> = sponsors
        .filter_map(|reference| graph::bound_id(reference).map(Value::from))
        .collect();
    principal.insert("~sponsors".into(), sponsors.into());
    properties::write(&PRINCIPALS, PROPERTIES, &mut principal, body)?;
    let (id, tenant) = (call.store.guid(), call.store.tenant.id.clone());
    for (property, value) in [
        (
            "agentIdentityBlueprintId",
            member(&blueprint, "appId").clone(),
        ),
        ("appOwnerOrganizationId", tenant.into()),
        ("accountEnabled", true.into()),
        ("servicePrincipalType", "ServiceIdentity".into()),
        ("createdByAppId", call.caller.client_id.clone().into()),
        ("appId", id.clone().into()),
        ("id", id.clone().into()),
    ] {
        principal.insert(property.to_owned(), value);
    }
    call.store.put(&PRINCIPALS, principal.clone(), call.now);
    Ok(list::created(
        call,
        &PRINCIPALS,
        &principal,
        "servicePrincipals",
        &format!("servicePrincipals/{id}"),
    ))
}

fn sponsor(id: &Value) -> Option<Related> {
    let person = json!({"@odata.type": "#microsoft.graph.user", "id": id});
    Some((&PRINCIPALS, Arc::new(person.as_object()?.clone())))
}

fn check(principal: &Entity) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for tag in items(principal, "tags").iter().filter_map(Value::as_str) {
        if tag.is_empty() || tag.contains(char::is_whitespace) || !seen.insert(tag) {
            return Err(Failure::invalid(&PRINCIPALS, "tags"));
        }
    }
    Ok(())
}

/// `PATCH`, an upsert when the key is `appId` and the request prefers so (serviceprincipal-upsert.md).
fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let mut body = call.body()?;
    let (property, value) = call.key(0);
    let (by_client, value) = (property == "appId", value.to_owned());
    if by_client && body.get("appId").is_some_and(|id| *id == value) {
        body.shift_remove("appId");
    }
    let view = match by_client {
        true => call.store.primary(),
        false => call.reference_view(),
    };
    let property = if by_client { "appId" } else { "id" };
    if graph::lookup(view, &PRINCIPALS, property, &value).is_none() {
        return match by_client && call.creates_if_missing() {
            true => insert(call, &value, &body),
            false => Err(Failure::not_found(&value)),
        };
    }
    let old = call.find(call.store.primary(), &PRINCIPALS, 0)?;
    call.caller.must_own(&old)?;
    let mut new = (*old).clone();
    properties::write(&PRINCIPALS, PROPERTIES, &mut new, &body)?;
    check(&new)?;
    if new != *old {
        new.insert("~seeded".into(), false.into());
    }
    call.store.put(&PRINCIPALS, new, call.now);
    Ok(Reply::empty(204))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let principal = call.find(call.store.primary(), &PRINCIPALS, 0)?;
    call.caller.must_own(&principal)?;
    directory::soft_delete(call.store, &PRINCIPALS, &principal, call.now);
    Ok(Reply::empty(204))
}

fn principal(view: View<'_>, client_id: &str) -> Option<Principal> {
    let found = graph::lookup(view, &PRINCIPALS, "appId", &client_id.to_ascii_lowercase())?;
    let local = graph::lookup(view, &APPLICATIONS, "appId", text(&found, "appId"));
    let disabled = local.is_some_and(|application| member(&application, "isDisabled") == true);
    Some(Principal {
        id: text(&found, "id").to_owned(),
        client_id: text(&found, "appId").to_owned(),
        display_name: text(&found, "displayName").to_owned(),
        enabled: member(&found, "accountEnabled") != false && !disabled,
    })
}

fn resource(view: View<'_>, identifier: &str) -> Option<String> {
    let identifier = identifier.trim_end_matches('/');
    let found = graph::lookup(view, &PRINCIPALS, "servicePrincipalNames", identifier)?;
    Some(text(&found, "id").to_owned())
}

/// A service principal as another object's relation.
pub fn related(view: View<'_>, id: &str) -> Option<Related> {
    view.get(&PRINCIPALS, id)
        .map(|found| (&PRINCIPALS, Arc::clone(found)))
}
