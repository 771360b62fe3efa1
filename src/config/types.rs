//! Type expressions: `string`, `list(string)`, `object({ name = string, tags = optional(set(string)) })`.

use std::collections::BTreeMap;

use super::context::{Context, Eval, Failure};
use super::convert::{Attribute, Type, convert};
use super::document::{Call, Expr, ExprKind};
use super::evaluate::key_text;
use super::hcl_expression::parse_expression;
use super::scope::Scope;
use super::value::Value;
use super::variables::constant;
use crate::model::diagnostic::Diagnostic;
use crate::model::words::nearest;

const WORDS: [&str; 10] = [
    "string", "number", "bool", "any", "list", "set", "map", "tuple", "object", "optional",
];

pub(super) fn parse(context: &Context, expr: &Expr) -> Eval<Type> {
    let wrong = |message: &str| -> Failure {
        Diagnostic::error("wrong-type", message)
            .at(expr.span, "not a type")
            .help("types are `string`, `number`, `bool`, `any`, `list(…)`, `set(…)`, `map(…)`, `tuple([…])` and `object({ name = … })`")
            .into()
    };
    match &expr.kind {
        ExprKind::Name(name) => match &**name {
            "string" => Ok(Type::String),
            "number" => Ok(Type::Number),
            "bool" => Ok(Type::Bool),
            "any" => Ok(Type::Any),
            "list" | "set" | "map" => Err(wrong(&format!(
                "`{name}` needs the type of its elements, as in `{name}(string)`"
            ))),
            other => Err(match nearest(other, WORDS) {
                Some(near) => wrong(&format!("`{other}` is not a type: did you mean `{near}`?")),
                None => wrong(&format!("`{other}` is not a type")),
            }),
        },
        // YAML, and quotes from older files.
        ExprKind::String(text) => {
            let mut said = Vec::new();
            let parsed = parse_expression(expr.span.source, text, 0, &mut said);
            let Some(mut parsed) = parsed
                .filter(|parsed| said.is_empty() && !matches!(parsed.kind, ExprKind::String(_)))
            else {
                return Err(wrong("this is not a type"));
            };
            parsed.place(expr.span);
            parse(context, &parsed)
        }
        ExprKind::Call(call) => {
            let Call {
                name,
                arguments,
                expand: false,
            } = &**call
            else {
                return Err(wrong("`...` has no place in a type"));
            };
            match (&*name.text, arguments.as_slice()) {
                ("list", [element]) => Ok(Type::List(Box::new(parse(context, element)?))),
                ("set", [element]) => Ok(Type::Set(Box::new(parse(context, element)?))),
                ("map", [element]) => Ok(Type::Map(Box::new(parse(context, element)?))),
                (
                    "tuple",
                    [
                        Expr {
                            kind: ExprKind::Array(items),
                            ..
                        },
                    ],
                ) => items
                    .iter()
                    .map(|item| parse(context, item))
                    .collect::<Eval<_>>()
                    .map(Type::Tuple),
                (
                    "object",
                    [
                        Expr {
                            kind: ExprKind::Object(members),
                            ..
                        },
                    ],
                ) => object(context, members),
                ("optional", _) => Err(wrong("`optional(…)` stands only in an object type")),
                ("list" | "set" | "map", _) => Err(wrong(&format!(
                    "`{0}` takes one type, that of its elements, as in `{0}(string)`",
                    call.name.text
                ))),
                ("tuple", _) => Err(wrong(
                    "`tuple` takes a list of types, as in `tuple([string, number])`",
                )),
                ("object", _) => Err(wrong(
                    "`object` takes the types of its attributes by name, as in `object({ name = string })`",
                )),
                (other, _) => Err(match nearest(other, WORDS) {
                    Some(near) => wrong(&format!(
                        "`{other}(…)` is not a type: did you mean `{near}`?"
                    )),
                    None => wrong(&format!("`{other}(…)` is not a type")),
                }),
            }
        }
        _ => Err(wrong("this is not a type")),
    }
}

fn object(context: &Context, members: &[(Expr, Expr)]) -> Eval<Type> {
    let mut attributes = BTreeMap::new();
    for (key, value) in members {
        let name = key_text(context, &Scope::EMPTY, key)?;
        let attribute = match &value.kind {
            ExprKind::Call(call) if &*call.name.text == "optional" => {
                let (ty, default) = match call.arguments.as_slice() {
                    [ty] => (ty, None),
                    [ty, default] => (ty, Some(default)),
                    _ => {
                        return Err(Diagnostic::error(
                            "wrong-type",
                            "`optional` takes a type and perhaps a default",
                        )
                        .at(value.span, "here")
                        .help("write `optional(string)` or `optional(string, \"default\")`")
                        .into());
                    }
                };
                let ty = parse(context, ty)?;
                let default = match default {
                    None => Value::Null,
                    Some(expr) => {
                        let value = constant(context, expr)?;
                        convert(&value, &ty).map_err(|why| {
                            Failure::from(
                                Diagnostic::error("wrong-type", why).at(expr.span, "here"),
                            )
                        })?
                    }
                };
                Attribute {
                    ty,
                    optional: Some(default),
                }
            }
            _ => Attribute {
                ty: parse(context, value)?,
                optional: None,
            },
        };
        attributes.insert(name, attribute);
    }
    Ok(Type::Object(attributes))
}
