//! How Graph behaves for applications.

use serde_json::{Value, json};

use crate::emulator::graph::{self, Call, Failure, is_deleted};
use crate::emulator::odata::{cast, list};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::store::{Store, View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table};
use crate::emulator::{dates, directory, secrets, shape as properties};
use crate::kinds::agent_identity_blueprint::emulator as blueprints;
use crate::kinds::federated_credential::emulator as credentials;
use crate::kinds::service_principal::emulator as principals;
use crate::model::graph_permission::{READ_APPLICATIONS as READ, WRITE_APPLICATIONS as WRITE};

pub(in crate::kinds) mod people;
mod rules;
pub mod shape;

/// The entity set `applications`.
pub static APPLICATIONS: Table = Table {
    name: "applications",
    resource: "Application",
    odata_type: "#microsoft.graph.application",
    directory_object: true,
    indexed: &[
        "appId",
        "uniqueName",
        "displayName",
        "identifierUris",
        "tags",
    ],
    filterable: &[
        "id",
        "appId",
        "uniqueName",
        "displayName",
        "identifierUris",
        "tags",
        "createdDateTime",
        "signInAudience",
    ],
    select_only: &["authenticationBehaviors"],
    present: shape::present,
    related,
    restored,
    purged,
    dumped,
};

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&APPLICATIONS],
    routes: &[
        Route::new("GET", "/applications", READ, list_all),
        Route::new("GET", "/applications/$count", READ, count_all),
        Route::new("POST", "/applications", WRITE, create),
        Route::new("GET", "/applications/{application}", READ, read),
        Route::new("PATCH", "/applications/{application}", WRITE, patch),
        Route::new("DELETE", "/applications/{application}", WRITE, delete),
        Route::new("GET", "/applications/{application}/owners", READ, |call| {
            people::list(call, &APPLICATIONS, "owners")
        }),
        Route::new(
            "POST",
            "/applications/{application}/owners/$ref",
            WRITE,
            |call| people::add(call, &APPLICATIONS, "owners"),
        ),
        Route::new(
            "DELETE",
            "/applications/{application}/owners/{owner}/$ref",
            WRITE,
            |call| people::remove(call, &APPLICATIONS, "owners"),
        ),
        Route::new(
            "GET",
            "/applications/{application}/sponsors",
            READ,
            |call| people::list(call, &APPLICATIONS, "sponsors"),
        ),
        Route::new(
            "POST",
            "/applications/{application}/sponsors/$ref",
            WRITE,
            |call| people::add(call, &APPLICATIONS, "sponsors"),
        ),
        Route::new(
            "DELETE",
            "/applications/{application}/sponsors/{sponsor}/$ref",
            WRITE,
            |call| people::remove(call, &APPLICATIONS, "sponsors"),
        ),
        Route::new(
            "POST",
            "/applications/{application}/addPassword",
            WRITE,
            |call| secrets::add_password(call, &APPLICATIONS),
        ),
        Route::new(
            "POST",
            "/applications/{application}/removePassword",
            WRITE,
            |call| secrets::remove(call, &APPLICATIONS, "passwordCredentials"),
        ),
        Route::new(
            "POST",
            "/applications/{application}/addKey",
            WRITE,
            |call| secrets::add_key(call, &APPLICATIONS),
        ),
        Route::new(
            "POST",
            "/applications/{application}/removeKey",
            WRITE,
            |call| secrets::remove(call, &APPLICATIONS, "keyCredentials"),
        ),
    ],
    ..Part::NOTHING
};

fn list_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let cast = call.cast;
    list::table(call, &APPLICATIONS, move |row| {
        !is_deleted(row) && cast.is_none_or(|cast| cast::of(row) == cast)
    })
}

fn count_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let rows = call.index_view().rows(&APPLICATIONS, None);
    graph::count(call, rows.filter(|row| !is_deleted(row)).count())
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let application = call.find(view, &APPLICATIONS, 0)?;
    list::entity(call, view, &APPLICATIONS, &application, "applications")
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let unique_name = body
        .get("uniqueName")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let caller_owns = call.caller.is_limited_to_owned();
    insert(call, &body, unique_name.as_deref(), caller_owns)
}

/// Stores a new application. `caller_owns` says whether the caller becomes an owner.
fn insert(
    call: &mut Call<'_>,
    body: &Entity,
    unique_name: Option<&str>,
    caller_owns: bool,
) -> Result<Reply, Failure> {
    let mut application = properties::defaults(shape::APPLICATION);
    let now = dates::iso(call.now);
    application.insert("createdDateTime".into(), now.into());
    application.insert(
        "createdByAppId".into(),
        call.caller.client_id.clone().into(),
    );
    application.insert(
        "publisherDomain".into(),
        json!(call.store.tenant.domains.first()),
    );
    // msgraph-bicep-types gives this default; older pages show another one.
    application.insert("signInAudience".into(), "AzureADMyOrg".into());
    application["parentalControlSettings"]["legalAgeGroupRule"] = "Allow".into();
    refuse_passwords(body)?;
    let blueprint = blueprints::is_wanted(call, body);
    if blueprint {
        blueprints::check_new(call, body)?;
        application.insert(cast::TYPE.into(), cast::BLUEPRINT.into());
    }
    properties::write(&APPLICATIONS, shape::APPLICATION, &mut application, body)?;
    if let Some(name) = unique_name {
        refuse_taken_name(call.store.primary(), name, None)?;
        application.insert("uniqueName".into(), name.into());
    }
    let personal = text(&application, "signInAudience").contains("Personal");
    if personal && application["api"]["requestedAccessTokenVersion"].is_null() {
        application["api"]["requestedAccessTokenVersion"] = 2.into();
    }
    let mut owners: Vec<Value> = Vec::new();
    if caller_owns {
        owners.push(call.caller.id.clone().into());
    }
    people::bind(call, body, "owners", &mut owners)?;
    application.insert("~owners".into(), owners.into());
    if blueprint {
        let mut sponsors = Vec::new();
        people::bind(call, body, "sponsors", &mut sponsors)?;
        application.insert("~sponsors".into(), sponsors.into());
    }
    application.insert("id".into(), Value::Null);
    rules::check(call.store.primary(), None, &application)?;
    let id = call.store.guid();
    application.insert("id".into(), id.clone().into());
    application.insert("appId".into(), call.store.guid().into());
    call.store.put(&APPLICATIONS, application.clone(), call.now);
    Ok(list::created(
        call,
        &APPLICATIONS,
        &application,
        "applications",
        &format!("applications/{id}"),
    ))
}

fn refuse_passwords(body: &Entity) -> Result<(), Failure> {
    // application-upsert.md: `passwordCredentials` cannot be set this way.
    match body.get("passwordCredentials") {
        None => Ok(()),
        Some(_) => Err(Failure::bad_request(
            "Updates to 'passwordCredentials' are not supported. Use the addPassword and removePassword actions.",
        )),
    }
}

/// A name stays taken while its holder is among the deleted items (msgraph-bicep-types#137, byte5ai/omadia#916).
fn refuse_taken_name(view: View<'_>, name: &str, own_id: Option<&str>) -> Result<(), Failure> {
    let mut holders = view.find(&APPLICATIONS, "uniqueName", name);
    match holders.any(|holder| Some(text(holder, "id")) != own_id) {
        true => Err(Failure::conflict("uniqueName")),
        false => Ok(()),
    }
}

/// `PATCH`, which is an upsert when the key is `uniqueName` and the request prefers so (application-upsert.md).
fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let (property, value) = call.key(0);
    let (property, value) = (property.to_owned(), value.to_owned());
    let by_name = property == "uniqueName";
    // Microsoft says that writes go to the primary; a key that is an id may be looked up on a replica first.
    let view = match by_name {
        true => call.store.primary(),
        false => call.reference_view(),
    };
    if graph::lookup(view, &APPLICATIONS, &property, &value).is_none() {
        if by_name && call.creates_if_missing() {
            let named = body.get("uniqueName").and_then(Value::as_str);
            if named.is_some_and(|name| name != value) {
                return Err(Failure::invalid(&APPLICATIONS, "uniqueName"));
            }
            let caller_owns =
                call.caller.is_limited_to_owned() && call.store.faults.owner_after_upsert;
            return insert(call, &body, Some(&value), caller_owns);
        }
        return Err(Failure::not_found(&value));
    }
    let old = call.find(call.store.primary(), &APPLICATIONS, 0)?;
    call.caller.must_own(&old)?;
    let mut new = (*old).clone();
    if body
        .get("passwordCredentials")
        .is_some_and(|have| *have != *member(&old, "passwordCredentials"))
    {
        refuse_passwords(&body)?;
    }
    if cast::of(&old) == cast::BLUEPRINT {
        blueprints::check(&body)?;
    }
    properties::write(&APPLICATIONS, shape::APPLICATION, &mut new, &body)?;
    if member(&new, "uniqueName") != member(&old, "uniqueName") {
        // Set once, and then never again (how-to-reference-existing-resources; msgraph-bicep-types#187).
        if !member(&old, "uniqueName").is_null() || text(&new, "uniqueName").is_empty() {
            return Err(Failure::bad_request(
                "Property 'uniqueName' is immutable and cannot be changed once it is set.",
            ));
        }
        refuse_taken_name(
            call.store.primary(),
            text(&new, "uniqueName"),
            Some(text(&new, "id")),
        )?;
    }
    rules::check(call.store.primary(), Some(&old), &new)?;
    principals::follow(call.store, &old, &new, call.now);
    call.store.put(&APPLICATIONS, new, call.now);
    Ok(Reply::empty(204))
}

/// A soft delete, which takes the service principal along (entra-docs, howto-remove-app).
fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let application = call.find(call.store.primary(), &APPLICATIONS, 0)?;
    call.caller.must_own(&application)?;
    directory::soft_delete(call.store, &APPLICATIONS, &application, call.now);
    principals::soft_delete_of(call.store, text(&application, "appId"), call.now);
    Ok(Reply::empty(204))
}

fn restored(store: &mut Store, application: &Entity, now: u64) {
    principals::restore_of(store, application, now);
}

fn purged(store: &mut Store, application: &Entity, now: u64) {
    credentials::purge_of(store, text(application, "id"), now);
    principals::purge_of(store, text(application, "appId"), now);
}

fn related(view: View<'_>, application: &Entity, name: &str) -> Option<Vec<Related>> {
    match name {
        "federatedIdentityCredentials" => {
            Some(credentials::of_parent(view, text(application, "id")))
        }
        "owners" | "sponsors" => Some(people::related(view, application, name)),
        _ => None,
    }
}

fn dumped(view: View<'_>, application: &Entity) -> Option<Dumped> {
    let name = match text(application, "uniqueName") {
        "" => text(application, "displayName"),
        name => name,
    };
    let gone = if is_deleted(application) {
        " (deleted)"
    } else {
        ""
    };
    let mut shown = properties::beyond_defaults(shape::APPLICATION, application);
    shown.shift_remove("uniqueName");
    if text(&shown, "signInAudience") == "AzureADMyOrg" {
        shown.shift_remove("signInAudience");
    }
    shown.shift_remove("parentalControlSettings");
    if let Some(wanted) = shown.get_mut("requiredResourceAccess") {
        *wanted = principals::name_permissions(view, wanted);
    }
    for property in ["passwordCredentials", "keyCredentials"] {
        let names: Vec<&str> = items(application, property)
            .iter()
            .map(|key| key["displayName"].as_str().unwrap_or("unnamed"))
            .collect();
        if !items(application, property).is_empty() {
            shown.insert(property.to_owned(), json!(names));
        }
    }
    for relation in ["owners", "sponsors"] {
        let ids = items(application, &format!("~{relation}")).iter();
        let names: Vec<String> = ids
            .map(|id| principals::name_of(view, id.as_str().unwrap_or_default()))
            .collect();
        if !names.is_empty() {
            shown.insert(relation.into(), json!(names));
        }
    }
    let noun = match cast::of(application) {
        cast::BLUEPRINT => "agent identity blueprint",
        _ => "application",
    };
    Some(Dumped {
        title: format!("{noun} {name}{gone}"),
        parent: None,
        properties: shown,
    })
}

#[cfg(test)]
pub(in crate::kinds) mod tests;
