//! Between field tables and the services' JSON, both ways.

use serde_json::Value as Json;

use crate::model::schema::{Default, Field, Type};
use crate::model::value::{Map, Value};

/// The members of `json` that the table places, in the table's words.
pub fn decode(fields: &[Field], json: &Json) -> Map {
    let mut body = Map::new();
    for field in fields {
        let value = match (field.nested(), field.wire) {
            (Some(nested), None) => Some(Value::Map(decode(nested, json))),
            (_, Some(pointer)) => Some(read(field, json.pointer(pointer).unwrap_or(&Json::Null))),
            (None, None) => None,
        };
        if let Some(value) = value {
            body.insert(field.name.to_owned(), value);
        }
    }
    body
}

fn read(field: &Field, json: &Json) -> Value {
    if json.is_null() {
        return field.default.value().unwrap_or(Value::Null);
    }
    match (field.ty, Value::from_json(json)) {
        (Type::Set(_), Value::List(items)) => Value::Set(items.into_iter().collect()),
        (_, value) => value,
    }
}

/// Puts a value at a JSON pointer of a request's body, making the objects on the way.
pub fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut at = body;
    for name in pointer.trim_start_matches('/').split('/') {
        if !matches!(at, Value::Map(_)) {
            *at = Value::Map(Map::new());
        }
        let Value::Map(map) = at else { return };
        at = map.entry(name.to_owned()).or_insert(Value::Null);
    }
    *at = value;
}

/// A value as it goes onto the wire: `null` means the service's default.
pub fn write(field: &Field, value: &Value) -> Value {
    match (value, field.default) {
        (Value::Null, Default::None) => Value::Null,
        (Value::Null, default) => default.value().unwrap_or(Value::Null),
        (value, _) => value.clone(),
    }
}

/// The field at a dotted path.
pub fn field<'a>(fields: &'a [Field], path: &str) -> Option<&'a Field> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let found = fields.iter().find(|field| field.name == first)?;
    if rest.is_empty() {
        Some(found)
    } else {
        field(found.nested()?, rest)
    }
}

/// An OData string literal in a key: quotes doubled, everything that a path cannot hold percent-encoded.
pub fn key(name: &str, value: &str) -> String {
    format!("{name}='{}'", quoted(value))
}

/// The inside of an OData string literal in a path.
pub fn quoted(value: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEEP: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(&value.replace('\'', "''"), KEEP).to_string()
}
