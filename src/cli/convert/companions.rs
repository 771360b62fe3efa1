//! What the azuread provider declares beside an application, and is a part of it here.

use serde_json::Value as Json;

use super::stack::object_id;
use super::state::Instance;

pub const IDENTIFIER_URI: &str = "azuread_application_identifier_uri";
pub const API_ACCESS: &str = "azuread_application_api_access";
const REDIRECT_URIS: &str = "azuread_application_redirect_uris";

pub const KINDS: &[&str] = &[IDENTIFIER_URI, API_ACCESS, REDIRECT_URIS];

/// The application's object id; none where it is no companion.
pub fn of<'a>(instance: &'a Instance) -> Option<&'a str> {
    let known = KINDS.contains(&instance.kind);
    known.then(|| object_id(instance, &["application_id"]).unwrap_or_default())
}

/// One text of each companion of a kind.
pub fn texts<'a>(all: &[&'a Instance], kind: &str, name: &str) -> Vec<&'a str> {
    all.iter()
        .filter(|one| one.kind == kind)
        .filter_map(|one| one.attributes[name].as_str())
        .collect()
}

/// The redirect URIs of one platform.
pub fn redirect_uris<'a>(all: &[&'a Instance], platform: &str) -> Vec<&'a str> {
    all.iter()
        .filter(|one| one.kind == REDIRECT_URIS && one.attributes["type"] == platform)
        .flat_map(|one| one.attributes["redirect_uris"].as_array())
        .flatten()
        .filter_map(Json::as_str)
        .collect()
}
