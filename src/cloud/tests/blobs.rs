//! Blob requests and answers, through the official crate.

use serde_json::json;

use crate::cloud::fake::{Answer, Fake};
use crate::cloud::reply::Lost;
use crate::model::step::{Method, Request, Service};
use crate::model::value::Value;

const PATH: &str = "/oidc4f1c/oidc/.well-known/openid-configuration";
const URL: &str = "https://oidc4f1c.blob.core.windows.net/oidc/.well-known/openid-configuration";

fn error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>What it says.\nRequestId:1\nTime:2026</Message></Error>"
    );
    Answer::Of(status, vec![("x-ms-error-code", code.to_owned())], body)
}

fn put() -> Request {
    Request::new(Service::Blob, Method::Put, PATH)
        .header("Content-Type", "application/json")
        .header("Cache-Control", "public, max-age=300")
        .header("x-ms-meta-trustform", "payments")
        .header("If-None-Match", "*")
        .body(Value::text("{\"issuer\":1}"))
}

#[tokio::test]
async fn a_blob_is_downloaded_with_what_it_says_of_itself() {
    let fake = Fake::new(|_, _| {
        Answer::Of(
            200,
            vec![("etag", "\"0x1\"".into())],
            "{\"keys\":[]}".into(),
        )
        .header("content-type", "application/json")
        .header("cache-control", "max-age=60")
        .header("x-ms-meta-trustform", "payments")
    });
    let get = Request::get(Service::Blob, PATH);
    let reply = fake.client().send(&get).await.unwrap();
    assert_eq!(reply.body, json!({"content": "{\"keys\":[]}"}));
    assert_eq!(reply.etag.as_deref(), Some("\"0x1\""));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("max-age=60"));
    assert_eq!(reply.header("x-ms-meta-trustform"), Some("payments"));
    let seen = fake.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.url.as_str()), ("GET", URL));
    assert_eq!(seen.header("x-ms-version"), Some("2025-11-05"));
    assert_eq!(seen.header("authorization"), Some("Bearer token-0"));
}

#[tokio::test]
async fn a_blob_is_uploaded_with_its_conditions() {
    let fake = Fake::new(|_, _| Answer::Of(201, vec![("etag", "\"0x2\"".into())], String::new()));
    let reply = fake.client().send(&put()).await.unwrap();
    assert_eq!(
        (reply.status, reply.etag.as_deref()),
        (201, Some("\"0x2\""))
    );
    let seen = fake.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.url.as_str()), ("PUT", URL));
    assert_eq!(seen.header("x-ms-blob-type"), Some("BlockBlob"));
    assert_eq!(
        seen.header("x-ms-blob-content-type"),
        Some("application/json")
    );
    assert_eq!(
        seen.header("x-ms-blob-cache-control"),
        Some("public, max-age=300")
    );
    assert_eq!(seen.header("x-ms-meta-trustform"), Some("payments"));
    assert_eq!(seen.header("if-none-match"), Some("*"));
    assert_eq!(seen.header("content-length"), Some("12"));
}

#[tokio::test]
async fn refusals_of_storage_are_answers() {
    let delete = || Request::new(Service::Blob, Method::Delete, PATH).header("If-Match", "\"0x1\"");
    let get = || Request::get(Service::Blob, PATH);
    for (request, status, code) in [
        (put(), 409, "BlobAlreadyExists"),
        (put(), 412, "ConditionNotMet"),
        (put(), 403, "AuthorizationPermissionMismatch"),
        (delete(), 412, "ConditionNotMet"),
        (get(), 404, "BlobNotFound"),
        (get(), 404, "ContainerNotFound"),
    ] {
        let fake = Fake::new(move |_, _| error(status, code));
        let reply = fake.client().send(&request).await.unwrap();
        assert_eq!((reply.status, reply.error_code()), (status, code));
        assert_eq!(reply.error_message(), "What it says.");
        assert_eq!(fake.seen().len(), 1);
    }
    let fake = Fake::new(|_, _| Answer::Of(202, vec![], String::new()));
    assert_eq!(fake.client().send(&delete()).await.unwrap().status, 202);
    assert_eq!(fake.seen()[0].header("if-match"), Some("\"0x1\""));
}

#[tokio::test]
async fn a_container_tells_whether_its_blobs_are_public() {
    let fake = Fake::new(|_, _| {
        Answer::Of(
            200,
            vec![("x-ms-blob-public-access", "blob".into())],
            String::new(),
        )
    });
    let get = Request::get(Service::Blob, "/oidc4f1c/oidc");
    let reply = fake.client().send(&get).await.unwrap();
    assert_eq!(reply.body, json!({"publicAccess": "blob"}));
    let url = &fake.seen()[0].url;
    assert_eq!(
        url,
        "https://oidc4f1c.blob.core.windows.net/oidc?restype=container"
    );
}

#[tokio::test]
async fn documents_have_a_limit_both_ways() {
    let long = "x".repeat((1 << 20) + 1);
    let body = long.clone();
    let fake = Fake::new(move |_, _| Answer::Of(200, vec![], body.clone()));
    let get = Request::get(Service::Blob, PATH);
    assert!(matches!(
        fake.client().send(&get).await,
        Err(Lost::Refused(_))
    ));
    let put = put().body(Value::text(long));
    assert!(matches!(
        fake.client().send(&put).await,
        Err(Lost::Refused(_))
    ));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn strangers_are_not_storage() {
    for status in [302, 404] {
        let fake = Fake::new(move |_, _| Answer::Of(status, vec![], "<html>".into()));
        let get = Request::get(Service::Blob, PATH);
        assert!(
            matches!(fake.client().send(&get).await, Err(Lost::Unusable(_))),
            "{status}"
        );
    }
    let fake = Fake::new(|_, _| Answer::Cut("{".into()));
    let get = Request::get(Service::Blob, PATH);
    assert!(matches!(fake.client().send(&get).await, Err(Lost::Cut(_))));
    let fake = Fake::new(|_, _| Answer::Of(201, vec![], String::new()));
    let odd = put().header("x-ms-tags", "1");
    assert!(matches!(
        fake.client().send(&odd).await,
        Err(Lost::Refused(_))
    ));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_refused_storage_token_is_replaced_once() {
    let fake = Fake::new(|_, seen| match seen.header("authorization") {
        Some("Bearer token-0") => error(401, "InvalidAuthenticationInfo"),
        _ => Answer::Of(202, vec![], String::new()),
    });
    let delete = Request::new(Service::Blob, Method::Delete, PATH);
    assert_eq!(fake.client().send(&delete).await.unwrap().status, 202);
    assert_eq!(fake.seen().len(), 2);
}
