use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::emulator::dump::dump;
use crate::emulator::inprocess::new_tenant;
use crate::emulator::session::Session;
use crate::emulator::store::Store;
use crate::kinds::emulated;

const NOW: u64 = 1_763_632_800_000;

/// A fresh tenant; the key is made once, because that takes long.
pub fn session() -> Session {
    static STORE: OnceLock<Store> = OnceLock::new();
    let store = STORE.get_or_init(|| {
        let seed = new_tenant("11111111-2222-4333-8444-555555555555", NOW).expect("randomness");
        Store::new(seed, &emulated()).expect("a tenant")
    });
    Session::new(store.clone(), emulated(), NOW).expect("an administrator")
}

fn error(reply: &crate::emulator::request::Reply) -> (u16, String) {
    let body = reply.value();
    let code = body["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (reply.status, code)
}

#[test]
fn an_upsert_creates_once_and_then_updates() {
    let mut graph = session();
    let body = json!({"displayName": "Deployer", "tags": ["a"]});
    let path = "/v1.0/applications(uniqueName='pay.deployer')";
    assert_eq!(
        error(&graph.graph("PATCH", path, &body)),
        (404, "Request_ResourceNotFound".into())
    );
    let created = graph.upsert("pay.deployer", &body);
    assert_eq!(created.status, 201);
    let created = created.value();
    assert_eq!(created["uniqueName"], "pay.deployer");
    assert_eq!(created["signInAudience"], "AzureADMyOrg");
    let again = graph.upsert(
        "pay.deployer",
        &json!({"displayName": "Other", "web": {"redirectUris": ["https://a.example/"]}}),
    );
    assert_eq!((again.status, again.body.len()), (204, 0));
    let read = graph.graph("GET", path, &Value::Null).value();
    assert_eq!(read["id"], created["id"]);
    assert_eq!(read["tags"], json!(["a"]), "what is absent stays");
    assert_eq!(
        read["web"]["implicitGrantSettings"]["enableIdTokenIssuance"],
        false
    );
    let by_client = format!(
        "/v1.0/applications(appId='{}')?$select=displayName",
        read["appId"].as_str().unwrap()
    );
    assert_eq!(
        graph.graph("GET", &by_client, &Value::Null).value()["displayName"],
        "Other"
    );
}

#[test]
fn a_unique_name_is_set_once_and_held_by_deleted_applications() {
    let mut graph = session();
    let plain = graph
        .graph("POST", "/v1.0/applications", &json!({"displayName": "x"}))
        .value();
    let path = format!("/v1.0/applications/{}", plain["id"].as_str().unwrap());
    assert_eq!(
        graph
            .graph("PATCH", &path, &json!({"uniqueName": "one"}))
            .status,
        204
    );
    assert_eq!(
        graph
            .graph("PATCH", &path, &json!({"uniqueName": "two"}))
            .status,
        400
    );
    assert_eq!(graph.graph("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(graph.graph("GET", &path, &Value::Null).status, 404);
    let refused = graph.upsert("one", &json!({"displayName": "y"}));
    let message = "Another object with the same value for property uniqueName already exists.";
    assert_eq!(
        (refused.status, &refused.value()["error"]["message"]),
        (400, &json!(message))
    );
    let deleted = graph.graph(
        "GET",
        "/v1.0/directory/deletedItems/microsoft.graph.application?$select=id,uniqueName",
        &Value::Null,
    );
    assert_eq!(
        deleted.value()["value"],
        json!([{"id": plain["id"], "uniqueName": "one"}])
    );
    let item = format!(
        "/v1.0/directory/deletedItems/{}",
        plain["id"].as_str().unwrap()
    );
    assert_eq!(
        graph
            .graph("POST", &format!("{item}/restore"), &Value::Null)
            .status,
        200
    );
    assert_eq!(graph.graph("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(graph.graph("DELETE", &item, &Value::Null).status, 204);
    assert_eq!(graph.graph("GET", &item, &Value::Null).status, 404);
    assert_eq!(
        graph.upsert("one", &json!({"displayName": "y"})).status,
        201
    );
}

#[test]
fn a_refused_create_leaves_nothing() {
    let mut graph = session();
    let before = dump(&graph.store, &graph.routes);
    let long = "x".repeat(257);
    for body in [
        json!({}),
        json!({"displayName": ""}),
        json!({"displayName": long}),
        json!({"displayName": "x", "surprise": 1}),
        json!({"displayName": "x", "appId": "11111111-2222-4333-8444-555555555555"}),
        json!({"displayName": "x", "tags": ["a b"]}),
        json!({"displayName": "x", "tags": ["a", "a"]}),
        json!({"displayName": "x", "tags": null}),
        json!({"displayName": "x", "signInAudience": "Everybody"}),
        json!({"displayName": "x", "web": {"redirectUris": ["http://a.example/"]}}),
        json!({"displayName": "x", "web": {"redirectUris": ["https://a/"]}, "spa": {"redirectUris": ["https://a/"]}}),
        json!({"displayName": "x", "identifierUris": ["https://elsewhere.example/api"]}),
        json!({"displayName": "x", "passwordCredentials": []}),
        json!({"displayName": "x", "requiredResourceAccess": [{"resourceAppId": "x", "resourceAccess": []}]}),
        json!({"displayName": "x", "owners@odata.bind": ["https://graph.microsoft.com/v1.0/directoryObjects/11111111-2222-4333-8444-555555555555"]}),
    ] {
        let reply = graph.graph("POST", "/v1.0/applications", &body);
        assert!(
            (400..=404).contains(&reply.status),
            "{body}: {}",
            reply.status
        );
    }
    assert_eq!(dump(&graph.store, &graph.routes), before);
}

#[test]
fn credentials_follow_the_rules() {
    let mut graph = session();
    graph.upsert("app", &json!({"displayName": "app"}));
    let path = "/beta/applications(uniqueName='app')/federatedIdentityCredentials";
    let github = "https://token.actions.githubusercontent.com";
    let exact = |name: &str, subject: &str| json!({"name": name, "issuer": github, "subject": subject, "audiences": ["api://AzureADTokenExchange"]});
    let flexible = |name: &str, value: &str| {
        json!({"name": name, "issuer": github, "audiences": ["api://AzureADTokenExchange"],
               "claimsMatchingExpression": {"value": value, "languageVersion": 1}})
    };
    assert_eq!(
        graph
            .graph("POST", path, &exact("one", "repo:a/b:ref:refs/heads/main"))
            .status,
        201
    );
    for (body, status) in [
        (exact("one", "repo:a/c:ref:refs/heads/main"), 409),
        (exact("two", "repo:a/b:ref:refs/heads/main"), 400),
        (exact("-x", "s"), 400),
        (
            flexible("wide", "claims['sub'] matches 'repo:a/*:environment:prod'"),
            400,
        ),
        (
            flexible(
                "odd",
                "claims['event_name'] eq 'push' and claims['repository_id'] eq '1'",
            ),
            400,
        ),
        (flexible("bad", "claims['sub'] matches "), 400),
        (
            flexible(
                "good",
                "claims['sub'] matches 'repo:a/*' and claims['repository_owner_id'] eq '1'",
            ),
            201,
        ),
    ] {
        assert_eq!(graph.graph("POST", path, &body).status, status, "{body}");
    }
    let v1 = path.replace("beta", "v1.0");
    let shown = graph
        .graph("GET", &format!("{v1}?$filter=name eq 'good'"), &Value::Null)
        .value();
    assert_eq!(shown["value"][0]["subject"], Value::Null);
    assert!(shown["value"][0].get("claimsMatchingExpression").is_none());
    let upsert = |graph: &mut Session, name: &str, subject: &str| {
        let path = format!("{path}(name='{name}')");
        let body = json!({"issuer": github, "subject": subject, "audiences": ["api://AzureADTokenExchange"]});
        graph
            .graph_with("PATCH", &path, &body, &[("Prefer", "create-if-missing")])
            .status
    };
    for number in 0..18 {
        assert_eq!(
            upsert(&mut graph, &format!("n{number:02}"), &format!("s{number}")),
            201
        );
    }
    assert_eq!(upsert(&mut graph, "n00", "s0"), 204);
    assert_eq!(
        upsert(&mut graph, "one-too-many", "s18"),
        400,
        "20 is the limit"
    );
    let all = "/beta/applications?$expand=federatedIdentityCredentials($select=name)&$filter=federatedIdentityCredentials/$count ne 0&$count=true";
    let all = all.replace(' ', "%20");
    let found = graph
        .graph_with(
            "GET",
            &all,
            &Value::Null,
            &[("ConsistencyLevel", "eventual")],
        )
        .value();
    assert_eq!(found["@odata.count"], 1);
    assert_eq!(
        found["value"][0]["federatedIdentityCredentials"]
            .as_array()
            .map(Vec::len),
        Some(20)
    );
    assert_eq!(
        error(&graph.graph("GET", &all, &Value::Null)).1,
        "Request_UnsupportedQuery"
    );
    assert_eq!(
        graph
            .graph("DELETE", &format!("{path}(name='one')"), &Value::Null)
            .status,
        204
    );
    assert_eq!(
        graph
            .graph("GET", &format!("{path}/one"), &Value::Null)
            .status,
        404
    );
}

#[test]
fn a_service_principal_lives_and_dies_with_its_application() {
    let mut graph = session();
    let unknown = json!({"appId": "11111111-2222-4333-8444-555555555555"});
    assert_eq!(
        error(&graph.graph("POST", "/v1.0/servicePrincipals", &unknown)),
        (400, "NoBackingApplicationObject".into())
    );
    let application = graph
        .upsert("app", &json!({"displayName": "app", "tags": ["mark"]}))
        .value();
    let client_id = application["appId"].as_str().unwrap().to_owned();
    let path = format!("/v1.0/servicePrincipals(appId='{client_id}')");
    let prefer = [("prefer", "create-if-missing")];
    assert_eq!(
        graph
            .graph_with("PATCH", &path, &json!({"notes": "n"}), &prefer)
            .status,
        201
    );
    assert_eq!(
        graph
            .graph_with("PATCH", &path, &json!({"tags": ["mark", "own"]}), &prefer)
            .status,
        204
    );
    assert_eq!(
        graph
            .graph(
                "POST",
                "/v1.0/servicePrincipals",
                &json!({"appId": client_id})
            )
            .status,
        409
    );
    graph.upsert("app", &json!({"displayName": "renamed", "tags": ["other"]}));
    let principal = graph.graph("GET", &path, &Value::Null).value();
    assert_eq!(principal["appDisplayName"], "renamed");
    assert_eq!(principal["tags"], json!(["own", "other"]));
    let application = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    graph.graph("DELETE", &application, &Value::Null);
    assert_eq!(graph.graph("GET", &path, &Value::Null).status, 404);
}

#[test]
fn lists_are_paged_and_batches_answer_each_request() {
    let mut graph = session();
    graph
        .plant(7, 1, |n| (format!("app-{n}"), vec!["trustform:x:1".into()]))
        .unwrap();
    let mut path =
        "/v1.0/applications?$top=3&$select=uniqueName&$filter=tags/any(t:t%20eq%20'trustform:x:1')"
            .to_owned();
    let mut names = Vec::new();
    loop {
        let page = graph.graph("GET", &path, &Value::Null).value();
        let values = page["value"].as_array().unwrap();
        names.extend(
            values
                .iter()
                .map(|value| value["uniqueName"].as_str().unwrap().to_owned()),
        );
        match page["@odata.nextLink"].as_str() {
            Some(next) => {
                path = next
                    .strip_prefix("https://graph.microsoft.com")
                    .unwrap()
                    .to_owned()
            }
            None => break,
        }
    }
    names.sort();
    assert_eq!(
        names,
        (0..7).map(|n| format!("app-{n}")).collect::<Vec<_>>()
    );
    let requests: Vec<Value> = (0..20)
        .map(|n| json!({"id": n.to_string(), "method": "GET", "url": format!("/applications(uniqueName='app-{n}')?$select=id")}))
        .collect();
    let reply = graph
        .graph("POST", "/beta/$batch", &json!({"requests": requests}))
        .value();
    let statuses = reply["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["status"].as_u64().unwrap());
    assert_eq!(statuses.clone().filter(|status| *status == 200).count(), 7);
    assert_eq!(statuses.filter(|status| *status == 404).count(), 13);
}

#[test]
fn a_lagging_replica_shows_the_past() {
    let mut graph = session();
    graph.store.faults.replica_lag_ms = vec![5_000];
    let created = graph.upsert("late", &json!({"displayName": "late"}));
    assert_eq!(created.status, 201);
    let path = "/v1.0/applications(uniqueName='late')";
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 404);
    let body = json!({"appId": created.value()["appId"]});
    assert_eq!(
        error(&graph.graph("POST", "/v1.0/servicePrincipals", &body)).1,
        "NoBackingApplicationObject"
    );
    assert_eq!(
        graph.upsert("late", &json!({"displayName": "late"})).status,
        204,
        "writes see the primary"
    );
    graph.now += 5_000;
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 200);
    graph.graph("DELETE", path, &Value::Null);
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 200);
    graph.now += 5_001;
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 404);
}

#[test]
fn a_store_survives_its_file() {
    let mut graph = session();
    graph
        .plant(2, 2, |n| (format!("app-{n}"), Vec::new()))
        .unwrap();
    let json = graph.store.to_json();
    let read = Store::from_json(&json, &graph.routes).expect("what was written");
    assert_eq!(
        dump(&read, &graph.routes),
        dump(&graph.store, &graph.routes)
    );
    assert_eq!(read.to_json(), json);
}

/// A token of a service principal of its own that holds one permission.
fn token_with(graph: &mut Session, name: &str, role: &str) -> (String, String) {
    let application = graph.upsert(name, &json!({"displayName": name})).value();
    let body = json!({"appId": application["appId"]});
    let principal = graph
        .graph("POST", "/v1.0/servicePrincipals", &body)
        .value();
    let id = principal["id"].as_str().unwrap().to_owned();
    let principal = crate::emulator::route::Principal {
        id: id.clone(),
        client_id: application["appId"].as_str().unwrap().to_owned(),
        display_name: name.to_owned(),
        enabled: true,
    };
    let roles = [role.to_owned()];
    let audience = "https://graph.microsoft.com";
    let token = crate::emulator::token::issue(&graph.store, &principal, audience, &roles, NOW);
    (id, token.expect("a token"))
}

#[test]
fn owned_by_manages_only_what_it_owns() {
    let mut graph = session();
    graph.upsert("theirs", &json!({"displayName": "theirs"}));
    let (id, token) = token_with(&mut graph, "tool", "Application.ReadWrite.OwnedBy");
    graph.act_with(token);
    let theirs = "/v1.0/applications(uniqueName='theirs')";
    assert_eq!(graph.graph("GET", theirs, &Value::Null).status, 200);
    let change = json!({"displayName": "x"});
    assert_eq!(error(&graph.graph("PATCH", theirs, &change)).0, 403);
    assert_eq!(error(&graph.graph("DELETE", theirs, &Value::Null)).0, 403);
    assert_eq!(
        graph
            .graph("GET", "/v1.0/oauth2PermissionGrants", &Value::Null)
            .status,
        403
    );
    let posted = graph.graph("POST", "/v1.0/applications", &change).value();
    let posted = format!("/v1.0/applications/{}", posted["id"].as_str().unwrap());
    let owners = graph
        .graph("GET", &format!("{posted}/owners?$select=id"), &Value::Null)
        .value();
    assert_eq!(owners["value"][0]["id"], json!(id));
    assert_eq!(graph.graph("PATCH", &posted, &change).status, 204);
    assert_eq!(
        graph.upsert("mine", &json!({"displayName": "mine"})).status,
        201
    );
    assert_eq!(
        graph.upsert("mine", &json!({"displayName": "mine"})).status,
        403,
        "an upsert makes no owner"
    );
    graph.store.faults.owner_after_upsert = true;
    assert_eq!(
        graph
            .upsert("mine2", &json!({"displayName": "mine"}))
            .status,
        201
    );
    assert_eq!(
        graph
            .upsert("mine2", &json!({"displayName": "mine"}))
            .status,
        204
    );
}

#[test]
fn listing_credentials_needs_less_than_reading_one() {
    let mut graph = session();
    graph.plant(1, 1, |_| ("app".into(), Vec::new())).unwrap();
    let (_, token) = token_with(&mut graph, "reader", "Application.Read.All");
    graph.act_with(token);
    let path = "/beta/applications(uniqueName='app')/federatedIdentityCredentials";
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 200);
    assert_eq!(
        graph
            .graph("GET", &format!("{path}/credential-0"), &Value::Null)
            .status,
        403
    );
    graph.now += 3_600_000;
    let expired = graph.graph("GET", path, &Value::Null);
    let message = "Lifetime validation failed, the token is expired.";
    assert_eq!(
        (expired.status, &expired.value()["error"]["message"]),
        (401, &json!(message))
    );
}

#[test]
fn enabled_permissions_are_disabled_before_they_go() {
    let mut graph = session();
    let scope = |enabled: bool| {
        json!({"displayName": "api", "api": {"oauth2PermissionScopes": [
            {"id": "11111111-2222-4333-8444-555555555556", "value": "read", "type": "Admin", "isEnabled": enabled}]}})
    };
    let none = json!({"displayName": "api", "api": {"oauth2PermissionScopes": []}});
    graph.upsert("api", &scope(true));
    assert_eq!(
        error(&graph.upsert("api", &none)),
        (400, "CannotDeleteOrUpdateEnabledEntitlement".into())
    );
    assert_eq!(graph.upsert("api", &scope(false)).status, 204);
    assert_eq!(graph.upsert("api", &none).status, 204);
}

#[test]
fn faults_strike_as_they_are_scheduled() {
    use crate::emulator::fault::Fault;
    let mut graph = session();
    let next = graph.store.faults.count;
    graph.store.faults.schedule = [
        (next, Fault::Throttled),
        (next + 1, Fault::Unavailable),
        (next + 2, Fault::Conflict),
        (next + 3, Fault::ResetBefore),
        (next + 4, Fault::ResetAfter),
    ]
    .into();
    let body = json!({"displayName": "a"});
    let throttled = graph.upsert("a", &body);
    assert_eq!(
        (throttled.status, throttled.headers["retry-after"].as_str()),
        (429, "5")
    );
    assert_eq!(graph.upsert("a", &body).status, 503);
    assert_eq!(
        error(&graph.upsert("a", &body)),
        (409, "Directory_ConcurrencyViolation".into())
    );
    assert_eq!(graph.upsert("a", &body).status, 0, "cut before");
    let path = "/v1.0/applications(uniqueName='a')";
    graph
        .store
        .faults
        .schedule
        .insert(next + 5, Fault::ResetAfter);
    assert_eq!(graph.upsert("a", &body).status, 0, "cut after");
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 0);
    assert_eq!(
        graph.graph("GET", path, &Value::Null).status,
        200,
        "it was committed"
    );
}

#[test]
fn the_write_quota_lasts_for_its_window() {
    let mut graph = session();
    graph.upsert("a", &json!({"displayName": "a"}));
    graph.store.faults.quota = true;
    let mut written = 0;
    let refused = loop {
        let reply = graph.upsert("a", &json!({"displayName": "a"}));
        if reply.status != 204 {
            break reply;
        }
        written += 1;
        graph.now += 10;
    };
    assert_eq!((refused.status, written), (429, 3000));
    assert_eq!(
        refused.headers["x-ms-throttle-information"],
        "WriteLimitExceeded"
    );
    assert_eq!(refused.headers["retry-after"], "120");
    graph.now += 120_000;
    assert_eq!(graph.upsert("a", &json!({"displayName": "a"})).status, 204);
}

#[test]
fn a_batch_fails_what_depends_on_a_failure() {
    let mut graph = session();
    let get = |id: &str, url: &str, after: &[&str]| json!({"id": id, "method": "GET", "url": url, "dependsOn": after});
    let requests = [
        get(
            "1",
            "/applications/11111111-2222-4333-8444-555555555555",
            &[],
        ),
        get("2", "/applications", &["1"]),
        get("3", "/applications", &[]),
    ];
    let reply = graph
        .graph("POST", "/v1.0/$batch", &json!({"requests": requests}))
        .value();
    let status = |id: &str| {
        let found = reply["responses"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["id"] == id);
        found.unwrap()["status"].as_u64()
    };
    assert_eq!(
        (status("1"), status("2"), status("3")),
        (Some(404), Some(424), Some(200))
    );
    let many: Vec<Value> = (0..21)
        .map(|n| get(&n.to_string(), "/applications", &[]))
        .collect();
    assert_eq!(
        graph
            .graph("POST", "/v1.0/$batch", &json!({"requests": many}))
            .status,
        400
    );
}

#[test]
fn delegated_permissions_are_granted_once_per_api() {
    let mut graph = session();
    let (id, _) = token_with(&mut graph, "client", "Application.Read.All");
    let api = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id";
    let api = graph.graph("GET", api, &Value::Null).value();
    let body = json!({"clientId": id, "consentType": "AllPrincipals", "principalId": null, "resourceId": api["id"], "scope": "User.Read"});
    let grants = "/v1.0/oauth2PermissionGrants";
    let created = graph.graph("POST", grants, &body);
    assert_eq!(created.status, 201);
    assert_eq!(error(&graph.graph("POST", grants, &body)).0, 409);
    let one = format!("{grants}/{}", created.value()["id"].as_str().unwrap());
    assert_eq!(
        graph
            .graph("PATCH", &one, &json!({"scope": "User.Read openid"}))
            .status,
        204
    );
    assert_eq!(
        graph.graph("PATCH", &one, &json!({"clientId": "x"})).status,
        400
    );
    let filter = format!(
        "{grants}?$filter=clientId%20eq%20'{id}'%20and%20consentType%20eq%20'AllPrincipals'"
    );
    let found = graph.graph("GET", &filter, &Value::Null).value();
    assert_eq!(found["value"][0]["scope"], "User.Read openid");
    assert_eq!(graph.graph("DELETE", &one, &Value::Null).status, 204);
    assert_eq!(graph.graph("DELETE", &one, &Value::Null).status, 404);
}
