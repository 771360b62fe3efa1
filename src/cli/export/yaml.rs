//! Declarations as YAML.

use serde_json::{Map as Members, Value as Json};

use super::{Declared, fields};
use crate::kinds;
use crate::model::schema::{Field, Type};
use crate::model::value::{Map, Value};

/// A whole stack.
pub fn stack(name: &str, tenant_id: &str, all: &[Declared]) -> Result<String, String> {
    let mut stack = Members::new();
    stack.insert(
        "stack".to_owned(),
        serde_json::json!({ name: { "tenant_id": tenant_id } }),
    );
    for declared in all {
        let mut block = plain(fields(declared.kind), &declared.body);
        let nested = [
            (kinds::federated_credential::KIND, &declared.credentials),
            (kinds::role_assignment::KIND, &declared.roles),
        ];
        for (kind, blocks) in nested.into_iter().filter(|(_, blocks)| !blocks.is_empty()) {
            let blocks = blocks
                .iter()
                .map(|(label, body, _)| (label.clone(), plain(fields(kind), body).into()));
            block.insert(kind.to_owned(), Json::Object(blocks.collect()));
        }
        let of_kind = stack
            .entry(declared.kind)
            .or_insert_with(|| Json::Object(Members::new()));
        if let Json::Object(of_kind) = of_kind {
            of_kind.insert(declared.label.clone(), block.into());
        }
    }
    serde_saphyr::to_string(&stack).map_err(|error| error.to_string())
}

/// One credential, as a member of its parent's `federated_credential`.
pub fn credential(label: &str, body: &Map) -> Result<String, String> {
    let body = plain(fields(kinds::federated_credential::KIND), body);
    serde_saphyr::to_string(&serde_json::json!({ label: body })).map_err(|error| error.to_string())
}

/// In the order of the field table.
fn plain(fields: &[Field], map: &Map) -> Members<String, Json> {
    let members = fields.iter().filter_map(|field| {
        let value = map.get(field.name)?;
        let value = match (field.nested(), value) {
            (Some(nested), Value::Map(inner)) if !matches!(field.ty, Type::Labelled(_)) => {
                plain(nested, inner).into()
            }
            (_, value) => escaped(value.to_json()),
        };
        Some((field.name.to_owned(), value))
    });
    members.collect()
}

/// Text in which nothing is a template.
fn escaped(json: Json) -> Json {
    match json {
        Json::String(text) => Json::String(text.replace("${", "$${").replace("%{", "%%{")),
        Json::Array(items) => items.into_iter().map(escaped).collect(),
        Json::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| (name, escaped(value)));
            Json::Object(members.collect())
        }
        other => other,
    }
}
