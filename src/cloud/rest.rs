//! One request to a JSON service (Graph or ARM), sent once, and its answer read with care.

use std::sync::Arc;

use azure_core::error::ErrorKind;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::policies::{ClientRequestIdPolicy, Policy};
use azure_core::http::{
    Context, Method as AzureMethod, Pipeline, PipelineSendOptions, RawResponse,
    Request as AzureRequest, Url,
};
use serde_json::Value as Json;

use super::clock::Clock;
use super::explain::clean;
use super::login::{self, NoLogin};
use super::reply::Lost;
use super::session::{RefuseOn401, Session};
use super::transport::Transport;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Reply};

/// Headers of an answer that diagnostics and clocks look at.
const KEPT: [&str; 5] = [
    "request-id",
    "x-ms-request-id",
    "date",
    "location",
    "azure-asyncoperation",
];

/// A pipeline to one service: bearer token, `client-request-id`, no retry.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pipeline: Pipeline,
    clock: Clock,
}

impl Rest {
    pub(super) fn new(
        scope: String,
        session: &Arc<Session>,
        transport: &Transport,
        clock: Clock,
    ) -> Self {
        let mut options = transport.options();
        options
            .per_call_policies
            .push(Arc::new(ClientRequestIdPolicy::with_header_name(
                "client-request-id",
            )));
        let bearer: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(
            session.clone(),
            [scope],
        ));
        let refuse: Arc<dyn Policy> = Arc::new(RefuseOn401(session.clone()));
        let pipeline = Pipeline::new(
            Some(env!("CARGO_PKG_NAME")),
            Some(env!("CARGO_PKG_VERSION")),
            options,
            Vec::new(),
            vec![bearer, refuse],
            None,
        );
        Self { pipeline, clock }
    }

    /// Sends once; a second time with a new token where the first was refused, which had no effect.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: &[(String, String)],
        body: Option<&Json>,
    ) -> Result<Reply, Lost> {
        let mut request = AzureRequest::new(url, azure_method(method));
        request.insert_header("accept", "application/json");
        for (name, value) in headers {
            request.insert_header(name.to_ascii_lowercase(), value.clone());
        }
        if let Some(body) = body {
            request.insert_header("content-type", "application/json");
            request.set_body(body.to_string());
        }
        let mut answer = self.once(&mut request).await?;
        if u16::from(answer.status()) == 401 {
            answer = self.once(&mut request).await?;
        }
        let status = u16::from(answer.status());
        let header = |name: &'static str| {
            answer
                .headers()
                .get_optional_str(&HeaderName::from_static(name))
                .map(str::to_owned)
        };
        let body = parse(status, answer.body())?;
        if status == 404 && body.pointer("/error/code").is_none() {
            return Err(Lost::Unusable(
                "it answered 404 without an error code, as no Microsoft service does".to_owned(),
            ));
        }
        Ok(Reply {
            status,
            body,
            etag: header("etag"),
            retry_after: header("retry-after").and_then(|text| retry_after(&text, &self.clock)),
            headers: KEPT
                .iter()
                .filter_map(|&name| Some((name.to_owned(), header(name)?)))
                .collect(),
        })
    }

    async fn once(&self, request: &mut AzureRequest) -> Result<RawResponse, Lost> {
        let unchecked = PipelineSendOptions {
            skip_checks: true,
            ..PipelineSendOptions::default()
        };
        self.pipeline
            .send(&Context::new(), request, Some(unchecked))
            .await
            .map_err(|error| lost(&error))
    }
}

fn azure_method(method: Method) -> AzureMethod {
    match method {
        Method::Get => AzureMethod::Get,
        Method::Put => AzureMethod::Put,
        Method::Post => AzureMethod::Post,
        Method::Patch => AzureMethod::Patch,
        Method::Delete => AzureMethod::Delete,
    }
}

/// The JSON of an answer. A list that broke off, or that has an error spliced into it, is not half-read.
pub(super) fn parse(status: u16, bytes: &[u8]) -> Result<Json, Lost> {
    if (300..400).contains(&status) && status != 304 {
        return Err(Lost::Unusable(format!(
            "it answered {status}, a redirect, which is not followed because it could take the token elsewhere"
        )));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::Null);
    }
    let parsed = serde_json::from_slice::<Json>(bytes);
    match parsed {
        // How an operation of Resource Manager has ended: the failure is its own, not that of the request.
        Ok(body) if body["status"].is_string() && body.get("value").is_none() => Ok(body),
        Ok(body) if (200..300).contains(&status) && body.get("error").is_some() => {
            Err(Lost::Unusable(format!(
                "it answered {status} with an error in it: {}",
                error_words(&body)
            )))
        }
        Ok(body) => Ok(body),
        // Graph answered 200 and broke off with an error object in the middle of a list: Azure/azure-workload-identity#373.
        Err(_) if (200..300).contains(&status) && spliced(bytes).is_some() => {
            Err(Lost::Unusable(format!(
                "it answered {status} and broke off with an error in the middle: {}",
                spliced(bytes).unwrap_or_default()
            )))
        }
        Err(error) if (200..300).contains(&status) && error.is_eof() => Err(Lost::Cut(format!(
            "the answer ended after {} bytes",
            bytes.len()
        ))),
        // A 404 page of something in between must not pass for "there is no such object".
        Err(error) if status < 400 || status == 404 => Err(Lost::Unusable(format!(
            "it answered {status} with something that is not JSON ({error}): {}",
            start(bytes)
        ))),
        Err(_) => Ok(serde_json::json!({"error": {"code": "", "message": start(bytes)}})),
    }
}

fn spliced(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let at = text.rfind(r#"{"error":"#)?;
    let mut documents = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Json>();
    Some(error_words(&documents.next()?.ok()?))
}

fn error_words(body: &Json) -> String {
    let reply = Reply {
        body: body.clone(),
        ..Reply::default()
    };
    clean(&format!(
        "{}: {}",
        reply.error_code(),
        reply.error_message()
    ))
}

fn start(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
    clean(&text).chars().take(160).collect()
}

/// `Retry-After` in milliseconds: seconds or an HTTP date, at most an hour.
pub(super) fn retry_after(text: &str, clock: &Clock) -> Option<u64> {
    let ms = match text.trim().parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => {
            let at = azure_core::time::parse_rfc7231(text.trim()).ok()?;
            let wait = (at - clock.now()).whole_milliseconds();
            u64::try_from(wait).unwrap_or(0)
        }
    };
    Some(ms.min(3_600_000))
}

/// What an error of azure_core means for a request.
pub(super) fn lost(error: &azure_core::Error) -> Lost {
    let causes =
        std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
            error.source()
        });
    if let Some(none) = causes
        .clone()
        .find_map(|cause| cause.downcast_ref::<NoLogin>())
    {
        return Lost::Refused(Box::new(none.diagnostic()));
    }
    let mut words: Vec<String> = Vec::new();
    for text in causes.map(ToString::to_string) {
        if !words.iter().any(|before| before.contains(&text)) {
            words.push(text);
        }
    }
    let words = clean(&words.join(": "));
    match error.kind() {
        ErrorKind::Connection => Lost::Unsent(words),
        ErrorKind::Io => Lost::Cut(words),
        ErrorKind::Credential => Lost::Refused(Box::new(
            Diagnostic::error(
                "no-login",
                format!("the login gave no further token: {}", login::words(error)),
            )
            .help("log in again and run the command again: it continues from what is there"),
        )),
        _ => Lost::Unusable(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_answer_is_no_answer() {
        let spliced = br#"{"value":[{"id":"1","issuer":"https://gitlab.com"{"error":{"code":"InternalServerError","message":"The property 'subject[Nullable=False]' has a null value."}}}"#;
        let Err(Lost::Unusable(why)) = parse(200, spliced) else {
            panic!("a spliced list must not be read");
        };
        assert!(why.contains("InternalServerError: The property"), "{why}");
        assert!(matches!(
            parse(200, br#"{"value":[{"id":"1""#),
            Err(Lost::Cut(_))
        ));
        assert!(matches!(parse(200, b"<html>hi"), Err(Lost::Unusable(_))));
        assert!(matches!(parse(404, b"<html>no"), Err(Lost::Unusable(_))));
        assert!(matches!(parse(302, b""), Err(Lost::Unusable(_))));
        assert!(matches!(
            parse(200, br#"{"error":{"code":"x"}}"#),
            Err(Lost::Unusable(_))
        ));
        assert_eq!(parse(204, b"").unwrap(), Json::Null);
        let gateway = parse(503, b"<html>Service Unavailable</html>").unwrap();
        assert_eq!(
            gateway["error"]["message"],
            "<html>Service Unavailable</html>"
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let clock = Clock::starting_at(1_700_000_000_000);
        assert_eq!(retry_after("10", &clock), Some(10_000));
        assert_eq!(
            retry_after("Tue, 14 Nov 2023 22:13:50 GMT", &clock),
            Some(30_000)
        );
        assert_eq!(
            retry_after("Tue, 14 Nov 2000 22:13:50 GMT", &clock),
            Some(0)
        );
        assert_eq!(retry_after("99999999999999999999", &clock), None);
        assert_eq!(retry_after("soon", &clock), None);
    }
}
