//! How Graph behaves for delegated permissions that were consented to.

use std::sync::Arc;

use base64::Engine;

use crate::emulator::graph::{Call, Failure, lookup};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{Store, View, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table};
use crate::kinds::service_principal::emulator::{self as principals, PRINCIPALS};
use crate::model::graph_permission::GRANT_CONSENT as WRITE;

/// The entity set `oauth2PermissionGrants`.
pub static GRANTS: Table = Table {
    name: "oauth2PermissionGrants",
    resource: "OAuth2PermissionGrant",
    odata_type: "#microsoft.graph.oAuth2PermissionGrant",
    indexed: &["clientId", "resourceId"],
    filterable: &["id", "clientId", "resourceId", "consentType", "principalId"],
    dumped,
    ..Table::PLAIN
};

const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("clientId"),
    Property::text("consentType"),
    Property::text("principalId"),
    Property::text("resourceId"),
    // learn.microsoft.com, oauth2permissiongrant: at most 3,850 characters.
    Property::text("scope").longest(3850),
];

/// learn.microsoft.com, oauth2permissiongrant-list and -post.
const READ: &[&str] = &[
    "DelegatedPermissionGrant.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const ALL: &str = "/oauth2PermissionGrants";
const ONE: &str = "/oauth2PermissionGrants/{grant}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&GRANTS],
    routes: &[
        Route::new("GET", ALL, READ, |call| {
            list::table(call, &GRANTS, |_| true)
        }),
        Route::new("POST", ALL, WRITE, create),
        Route::new("GET", ONE, READ, read),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
        Route::new(
            "GET",
            "/servicePrincipals/{principal}/oauth2PermissionGrants",
            READ,
            list_of,
        ),
    ],
    ..Part::NOTHING
};

fn list_of(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    let principal = call.find(view, &PRINCIPALS, 0)?;
    let rows: Vec<Related> = view
        .find(&GRANTS, "clientId", text(&principal, "id"))
        .map(|row| (&GRANTS, Arc::clone(row)))
        .collect();
    list::rows(call, view, &GRANTS, "oauth2PermissionGrants", &rows)
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let grant = call.find(view, &GRANTS, 0)?;
    list::entity(call, view, &GRANTS, &grant, "oauth2PermissionGrants")
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let mut grant = shape::defaults(PROPERTIES);
    shape::write(&GRANTS, PROPERTIES, &mut grant, &body)?;
    for property in ["clientId", "resourceId", "consentType"] {
        if text(&grant, property).is_empty() {
            return Err(Failure::bad_request(format!(
                "A value is required for property '{property}' of resource 'OAuth2PermissionGrant'."
            )));
        }
    }
    let for_all = match (text(&grant, "consentType"), text(&grant, "principalId")) {
        ("AllPrincipals", "") => true,
        ("Principal", id) if !id.is_empty() => false,
        _ => return Err(Failure::invalid(&GRANTS, "consentType")),
    };
    let view = call.reference_view();
    for property in ["clientId", "resourceId"] {
        // 400 while the service principal has not reached every replica (terraform-provider-azuread).
        let missing = || Failure {
            status: 400,
            code: "Request_BadRequest",
            ..Failure::not_found(text(&grant, property))
        };
        let found = lookup(view, &PRINCIPALS, "id", text(&grant, property)).ok_or_else(missing)?;
        grant.insert(property.to_owned(), member(&found, "id").clone());
    }
    let same = |row: &Entity| {
        let names = ["resourceId", "consentType", "principalId"];
        names.iter().all(|name| row.get(*name) == grant.get(*name))
    };
    if call
        .store
        .primary()
        .find(&GRANTS, "clientId", text(&grant, "clientId"))
        .any(|row| same(row))
    {
        return Err(Failure::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            "Permission entry already exists.",
        ));
    }
    let key = format!(
        "{}{}{}",
        text(&grant, "clientId"),
        text(&grant, "resourceId"),
        if for_all {
            ""
        } else {
            text(&grant, "principalId")
        }
    );
    let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key);
    grant.insert("id".into(), id.clone().into());
    call.store.put(&GRANTS, grant.clone(), call.now);
    let path = format!("oauth2PermissionGrants/{id}");
    Ok(list::created(
        call,
        &GRANTS,
        &grant,
        "oauth2PermissionGrants",
        &path,
    ))
}

/// Only `scope` can be changed.
fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let old = call.find(call.store.primary(), &GRANTS, 0)?;
    let mut new = (*old).clone();
    shape::write(&GRANTS, PROPERTIES, &mut new, &body)?;
    for property in ["clientId", "resourceId", "consentType", "principalId"] {
        if new.get(property) != old.get(property) {
            return Err(Failure::invalid(&GRANTS, property));
        }
    }
    call.store.put(&GRANTS, new, call.now);
    Ok(Reply::empty(204))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let grant = call.find(call.store.primary(), &GRANTS, 0)?;
    call.store.remove(&GRANTS, text(&grant, "id"), call.now);
    Ok(Reply::empty(204))
}

/// Removes the grants of a service principal that is gone for good, on both sides.
pub fn purge_of(store: &mut Store, principal: &str, now: u64) {
    for side in ["clientId", "resourceId"] {
        let view = store.primary();
        let ids: Vec<String> = view
            .find(&GRANTS, side, principal)
            .map(|row| text(row, "id").to_owned())
            .collect();
        for id in ids {
            store.remove(&GRANTS, &id, now);
        }
    }
}

fn dumped(view: View<'_>, grant: &Entity) -> Option<Dumped> {
    let mut scopes: Vec<&str> = text(grant, "scope").split_whitespace().collect();
    scopes.sort_unstable();
    let api = principals::name_of(view, text(grant, "resourceId"));
    let whom = match text(grant, "principalId") {
        "" => String::new(),
        id => format!(" for {id}"),
    };
    let mut shown = Entity::new();
    shown.insert("scope".into(), scopes.join(" ").into());
    Some(Dumped {
        title: format!("delegated_permission_grant {api}{whom}"),
        parent: Some(text(grant, "clientId").to_owned()),
        properties: shown,
    })
}
