use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::emulator::dump::dump;
use crate::emulator::inprocess::new_tenant;
use crate::emulator::session::Session;
use crate::emulator::store::Store;
use crate::kinds::emulated;

const NOW: u64 = 1_763_632_800_000;

mod faults;
mod permissions;

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
