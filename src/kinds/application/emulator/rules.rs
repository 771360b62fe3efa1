//! What the service refuses to store in an application.

use std::collections::BTreeSet;

use serde_json::Value;

use super::APPLICATIONS;
use crate::emulator::graph::Failure;
use crate::emulator::store::{View, list, member, text};
use crate::emulator::table::Entity;

/// Checks an application that is about to be stored against its last state.
///
/// # Errors
/// 400 in Graph's words.
pub fn check(view: View<'_>, old: Option<&Entity>, new: &Entity) -> Result<(), Failure> {
    if text(new, "displayName").is_empty() {
        return Err(Failure::bad_request(
            "A value is required for property 'displayName' of resource 'Application'.",
        ));
    }
    let audience = text(new, "signInAudience");
    let personal = match audience {
        "AzureADMyOrg" | "AzureADMultipleOrgs" => false,
        "AzureADandPersonalMicrosoftAccount" | "PersonalMicrosoftAccount" => true,
        _ => return Err(invalid("signInAudience")),
    };
    tags(new)?;
    redirect_uris(new, personal)?;
    identifier_uris(view, old, new, personal)?;
    permissions(new, personal)?;
    api(new, personal)?;
    if let Some(old) = old {
        entitlements(old, new, &["appRoles"])?;
        entitlements(old, new, &["api", "oauth2PermissionScopes"])?;
    }
    // supported-accounts-validation.md: about a thousand items over all collections.
    let items = [
        "identifierUris",
        "tags",
        "appRoles",
        "keyCredentials",
        "requiredResourceAccess",
    ];
    let items: usize = items.iter().map(|name| list(new, name).len()).sum();
    if items + uris(new).count() + scopes(new).len() > 1000 {
        return Err(Failure::bad_request(
            "The number of items in the collection properties of the object exceeds its limit.",
        ));
    }
    Ok(())
}

fn invalid(property: &str) -> Failure {
    Failure::invalid(&APPLICATIONS, property)
}

fn tags(new: &Entity) -> Result<(), Failure> {
    let tags = list(new, "tags");
    let mut seen = BTreeSet::new();
    for tag in tags.iter().filter_map(Value::as_str) {
        if tag.is_empty() || tag.contains(char::is_whitespace) || !seen.insert(tag) {
            return Err(invalid("tags"));
        }
    }
    Ok(())
}

fn strings<'e>(entity: &'e Entity, path: [&str; 2]) -> impl Iterator<Item = &'e str> {
    let items = entity
        .get(path[0])
        .and_then(|object| object[path[1]].as_array());
    items.into_iter().flatten().filter_map(Value::as_str)
}

fn uris(entity: &Entity) -> impl Iterator<Item = &str> {
    let all = ["web", "spa", "publicClient"];
    all.into_iter()
        .flat_map(|client| strings(entity, [client, "redirectUris"]))
}

/// learn.microsoft.com, reply-url: restrictions and limitations.
fn redirect_uris(new: &Entity, personal: bool) -> Result<(), Failure> {
    let limit = if personal { 100 } else { 256 };
    if uris(new).count() > limit {
        return Err(invalid("redirectUris"));
    }
    let mut seen = BTreeSet::new();
    for client in ["web", "spa", "publicClient"] {
        for uri in strings(new, [client, "redirectUris"]) {
            let loopback = |prefix: &str| {
                uri.strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
            };
            let allowed = match uri.split_once(':') {
                Some(("https", _)) => true,
                Some(("http", _)) => loopback("http://localhost") || loopback("http://127.0.0.1"),
                Some((scheme, _)) => match client {
                    "publicClient" => scheme.starts_with(|c: char| c.is_ascii_alphabetic()),
                    "web" => ["ms-appx-web", "brk-multihub", "urn"].contains(&scheme),
                    _ => scheme == "brk-multihub",
                },
                None => false,
            };
            let wildcard = uri.contains('*') && personal;
            let query = uri.contains('?') && personal;
            let forbidden = uri.contains(|c: char| "!$'(),; ".contains(c)) || uri.contains('#');
            if !allowed || wildcard || query || forbidden || !seen.insert(uri) {
                return Err(invalid("redirectUris"));
            }
        }
    }
    let logout = new.get("web").and_then(|web| web["logoutUrl"].as_str());
    if logout.is_some_and(|url| !url.starts_with("https://")) {
        return Err(invalid("logoutUrl"));
    }
    Ok(())
}

/// learn.microsoft.com, supported-accounts-validation, and reference-breaking-changes of October 2021.
fn identifier_uris(
    view: View<'_>,
    old: Option<&Entity>,
    new: &Entity,
    personal: bool,
) -> Result<(), Failure> {
    let uris = list(new, "identifierUris");
    let (longest, most) = if personal {
        (120, 50)
    } else {
        (255, usize::MAX)
    };
    if uris.len() > most {
        return Err(invalid("identifierUris"));
    }
    let mut seen = BTreeSet::new();
    for uri in uris.iter().filter_map(Value::as_str) {
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        let scheme_known = ["http", "https", "api", "ms-appx", "urn"].contains(&scheme);
        let too_rich = personal && (scheme == "urn" || uri.contains(['?', '#']));
        if !scheme_known
            || too_rich
            || uri.contains('*')
            || uri.len() > longest
            || !seen.insert(uri)
        {
            return Err(invalid("identifierUris"));
        }
        let mut holders = view.find(&APPLICATIONS, "identifierUris", uri);
        if holders.any(|other| member(other, "id") != member(new, "id")) {
            return Err(Failure::conflict("identifierUris"));
        }
        let is_new =
            old.is_none_or(|old| !list(old, "identifierUris").iter().any(|have| have == uri));
        if is_new && !is_trusted(view, new, uri) {
            let message = format!(
                "Values of identifierUris property must use a verified domain of the organization or its subdomain: '{uri}'"
            );
            return Err(Failure {
                detail: Some(("HostNameNotOnVerifiedDomain", "identifierUris")),
                ..Failure::bad_request(message)
            });
        }
    }
    Ok(())
}

/// Whether a URI has one of the default patterns: own id, tenant id, or a verified domain.
fn is_trusted(view: View<'_>, new: &Entity, uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return true;
    };
    if !["http", "https", "api"].contains(&scheme) {
        return true;
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let last = rest.rsplit('/').next().unwrap_or_default();
    let own = text(new, "appId");
    let tenant = &view.store.tenant;
    let on_domain = tenant.domains.iter().any(|domain| {
        host == domain
            || host
                .strip_suffix(domain.as_str())
                .is_some_and(|sub| sub.ends_with('.'))
    });
    on_domain || (scheme == "api" && (host == own || host == tenant.id || last == own))
}

/// learn.microsoft.com, supported-accounts-validation: 50 resources, 400 permissions; 200 and 30 each with personal accounts.
fn permissions(new: &Entity, personal: bool) -> Result<(), Failure> {
    let resources = list(new, "requiredResourceAccess");
    let of = |resource: &Value| resource["resourceAccess"].as_array().map_or(0, Vec::len);
    let total: usize = resources.iter().map(of).sum();
    let mut seen = BTreeSet::new();
    let wrong = resources.iter().any(|resource| {
        let known = |access: &Value| {
            ["Scope", "Role"].contains(&access["type"].as_str().unwrap_or_default())
        };
        let id = resource["resourceAppId"].as_str().unwrap_or_default();
        uuid::Uuid::try_parse(id).is_err()
            || !seen.insert(id)
            || !resource["resourceAccess"]
                .as_array()
                .into_iter()
                .flatten()
                .all(known)
            || (personal && of(resource) > 30)
    });
    let most = if personal { 200 } else { 400 };
    match wrong || resources.len() > 50 || total > most {
        true => Err(invalid("requiredResourceAccess")),
        false => Ok(()),
    }
}

fn scopes(entity: &Entity) -> &[Value] {
    let scopes = entity
        .get("api")
        .and_then(|api| api["oauth2PermissionScopes"].as_array());
    scopes.map_or(&[], Vec::as_slice)
}

/// Names and ids of what an API offers (msgraph-bicep-types, `appRole` and `permissionScope`).
fn api(new: &Entity, personal: bool) -> Result<(), Failure> {
    let version = new
        .get("api")
        .map(|api| &api["requestedAccessTokenVersion"]);
    match version.and_then(Value::as_i64) {
        None if !personal => {}
        Some(2) => {}
        Some(1) if !personal => {}
        _ => return Err(invalid("requestedAccessTokenVersion")),
    }
    let roles = list(new, "appRoles");
    if personal && !roles.is_empty() {
        return Err(invalid("appRoles"));
    }
    let mut ids = BTreeSet::new();
    let mut values = BTreeSet::new();
    for entry in roles.iter().chain(scopes(new)) {
        let value = entry["value"].as_str().unwrap_or_default();
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || ":!#$%&'()*+,-./;=?@[]^_{}~`".contains(c);
        let named = value.chars().all(allowed) && !value.starts_with('.');
        let id = entry["id"].as_str().unwrap_or_default();
        if id.is_empty()
            || !named
            || !ids.insert(id)
            || (!value.is_empty() && !values.insert(value))
        {
            return Err(invalid("appRoles"));
        }
    }
    for role in roles {
        let types = role["allowedMemberTypes"].as_array();
        let known = |kind: &Value| kind == "User" || kind == "Application";
        if !types.is_some_and(|types| !types.is_empty() && types.iter().all(known)) {
            return Err(invalid("allowedMemberTypes"));
        }
    }
    Ok(())
}

/// An enabled permission must be disabled before it can be changed or removed (msgraph-bicep-types#196).
fn entitlements(old: &Entity, new: &Entity, path: &[&str]) -> Result<(), Failure> {
    let entries = |entity: &Entity| {
        let value = match path {
            [name] => entity.get(*name).cloned(),
            [outer, name] => entity.get(*outer).map(|object| object[*name].clone()),
            _ => None,
        };
        value
            .and_then(|value| value.as_array().cloned())
            .unwrap_or_default()
    };
    let after = entries(new);
    for before in entries(old)
        .iter()
        .filter(|entry| entry["isEnabled"] == true)
    {
        let same = after.iter().find(|entry| entry["id"] == before["id"]);
        let kept = same.is_some_and(|entry| entry["value"] == before["value"]);
        if !kept {
            return Err(Failure::new(
                400,
                "CannotDeleteOrUpdateEnabledEntitlement",
                "Permission (scope or role) cannot be deleted or updated unless disabled first.",
            ));
        }
    }
    Ok(())
}
