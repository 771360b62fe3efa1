//! The token service: discovery documents, keys, and the token endpoint.

use serde_json::{Value, json};

use super::dates;
use super::fault::draw;
use super::request::{Reply, Request};
use super::route::Routes;
use super::store::Store;
use super::token;

/// Client id of the administrator that every tenant is seeded with: all application permissions that the emulator's
/// routes ask for. `--local` logs in as it.
pub const ADMINISTRATOR_CLIENT_ID: &str = "7a3d1f10-5e5c-4d55-8c8f-00c0ffee0001";

/// The one `client_assertion` that the token endpoint takes from that client, and from no other. It is no secret:
/// tokens of an emulated tenant open nothing else.
pub const ADMINISTRATOR_ASSERTION: &str = "emulator.administrator.assertion";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An error of the token endpoint (learn.microsoft.com, reference-error-codes).
struct Refusal {
    code: u32,
    error: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: u32, error: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            error,
            message,
        }
    }

    /// `invalid_client` is 401, all others are 400.
    fn reply(self, now: u64, seed: u64) -> Reply {
        let status = if self.error == "invalid_client" {
            401
        } else {
            400
        };
        let id = |salt| {
            let bits = (u128::from(draw(seed, salt)) << 64) | u128::from(draw(seed, salt + 1));
            uuid::Builder::from_random_bytes(bits.to_be_bytes())
                .into_uuid()
                .to_string()
        };
        let (trace, correlation, time) = (id(20), id(22), dates::spaced(now));
        let code = self.code;
        let description = format!(
            "AADSTS{code}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            self.message
        );
        Reply::json(
            status,
            &json!({
                "error": self.error, "error_description": description, "error_codes": [code],
                "timestamp": time, "trace_id": trace, "correlation_id": correlation,
                "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
            }),
        )
    }
}

/// Answers a request to the token service.
pub fn answer(store: &Store, routes: &Routes, request: &Request, now: u64, seed: u64) -> Reply {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let get = request.method == "GET";
    match parts.as_slice() {
        [_, "discovery", "instance"] if get => instance(request),
        [tenant, "v2.0", ".well-known", "openid-configuration"]
        | [tenant, ".well-known", "openid-configuration"]
            if get =>
        {
            match known_tenant(store, tenant) {
                Ok(()) => Reply::json(200, &configuration(store, request, parts[1] == "v2.0")),
                Err(refusal) => refusal.reply(now, seed),
            }
        }
        [tenant, "discovery", "v2.0", "keys"] | [tenant, "discovery", "keys"] if get => {
            match known_tenant(store, tenant) {
                Ok(()) => Reply::json(200, &json!({"keys": [store.key.jwk(&issuer(store, true))]})),
                Err(refusal) => refusal.reply(now, seed),
            }
        }
        [tenant, "oauth2", "v2.0", "token"] | [tenant, "oauth2", "token"]
            if request.method == "POST" =>
        {
            match exchange(store, routes, request, tenant, (now, seed)) {
                Ok(body) => Reply::json(200, &body).with_header("cache-control", "no-store"),
                Err(refusal) => refusal.reply(now, seed),
            }
        }
        _ => Refusal::new(
            900_561,
            "invalid_request",
            "The endpoint is not known to the emulator.",
        )
        .reply(now, seed),
    }
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

fn known_tenant(store: &Store, tenant: &str) -> Result<(), Refusal> {
    let known = tenant.eq_ignore_ascii_case(&store.tenant.id)
        || store
            .tenant
            .domains
            .iter()
            .any(|domain| domain.eq_ignore_ascii_case(tenant))
        || ["common", "organizations"].contains(&tenant);
    if known {
        return Ok(());
    }
    match uuid::Uuid::try_parse(tenant).is_ok() || tenant.contains('.') {
        true => Err(Refusal::new(
            90_002,
            "invalid_request",
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        )),
        false => Err(Refusal::new(
            900_023,
            "invalid_request",
            format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
            ),
        )),
    }
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
        "msgraph_host": "graph.microsoft.com",
    })
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

/// Decides a token request in the order that the error texts suggest: tenant, client, assertion, scope.
fn exchange(
    store: &Store,
    routes: &Routes,
    request: &Request,
    tenant: &str,
    (now, seed): (u64, u64),
) -> Result<Value, Refusal> {
    known_tenant(store, tenant)?;
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    let field = |name: &str| {
        let found = form.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };
    let required = |name: &str| {
        field(name).ok_or_else(|| {
            Refusal::new(
                900_144,
                "invalid_request",
                format!("The request body must contain the following parameter: '{name}'."),
            )
        })
    };
    match required("grant_type")? {
        "client_credentials" => {}
        other => {
            return Err(Refusal::new(
                70_003,
                "unsupported_grant_type",
                format!("The app requested an unsupported grant type '{other}'."),
            ));
        }
    }
    let client_id = required("client_id")?;
    let view = store.replica(now, store.faults.lag(seed, false));
    let principal = routes.principal(view, client_id).ok_or_else(|| {
        Refusal::new(700_016, "unauthorized_client", format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
            store.tenant.display_name
        ))
    })?;
    if !principal.enabled {
        return Err(Refusal::new(
            7_000_112,
            "unauthorized_client",
            format!(
                "Application '{client_id}'({}) is disabled.",
                principal.display_name
            ),
        ));
    }
    let assertion = field("client_assertion")
        .filter(|_| field("client_assertion_type") == Some(ASSERTION_TYPE));
    let Some(assertion) = assertion else {
        return Err(Refusal::new(
            7_000_218,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        ));
    };
    if principal.client_id != ADMINISTRATOR_CLIENT_ID || assertion != ADMINISTRATOR_ASSERTION {
        return Err(Refusal::new(
            50_027,
            "invalid_request",
            "JWT token is invalid or malformed.",
        ));
    }
    let scope = match field("resource") {
        Some(resource) => format!("{resource}/.default"),
        None => required("scope")?.to_owned(),
    };
    let Some(identifier) = scope.strip_suffix("/.default") else {
        return Err(Refusal::new(
            1_002_012,
            "invalid_scope",
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        ));
    };
    let resource = routes.resource(view, identifier).ok_or_else(|| {
        Refusal::new(500_011, "invalid_resource", format!(
            "The resource principal named {identifier} was not found in the tenant named {}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
            store.tenant.display_name
        ))
    })?;
    let roles = routes.roles(view, &principal.id, &resource.id);
    let token = token::issue(store, &principal, identifier, &roles, now).unwrap_or_default();
    Ok(json!({
        "token_type": "Bearer", "expires_in": token::LIFETIME_S, "ext_expires_in": token::LIFETIME_S,
        "access_token": token,
    }))
}
