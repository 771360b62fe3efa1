//! A tenant as large organisations have them, for measuring and for trying the audit: so many applications, most of them
//! in order, some with planted faults. The same number always makes the same objects.
//!
//! The proportions are a guess at a tenant that is five years on its way to federation: a third of the applications still
//! have a password, one in six has federated credentials, most of those from GitHub, then clusters, then Azure DevOps; one
//! in three has signed in of late.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::app_role_assignment::emulator::{ASSIGNMENTS, filled};
use super::application::emulator::{APPLICATIONS, shape as applications};
use super::federated_credential::emulator as credentials;
use super::managed_identity::emulator as managed_identity;
use super::service_principal::emulator::{PRINCIPALS, shape as principals};
use super::{api, federated_credential::emulator::CREDENTIALS};
use crate::emulator::sign_in_reports::{ACTIVITIES, activity};
use crate::emulator::store::Store;
use crate::emulator::table::Entity;
use crate::emulator::{dates, shape};
use crate::exchange::platform::GITHUB;

/// The most applications that a tenant is filled with.
pub const MOST: usize = 1_000_000;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const SUBSCRIPTION: &str = "55555555-5555-4555-8555-555555555555";
const AUDIENCE: &str = "api://AzureADTokenExchange";
const TEAMS: [&str; 8] = [
    "billing", "catalog", "data", "identity", "mobile", "network", "payments", "search",
];
/// Of a thousand applications, the place of each fault, the rule that finds it, and issuer and subject or expression.
const FAULTS: &[(usize, &str, &str, &str)] = &[
    (
        11,
        "boundary-less-subject",
        GITHUB,
        "~claims['sub'] matches 'repo:contoso*/x{n}:environment:prod'",
    ),
    (
        111,
        "any-context-subject",
        GITHUB,
        "~claims['sub'] matches 'repo:contoso@1/x{n}@2{n}:*' and claims['repository_id'] eq '2{n}'",
    ),
    (
        211,
        "pull-request-subject",
        GITHUB,
        "repo:contoso@1/x{n}@2{n}:pull_request",
    ),
    (
        311,
        "free-hosting-issuer",
        "https://x{n}.ngrok.app",
        "system:serviceaccount:x:y",
    ),
    (
        411,
        "foreign-tenant-issuer",
        "https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0",
        "33333333-3333-4333-8333-{n}",
    ),
    (
        511,
        "never-matching-subject",
        GITHUB,
        "repo:contoso@1/x{n}@2{n}:ref:main",
    ),
    (611, "ownerless-subject", GITHUB, "environment:x{n}"),
    (
        811,
        "unused-application",
        GITHUB,
        "repo:contoso@1/x{n}@2{n}:environment:prod",
    ),
    (
        711,
        "federated-administrator",
        GITHUB,
        "repo:contoso@1/x{n}@2{n}:environment:prod",
    ),
];

/// Fills a tenant with this many applications and their service principals; how often each planted rule must fire.
pub fn populate(store: &mut Store, count: usize, now: u64) -> BTreeMap<&'static str, usize> {
    let mut planted = BTreeMap::new();
    let blank = Blank {
        application: shape::defaults(applications::APPLICATION),
        principal: shape::defaults(principals::PROPERTIES),
        credential: shape::defaults(credentials::PROPERTIES),
    };
    let graph = store
        .primary()
        .find(&PRINCIPALS, "appId", api::MICROSOFT_GRAPH)
        .next()
        .map(|graph| (**graph).clone())
        .unwrap_or_default();
    for number in 0..count.min(MOST) {
        let fault = FAULTS.iter().find(|(at, ..)| *at == number % 1000);
        if let Some((_, rule, ..)) = fault {
            *planted.entry(*rule).or_default() += 1;
        }
        application(store, &blank, &graph, number, fault.copied(), now);
        if number % 10 == 0 {
            enterprise(store, &blank, number, now);
        }
        if number % 10_000 == 900 {
            managed(store, number, now);
        }
    }
    planted
}

/// Entities with nothing but defaults.
struct Blank {
    application: Entity,
    principal: Entity,
    credential: Entity,
}

fn application(
    store: &mut Store,
    blank: &Blank,
    graph: &Entity,
    number: usize,
    fault: Option<(usize, &'static str, &str, &str)>,
    now: u64,
) {
    let chance = |salt: usize, percent: usize| mixed(number, salt) % 100 < percent;
    let (id, client_id) = (store.guid(), store.guid());
    let name = format!("{}-service-{number:06}", TEAMS[number % TEAMS.len()]);
    let federated = fault.is_some() || chance(1, 16);
    let mut passwords = Vec::new();
    if fault.is_none() && chance(2, 33) {
        passwords.push(secret(
            store,
            "deploy",
            now - 60 * DAY_MS,
            now + 90 * DAY_MS,
        ));
    }
    if fault.is_none() && chance(3, 8) {
        passwords.push(secret(store, "old", now - 800 * DAY_MS, now - 70 * DAY_MS));
    }
    let mut keys = Vec::new();
    if fault.is_none() && chance(4, 7) {
        let mut key = secret(store, "CN=service", now - 30 * DAY_MS, now + 300 * DAY_MS);
        key["usage"] = json!("Verify");
        key["type"] = json!("AsymmetricX509Cert");
        keys.push(key);
    }
    let role = match fault {
        Some((_, "federated-administrator", ..)) => Some("RoleManagement.ReadWrite.Directory"),
        _ if chance(5, 6) => Some("User.Read.All"),
        _ => None,
    };
    let role = role.and_then(|role| api::graph_permission(api::Class::Application, role));
    let mut access = Vec::new();
    if chance(6, 50) {
        let read = api::graph_permission(api::Class::Delegated, "User.Read");
        access.extend(read.map(|id| json!({"id": id, "type": "Scope"})));
    }
    access.extend(role.map(|id| json!({"id": id, "type": "Role"})));
    let required = match access.is_empty() {
        true => json!([]),
        false => json!([{"resourceAppId": api::MICROSOFT_GRAPH, "resourceAccess": access}]),
    };
    let redirects = match chance(7, 40) {
        true => json!([format!("https://{name}.contoso.com/signin-oidc")]),
        false => json!([]),
    };
    let unused = matches!(fault, Some((_, "unused-application", ..)));
    let created = if unused { now - 900 * DAY_MS } else { now };
    let mut application = blank.application.clone();
    for (property, value) in [
        ("id", json!(id)),
        ("appId", json!(client_id)),
        ("displayName", json!(name)),
        ("createdDateTime", json!(dates::iso(created))),
        ("signInAudience", json!("AzureADMyOrg")),
        ("passwordCredentials", json!(passwords)),
        ("keyCredentials", json!(keys)),
        ("requiredResourceAccess", required),
    ] {
        application.insert(property.to_owned(), value);
    }
    if let Some(web) = application.get_mut("web") {
        web["redirectUris"] = redirects;
    }
    store.put(&APPLICATIONS, application, now);
    if federated {
        trusts(store, blank, &id, number, fault, now);
    }
    let principal = principal(store, blank, &client_id, &name, "Application", now);
    if unused {
        store.put(&ACTIVITIES, activity(&client_id, now - 180 * DAY_MS), now);
    } else if chance(11, 35) {
        let hours = mixed(number, 12) as u64 % 1_000;
        let seen = now - hours * 60 * 60 * 1000;
        store.put(&ACTIVITIES, activity(&client_id, seen), now);
    }
    if let Some(role) = role {
        let mut assignment = filled(&principal, graph, json!(role), now);
        let own = store.guid();
        assignment.insert("id".to_owned(), json!(own));
        store.put(&ASSIGNMENTS, assignment, now);
    }
}

/// One to four credentials, or the one of a fault.
fn trusts(
    store: &mut Store,
    blank: &Blank,
    parent: &str,
    number: usize,
    fault: Option<(usize, &'static str, &str, &str)>,
    now: u64,
) {
    let filled_in = |text: &str| text.replace("{n}", &format!("{number:012}"));
    let written: Vec<(String, String)> = match fault {
        Some((_, _, issuer, text)) => vec![(filled_in(issuer), filled_in(text))],
        None => (0..1 + mixed(number, 8) % 4)
            .map(|at| usual(&store.tenant.id, number, at))
            .collect(),
    };
    for (at, (issuer, admits)) in written.into_iter().enumerate() {
        let mut credential = blank.credential.clone();
        for (property, value) in [
            ("id", json!(store.guid())),
            ("name", json!(format!("credential-{at}"))),
            ("issuer", json!(issuer)),
            ("audiences", json!([AUDIENCE])),
            ("~parent", json!(parent)),
        ] {
            credential.insert(property.to_owned(), value);
        }
        match admits.strip_prefix('~') {
            None => credential.insert("subject".to_owned(), json!(admits)),
            Some(value) => {
                credential.insert("subject".to_owned(), Value::Null);
                let expression = json!({"value": value, "languageVersion": 1});
                credential.insert("claimsMatchingExpression".to_owned(), expression)
            }
        };
        store.put(&CREDENTIALS, credential, now);
    }
}

/// A trust with nothing wrong but, of one in three, names where ids could be.
fn usual(tenant: &str, number: usize, at: usize) -> (String, String) {
    let cluster = mixed(number, 9) % 40;
    match mixed(number, 10 + at) % 10 {
        0..=3 => (
            GITHUB.to_owned(),
            format!("repo:contoso@1/service-{number}@{number}:environment:stage-{at}"),
        ),
        4 | 5 => (
            GITHUB.to_owned(),
            format!("repo:contoso/service-{number}:ref:refs/heads/release-{at}"),
        ),
        6 => (
            GITHUB.to_owned(),
            format!(
                "~claims['sub'] matches 'repo:contoso@1/service-{number}@{number}:environment:*-{at}' and claims['repository_id'] eq '{number}'"
            ),
        ),
        7 | 8 => (
            format!(
                "https://westeurope.oic.prod-aks.azure.com/{tenant}/00000000-0000-4000-8000-{cluster:012}/"
            ),
            format!("system:serviceaccount:service-{number}:worker-{at}"),
        ),
        _ => (
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            format!("/eid1/c/pub/t/x/a/y/sc/{number}/{at}"),
        ),
    }
}

/// A managed identity that one repository may act as.
fn managed(store: &mut Store, number: usize, now: u64) {
    store
        .azure
        .provision(SUBSCRIPTION, Some(("workloads", "westeurope")));
    let name = format!("workload-{number:06}");
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/workloads/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    );
    managed_identity::make(store, &id, &name, "westeurope", json!({}), now);
    let parent = id.to_ascii_lowercase();
    let subject = format!("repo:contoso@1/{name}@3{number}:environment:prod");
    let credential: Entity = [
        ("id", json!(format!("{parent}/main"))),
        ("~parent", json!(parent)),
        ("name", json!("main")),
        ("issuer", json!(GITHUB)),
        ("subject", json!(subject)),
        ("audiences", json!([AUDIENCE])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    store.put(&managed_identity::CREDENTIALS, credential, now);
}

/// An application of another organisation, as one in ten service principals is.
fn enterprise(store: &mut Store, blank: &Blank, number: usize, now: u64) {
    let client_id = store.guid();
    let name = format!("vendor-{number:06}");
    principal(store, blank, &client_id, &name, "vendor", now);
}

fn principal(
    store: &mut Store,
    blank: &Blank,
    client_id: &str,
    name: &str,
    kind: &str,
    now: u64,
) -> Entity {
    let owner = match kind {
        "vendor" => "44444444-4444-4444-8444-444444444444",
        _ => store.tenant.id.as_str(),
    };
    let mut principal = blank.principal.clone();
    for (property, value) in [
        ("appOwnerOrganizationId", json!(owner)),
        ("appId", json!(client_id)),
        ("displayName", json!(name)),
        ("appDisplayName", json!(name)),
        ("accountEnabled", json!(true)),
        ("servicePrincipalType", json!("Application")),
        ("servicePrincipalNames", json!([client_id])),
        ("id", json!(store.guid())),
    ] {
        principal.insert(property.to_owned(), value);
    }
    store.put(&PRINCIPALS, principal.clone(), now);
    principal
}

fn secret(store: &mut Store, name: &str, start: u64, end: u64) -> Value {
    json!({
        "keyId": store.guid(), "displayName": name,
        "startDateTime": dates::iso(start), "endDateTime": dates::iso(end),
    })
}

/// A number that looks like chance and is always the same (splitmix64).
fn mixed(number: usize, salt: usize) -> usize {
    let seed = (number as u64) << 8 | salt as u64;
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 16) as usize
}
