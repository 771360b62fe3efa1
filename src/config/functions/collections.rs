//! Functions on lists and maps.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Arguments;
use crate::config::context::Eval;
use crate::config::convert::{Type, convert, type_of, unify};
use crate::config::value::Value;

/// How deep `flatten` goes: as deep as a value may be.
pub(super) fn flatten(arguments: &Arguments) -> Eval<Value> {
    fn into(value: &Value, flat: &mut Vec<Value>) {
        match value.items() {
            Some(items) => items.iter().for_each(|item| into(item, flat)),
            None => flat.push(value.clone()),
        }
    }
    arguments.items(0)?;
    let weight = arguments.value(0).size().weight / 16;
    arguments.context.spend(weight, arguments.span)?;
    let mut flat = Vec::new();
    into(arguments.value(0), &mut flat);
    Ok(Value::list(flat))
}

pub(super) fn merge(arguments: &Arguments) -> Eval<Value> {
    let mut merged: BTreeMap<Rc<str>, Value> = BTreeMap::new();
    for (at, value) in arguments.all().enumerate() {
        match value.members() {
            Some(members) => merged.extend(members.iter().map(|(k, v)| (k.clone(), v.clone()))),
            None if value.is_null() => {}
            None => return Err(arguments.wrong(at, "expected an object or a map")),
        }
    }
    Ok(Value::map(merged))
}

pub(super) fn concat(arguments: &Arguments) -> Eval<Value> {
    let mut all = Vec::new();
    for (at, value) in arguments.all().enumerate() {
        match value {
            Value::List(_) => all.extend_from_slice(arguments.items(at)?),
            _ => return Err(arguments.wrong(at, "expected a list")),
        }
    }
    Ok(Value::list(all))
}

/// Elements, members or characters.
pub(super) fn length(arguments: &Arguments) -> Eval<Value> {
    let value = arguments.value(0);
    let length = match value {
        Value::Text(text) => {
            arguments.context.spend(text.len() / 16, arguments.span)?;
            text.chars().count()
        }
        Value::Holes(_) => return Err(arguments.hidden(0)),
        _ => match (value.items(), value.members()) {
            (Some(items), _) => items.len(),
            (_, Some(members)) => members.len(),
            _ => return Err(arguments.wrong(0, "expected a list, a map or a string")),
        },
    };
    Ok(Value::int(length))
}

fn members<'a>(arguments: &'a Arguments) -> Eval<&'a BTreeMap<Rc<str>, Value>> {
    let members = arguments.value(0).members();
    members.ok_or_else(|| arguments.wrong(0, "expected an object or a map"))
}

pub(super) fn keys(arguments: &Arguments) -> Eval<Value> {
    let keys = members(arguments)?.keys().cloned();
    Ok(Value::list(keys.map(Value::Text).collect()))
}

pub(super) fn values(arguments: &Arguments) -> Eval<Value> {
    Ok(Value::list(members(arguments)?.values().cloned().collect()))
}

pub(super) fn lookup(arguments: &Arguments) -> Eval<Value> {
    let key = arguments.text(1)?;
    match members(arguments)?.get(&key) {
        Some(found) => Ok(found.clone()),
        None if arguments.values.len() == 3 => Ok(arguments.value(2).clone()),
        None => Err(arguments.wrong(
            0,
            format!("there is no key `{key}`, and no third argument to take its place"),
        )),
    }
}

/// Whether an element is equal to the value; no conversion.
pub(super) fn contains(arguments: &Arguments) -> Eval<Value> {
    let items = arguments.items(0)?;
    let wanted = arguments.value(1);
    if wanted.is_null() {
        return Err(arguments.wrong(1, "null is equal to nothing"));
    }
    if items.contains(wanted) {
        return Ok(Value::Bool(true));
    }
    for at in [0, 1] {
        arguments.known(at)?;
    }
    Ok(Value::Bool(false))
}

/// Wraps around at both ends.
pub(super) fn element(arguments: &Arguments) -> Eval<Value> {
    let items = arguments.ordered(0)?;
    let at = arguments.whole(1)?;
    match i64::try_from(items.len()) {
        Ok(length) if length > 0 => {
            let at = at.rem_euclid(length) as usize;
            Ok(items.get(at).cloned().unwrap_or(Value::Null))
        }
        _ => Err(arguments.wrong(0, "the list is empty")),
    }
}

/// The only element, or null where there is none.
pub(super) fn one(arguments: &Arguments) -> Eval<Value> {
    match arguments.items(0)? {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        _ => Err(arguments.wrong(0, "expected one element or none")),
    }
}

/// The elements in one type, each once, in their order.
pub(super) fn distinct(arguments: &Arguments) -> Eval<Value> {
    let items = arguments.list_of(Type::Any)?;
    let mut seen = BTreeSet::new();
    let once = items.iter().filter(|item| seen.insert(*item)).cloned();
    Ok(Value::list(once.collect()))
}

pub(super) fn reverse(arguments: &Arguments) -> Eval<Value> {
    let mut items = arguments.items(0)?.to_vec();
    items.reverse();
    Ok(Value::list(items))
}

/// Texts by their bytes.
pub(super) fn sort(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    let mut items = arguments.list_of(Type::String)?;
    if items.iter().any(Value::is_null) {
        return Err(arguments.wrong(0, "an element is null"));
    }
    items.sort();
    Ok(Value::list(items))
}

/// The texts that are neither null nor empty.
pub(super) fn compact(arguments: &Arguments) -> Eval<Value> {
    let mut items = arguments.list_of(Type::String)?;
    items.retain(|item| !item.is_null() && item.as_text().is_none_or(|t| !t.is_empty()));
    Ok(Value::list(items))
}

/// The first value that is neither null nor empty text, in the type that suits them all.
pub(super) fn coalesce(arguments: &Arguments) -> Eval<Value> {
    let types: Vec<Type> = arguments.all().map(type_of).collect();
    let Some(common) = unify(&types) else {
        return Err(arguments.wrong(0, "all arguments must have one type"));
    };
    let empty = |value: &&Value| value.is_null() || value.as_text().is_some_and(|t| t.is_empty());
    match arguments.all().find(|value| !empty(value)) {
        Some(found) => convert(found, &common).map_err(|why| arguments.wrong(0, why)),
        None => Err(arguments.wrong(0, "every argument is null or empty")),
    }
}

pub(super) fn alltrue(arguments: &Arguments) -> Eval<Value> {
    flags(arguments).map(|flags| Value::Bool(flags.into_iter().all(|flag| flag)))
}

pub(super) fn anytrue(arguments: &Arguments) -> Eval<Value> {
    flags(arguments).map(|flags| Value::Bool(flags.into_iter().any(|flag| flag)))
}

/// Null counts as false.
fn flags(arguments: &Arguments) -> Eval<Vec<bool>> {
    arguments.known(0)?;
    let items = arguments.list_of(Type::Bool)?;
    Ok(items
        .iter()
        .map(|item| *item == Value::Bool(true))
        .collect())
}

pub(super) fn zipmap(arguments: &Arguments) -> Eval<Value> {
    let (keys, values) = (arguments.items(0)?, arguments.ordered(1)?);
    if keys.len() != values.len() {
        let why = format!("{} keys and {} values", keys.len(), values.len());
        return Err(arguments.wrong(1, why));
    }
    arguments.known(0)?;
    keys.iter()
        .zip(values)
        .map(|(key, value)| match convert(key, &Type::String) {
            Ok(Value::Text(key)) => Ok((key, value.clone())),
            _ => Err(arguments.wrong(0, "expected strings")),
        })
        .collect::<Eval<_>>()
        .map(Value::map)
}
