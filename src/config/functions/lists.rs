//! Functions that cut, pair and turn lists.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Arguments;
use crate::config::context::Eval;
use crate::config::convert::{Type, convert};
use crate::config::value::Value;
use crate::model::value::Number;

/// As many numbers as Terraform makes.
const LONGEST_RANGE: usize = 1024;

/// Lists of so many elements each; 0 makes one list of all.
pub(super) fn chunklist(arguments: &Arguments) -> Eval<Value> {
    let items = arguments.list_of(Type::Any)?;
    let size = usize::try_from(arguments.whole(1)?)
        .map_err(|_| arguments.wrong(1, "the size is negative"))?;
    let size = match size {
        0 => items.len().max(1),
        size => size,
    };
    let chunks = items.chunks(size).map(|chunk| Value::list(chunk.to_vec()));
    Ok(Value::list(chunks.collect()))
}

/// The first list that has an element.
pub(super) fn coalescelist(arguments: &Arguments) -> Eval<Value> {
    let mut first = None;
    for at in 0..arguments.values.len() {
        let is_empty = arguments.ordered(at)?.is_empty();
        first = first.or((!is_empty).then_some(at));
    }
    match first {
        Some(at) => Ok(arguments.value(at).clone()),
        None => Err(arguments.wrong(0, "every list is empty")),
    }
}

/// Where the first equal element stands.
pub(super) fn index(arguments: &Arguments) -> Eval<Value> {
    let items = arguments.ordered(0)?;
    if arguments.value(1).is_null() {
        return Err(arguments.wrong(1, "null is equal to nothing"));
    }
    match items.iter().position(|item| item == arguments.value(1)) {
        Some(at) => Ok(Value::int(at)),
        None => {
            arguments.known(0)?;
            arguments.known(1)?;
            Err(arguments.wrong(1, "the list has no such element"))
        }
    }
}

/// The values whose keys are among those wanted.
pub(super) fn matchkeys(arguments: &Arguments) -> Eval<Value> {
    arguments.known(1)?;
    arguments.known(2)?;
    let (values, keys) = (arguments.items(0)?, arguments.items(1)?);
    let wanted = arguments.items(2)?;
    if values.len() != keys.len() {
        let why = format!("{} values and {} keys", values.len(), keys.len());
        return Err(arguments.wrong(1, why));
    }
    arguments
        .context
        .spend(keys.len().saturating_mul(wanted.len()), arguments.span)?;
    let pairs = values.iter().zip(keys);
    let found = pairs.filter(|(_, key)| wanted.contains(key));
    Ok(Value::list(found.map(|(value, _)| value.clone()).collect()))
}

/// Numbers from 0 or a start, up to and without a limit, in steps.
pub(super) fn range(arguments: &Arguments) -> Eval<Value> {
    let number = |at| match convert(arguments.known(at)?, &Type::Number) {
        Ok(Value::Number(number)) => Ok(number.0),
        _ => Err(arguments.wrong(at, "expected a number")),
    };
    let (start, limit) = match arguments.values.len() {
        1 => (0.0, number(0)?),
        _ => (number(0)?, number(1)?),
    };
    let step = match arguments.values.len() {
        3 => number(2)?,
        _ if limit < start => -1.0,
        _ => 1.0,
    };
    if step == 0.0 {
        return Err(arguments.wrong(2, "the step is 0"));
    }
    if (limit > start && step < 0.0) || (limit < start && step > 0.0) {
        return Err(arguments.wrong(2, "the step leads away from the limit"));
    }
    let mut made = Vec::new();
    let mut at = start;
    while (step > 0.0 && at < limit) || (step < 0.0 && at > limit) {
        if made.len() == LONGEST_RANGE {
            return Err(arguments.wrong(0, format!("this makes more than {LONGEST_RANGE} numbers")));
        }
        made.push(Value::Number(Number(at)));
        at = start + step * made.len() as f64;
    }
    Ok(Value::list(made))
}

/// The elements from one index up to and without another.
pub(super) fn slice(arguments: &Arguments) -> Eval<Value> {
    let items = arguments.ordered(0)?;
    let (start, end) = (arguments.whole(1)?, arguments.whole(2)?);
    let part = usize::try_from(start)
        .ok()
        .zip(usize::try_from(end).ok())
        .and_then(|(start, end)| items.get(start..end));
    match part {
        Some(part) => Ok(Value::list(part.to_vec())),
        None => Err(arguments.wrong(
            2,
            format!(
                "a list of {} has no elements from {start} up to {end}",
                items.len()
            ),
        )),
    }
}

/// A map of lists of texts, turned: each text with the keys that held it.
pub(super) fn transpose(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    let ty = Type::Map(Box::new(Type::List(Box::new(Type::String))));
    let map = arguments.converted(0, &ty)?;
    let Some(members) = map.members() else {
        return Err(arguments.wrong(0, "expected a map of lists"));
    };
    let mut turned: BTreeMap<Rc<str>, Vec<Value>> = BTreeMap::new();
    for (key, values) in members {
        let Some(values) = values.items() else {
            return Err(arguments.wrong(0, "a list in it is null"));
        };
        for value in values {
            let Some(text) = value.as_text() else {
                return Err(arguments.wrong(0, "an element is null"));
            };
            let keys = turned.entry(text.clone()).or_default();
            keys.push(Value::Text(key.clone()));
        }
    }
    let turned = turned.into_iter();
    Ok(Value::map(
        turned
            .map(|(text, keys)| (text, Value::list(keys)))
            .collect(),
    ))
}
