//! Azure Resource Manager's plumbing: paths, API versions, bearer tokens, roles and errors. What it manages is handed in
//! by the kinds, and by [`super::azure`].

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::fault::draw;
use super::graph::{Call, Failure};
use super::login::ADMINISTRATOR_CLIENT_ID;
use super::odata::path::{Segment, Target};
use super::request::{Reply, Request};
use super::route::Routes;
use super::store::Store;
use super::table::Version;
use super::token::Caller;
use super::{dates, quota, token};

/// What follows a scope in the path of an authorization resource.
const AUTHORIZATION: &str = "/providers/microsoft.authorization/";

/// Answers a request to Resource Manager.
pub fn answer(store: &mut Store, routes: &Routes, request: &Request, now: u64, seed: u64) -> Reply {
    if request.method == "GET" && request.path.trim_end_matches('/') == "/metadata/endpoints" {
        return Reply::json(200, &metadata(request));
    }
    let reply =
        dispatch(store, routes, request, now, seed).unwrap_or_else(|failure| fail(failure, seed));
    reply.with_header("date", dates::http(now))
}

/// An error reply in Resource Manager's shape.
pub fn fail(failure: Failure, seed: u64) -> Reply {
    let error = json!({"error": {"code": failure.code, "message": failure.message}});
    let reply = Reply::json(failure.status, &error)
        .with_header("x-ms-request-id", format!("{:016x}", draw(seed, 12)));
    let headers = failure.headers.into_iter();
    headers.fold(reply, |reply, (name, value)| reply.with_header(name, value))
}

fn dispatch(
    store: &mut Store,
    routes: &Routes,
    request: &Request,
    now: u64,
    seed: u64,
) -> Result<Reply, Failure> {
    let caller = token::arm_caller(store, request, now)?;
    if request.parameter("api-version").is_none() {
        return Err(Failure::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    store.azure.admit(&request.method, &parts)?;
    let target = target(&request.path);
    let (route, keys) = routes.find_arm(&request.method, &target).map_err(|other| {
        let path = &request.path;
        match other {
            true => Failure::new(
                405,
                "MethodNotAllowed",
                format!(
                    "The HTTP method '{}' is not supported at scope '{path}'.",
                    request.method
                ),
            ),
            false => Failure::new(
                404,
                "ResourceNotFound",
                format!(
                    "The Resource '{path}' was not found: the emulator plays no such resource."
                ),
            ),
        }
    })?;
    // learn.microsoft.com, role-based-access-control/troubleshooting.
    let held = routes.azure_roles(store.primary(), &caller.id, &request.path);
    let may = route.roles.is_empty()
        || caller.client_id == ADMINISTRATOR_CLIENT_ID
        || held.iter().any(|role| route.roles.contains(&role.as_str()));
    if !may {
        return Err(unauthorized(&caller, request, &action(route.pattern)));
    }
    quota::charge_arm(store, request, now)?;
    let mut call = Call {
        cast: None,
        store,
        routes,
        request,
        version: Version::V1,
        keys,
        caller,
        now,
        seed,
    };
    (route.handler)(&mut call)
}

/// The parts of a path; the scope of an authorization resource is one.
fn target(path: &str) -> Target {
    let at = path.to_ascii_lowercase().rfind(AUTHORIZATION);
    let (scope, rest) = match at {
        Some(at) => (Some(&path[..at]), &path[at..]),
        None => (None, path),
    };
    let rest = rest.split('/').filter(|part| !part.is_empty());
    scope
        .into_iter()
        .chain(rest)
        .map(|part| Segment::Name(percent_decode_str(part).decode_utf8_lossy().into_owned()))
        .collect()
}

/// `Microsoft.ManagedIdentity/userAssignedIdentities`: the resource type of a pattern.
fn action(pattern: &str) -> String {
    let (_, kind) = pattern.rsplit_once("/providers/").unwrap_or(("", pattern));
    let words = kind.split('/').filter(|part| !part.starts_with('{'));
    words.collect::<Vec<_>>().join("/")
}

/// Refuses what an Azure Policy of the emulated tenant denies (the switch `denied_types`).
///
/// # Errors
/// 403 to who has no role for a request.
pub fn unauthorized(caller: &Caller, request: &Request, resource_type: &str) -> Failure {
    let verb = match request.method.as_str() {
        "GET" => "read",
        "DELETE" => "delete",
        _ => "write",
    };
    Failure::new(
        403,
        "AuthorizationFailed",
        format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{resource_type}/{verb}' over scope '{}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            caller.client_id, caller.id, request.path
        ),
    )
}

/// 403 `RequestDisallowedByPolicy`, in the words of learn.microsoft.com, policy-violation errors.
pub fn check_policy(store: &Store, kind: &str, name: &str) -> Result<(), Failure> {
    let denied = store.faults.denied_types.iter();
    if denied
        .into_iter()
        .all(|denied| !denied.eq_ignore_ascii_case(kind))
    {
        return Ok(());
    }
    Err(Failure::new(
        403,
        "RequestDisallowedByPolicy",
        format!(
            "Resource '{name}' was disallowed by policy. Policy identifiers: '[{{\"policyAssignment\":{{\"name\":\"Allowed resource types\"}}}}]'."
        ),
    ))
}

/// Checks the API version of a request against those that a resource type has.
///
/// # Errors
/// 400 `NoRegisteredProviderFound`.
pub fn check_version(call: &Call<'_>, kind: &str, versions: &[&str]) -> Result<(), Failure> {
    let version = call.request.parameter("api-version").unwrap_or_default();
    if versions.contains(&version.as_str()) {
        return Ok(());
    }
    Err(Failure::new(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for API version '{version}' for type '{kind}'. The supported api-versions are '{}'.",
            versions.join(", ")
        ),
    ))
}

/// A page of a list, with a link to the next one.
pub fn page(call: &Call<'_>, rows: Vec<Value>) -> Reply {
    const SIZE: usize = 100;
    let skip = call.request.parameter("$skiptoken");
    let skip = skip
        .and_then(|token| token.parse::<usize>().ok())
        .unwrap_or(0);
    let top = call.request.parameter("$top");
    let top = top
        .and_then(|top| top.parse::<usize>().ok())
        .unwrap_or(SIZE);
    let size = top.clamp(1, SIZE);
    let more = rows.len() > skip.saturating_add(size);
    let rows: Vec<Value> = rows.into_iter().skip(skip).take(size).collect();
    let mut body = json!({"value": rows});
    if more {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in call.request.parameters() {
            if name != "$skiptoken" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("$skiptoken", &(skip + size).to_string());
        let (root, path) = (call.request.root(), &call.request.path);
        body["nextLink"] = format!("{root}{path}?{}", query.finish()).into();
    }
    Reply::json(200, &body)
}

/// Whether a path is one of Resource Manager's, for requests that come to a loopback address.
pub fn is_arm_path(path: &str) -> bool {
    ["/metadata/endpoints", "/subscriptions", "/providers"]
        .iter()
        .any(|known| {
            path.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// Where a client finds the services; a loopback emulator names itself for all of them.
fn metadata(request: &Request) -> Value {
    let is_azure = request.hostname().starts_with("management.");
    let at = |own: &str| match is_azure {
        true => own.to_owned(),
        false => request.root(),
    };
    json!([{
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": at("https://login.microsoftonline.com"),
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common", "identityProvider": "AAD",
        },
        "resourceManager": at("https://management.azure.com"),
        "microsoftGraphResourceId": at("https://graph.microsoft.com"),
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net"},
    }])
}
