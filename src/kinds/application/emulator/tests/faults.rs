//! What goes wrong when it is told to.

use serde_json::{Value, json};

use super::{error, session};

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
