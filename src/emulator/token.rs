//! Access tokens: who a request's bearer is, and what an issued token says.

use std::sync::Arc;

use serde_json::{Value, json};

use super::graph::Failure;
use super::login::ADMINISTRATOR_CLIENT_ID;
use super::odata::cast;
use super::request::Request;
use super::route::Principal;
use super::store::{Store, list, text};
use super::table::Entity;

/// Seconds that an access token lives.
pub const LIFETIME_S: u64 = 3599;

const GRAPH: &[&str] = &[
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    "00000003-0000-0000-c000-000000000000",
];

/// Whose token a request carries.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Object id of the service principal.
    pub id: String,
    pub client_id: String,
    claims: Arc<Entity>,
}

impl Caller {
    /// Whether the token holds an application permission.
    pub fn has(&self, role: &str) -> bool {
        list(&self.claims, "roles").iter().any(|held| held == role)
    }

    /// Whether it is a user's token that holds a delegated permission.
    pub fn delegates(&self, scope: &str) -> bool {
        let mut scopes = text(&self.claims, "scp").split_whitespace();
        scopes.any(|held| held == scope)
    }

    /// Whether the caller may only manage what it owns (Graph's permission `Application.ReadWrite.OwnedBy`).
    pub fn is_limited_to_owned(&self) -> bool {
        !self.has("Application.ReadWrite.All") && self.has("Application.ReadWrite.OwnedBy")
    }

    /// Checks that a limited caller is among an object's owners.
    ///
    /// # Errors
    /// 403 when it is not.
    pub fn must_own(&self, entity: &Entity) -> Result<(), Failure> {
        let owned = || {
            list(entity, "~owners")
                .iter()
                .any(|owner| *owner == self.id)
        };
        match !self.is_limited_to_owned() || owned() {
            true => Ok(()),
            false => Err(Failure::denied()),
        }
    }
}

/// Audiences of tokens for Resource Manager (learn.microsoft.com, national clouds; the last is its application id).
const ARM: &[&str] = &[
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://management.core.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "https://management.core.chinacloudapi.cn",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
];

/// Whose token a request to Resource Manager carries.
///
/// # Errors
/// 401 in Resource Manager's words.
pub fn arm_caller(store: &Store, request: &Request, now: u64) -> Result<Caller, Failure> {
    let token = bearer(request).ok_or_else(|| {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        Failure::new(401, "AuthenticationFailed", message)
    })?;
    let invalid = |message| Failure::new(401, "InvalidAuthenticationToken", message);
    let claims = store
        .key
        .verify(token)
        .ok_or_else(|| invalid("The access token is invalid."))?;
    if is_expired(&claims, now) {
        return Err(Failure::new(
            401,
            "ExpiredAuthenticationToken",
            "The access token has expired.",
        ));
    }
    if !ARM.contains(&text(&claims, "aud").trim_end_matches('/')) {
        return Err(Failure::new(
            401,
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for wrong audience or resource. It should be for 'https://management.azure.com'.",
        ));
    }
    Ok(caller(claims))
}

/// Whose token a Graph request carries.
///
/// # Errors
/// 401 in the words of Graph's gateway.
pub fn graph_caller(store: &Store, request: &Request, now: u64) -> Result<Caller, Failure> {
    let token = bearer(request);
    let token = token.ok_or_else(|| Failure::unauthenticated("Access token is empty."))?;
    let claims = store.key.verify(token).ok_or_else(|| {
        Failure::unauthenticated("Access token validation failure. Invalid signature.")
    })?;
    if is_expired(&claims, now) {
        return Err(Failure::unauthenticated(
            "Lifetime validation failed, the token is expired.",
        ));
    }
    if !GRAPH.contains(&text(&claims, "aud").trim_end_matches('/')) {
        return Err(Failure::unauthenticated(
            "Access token validation failure. Invalid audience.",
        ));
    }
    Ok(caller(claims))
}

fn caller(claims: Arc<Entity>) -> Caller {
    Caller {
        id: text(&claims, "oid").to_owned(),
        client_id: text(&claims, "appid").to_owned(),
        claims,
    }
}

/// The bearer token of a request.
pub fn bearer(request: &Request) -> Option<&str> {
    let value = request.header("authorization")?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whether claims are past their `exp`.
pub fn is_expired(claims: &Entity, now: u64) -> bool {
    claims
        .get("exp")
        .and_then(Value::as_u64)
        .is_none_or(|expires| expires * 1000 <= now)
}

/// Issues an access token for an API.
pub fn issue(
    store: &Store,
    principal: &Principal,
    audience: &str,
    roles: &[String],
    now: u64,
) -> Option<String> {
    let tenant = &store.tenant.id;
    let issuer = format!("https://sts.windows.net/{tenant}/");
    let seconds = now / 1000;
    let mut claims = json!({
        "aud": audience, "iss": issuer, "iat": seconds, "nbf": seconds, "exp": seconds + LIFETIME_S,
        "app_displayname": principal.display_name, "appid": principal.client_id, "appidacr": "2",
        "idp": issuer, "idtyp": "app", "oid": principal.id, "sub": principal.id,
        "tid": tenant, "ver": "1.0",
    });
    let administrator = principal.client_id == ADMINISTRATOR_CLIENT_ID;
    // What Graph's service principal here publishes does not have them: their ids are in no public list.
    let agents = cast::WRITERS
        .iter()
        .filter(|_| administrator && GRAPH.contains(&audience));
    let roles: Vec<&str> = roles
        .iter()
        .map(String::as_str)
        .chain(agents.copied())
        .collect();
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    if administrator && store.faults.administrator_is_user {
        claims["scp"] = "Application.ReadWrite.All Directory.AccessAsUser.All".into();
    }
    store.key.sign(&claims)
}
