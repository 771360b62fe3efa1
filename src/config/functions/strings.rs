//! Functions on text.

use super::Arguments;
use crate::config::context::Eval;
use crate::config::evaluate::push_text;
use crate::config::value::{TextBuilder, Value};

pub(super) fn lower(arguments: &Arguments) -> Eval<Value> {
    arguments.made(arguments.text(0)?.to_lowercase())
}

pub(super) fn upper(arguments: &Arguments) -> Eval<Value> {
    arguments.made(arguments.text(0)?.to_uppercase())
}

pub(super) fn trimspace(arguments: &Arguments) -> Eval<Value> {
    arguments.made(arguments.text(0)?.trim().to_owned())
}

/// Both ends, of any of the characters.
pub(super) fn trim(arguments: &Arguments) -> Eval<Value> {
    let (text, characters) = (arguments.text(0)?, arguments.text(1)?);
    arguments.made(text.trim_matches(|c| characters.contains(c)).to_owned())
}

pub(super) fn trimprefix(arguments: &Arguments) -> Eval<Value> {
    let (text, prefix) = (arguments.text(0)?, arguments.text(1)?);
    arguments.made(text.strip_prefix(&*prefix).unwrap_or(&text).to_owned())
}

pub(super) fn trimsuffix(arguments: &Arguments) -> Eval<Value> {
    let (text, suffix) = (arguments.text(0)?, arguments.text(1)?);
    arguments.made(text.strip_suffix(&*suffix).unwrap_or(&text).to_owned())
}

pub(super) fn startswith(arguments: &Arguments) -> Eval<Value> {
    let (text, prefix) = (arguments.text(0)?, arguments.text(1)?);
    Ok(Value::Bool(text.starts_with(&*prefix)))
}

pub(super) fn endswith(arguments: &Arguments) -> Eval<Value> {
    let (text, suffix) = (arguments.text(0)?, arguments.text(1)?);
    Ok(Value::Bool(text.ends_with(&*suffix)))
}

pub(super) fn strcontains(arguments: &Arguments) -> Eval<Value> {
    let (text, part) = (arguments.text(0)?, arguments.text(1)?);
    Ok(Value::Bool(text.contains(&*part)))
}

/// Characters from an offset on; a negative offset counts from the end, a length of -1 means the rest.
pub(super) fn substr(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let (offset, length) = (arguments.whole(1)?, arguments.whole(2)?);
    let total = text.chars().count() as i64;
    let start = if offset < 0 {
        offset.saturating_add(total)
    } else {
        offset
    };
    if start < 0 {
        return Err(arguments.wrong(1, "the offset lies before the text"));
    }
    if length < -1 {
        return Err(arguments.wrong(2, "the length is negative"));
    }
    let length = if length == -1 { total } else { length };
    let characters = text.chars().skip(start as usize).take(length as usize);
    arguments.made(characters.collect())
}

pub(super) fn replace(arguments: &Arguments) -> Eval<Value> {
    let (text, from, to) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    if from.len() > 1 && from.starts_with('/') && from.ends_with('/') {
        return Err(arguments.wrong(1, "regular expressions are not there yet in this version"));
    }
    let count = text.matches(&*from).count();
    let bytes = text.len().saturating_add(count.saturating_mul(to.len()));
    arguments.context.produce(bytes, arguments.span)?;
    Ok(Value::text(text.replace(&*from, &to)))
}

pub(super) fn split(arguments: &Arguments) -> Eval<Value> {
    let (separator, text) = (arguments.text(0)?, arguments.text(1)?);
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| Value::text(c.to_string())).collect()
    } else {
        text.split(&*separator).map(Value::text).collect()
    };
    arguments.context.spend(parts.len(), arguments.span)?;
    Ok(Value::list(parts))
}

pub(super) fn join(arguments: &Arguments) -> Eval<Value> {
    let separator = arguments.text(0)?;
    let mut text = TextBuilder::default();
    let mut first = true;
    for at in 1..arguments.values.len() {
        for item in arguments.items(at)? {
            if !first {
                arguments.context.produce(separator.len(), arguments.span)?;
                text.push(&separator);
            }
            first = false;
            push_text(arguments.context, &mut text, item, arguments.place(at))?;
        }
    }
    Ok(text.finish())
}
