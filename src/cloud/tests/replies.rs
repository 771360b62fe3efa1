//! What answers mean, as a table.

use serde_json::json;

use crate::cloud::reply::{Class, Context, Lost, backoff, classify};
use crate::model::step::{Method, Pattern, Reply, Request, Service};

fn reply(status: u16, code: &str, message: &str) -> Result<Reply, Lost> {
    Ok(Reply {
        status,
        body: json!({"error": {"code": code, "message": message}}),
        ..Reply::default()
    })
}

fn word(class: &Class) -> &'static str {
    match class {
        Class::Done => "done",
        Class::AlreadyDone => "already",
        Class::Again { .. } => "again",
        Class::Replicating { .. } => "replicating",
        Class::Lost { .. } => "lost",
        Class::Fatal(diagnostic) => diagnostic.code,
    }
}

/// Method, whether our own create came before, answer, meaning.
#[test]
fn answers_mean() {
    use Method::*;
    let path = "/applications(uniqueName='a.b')";
    let backing = "When using this permission, the backing application of the service principal being created must in the local tenant";
    let gone = "Resource 'x' does not exist or one of its queried reference-property objects are not present.";
    let cut = || Err(Lost::Cut("reset".into()));
    let table: Vec<(Method, bool, Result<Reply, Lost>, &str)> = vec![
        (Get, false, reply(200, "", ""), "done"),
        (Get, false, reply(304, "", ""), "done"),
        (
            Get,
            false,
            reply(404, "Request_ResourceNotFound", gone),
            "done",
        ),
        (
            Get,
            true,
            reply(404, "Request_ResourceNotFound", gone),
            "replicating",
        ),
        (Get, false, reply(500, "InternalServerError", ""), "again"),
        (Get, false, reply(503, "", ""), "again"),
        (Get, false, reply(429, "TooManyRequests", ""), "again"),
        (
            Get,
            false,
            reply(400, "Request_UnsupportedQuery", ""),
            "unsupported-query",
        ),
        (
            Get,
            false,
            reply(401, "InvalidAuthenticationToken", ""),
            "not-authenticated",
        ),
        (
            Get,
            false,
            reply(403, "Authorization_RequestDenied", ""),
            "not-permitted",
        ),
        (Get, false, cut(), "again"),
        (
            Get,
            false,
            Err(Lost::Unusable("not JSON".into())),
            "unusable-answer",
        ),
        (Post, false, cut(), "lost"),
        (Post, false, Err(Lost::Unsent("refused".into())), "again"),
        (Post, false, reply(201, "", ""), "done"),
        (Post, false, reply(502, "", ""), "lost"),
        (Post, false, reply(504, "", ""), "lost"),
        (Post, false, reply(503, "", ""), "lost"),
        (
            Post,
            false,
            reply(409, "Directory_ConcurrencyViolation", ""),
            "again",
        ),
        (
            Post,
            false,
            reply(409, "Error_MsaAppDoesNotExist", ""),
            "again",
        ),
        (
            Post,
            false,
            reply(409, "Request_MultipleObjectsWithSameKeyValue", ""),
            "conflict",
        ),
        (
            Post,
            true,
            reply(403, "Authorization_RequestDenied", backing),
            "replicating",
        ),
        (
            Post,
            false,
            reply(403, "Authorization_RequestDenied", backing),
            "not-permitted",
        ),
        (
            Post,
            true,
            reply(400, "Request_BadRequest", "Not a valid reference update."),
            "replicating",
        ),
        (
            Post,
            false,
            reply(400, "Request_BadRequest", "Not a valid reference update."),
            "request-refused",
        ),
        (
            Post,
            true,
            reply(400, "Request_BadRequest", gone),
            "replicating",
        ),
        (
            Post,
            true,
            reply(400, "NoBackingApplicationObject", ""),
            "replicating",
        ),
        (
            Post,
            true,
            reply(400, "Request_BadRequest", "Invalid value"),
            "request-refused",
        ),
        (
            Post,
            true,
            reply(404, "Request_ResourceNotFound", gone),
            "replicating",
        ),
        (
            Post,
            false,
            reply(404, "Request_ResourceNotFound", gone),
            "not-found",
        ),
        (Patch, false, reply(204, "", ""), "done"),
        (
            Delete,
            false,
            reply(404, "Request_ResourceNotFound", gone),
            "already",
        ),
        (Delete, false, reply(204, "", ""), "done"),
        (
            Post,
            false,
            reply(403, "Directory_QuotaExceeded", ""),
            "quota-exceeded",
        ),
        (
            Post,
            false,
            reply(403, "CredentialTypeNotAllowedAsPerAppPolicy", ""),
            "tenant-policy",
        ),
        (
            Put,
            false,
            reply(412, "ConditionNotMet", ""),
            "changed-meanwhile",
        ),
        (
            Put,
            false,
            reply(409, "BlobAlreadyExists", ""),
            "changed-meanwhile",
        ),
        (Patch, false, reply(422, "", ""), "request-refused"),
    ];
    for (method, after_own_create, answer, expected) in table {
        let request = Request::new(Service::Graph, method, path);
        let ctx = Context {
            after_own_create,
            ..Context::new(&request)
        };
        let class = classify(&answer, &ctx);
        assert_eq!(word(&class), expected, "{request}: {answer:?}");
    }
}

#[test]
fn a_steps_own_patterns_count() {
    let request = Request::new(Service::Graph, Method::Post, "/oauth2PermissionGrants");
    let already = [Pattern::replayed(409, "Permission entry already exists")];
    let not_yet = [Pattern::new(400, "of resource")];
    let ctx = Context {
        after_own_create: true,
        done_if: &already,
        retry_if: &not_yet,
        ..Context::new(&request)
    };
    let exists = reply(
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        "Permission entry already exists.",
    );
    assert_eq!(word(&classify(&exists, &ctx)), "conflict");
    let replay = Context {
        replay: true,
        ..ctx
    };
    assert_eq!(classify(&exists, &replay), Class::AlreadyDone);
    let early = reply(400, "Request_BadRequest", "Invalid value of resource");
    assert_eq!(word(&classify(&early, &ctx)), "replicating");
    let later = Context {
        after_own_create: false,
        ..ctx
    };
    assert_eq!(word(&classify(&early, &later)), "request-refused");
}

#[test]
fn waits_obey_retry_after_and_end() {
    let request = Request::get(Service::Graph, "/applications");
    let mut throttled = reply(429, "TooManyRequests", "").unwrap();
    throttled.retry_after = Some(30_000);
    let class = classify(&Ok(throttled), &Context::new(&request));
    assert_eq!(class, Class::Again { after_ms: 30_000 });
    for attempt in 0..80 {
        let wait = backoff(attempt, 7);
        assert!((500..=60_000).contains(&wait), "{attempt}: {wait}");
        assert_eq!(wait, backoff(attempt, 7));
    }
    assert!(backoff(5, 1) > backoff(0, 1));
    let last = Context {
        attempt: 4,
        ..Context::new(&request)
    };
    assert_eq!(
        word(&classify(&Err(Lost::Unsent("no".into())), &last)),
        "connection-failed"
    );
    assert_eq!(
        word(&classify(&Err(Lost::Cut("no".into())), &last)),
        "connection-failed"
    );
    assert_eq!(
        word(&classify(&reply(500, "", ""), &last)),
        "service-failed"
    );
}

#[test]
fn a_list_may_refuse_to_expand() {
    let answer = reply(400, "Request_BadRequest", "Expanding is not supported.");
    let list = Request::get(Service::Graph, "/applications?$expand=owners&$top=9");
    assert_eq!(classify(&answer, &Context::new(&list)), Class::Done);
    let plain = Request::get(Service::Graph, "/applications?$top=9");
    assert_eq!(
        word(&classify(&answer, &Context::new(&plain))),
        "request-refused"
    );
}
