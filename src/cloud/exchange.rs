//! One token exchange as a workload makes it: the POST to the token endpoint, and what comes back. It is not retried
//! and its answer is not interpreted: whoever asks wants to see it.

use std::net::IpAddr;

use azure_core::http::{Method, Request, Url};
use serde_json::Value;

use super::Transport;
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;

/// The kind of client assertion (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is exchanged, and for what.
pub struct Exchange<'a> {
    pub cloud: Cloud,
    pub tenant: &'a str,
    pub client_id: &'a str,
    /// The resource's identifier with `/.default`.
    pub scope: &'a str,
    /// The outside platform's token.
    pub assertion: &'a str,
    /// The address that an emulated tenant is to take the request to come from. Entra looks at the connection.
    pub from: Option<IpAddr>,
}

/// Posts the token; status and body of the answer.
///
/// # Errors
/// There is no answer, or none in JSON.
pub async fn exchange(
    transport: &Transport,
    exchange: &Exchange<'_>,
) -> Result<(u16, Value), Diagnostic> {
    let login = exchange.cloud.login().trim_end_matches('/');
    let url = format!("{login}/{}/oauth2/v2.0/token", exchange.tenant);
    let failed = |why: String| {
        Diagnostic::error(
            "no-answer",
            format!("the token endpoint gave no usable answer: {why}"),
        )
        .help("check the connection to the tenant's login host, and any proxy in between")
    };
    let parsed = Url::parse(&url).map_err(|error| failed(error.to_string()))?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", exchange.client_id)
        .append_pair("scope", exchange.scope)
        .append_pair("client_assertion_type", ASSERTION_TYPE)
        .append_pair("client_assertion", exchange.assertion)
        .finish();
    let mut request = Request::new(parsed, Method::Post);
    request.insert_header("content-type", "application/x-www-form-urlencoded");
    request.insert_header("accept", "application/json");
    if let Some(from) = exchange.from {
        request.insert_header("x-forwarded-for", from.to_string());
    }
    request.set_body(form);
    let answer = transport.http().execute_request(&request).await;
    let (status, _, body) = answer
        .map_err(|error| failed(error.to_string()))?
        .deconstruct();
    let body = body
        .collect()
        .await
        .map_err(|error| failed(error.to_string()))?;
    let body = serde_json::from_slice(&body).map_err(|_| {
        failed(format!(
            "it answered {} with something that is not JSON",
            u16::from(status)
        ))
    })?;
    Ok((status.into(), body))
}
