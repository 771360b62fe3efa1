//! Declarations as HCL: nested blocks as blocks, small ones as objects.

use hcl::expr::ObjectKey;
use hcl::format::{Format, Formatter};
use hcl::ser::to_expression;
use hcl::{Attribute, Block, Body, Expression, Identifier};

use super::Declared;
use crate::config;
use crate::kinds;
use crate::model::schema::{Field, Type};
use crate::model::source::SourceId;
use crate::model::value::{Map, Value};

/// A whole stack.
pub fn stack(name: &str, tenant_id: &str, all: &[Declared]) -> Result<String, String> {
    let stack = Block::builder("stack")
        .add_label(name)
        .add_attribute(("tenant_id", text(tenant_id)))
        .build();
    let blocks = all.iter().map(|declared| {
        let mut body = body(super::fields(declared.kind), &declared.body, true);
        let nested = [
            (kinds::federated_credential::KIND, &declared.credentials),
            (kinds::role_assignment::KIND, &declared.roles),
        ];
        for (kind, blocks) in nested {
            for (label, inner, _) in blocks {
                let block = Block::builder(kind)
                    .add_label(label.as_str())
                    .add_structures(self::body(super::fields(kind), inner, true))
                    .build();
                body.push(block.into());
            }
        }
        Block::builder(declared.kind)
            .add_label(declared.label.as_str())
            .add_structures(body)
            .build()
    });
    print(&Body::builder().add_block(stack).add_blocks(blocks).build())
}

/// The text of a body, in the canonical layout.
pub fn print(body: &Body) -> Result<String, String> {
    let mut formatter = Formatter::builder()
        .compact_objects(true)
        .compact_arrays(true)
        .prefer_ident_keys(true)
        .build_vec();
    let text = body
        .format_string(&mut formatter)
        .map_err(|error| error.to_string())?;
    config::format::format(SourceId::default(), &text)
        .map_err(|said| said.into_iter().map(|one| one.message).collect())
}

/// Attributes and then blocks, each in the order of the field table. Small blocks may be `objects`.
pub fn body(fields: &[Field], map: &Map, objects: bool) -> Vec<hcl::Structure> {
    let (mut attributes, mut blocks) = (Vec::new(), Vec::new());
    for field in fields {
        match (field.ty, map.get(field.name)) {
            (_, None) => {}
            (Type::Labelled(nested), Some(Value::Map(labelled))) => {
                for (label, inner) in labelled {
                    let inner = inner.as_map().map(|inner| body(nested, inner, objects));
                    let block = Block::builder(field.name)
                        .add_label(label.as_str())
                        .add_structures(inner.unwrap_or_default());
                    blocks.push(block.build().into());
                }
            }
            (_, Some(value @ Value::Map(inner))) => match field.nested() {
                Some(nested) if !objects || !small(inner) => {
                    let block =
                        Block::builder(field.name).add_structures(body(nested, inner, objects));
                    blocks.push(block.build().into());
                }
                _ => attributes.push(Attribute::new(field.name, expression(value)).into()),
            },
            (_, Some(value)) => {
                attributes.push(Attribute::new(field.name, expression(value)).into());
            }
        }
    }
    attributes.into_iter().chain(blocks).collect()
}

/// Whether it fits on a line.
fn small(map: &Map) -> bool {
    map.len() <= 2
        && map
            .values()
            .all(|value| matches!(value, Value::Text(_) | Value::Bool(_)))
}

pub fn expression(value: &Value) -> Expression {
    match value {
        Value::Null => Expression::Null,
        Value::Bool(flag) => Expression::Bool(*flag),
        Value::Number(_) => to_expression(value.to_json()).unwrap_or(Expression::Null),
        Value::Text(_) => text(value.as_str().unwrap_or_default()),
        Value::List(_) | Value::Set(_) => {
            Expression::Array(value.items().map(expression).collect())
        }
        Value::Map(map) => Expression::Object(
            map.iter()
                .map(|(name, value)| {
                    (
                        ObjectKey::from(Identifier::sanitized(name)),
                        expression(value),
                    )
                })
                .collect(),
        ),
    }
}

/// Text as it is: the writer escapes what would be a template.
pub fn text(text: &str) -> Expression {
    Expression::String(text.to_owned())
}
