//! Types and the conversions between them, as Terraform makes them.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::value::{Value, quote};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::value::Number;

/// Whole numbers up to this are exact; the ones above would silently become others.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// Whether a number is what was written or computed, and no other near it. What is above, infinite or none is whole.
pub(super) fn exact(number: f64) -> bool {
    number.abs() <= EXACT
}

/// What a variable may ask for, and what values are converted to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Any,
    Bool,
    Number,
    String,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(BTreeMap<Rc<str>, Attribute>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute {
    pub ty: Type,
    /// Where it may be left out: what stands for it then.
    pub optional: Option<Value>,
}

pub(super) fn inexact(span: Span) -> Diagnostic {
    Diagnostic::error(
        "invalid-value",
        "this number is too large to be kept exactly",
    )
    .at(span, format!("not within ±{EXACT}"))
    .help("write it in quotes, as text")
}

/// Converts, or says what was expected and what was found (and where in the value, if not at its top).
pub(super) fn convert(value: &Value, to: &Type) -> Result<Value, String> {
    match (to, value) {
        (_, Value::Null | Value::Unset(_)) => Ok(value.clone()),
        (Type::Any, _) => Ok(value.clone()),
        (Type::String, Value::Text(_) | Value::Holes(_)) => Ok(value.clone()),
        (Type::String, Value::Bool(flag)) => Ok(Value::text(flag.to_string())),
        (Type::String, Value::Number(number)) => Ok(Value::text(number_text(*number))),
        (Type::String, Value::Resource(_)) => Err(format!(
            "expected a string, found {}: choose one of its outputs",
            value.describe()
        )),
        (Type::Number, Value::Number(_)) | (Type::Bool, Value::Bool(_)) => Ok(value.clone()),
        (Type::Number, Value::Text(text)) => parse_number(text).map(Value::Number),
        (Type::Bool, Value::Text(text)) => match &**text {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(format!(
                "expected a bool, found {}: write `true` or `false`",
                value.describe()
            )),
        },
        (Type::List(element), Value::List(_) | Value::Set(_)) => {
            elements(value, element).map(Value::list)
        }
        (Type::Set(element), Value::List(_) | Value::Set(_)) => {
            elements(value, element).map(Value::set)
        }
        (Type::Map(element), Value::Map(_)) => {
            let members = value.members().into_iter().flatten();
            let common = common_of(element, members.clone().map(|(_, item)| item))?;
            members
                .map(|(key, item)| {
                    let item = convert(item, &common).map_err(|why| within(key, &why))?;
                    Ok((key.clone(), item))
                })
                .collect::<Result<_, String>>()
                .map(Value::map)
        }
        (Type::Tuple(types), Value::List(_)) => tuple(value, types),
        (Type::Object(attributes), Value::Map(_)) => object(value, attributes),
        _ => Err(format!("expected {to}, found {}", value.describe())),
    }
}

fn elements(value: &Value, element: &Type) -> Result<Vec<Value>, String> {
    let items = value.items().unwrap_or_default();
    let common = common_of(element, items.iter())?;
    items
        .iter()
        .enumerate()
        .map(|(at, item)| convert(item, &common).map_err(|why| within(&at.to_string(), &why)))
        .collect()
}

/// The type that every element takes: the one that was asked for, or the one that suits them all.
fn common_of<'a>(asked: &Type, items: impl Iterator<Item = &'a Value>) -> Result<Type, String> {
    if *asked != Type::Any {
        return Ok(asked.clone());
    }
    let types: Vec<Type> = items.map(type_of).collect();
    unify(&types).ok_or_else(|| "all elements must have one type".to_owned())
}

fn tuple(value: &Value, types: &[Type]) -> Result<Value, String> {
    let items = value.items().unwrap_or_default();
    if items.len() != types.len() {
        return Err(format!(
            "expected a tuple of {} elements, found {}",
            types.len(),
            items.len()
        ));
    }
    items
        .iter()
        .zip(types)
        .enumerate()
        .map(|(at, (item, ty))| convert(item, ty).map_err(|why| within(&at.to_string(), &why)))
        .collect::<Result<_, _>>()
        .map(Value::list)
}

fn object(value: &Value, attributes: &BTreeMap<Rc<str>, Attribute>) -> Result<Value, String> {
    let mut made = BTreeMap::new();
    for (name, attribute) in attributes {
        let given = value.members().and_then(|members| members.get(name));
        let given = given.filter(|given| attribute.optional.is_none() || !given.is_null());
        let item = match (given, &attribute.optional) {
            (Some(item), _) => convert(item, &attribute.ty).map_err(|why| within(name, &why))?,
            (None, Some(default)) => default.clone(),
            (None, None) => return Err(format!("the attribute `{name}` is missing")),
        };
        made.insert(name.clone(), item);
    }
    Ok(Value::map(made))
}

fn within(key: &str, why: &str) -> String {
    match why.strip_prefix("at `") {
        Some(rest) => format!("at `{key}.{rest}"),
        None => format!("at `{key}`: {why}"),
    }
}

/// The type of a value; of an object or list as deep as it goes.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null | Value::Unset(_) => Type::Any,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::Text(_) | Value::Holes(_) | Value::Resource(_) => Type::String,
        Value::List(_) => Type::Tuple(types(value)),
        Value::Set(_) => Type::Set(Box::new(
            types(value).into_iter().next().unwrap_or(Type::Any),
        )),
        Value::Map(_) => Type::Object(
            value
                .members()
                .into_iter()
                .flatten()
                .map(|(key, item)| {
                    let ty = type_of(item);
                    (key.clone(), Attribute { ty, optional: None })
                })
                .collect(),
        ),
    }
}

fn types(value: &Value) -> Vec<Type> {
    let items = value.items().unwrap_or_default();
    items.iter().map(type_of).collect()
}

/// The type that all of these convert to.
pub(super) fn unify(types: &[Type]) -> Option<Type> {
    unify_all(types.iter())
}

fn unify_two(a: &Type, b: &Type) -> Option<Type> {
    use Type::{Any, Bool, List, Map, Number, Object, Set, String, Tuple};
    Some(match (a, b) {
        _ if a == b => a.clone(),
        (Any, other) | (other, Any) => other.clone(),
        (String, Bool | Number) | (Bool | Number, String) => String,
        (Tuple(x), Tuple(y)) if x.len() == y.len() => Tuple(
            x.iter()
                .zip(y)
                .map(|(x, y)| unify_two(x, y))
                .collect::<Option<_>>()?,
        ),
        (Tuple(x), Tuple(y)) => List(Box::new(unify_all(x.iter().chain(y))?)),
        (List(x), Tuple(y)) | (Tuple(y), List(x)) => {
            List(Box::new(unify_all(y.iter().chain([&**x]))?))
        }
        (Set(x), Tuple(y)) | (Tuple(y), Set(x)) => {
            Set(Box::new(unify_all(y.iter().chain([&**x]))?))
        }
        (List(x), List(y)) => List(Box::new(unify_two(x, y)?)),
        (Set(x), Set(y)) | (Set(x), List(y)) | (List(x), Set(y)) => Set(Box::new(unify_two(x, y)?)),
        (Map(x), Map(y)) => Map(Box::new(unify_two(x, y)?)),
        (Object(x), Object(y)) if x.keys().eq(y.keys()) => Object(
            x.iter()
                .zip(y.values())
                .map(|((key, x), y)| {
                    let ty = unify_two(&x.ty, &y.ty)?;
                    Some((key.clone(), Attribute { ty, optional: None }))
                })
                .collect::<Option<_>>()?,
        ),
        (Object(x), Object(y)) => {
            let each = x.values().chain(y.values()).map(|attribute| &attribute.ty);
            Map(Box::new(unify_all(each)?))
        }
        (Map(x), Object(y)) | (Object(y), Map(x)) => {
            let each = y.values().map(|attribute| &attribute.ty);
            Map(Box::new(unify_all(each.chain([&**x]))?))
        }
        _ => return None,
    })
}

fn unify_all<'a>(types: impl Iterator<Item = &'a Type>) -> Option<Type> {
    let mut common = Type::Any;
    // A bool and a number have no common type before a string is among them.
    let mut later = Vec::new();
    for ty in types {
        match unify_two(&common, ty) {
            Some(both) => common = both,
            None => later.push(ty),
        }
    }
    later
        .into_iter()
        .try_fold(common, |common, ty| unify_two(&common, ty))
}

fn parse_number(text: &str) -> Result<Number, String> {
    let wrong = || format!("expected a number, found the string {}", quote(text));
    let plain = text.strip_prefix('-').unwrap_or(text);
    if !plain.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(wrong());
    }
    match text.parse::<f64>() {
        Ok(number) if exact(number) => Ok(Number(number)),
        Ok(_) => Err(format!(
            "the number {} is too large to be kept exactly",
            quote(text)
        )),
        _ => Err(wrong()),
    }
}

/// A number as text: no exponent, no trailing zeros.
pub(super) fn number_text(number: Number) -> String {
    // Negative zero is zero.
    format!("{}", number.0 + 0.0)
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Type::Any => "any value",
            Type::Bool => "a bool",
            Type::Number => "a number",
            Type::String => "a string",
            Type::List(_) => "a list",
            Type::Set(_) => "a set",
            Type::Map(_) => "a map",
            Type::Tuple(_) => "a tuple",
            Type::Object(_) => "an object",
        })
    }
}
