//! The token service: discovery documents, keys, and the token endpoint.

use serde_json::{Value, json};

use super::dates;
use super::fault::draw;
use super::request::{Reply, Request};
use super::route::Routes;
use super::sign_ins;
use super::store::Store;
use super::token_request::{self, Documents, Stop};
use crate::exchange::aadsts::render;
use crate::model::verdict::Refusal;

/// Client id of the administrator that every tenant is seeded with: all application permissions that the emulator's
/// routes ask for. `--local` logs in as it.
pub const ADMINISTRATOR_CLIENT_ID: &str = "7a3d1f10-5e5c-4d55-8c8f-00c0ffee0001";

/// The one `client_assertion` that the token endpoint takes from that client, and from no other. It is no secret:
/// tokens of an emulated tenant open nothing else.
pub const ADMINISTRATOR_ASSERTION: &str = "emulator.administrator.assertion";

/// `invalid_client` is 401, all others are 400.
fn refuse(refusal: &Refusal, now: u64, seed: u64) -> Reply {
    let id = |salt| {
        let bits = (u128::from(draw(seed, salt)) << 64) | u128::from(draw(seed, salt + 1));
        uuid::Builder::from_random_bytes(bits.to_be_bytes())
            .into_uuid()
            .to_string()
    };
    let (trace, correlation, time) = (id(20), id(22), dates::spaced(now));
    let code = refusal.code;
    let description =
        format!("{refusal} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}");
    Reply::json(
        refusal.http_status,
        &json!({
            "error": refusal.error, "error_description": description, "error_codes": [code],
            "timestamp": time, "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        }),
    )
}

/// Answers a request to the token service.
///
/// # Errors
/// The URL of a document that is needed first; ask again with it among the documents.
pub fn answer(
    store: &mut Store,
    routes: &Routes,
    request: &Request,
    documents: &Documents,
    now: u64,
    seed: u64,
) -> Result<Reply, String> {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let decided = match (request.method.as_str(), parts.as_slice()) {
        ("GET", _) => published(store, request),
        ("POST", [tenant, "oauth2", "v2.0", "token"] | [tenant, "oauth2", "token"]) => {
            match token_request::decide(store, routes, request, tenant, documents, (now, seed)) {
                Ok((body, sign_in)) => {
                    if let Some(sign_in) = sign_in {
                        sign_ins::record(store, &sign_in, now, seed);
                    }
                    Some(Ok(
                        Reply::json(200, &body).with_header("cache-control", "no-store")
                    ))
                }
                Err(Stop::Refused(refusal)) => Some(Err(refusal)),
                Err(Stop::Needs(url)) => return Err(url),
            }
        }
        _ => None,
    };
    Ok(match decided {
        Some(Ok(reply)) => reply,
        Some(Err(refusal)) => refuse(&refusal, now, seed),
        None => Reply::empty(404),
    })
}

/// The documents that anybody may read: discovery and keys. `None` when the path is none of theirs.
pub fn published(store: &Store, request: &Request) -> Option<Result<Reply, Refusal>> {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let (tenant, document) = match parts.as_slice() {
        [_, "discovery", "instance"] => return Some(Ok(instance(request))),
        [tenant, "v2.0", ".well-known", "openid-configuration"] => {
            (tenant, configuration(store, request, true))
        }
        [tenant, ".well-known", "openid-configuration"] => {
            (tenant, configuration(store, request, false))
        }
        [tenant, "discovery", "v2.0", "keys"] | [tenant, "discovery", "keys"] => (
            tenant,
            json!({"keys": [store.key.jwk(&issuer(store, true))]}),
        ),
        _ => return None,
    };
    Some(known_tenant(store, tenant).map(|()| Reply::json(200, &document)))
}

/// Whether a path is one of the token service's, for requests that come to a loopback address.
pub fn is_login_path(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    matches!(
        parts.as_slice(),
        [_, "discovery", "instance"]
            | [_, "v2.0", ".well-known", "openid-configuration"]
            | [_, ".well-known", "openid-configuration"]
            | [_, "discovery", "v2.0", "keys"]
            | [_, "discovery", "keys"]
            | [_, "oauth2", "v2.0", "token"]
            | [_, "oauth2", "token"]
    ) && parts.first().is_some_and(|tenant| {
        ["common", "organizations"].contains(tenant)
            || tenant.contains('.')
            || uuid::Uuid::try_parse(tenant).is_ok()
    })
}

/// Whether a tenant is this one, by its id or one of its domains.
///
/// # Errors
/// 90002, or 900023 when the text can name no tenant.
pub(super) fn known_tenant(store: &Store, tenant: &str) -> Result<(), Refusal> {
    let mut domains = store.tenant.domains.iter();
    let known = tenant.eq_ignore_ascii_case(&store.tenant.id)
        || domains.any(|domain| domain.eq_ignore_ascii_case(tenant))
        || ["common", "organizations"].contains(&tenant);
    if known {
        return Ok(());
    }
    let may_exist = uuid::Uuid::try_parse(tenant).is_ok() || tenant.contains('.');
    let code = if may_exist { 90_002 } else { 900_023 };
    Err(render(code, &[("tenant", tenant)]))
}

fn issuer(store: &Store, v2: bool) -> String {
    let tenant = &store.tenant.id;
    match v2 {
        true => format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        false => format!("https://sts.windows.net/{tenant}/"),
    }
}

fn configuration(store: &Store, request: &Request, v2: bool) -> Value {
    let root = format!("{}/{}", request.root(), store.tenant.id);
    let endpoint = if v2 { "oauth2/v2.0" } else { "oauth2" };
    json!({
        "issuer": issuer(store, v2),
        "authorization_endpoint": format!("{root}/{endpoint}/authorize"),
        "token_endpoint": format!("{root}/{endpoint}/token"),
        "jwks_uri": format!("{root}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": graph_host(request),
    })
}

/// Microsoft Graph of the cloud whose login host was asked.
fn graph_host(request: &Request) -> &'static str {
    match request.hostname() {
        host if host.ends_with(".us") => "graph.microsoft.us",
        host if host.ends_with(".cn") => "microsoftgraph.chinacloudapi.cn",
        _ => "graph.microsoft.com",
    }
}

fn instance(request: &Request) -> Reply {
    let host = &request.host;
    Reply::json(
        200,
        &json!({
            "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", request.root()),
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
                 "aliases": ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]},
                {"preferred_network": host, "preferred_cache": host, "aliases": [host]},
            ],
        }),
    )
}
