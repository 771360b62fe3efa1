//! The service principals that every tenant has: Microsoft's APIs, and the emulator's administrator.

use serde_json::{Value, json};

use super::PRINCIPALS;
use super::shape::PROPERTIES;
use crate::emulator::login::ADMINISTRATOR_CLIENT_ID;
use crate::emulator::route::Routes;
use crate::emulator::shape;
use crate::emulator::store::Store;

/// Microsoft Graph's permissions: class, id, value and display name in columns. Ids and values are those of
/// microsoftgraph/microsoft-graph-devx-content, `permissions/permissions-descriptions.json` (August 2026).
const MICROSOFT_GRAPH: &str = include_str!("../../api/microsoft_graph.tsv");

/// The tenant that owns Microsoft's own applications.
const MICROSOFT_TENANT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/// Client id, name, identifiers, and the id of its one scope `user_impersonation`.
type Api = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const APIS: &[Api] = &[
    (
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "Windows Azure Service Management API",
        &[
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://management.usgovcloudapi.net",
            "https://management.chinacloudapi.cn",
        ],
        "41094075-9dad-400e-a0bd-54e686782033",
    ),
    (
        "e406a681-f3d4-42a8-90b6-c2b029497af1",
        "Azure Storage",
        &["https://storage.azure.com"],
        "03e0da56-190b-40ad-a80c-ea378c433f7f",
    ),
    (
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
        "Azure Key Vault",
        &["https://vault.azure.net"],
        "f53da476-18e3-4152-8e01-aec403e6edc0",
    ),
];

/// Plants them.
pub fn plant(store: &mut Store, _: &Routes, now: u64) {
    let mut roles = Vec::new();
    let mut scopes = Vec::new();
    for line in MICROSOFT_GRAPH.lines() {
        let mut columns = line.split('\t');
        let (Some(class), Some(id), Some(value), Some(name)) = (
            columns.next(),
            columns.next(),
            columns.next(),
            columns.next(),
        ) else {
            continue;
        };
        match class {
            "Role" => roles.push(json!({
                "allowedMemberTypes": ["Application"], "description": name, "displayName": name,
                "id": id, "isEnabled": true, "origin": "Application", "value": value,
            })),
            _ => scopes.push(scope(id, value, name)),
        }
    }
    let names = [
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    ];
    let graph = "00000003-0000-0000-c000-000000000000";
    put(store, now, graph, "Microsoft Graph", &names, roles, scopes);
    for (client_id, name, names, scope_id) in APIS {
        let scopes = vec![scope(
            scope_id,
            "user_impersonation",
            &format!("Act as the user in {name}"),
        )];
        put(store, now, client_id, name, names, Vec::new(), scopes);
    }
    put(
        store,
        now,
        ADMINISTRATOR_CLIENT_ID,
        "Emulator administrator",
        &[],
        Vec::new(),
        Vec::new(),
    );
}

fn scope(id: &str, value: &str, name: &str) -> Value {
    json!({
        "adminConsentDescription": name, "adminConsentDisplayName": name, "id": id, "isEnabled": true,
        "origin": "Application", "type": "User", "userConsentDescription": name,
        "userConsentDisplayName": name, "value": value,
    })
}

fn put(
    store: &mut Store,
    now: u64,
    client_id: &str,
    name: &str,
    identifiers: &[&str],
    roles: Vec<Value>,
    scopes: Vec<Value>,
) {
    let mut principal = shape::defaults(PROPERTIES);
    let mut names = vec![client_id.to_owned()];
    names.extend(identifiers.iter().map(|uri| (*uri).to_owned()));
    for (property, value) in [
        ("id", json!(store.guid())),
        ("appId", json!(client_id)),
        ("displayName", json!(name)),
        ("appDisplayName", json!(name)),
        ("appOwnerOrganizationId", json!(MICROSOFT_TENANT)),
        ("accountEnabled", json!(true)),
        ("servicePrincipalType", json!("Application")),
        ("servicePrincipalNames", json!(names)),
        ("signInAudience", json!("AzureADMultipleOrgs")),
        ("appRoles", Value::Array(roles)),
        ("oauth2PermissionScopes", Value::Array(scopes)),
        ("~seeded", json!(true)),
    ] {
        principal.insert(property.to_owned(), value);
    }
    store.put(&PRINCIPALS, principal, now);
}

/// Plants the service principal of a managed identity: Azure makes it, and nobody can change it.
pub fn managed(store: &mut Store, id: &str, client_id: &str, name: &str, resource: &str, now: u64) {
    let mut principal = shape::defaults(PROPERTIES);
    for (property, value) in [
        ("id", json!(id)),
        ("appId", json!(client_id)),
        ("displayName", json!(name)),
        ("alternativeNames", json!(["isExplicit=True", resource])),
        ("appOwnerOrganizationId", json!(store.tenant.id)),
        ("accountEnabled", json!(true)),
        ("servicePrincipalType", json!("ManagedIdentity")),
        ("servicePrincipalNames", json!([client_id])),
        ("~seeded", json!(true)),
    ] {
        principal.insert(property.to_owned(), value);
    }
    store.put(&PRINCIPALS, principal, now);
}
