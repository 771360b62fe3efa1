//! Paging, batches, throttling and broken answers.

use serde_json::{Value as Json, json};

use crate::cloud::fake::{Answer, Fake, Seen};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Request, Service};

fn graph(path: &str) -> Request {
    Request::get(Service::Graph, path)
}

/// Answers every item of a batch with `answer(url)`: status, headers, body.
fn batch(seen: &Seen, answer: impl Fn(&str) -> (u16, Json, Json)) -> Answer {
    let responses: Vec<Json> = seen
        .batched()
        .iter()
        .enumerate()
        .rev()
        .map(|(id, url)| {
            let (status, headers, body) = answer(url);
            json!({"id": id.to_string(), "status": status, "headers": headers, "body": body})
        })
        .collect();
    Answer::json(200, json!({"responses": responses}))
}

#[tokio::test]
async fn pages_come_as_one_list() {
    let fake = Fake::new(|number, seen| {
        assert_eq!(seen.header("consistencylevel"), Some("eventual"));
        let next = format!("https://graph.microsoft.com/v1.0/applications?$skiptoken={number}");
        match number {
            0 | 1 => Answer::json(
                200,
                json!({"value": [{"id": number}], "@odata.nextLink": next}),
            ),
            _ => Answer::json(200, json!({"value": [{"id": number}]})),
        }
    });
    let (reader, client) = fake.reader();
    let list = graph("/applications?$top=1").header("ConsistencyLevel", "eventual");
    let reply = reader.read(&[list]).await.remove(0).unwrap();
    assert_eq!(
        reply.body,
        json!({"value": [{"id": 0}, {"id": 1}, {"id": 2}]})
    );
    assert_eq!((client.requests(), client.operations()), (3, 3));
}

#[tokio::test]
async fn a_token_follows_no_link_elsewhere() {
    for link in [
        "https://graph.evil.example/v1.0/applications?$skiptoken=x",
        "http://graph.microsoft.com/v1.0/applications?$skiptoken=x",
        "https://graph.microsoft.com/beta/applications?$skiptoken=x",
        "/v1.0/applications?$skiptoken=x",
    ] {
        let fake = Fake::new(move |_, _| {
            Answer::json(200, json!({"value": [1], "@odata.nextLink": link}))
        });
        let (reader, client) = fake.reader();
        let diagnostic = reader
            .read(&[graph("/applications")])
            .await
            .remove(0)
            .unwrap_err();
        assert_eq!(diagnostic.code, "unusable-answer");
        assert!(
            diagnostic.message.contains("another host"),
            "{}",
            diagnostic.message
        );
        assert_eq!(client.requests(), 1);
    }
}

#[tokio::test]
async fn pages_in_a_circle_end() {
    let next = "https://graph.microsoft.com/v1.0/applications?$skiptoken=x";
    let fake =
        Fake::new(move |_, _| Answer::json(200, json!({"value": [1], "@odata.nextLink": next})));
    let (reader, client) = fake.reader();
    let diagnostic = reader
        .read(&[graph("/applications")])
        .await
        .remove(0)
        .unwrap_err();
    assert!(
        diagnostic.message.contains("circle"),
        "{}",
        diagnostic.message
    );
    assert_eq!(client.requests(), 2);
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    let next = "https://graph.microsoft.com/v1.0/applications?$skiptoken=x";
    let fake = Fake::new(move |number, _| match number {
        0 => Answer::json(200, json!({"value": [1], "@odata.nextLink": next})),
        _ => Answer::json(404, json!({"error": {"code": "Request_ResourceNotFound"}})),
    });
    let (reader, _) = fake.reader();
    assert!(
        reader
            .read(&[graph("/applications")])
            .await
            .remove(0)
            .is_err()
    );
}

#[tokio::test]
async fn equal_reads_merge_and_go_twenty_at_a_time() {
    let fake = Fake::new(|_, seen| {
        assert_eq!(seen.url, "https://graph.microsoft.com/v1.0/$batch");
        batch(seen, |url| (200, json!({}), json!({"about": url})))
    });
    let (reader, client) = fake.reader();
    let wanted: Vec<Request> = (0..90)
        .map(|number| graph(&format!("/applications/{}?$select=id, tags", number % 45)))
        .collect();
    let answers = reader.read(&wanted).await;
    for (number, answer) in answers.iter().enumerate() {
        let about = format!("/applications/{}?$select=id,%20tags", number % 45);
        assert_eq!(answer.as_ref().unwrap().body["about"], about);
    }
    assert_eq!((client.requests(), client.operations()), (3, 45));
}

#[tokio::test]
async fn a_throttled_item_goes_again_after_its_wait() {
    let fake = Fake::new(|number, seen| {
        batch(seen, |url| match (number, url) {
            (0, "/applications/2") => (
                429,
                json!({"Retry-After": "10"}),
                json!({"error": {"code": "TooManyRequests", "message": "slow down"}}),
            ),
            (_, "/applications/3") => (
                404,
                json!({}),
                json!({"error": {"code": "Request_ResourceNotFound"}}),
            ),
            _ => (200, json!({}), json!({"number": number})),
        })
    });
    let (reader, client) = fake.reader();
    let wanted = [1, 2, 3].map(|id| graph(&format!("/applications/{id}")));
    let answers = reader.read(&wanted).await;
    let bodies: Vec<_> = answers.into_iter().map(|answer| answer.unwrap()).collect();
    assert_eq!(
        (&bodies[0].body["number"], &bodies[1].body["number"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(bodies[2].status, 404);
    assert_eq!(fake.seen()[1].batched(), ["/applications/2"]);
    assert_eq!(client.clock().now_ms(), 11_000);
}

#[tokio::test]
async fn a_batch_without_one_of_its_answers_is_not_believed() {
    let fake = Fake::new(|_, _| {
        Answer::json(
            200,
            json!({"responses": [{"id": "0", "status": 200, "body": {"id": "1"}}]}),
        )
    });
    let (reader, _) = fake.reader();
    let answers = reader.read(&[graph("/a"), graph("/b")]).await;
    assert!(answers[0].is_ok());
    assert_eq!(answers[1].as_ref().unwrap_err().code, "unusable-answer");
}

#[tokio::test]
async fn a_refused_batch_refuses_its_reads() {
    let fake = Fake::new(|_, _| Answer::json(404, json!({"error": {"code": "BadRequest"}})));
    let (reader, _) = fake.reader();
    for answer in reader.read(&[graph("/a"), graph("/b")]).await {
        assert_eq!(answer.unwrap_err().code, "not-found");
    }
}

#[tokio::test]
async fn versions_and_counts_go_apart_and_an_advanced_query_keeps_its_header() {
    let fake = Fake::new(|_, seen| match seen.method.as_str() {
        "POST" => batch(seen, |_| (200, json!({}), json!({"id": "1"}))),
        _ => Answer::json(200, json!({"id": "1"})),
    });
    let (reader, _) = fake.reader();
    let beta = |path: &str| Request::get(Service::GraphBeta, path);
    let advanced = |path: &str| graph(path).header("ConsistencyLevel", "eventual");
    let count = advanced("/applications/$count");
    let cast = advanced("/groups/1/members/microsoft.graph.group?$count=true");
    let wanted = [graph("/a"), cast, beta("/a"), beta("/b"), count];
    assert!(reader.read(&wanted).await.iter().all(Result::is_ok));
    let mut seen = fake.seen();
    seen.sort_by(|a, b| a.url.cmp(&b.url));
    let urls: Vec<&str> = seen.iter().map(|seen| seen.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://graph.microsoft.com/beta/$batch",
            "https://graph.microsoft.com/v1.0/$batch",
            "https://graph.microsoft.com/v1.0/applications/$count",
        ]
    );
    let body: Json = serde_json::from_str(&seen[1].body).unwrap();
    let items = &body["requests"];
    assert!(items[0].get("headers").is_none());
    assert_eq!(items[1]["headers"], json!({"ConsistencyLevel": "eventual"}));
}

#[tokio::test]
async fn what_can_be_done_without_is_asked_once_where_nothing_answers() {
    let fake = Fake::new(|_, _| Answer::Unsent);
    let (reader, client) = fake.reader();
    let subscriptions = Request::get(Service::Arm, "/subscriptions?api-version=2022-12-01");
    let refused = reader.sparing().read(&[subscriptions]).await.remove(0);
    assert_eq!(refused.unwrap_err().code, "connection-failed");
    assert_eq!(client.requests(), 1);
    // A service that answers is asked as always.
    let fake = Fake::new(|number, _| match number {
        0 => Answer::json(503, json!({})),
        _ => Answer::json(200, json!({"value": []})),
    });
    let (reader, client) = fake.reader();
    let list = reader.sparing().read(&[graph("/groups")]).await.remove(0);
    assert!(list.is_ok());
    assert_eq!(client.requests(), 2);
}

#[tokio::test]
async fn a_cut_connection_is_read_again() {
    let fake = Fake::new(|number, _| match number {
        0 => Answer::Unsent,
        1 => Answer::Cut(r#"{"value":[{"id":"#.to_owned()),
        2 => Answer::Of(200, vec![], r#"{"value":[{"id":"1"}"#.to_owned()),
        _ => Answer::json(200, json!({"value": []})),
    });
    let (reader, client) = fake.reader();
    let reply = reader
        .read(&[graph("/applications")])
        .await
        .remove(0)
        .unwrap();
    assert_eq!(reply.body, json!({"value": []}));
    assert_eq!(client.requests(), 4);
    assert!(client.clock().now_ms() > 3_000);
}

#[tokio::test]
async fn what_is_not_an_answer_is_an_error() {
    let spliced = r#"{"value":[{"issuer":"https://gitlab.com"{"error":{"code":"InternalServerError","message":"null"}}}"#;
    for (status, body, words) in [
        (200, "<html>Sign in to the network</html>", "not JSON"),
        (200, spliced, "error in the middle: InternalServerError"),
        (302, "", "redirect"),
        (404, "<html>", "not JSON"),
        (404, "", "without an error code"),
    ] {
        let fake = Fake::new(move |_, _| {
            Answer::Of(
                status,
                vec![("location", "https://evil.example".into())],
                body.into(),
            )
        });
        let (reader, client) = fake.reader();
        let diagnostic = reader
            .read(&[graph("/applications")])
            .await
            .remove(0)
            .unwrap_err();
        assert_eq!(diagnostic.code, "unusable-answer");
        assert!(diagnostic.message.contains(words), "{}", diagnostic.message);
        assert_eq!(client.requests(), 1);
    }
}

#[tokio::test]
async fn patience_ends_after_six_minutes() {
    let fake = Fake::new(|_, _| Answer::Of(503, vec![], "<html>".into()));
    let (reader, client) = fake.reader();
    let diagnostic = reader
        .read(&[graph("/applications")])
        .await
        .remove(0)
        .unwrap_err();
    assert_eq!(diagnostic.code, "service-unavailable");
    let waited = client.clock().now_ms() - 1_000;
    assert!((240_000..=360_000).contains(&waited), "{waited}");
    assert!(client.requests() < 25);

    let fake = Fake::new(|_, _| Answer::json(429, json!({})).header("retry-after", "3000"));
    let (reader, client) = fake.reader();
    assert!(
        reader
            .read(&[graph("/applications")])
            .await
            .remove(0)
            .is_err()
    );
    assert_eq!(client.requests(), 1);
}

#[tokio::test]
async fn a_reader_only_reads() {
    let fake = Fake::new(|_, _| Answer::json(200, json!({})));
    let (reader, client) = fake.reader();
    let write = Request::new(Service::Graph, Method::Delete, "/applications/1");
    assert!(reader.read(&[write]).await.remove(0).is_err());
    assert_eq!(client.requests(), 0);
}

#[tokio::test]
async fn blobs_are_read_beside_the_batches() {
    let fake = Fake::new(|_, seen| match seen.url.contains("blob.core") {
        true => Answer::Of(200, vec![("etag", "\"1\"".into())], "{}".into()),
        false => Answer::json(200, json!({})),
    });
    let (reader, client) = fake.reader();
    let blob = Request::get(Service::Blob, "/oidc4f1c/oidc/openid/v1/jwks");
    let answers = reader.read(&[blob, graph("/organization")]).await;
    assert_eq!(answers[0].as_ref().unwrap().body, json!({"content": "{}"}));
    assert_eq!(client.requests(), 2);
}

#[tokio::test]
async fn where_nothing_answers_nothing_was_sent() {
    let blob = Request::get(Service::Blob, "/oidc4f1c/oidc/openid/v1/jwks");
    for (request, message, help) in [
        (
            graph("/applications"),
            "no connection to Microsoft Graph for `GET /v1.0/applications`: connection refused",
            "nothing was sent: check the network, its proxy and the national cloud in the `stack` block",
        ),
        (
            blob,
            "no connection to Blob Storage for `GET /oidc4f1c/oidc/openid/v1/jwks`: connection refused",
            "nothing was sent: check that the storage account exists, the network, its proxy and the national cloud in the `stack` block",
        ),
    ] {
        let fake = Fake::new(|_, _| Answer::Unsent);
        let (reader, _) = fake.reader();
        let expected = Diagnostic::error("connection-failed", message).help(help);
        assert_eq!(reader.read(&[request]).await, [Err(expected)]);
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let fake = Fake::new(|number, _| {
        let next = format!("https://graph.microsoft.com/v1.0/groups?$skiptoken={number}");
        Answer::json(200, json!({"value": [], "@odata.nextLink": next}))
    });
    let (reader, client) = fake.reader();
    let expected = Diagnostic::error(
        "unusable-answer",
        "Microsoft Graph gave no usable answer to `GET /v1.0/groups`: its list has more than 1,000 pages",
    )
    .help("nothing was concluded from it: run the command again; where it stays so, a proxy or captive portal in between is the usual reason");
    assert_eq!(reader.read(&[graph("/groups")]).await, [Err(expected)]);
    assert_eq!(client.requests(), 1_001);
}
