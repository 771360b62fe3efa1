//! Regular expressions: matched in linear time, and bounded in size.

use std::rc::Rc;

use regex::{Captures, Regex, RegexBuilder};

use super::Arguments;
use crate::config::context::Eval;
use crate::config::value::Value;

/// Bytes that a compiled expression may take.
const SIZE: usize = 1024 * 1024;
/// Bytes that an expression's text may have.
const LONGEST: usize = 4096;
/// How deep its groups may nest.
const NESTING: u32 = 50;

fn compiled(arguments: &Arguments, at: usize, pattern: &str) -> Eval<Regex> {
    if pattern.len() > LONGEST {
        return Err(arguments.wrong(at, format!("the expression has more than {LONGEST} bytes")));
    }
    // Compiling costs more than the text is long.
    let cost = 1000 + pattern.len() * 16;
    arguments.context.spend(cost, arguments.span)?;
    RegexBuilder::new(pattern)
        .size_limit(SIZE)
        .dfa_size_limit(SIZE)
        .nest_limit(NESTING)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            let why = last.trim_start_matches("error: ");
            arguments.wrong(at, format!("this is not a regular expression: {why}"))
        })
}

/// The whole match; with groups a list of them, with named ones an object.
fn found(regex: &Regex, captures: &Captures) -> Value {
    let text = |group: Option<regex::Match>| match group {
        Some(found) => Value::text(found.as_str()),
        None => Value::Null,
    };
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if !names.is_empty() {
        let members = names
            .into_iter()
            .map(|name| (Rc::from(name), text(captures.name(name))));
        return Value::map(members.collect());
    }
    if regex.captures_len() > 1 {
        return Value::list(captures.iter().skip(1).map(text).collect());
    }
    text(captures.get(0))
}

pub(super) fn regex(arguments: &Arguments) -> Eval<Value> {
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let regex = compiled(arguments, 0, &pattern)?;
    arguments.context.produce(text.len(), arguments.span)?;
    match regex.captures(&text) {
        Some(captures) => Ok(found(&regex, &captures)),
        None => Err(arguments.wrong(1, "the expression does not match: `can(regex(…))` asks whether it does, `regexall` takes none too")),
    }
}

pub(super) fn regexall(arguments: &Arguments) -> Eval<Value> {
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let regex = compiled(arguments, 0, &pattern)?;
    let mut all = Vec::new();
    for captures in regex.captures_iter(&text) {
        let length = captures.get(0).map_or(0, |found| found.len());
        arguments
            .context
            .produce(16 + length * regex.captures_len(), arguments.span)?;
        all.push(found(&regex, &captures));
    }
    Ok(Value::list(all))
}

/// Every match replaced; `$1` and `${name}` stand for groups.
pub(super) fn replace(arguments: &Arguments, pattern: &str) -> Eval<Value> {
    let (text, to) = (arguments.text(0)?, arguments.text(2)?);
    let regex = compiled(arguments, 1, pattern)?;
    let mut made = String::new();
    let mut last = 0;
    for captures in regex.captures_iter(&text) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        made.push_str(&text[last..whole.start()]);
        let before = made.len();
        captures.expand(&to, &mut made);
        arguments
            .context
            .produce(made.len() - before, arguments.span)?;
        last = whole.end();
    }
    made.push_str(&text[last..]);
    arguments.context.produce(text.len(), arguments.span)?;
    Ok(Value::text(made))
}
