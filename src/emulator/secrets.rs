//! Passwords and keys on directory objects, as far as tests need them to plant what an audit must find.

use serde_json::{Value, json};

use super::dates;
use super::graph::{Call, Failure};
use super::request::Reply;
use super::store::list;
use super::table::{Entity, Table};

const TWO_YEARS_MS: u64 = 2 * 365 * 24 * 3600 * 1000;

/// `POST …/addPassword`: the only reply that shows the secret (learn.microsoft.com, application-addpassword).
///
/// # Errors
/// 404 when the object is missing, 403 when the caller may not change it.
pub fn add_password(call: &mut Call<'_>, table: &'static Table) -> Result<Reply, Failure> {
    let body = call.body()?;
    let wanted = body
        .get("passwordCredential")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let secret = format!(
        "{}~{}",
        &call.store.guid()[..8],
        call.store.guid().replace('-', "Q")
    );
    let member = |name: &str, otherwise: Value| match wanted.get(name) {
        Some(value) if !value.is_null() => value.clone(),
        _ => otherwise,
    };
    let credential = json!({
        "customKeyIdentifier": null,
        "displayName": member("displayName", Value::Null),
        "endDateTime": member("endDateTime", dates::iso(call.now + TWO_YEARS_MS).into()),
        "hint": &secret[..3],
        "keyId": call.store.guid(),
        "secretText": null,
        "startDateTime": member("startDateTime", dates::iso(call.now).into()),
    });
    add(call, table, "passwordCredentials", credential.clone())?;
    let mut shown = credential;
    shown["secretText"] = secret.into();
    Ok(action(call, "passwordCredential", &shown))
}

/// `POST …/addKey`. The proof of possession is not checked.
///
/// # Errors
/// 404 when the object is missing, 403 when the caller may not change it.
pub fn add_key(call: &mut Call<'_>, table: &'static Table) -> Result<Reply, Failure> {
    let body = call.body()?;
    let wanted = body
        .get("keyCredential")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut credential = json!({
        "customKeyIdentifier": null, "displayName": null,
        "endDateTime": dates::iso(call.now + TWO_YEARS_MS), "key": null, "keyId": call.store.guid(),
        "startDateTime": dates::iso(call.now), "type": "AsymmetricX509Cert", "usage": "Verify",
    });
    for (name, value) in wanted {
        if credential.get(&name).is_some() && name != "keyId" {
            credential[name] = value;
        }
    }
    add(call, table, "keyCredentials", credential.clone())?;
    Ok(action(call, "keyCredential", &credential))
}

/// `POST …/removePassword` and `POST …/removeKey`.
///
/// # Errors
/// 400 when no credential has the `keyId`.
pub fn remove(
    call: &mut Call<'_>,
    table: &'static Table,
    property: &str,
) -> Result<Reply, Failure> {
    let body = call.body()?;
    let key_id = body.get("keyId").cloned().unwrap_or_default();
    let mut entity = changeable(call, table)?;
    let kept: Vec<Value> = list(&entity, property)
        .iter()
        .filter(|credential| credential["keyId"] != key_id)
        .cloned()
        .collect();
    if kept.len() == list(&entity, property).len() {
        return Err(Failure::bad_request(format!(
            "No credentials found to be removed: {key_id}."
        )));
    }
    entity.insert(property.to_owned(), Value::Array(kept));
    call.store.put(table, entity, call.now);
    Ok(Reply::empty(204))
}

fn changeable(call: &Call<'_>, table: &'static Table) -> Result<Entity, Failure> {
    let entity = call.find(call.store.primary(), table, 0)?;
    call.caller.must_own(&entity)?;
    Ok((*entity).clone())
}

fn add(
    call: &mut Call<'_>,
    table: &'static Table,
    property: &str,
    credential: Value,
) -> Result<(), Failure> {
    let mut entity = changeable(call, table)?;
    let mut credentials = list(&entity, property).to_vec();
    credentials.push(credential);
    entity.insert(property.to_owned(), Value::Array(credentials));
    call.store.put(table, entity, call.now);
    Ok(())
}

fn action(call: &Call<'_>, of: &str, result: &Value) -> Reply {
    let mut body =
        json!({"@odata.context": format!("{}/$metadata#microsoft.graph.{of}", call.root())});
    for (name, value) in result.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Reply::json(200, &body)
}
