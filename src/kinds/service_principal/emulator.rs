//! How Graph behaves for service principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::graph::{self, Call, Failure, is_deleted};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Principal, Resource, Route};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{Store, View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table, Version};
use crate::emulator::{directory, secrets};
use crate::kinds::app_role_assignment::emulator as assignments;
use crate::kinds::application::emulator::APPLICATIONS;
use crate::kinds::application::emulator::shape as application;
use crate::kinds::delegated_permission_grant::emulator as grants;

mod seed;

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
    ],
    select_only: &["customSecurityAttributes"],
    present,
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
        _ => None,
    },
    restored: Table::nothing_follows,
    purged,
    dumped,
};

const RESOURCE_SPECIFIC: &[Property] = &[
    Property::text("description"),
    Property::text("displayName"),
    Property::guid("id"),
    Property::flag("isEnabled"),
    Property::text("value"),
];
const SINGLE_SIGN_ON: &[Property] = &[Property::text("relayState")];
const OPAQUE: &[Property] = &[];

/// `microsoft.graph.servicePrincipal` (microsoftgraph/msgraph-metadata, v1.0).
pub const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("deletedDateTime").read_only(),
    Property::flag("accountEnabled").maybe(),
    Property::texts("alternativeNames"),
    Property::text("appDescription").read_only(),
    Property::text("appDisplayName").read_only(),
    Property::text("appId").read_only(),
    Property::text("applicationTemplateId").read_only(),
    Property::guid("appOwnerOrganizationId").maybe().read_only(),
    Property::flag("appRoleAssignmentRequired"),
    Property::text("createdByAppId").read_only(),
    Property::maybe_object("customSecurityAttributes", OPAQUE),
    Property::text("description").longest(1024),
    Property::text("disabledByMicrosoftStatus").read_only(),
    Property::text("displayName").longest(256),
    Property::text("homepage"),
    Property::flag("isDisabled").maybe(),
    Property::text("loginUrl"),
    Property::text("logoutUrl"),
    Property::text("notes").longest(1024),
    Property::texts("notificationEmailAddresses"),
    Property::text("preferredSingleSignOnMode"),
    Property::text("preferredTokenSigningKeyThumbprint"),
    Property::texts("replyUrls"),
    Property::texts("servicePrincipalNames"),
    Property::text("servicePrincipalType").read_only(),
    Property::text("signInAudience").read_only(),
    Property::texts("tags").longest(256),
    Property::guid("tokenEncryptionKeyId").maybe(),
    Property::objects("addIns", OPAQUE),
    Property::objects("appRoles", application::APP_ROLE).read_only(),
    Property::maybe_object("info", OPAQUE).read_only(),
    Property::objects("keyCredentials", OPAQUE).read_only(),
    Property::objects("oauth2PermissionScopes", application::SCOPE).read_only(),
    Property::objects("passwordCredentials", OPAQUE).read_only(),
    Property::objects("resourceSpecificApplicationPermissions", RESOURCE_SPECIFIC).read_only(),
    Property::maybe_object("samlSingleSignOnSettings", SINGLE_SIGN_ON),
    Property::maybe_object("verifiedPublisher", OPAQUE).read_only(),
];

const READ: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const WRITE: &[&str] = &["Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"];

const ONE: &str = "/servicePrincipals/{principal}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&PRINCIPALS],
    routes: &[
        Route {
            method: "GET",
            pattern: "/servicePrincipals",
            roles: READ,
            handler: list_all,
        },
        Route {
            method: "GET",
            pattern: "/servicePrincipals/$count",
            roles: READ,
            handler: count_all,
        },
        Route {
            method: "POST",
            pattern: "/servicePrincipals",
            roles: WRITE,
            handler: create,
        },
        Route {
            method: "GET",
            pattern: ONE,
            roles: READ,
            handler: read,
        },
        Route {
            method: "PATCH",
            pattern: ONE,
            roles: WRITE,
            handler: patch,
        },
        Route {
            method: "DELETE",
            pattern: ONE,
            roles: WRITE,
            handler: delete,
        },
        Route {
            method: "GET",
            pattern: "/servicePrincipals/{principal}/owners",
            roles: READ,
            handler: list_owners,
        },
        Route {
            method: "POST",
            pattern: "/servicePrincipals/{principal}/addPassword",
            roles: WRITE,
            handler: |call| secrets::add_password(call, &PRINCIPALS),
        },
        Route {
            method: "POST",
            pattern: "/servicePrincipals/{principal}/removePassword",
            roles: WRITE,
            handler: |call| secrets::remove(call, &PRINCIPALS, "passwordCredentials"),
        },
        Route {
            method: "POST",
            pattern: "/servicePrincipals/{principal}/addKey",
            roles: WRITE,
            handler: |call| secrets::add_key(call, &PRINCIPALS),
        },
    ],
    seed: Some(seed::plant),
    principal: Some(principal),
    resource: Some(resource),
    roles: None,
    trusts: None,
};

/// Beta's description names the scopes otherwise and lacks some properties.
fn present(entity: &Entity, version: Version) -> Entity {
    let mut shown = Table::as_stored(entity, version);
    if version == Version::Beta {
        for name in [
            "resourceSpecificApplicationPermissions",
            "verifiedPublisher",
        ] {
            shown.shift_remove(name);
        }
        if let Some(scopes) = shown.shift_remove("oauth2PermissionScopes") {
            shown.insert("publishedPermissionScopes".into(), scopes);
        }
    }
    shown
}

fn list_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    list::table(call, &PRINCIPALS, |row| !is_deleted(row))
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

fn list_owners(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    let principal = call.find(view, &PRINCIPALS, 0)?;
    let owners: Vec<Related> = items(&principal, "~owners")
        .iter()
        .filter_map(|id| directory::any(call, view, id.as_str()?))
        .collect();
    list::rows(call, view, &PRINCIPALS, "directoryObjects", &owners)
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let mut body = call.body()?;
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
    let application = graph::lookup(call.reference_view(), &APPLICATIONS, "appId", client_id);
    let Some(application) = application else {
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
    if call
        .store
        .primary()
        .find(&PRINCIPALS, "appId", client_id)
        .next()
        .is_some()
    {
        return Err(Failure::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created, updated, or restored because the service principal name {client_id} is already in use."
            ),
        ));
    }
    let mut principal = shape::defaults(PROPERTIES);
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
    copy_from(&mut principal, None, &application);
    shape::write(&PRINCIPALS, PROPERTIES, &mut principal, body)?;
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

/// What a service principal shows of its application; tags are passed on too (azuread's `application` documentation).
fn copy_from(principal: &mut Entity, old: Option<&Entity>, application: &Entity) {
    let inner = |outer: &str, name: &str| {
        application
            .get(outer)
            .map_or(Value::Null, |object| object[name].clone())
    };
    let mut names = vec![member(application, "appId").clone()];
    names.extend_from_slice(items(application, "identifierUris"));
    let mut urls: Vec<Value> = Vec::new();
    for client in ["web", "spa", "publicClient"] {
        urls.extend(
            inner(client, "redirectUris")
                .as_array()
                .cloned()
                .unwrap_or_default(),
        );
    }
    let before = old.map_or(&[][..], |old| items(old, "tags"));
    let mut tags: Vec<Value> = items(principal, "tags").to_vec();
    tags.retain(|tag| !before.contains(tag));
    tags.extend(
        items(application, "tags")
            .iter()
            .filter(|tag| !tags.contains(tag))
            .cloned()
            .collect::<Vec<_>>(),
    );
    for (property, value) in [
        ("displayName", member(application, "displayName").clone()),
        ("appDisplayName", member(application, "displayName").clone()),
        ("appDescription", member(application, "description").clone()),
        ("appRoles", member(application, "appRoles").clone()),
        (
            "oauth2PermissionScopes",
            inner("api", "oauth2PermissionScopes"),
        ),
        ("info", member(application, "info").clone()),
        ("homepage", inner("web", "homePageUrl")),
        ("logoutUrl", inner("web", "logoutUrl")),
        ("replyUrls", urls.into()),
        ("servicePrincipalNames", names.into()),
        (
            "signInAudience",
            member(application, "signInAudience").clone(),
        ),
        ("tags", tags.into()),
    ] {
        principal.insert(property.to_owned(), value);
    }
}

/// Passes a change of an application on to its service principal.
pub fn follow(store: &mut Store, old: &Entity, application: &Entity, now: u64) {
    let found = store
        .primary()
        .find(&PRINCIPALS, "appId", text(application, "appId"))
        .next()
        .cloned();
    if let Some(found) = found {
        let mut principal = (*found).clone();
        copy_from(&mut principal, Some(old), application);
        store.put(&PRINCIPALS, principal, now);
    }
}

/// Deletes the service principal of an application that was deleted (entra-docs, howto-remove-app).
pub fn soft_delete_of(store: &mut Store, client_id: &str, now: u64) {
    let found = graph::lookup(store.primary(), &PRINCIPALS, "appId", client_id);
    if let Some(found) = found {
        directory::soft_delete(store, &PRINCIPALS, &found, now);
    }
}

/// Restores it together with the application (entra-docs, delete-recover-faq).
pub fn restore_of(store: &mut Store, client_id: &str, now: u64) {
    let found = store
        .primary()
        .find(&PRINCIPALS, "appId", client_id)
        .next()
        .cloned();
    if let Some(found) = found {
        directory::undelete(store, &PRINCIPALS, &found, now);
    }
}

/// Removes a deleted service principal for good, with the application that it belongs to.
pub fn purge_of(store: &mut Store, client_id: &str, now: u64) {
    let found = store
        .primary()
        .find(&PRINCIPALS, "appId", client_id)
        .next()
        .cloned();
    if let Some(found) = found {
        store.remove(&PRINCIPALS, text(&found, "id"), now);
        purged(store, &found, now);
    }
}

fn purged(store: &mut Store, principal: &Entity, now: u64) {
    assignments::purge_of(store, text(principal, "id"), now);
    grants::purge_of(store, text(principal, "id"), now);
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
    shape::write(&PRINCIPALS, PROPERTIES, &mut new, &body)?;
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

fn resource(view: View<'_>, identifier: &str) -> Option<Resource> {
    let found = graph::lookup(
        view,
        &PRINCIPALS,
        "servicePrincipalNames",
        identifier.trim_end_matches('/'),
    )?;
    Some(Resource {
        id: text(&found, "id").to_owned(),
        client_id: text(&found, "appId").to_owned(),
    })
}

/// A service principal as another object's relation.
pub fn related(view: View<'_>, id: &str) -> Option<Related> {
    view.get(&PRINCIPALS, id)
        .map(|found| (&PRINCIPALS, Arc::clone(found)))
}

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

fn dumped(view: View<'_>, principal: &Entity) -> Option<Dumped> {
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
