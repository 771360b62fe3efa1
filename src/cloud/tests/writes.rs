//! Single sendings.

use serde_json::json;

use crate::cloud::fake::{Answer, Fake};
use crate::cloud::reply::Lost;
use crate::model::address::Address;
use crate::model::step::{Method, Request, Service};
use crate::model::value::Value;

fn upsert() -> Request {
    Request::new(
        Service::GraphBeta,
        Method::Patch,
        "/applications(uniqueName='a.b')",
    )
    .header("Prefer", "create-if-missing")
    .body(Value::map([("displayName", Value::text("b"))]))
}

#[tokio::test]
async fn a_write_goes_once_with_token_and_body() {
    let fake = Fake::new(|_, _| {
        Answer::json(201, json!({"id": "1"}))
            .header("request-id", "r1")
            .header("etag", "W/\"x\"")
    });
    let client = fake.client();
    let reply = client.send(&upsert()).await.unwrap();
    assert_eq!(
        (reply.status, reply.header("request-id")),
        (201, Some("r1"))
    );
    assert_eq!(reply.etag.as_deref(), Some("W/\"x\""));
    let seen = fake.seen().remove(0);
    assert_eq!(seen.method, "PATCH");
    assert_eq!(
        seen.url,
        "https://graph.microsoft.com/beta/applications(uniqueName='a.b')"
    );
    assert_eq!(seen.body, r#"{"displayName":"b"}"#);
    assert_eq!(seen.header("prefer"), Some("create-if-missing"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), Some("Bearer token-0"));
    assert!(seen.header("client-request-id").is_some());
}

#[tokio::test]
async fn nothing_is_retried() {
    for (status, after) in [(503, Some(7_000)), (500, None), (429, None)] {
        let fake = Fake::new(move |_, _| match after {
            Some(_) => Answer::json(status, json!({})).header("retry-after", "7"),
            None => Answer::json(status, json!({})),
        });
        let reply = fake.client().send(&upsert()).await.unwrap();
        assert_eq!((reply.status, reply.retry_after), (status, after));
        assert_eq!(fake.seen().len(), 1);
    }
    let fake = Fake::new(|_, _| Answer::Cut("{".into()));
    assert!(matches!(
        fake.client().send(&upsert()).await,
        Err(Lost::Cut(_))
    ));
    let fake = Fake::new(|_, _| Answer::Unsent);
    assert!(matches!(
        fake.client().send(&upsert()).await,
        Err(Lost::Unsent(_))
    ));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let fake = Fake::new(|_, seen| match seen.header("authorization") {
        Some("Bearer token-0") => Answer::json(
            401,
            json!({"error": {"code": "InvalidAuthenticationToken"}}),
        ),
        _ => Answer::json(204, json!({})),
    });
    let client = fake.client();
    assert_eq!(client.send(&upsert()).await.unwrap().status, 204);
    assert_eq!(client.send(&upsert()).await.unwrap().status, 204);
    assert_eq!(fake.seen().len(), 3);

    let fake = Fake::new(|_, _| Answer::json(401, json!({})));
    assert_eq!(fake.client().send(&upsert()).await.unwrap().status, 401);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn arm_has_its_own_host() {
    let fake = Fake::new(|_, _| Answer::json(200, json!({})));
    let get = Request::get(Service::Arm, "/subscriptions/1?api-version=2022-12-01");
    fake.client().send(&get).await.unwrap();
    let url = &fake.seen()[0].url;
    assert_eq!(
        url,
        "https://management.azure.com/subscriptions/1?api-version=2022-12-01"
    );
}

#[tokio::test]
async fn holes_are_not_sent() {
    let fake = Fake::new(|_, _| Answer::json(200, json!({})));
    let address = Address::root("application", "deployer");
    let hole = upsert().body(Value::reference(address, "client_id"));
    let Err(Lost::Refused(diagnostic)) = fake.client().send(&hole).await else {
        panic!("a hole must not be sent");
    };
    assert_eq!(diagnostic.code, "unsendable-request");
    assert!(fake.seen().is_empty());
}
