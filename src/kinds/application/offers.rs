//! From what a live application offers back to the blocks that declare it: app roles, scopes, clients that need no
//! consent, optional claims. Ids are left out: what is there under the same value keeps its own.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::entitlements::{CLIENTS, ROLES, SCOPES, wrong_value};
use super::optional_claims::CLAIMS;
use crate::model::live::Object;
use crate::model::value::{Map, Value};

/// The ids of what an application offers as `app_role` or `oauth2_permission_scope`, by value.
pub fn offered(object: &Object, word: &str) -> BTreeMap<String, String> {
    let name = match word {
        "app_role" => ROLES,
        _ => SCOPES,
    };
    let entries = read(object, name).into_iter();
    entries
        .filter_map(|(value, entry)| Some((value, entry["id"].as_str()?.to_owned())))
        .collect()
}

fn read(object: &Object, name: &str) -> BTreeMap<String, Json> {
    let entries = object.body.get(name).and_then(Value::as_map);
    let parsed = entries
        .into_iter()
        .flatten()
        .filter_map(|(key, text)| Some((key.clone(), serde_json::from_str(text.as_str()?).ok()?)));
    parsed.collect()
}

/// Adds the blocks to an application's body. A list of which one entry cannot be said is left out as a whole: the
/// rest alone would take that entry away.
pub fn declare(object: &Object, body: &mut Map, left: &mut Vec<(String, String)>) {
    let scopes = read(object, SCOPES);
    let groups = [
        (None, "app_role", blocks(&read(object, ROLES), role)),
        (
            Some("api"),
            "oauth2_permission_scope",
            blocks(&scopes, scope),
        ),
        (
            Some("api"),
            "pre_authorized",
            clients(&read(object, CLIENTS), &scopes),
        ),
    ];
    for (within, name, made) in groups {
        match (within, made) {
            (_, Ok(made)) if made.is_empty() => {}
            (None, Ok(made)) => put(body, name, made),
            (Some(within), Ok(made)) => {
                put(body, within, [(name.to_owned(), Value::Map(made))].into());
            }
            (_, Err(why)) => left.push((name.to_owned(), why)),
        }
    }
    let mut claims: BTreeMap<String, Map> = BTreeMap::new();
    for (key, entry) in read(object, CLAIMS) {
        let Some((token, name)) = key.split_once('/') else {
            continue;
        };
        let mut block = Map::new();
        if let Some(source) = entry["source"].as_str() {
            block.insert("source".to_owned(), source.into());
        }
        if entry["essential"] == true {
            block.insert("essential".to_owned(), Value::Bool(true));
        }
        let properties = entry["additionalProperties"]
            .as_array()
            .into_iter()
            .flatten();
        let properties: Vec<&str> = properties.filter_map(Json::as_str).collect();
        if !properties.is_empty() {
            let all = properties.into_iter().map(Value::from).collect();
            block.insert("additional_properties".to_owned(), Value::List(all));
        }
        let token = claims.entry(token.to_owned()).or_default();
        token.insert(name.to_owned(), Value::Map(block));
    }
    if !claims.is_empty() {
        let claims = claims
            .into_iter()
            .map(|(token, of)| (token, Value::Map(of)));
        put(body, "optional_claims", claims.collect());
    }
}

/// Puts members into the nested block of a name, which is made where it is not there.
fn put(body: &mut Map, within: &str, members: Map) {
    match body.get_mut(within) {
        Some(Value::Map(there)) => there.extend(members),
        _ => drop(body.insert(within.to_owned(), Value::Map(members))),
    }
}

fn blocks(
    entries: &BTreeMap<String, Json>,
    block: fn(&Json) -> Option<Map>,
) -> Result<Map, String> {
    let mut made = Map::new();
    for (value, entry) in entries {
        if entry["value"].as_str().is_none_or(|own| own != value) {
            return Err(format!("`{value}` has no value to name it by"));
        }
        if let Some(why) = wrong_value(value) {
            return Err(format!("`{value}` cannot be a value: {why}"));
        }
        let block = block(entry).ok_or_else(|| format!("`{value}` has no name or description"))?;
        made.insert(value.clone(), Value::Map(block));
    }
    Ok(made)
}

/// The texts of an entry by the words of its block; none where a required one is missing.
fn texts(entry: &Json, required: &[(&str, &str)], optional: &[(&str, &str)]) -> Option<Map> {
    let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
    let mut block = Map::new();
    for (word, name) in required {
        block.insert((*word).to_owned(), text(name)?.into());
    }
    for (word, name) in optional {
        block.extend(text(name).map(|text| ((*word).to_owned(), text.into())));
    }
    if entry["isEnabled"] == false {
        block.insert("enabled".to_owned(), Value::Bool(false));
    }
    Some(block)
}

fn role(entry: &Json) -> Option<Map> {
    let required = [
        ("display_name", "displayName"),
        ("description", "description"),
    ];
    let mut block = texts(entry, &required, &[])?;
    let types = entry["allowedMemberTypes"].as_array()?;
    let types = Value::texts(types.iter().filter_map(Json::as_str));
    block.insert("allowed_member_types".to_owned(), types);
    Some(block)
}

fn scope(entry: &Json) -> Option<Map> {
    let required = [
        ("admin_consent_display_name", "adminConsentDisplayName"),
        ("admin_consent_description", "adminConsentDescription"),
    ];
    let optional = [
        ("user_consent_display_name", "userConsentDisplayName"),
        ("user_consent_description", "userConsentDescription"),
        ("type", "type"),
    ];
    let mut block = texts(entry, &required, &optional)?;
    if block.get("type").and_then(Value::as_str) == Some("User") {
        block.remove("type");
    }
    Some(block)
}

/// Scopes by value, which only the application's own have.
fn clients(
    entries: &BTreeMap<String, Json>,
    scopes: &BTreeMap<String, Json>,
) -> Result<Map, String> {
    let mut made = Map::new();
    for (client, entry) in entries {
        let ids = entry["delegatedPermissionIds"]
            .as_array()
            .into_iter()
            .flatten();
        let names: Option<Vec<&str>> = ids
            .map(|id| {
                let found = scopes.iter().find(|(_, scope)| scope["id"] == *id);
                found.map(|(value, _)| value.as_str())
            })
            .collect();
        let names = names.ok_or_else(|| {
            format!("`{client}` gets a scope that the application does not offer")
        })?;
        let block = Value::map([("scopes", Value::texts(names))]);
        made.insert(client.clone(), block);
    }
    Ok(made)
}
