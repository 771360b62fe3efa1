//! Functions that take regular expressions, with the syntax that Terraform has.

use std::rc::Rc;

use regex_automata::Span;
use regex_automata::util::captures::Captures;

use super::Arguments;
use super::search::{self, Search};
use crate::config::context::Eval;
use crate::config::value::Value;

/// Bytes that an expression may have.
const LONGEST: usize = 4096;

/// An expression with `\d`, `\w`, `\s` and `\b` for ASCII alone, and sets without operations. Source: the syntax of RE2.
fn as_terraform_reads(pattern: &str) -> Result<String, String> {
    let mut made = String::with_capacity(pattern.len());
    let mut set = false;
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('d') => made.push_str("[0-9]"),
                Some('D') => made.push_str("[^0-9]"),
                Some('w') => made.push_str("[0-9A-Za-z_]"),
                Some('W') => made.push_str("[^0-9A-Za-z_]"),
                Some('s') => made.push_str(r"[\t\n\f\r ]"),
                Some('S') => made.push_str(r"[^\t\n\f\r ]"),
                Some('b') if !set => made.push_str(r"(?-u:\b)"),
                Some('B') if !set => made.push_str(r"(?-u:\B)"),
                Some(sign @ ('<' | '>')) => made.push(sign),
                escaped => made.extend([c].into_iter().chain(escaped)),
            },
            '(' if !set && rest.peek() == Some(&'?') => {
                let mut flags = rest.clone().skip(1).take_while(|c| !":)P<".contains(*c));
                if let Some(other) = flags.find(|c| !"imsU-".contains(*c)) {
                    return Err(format!(
                        "there is no flag `{other}`, only `i`, `m`, `s` and `U`"
                    ));
                }
                made.push(c);
            }
            '[' if set && rest.peek() == Some(&':') => {
                made.push(c);
                made.extend(rest.by_ref().take_while(|c| *c != ']'));
                made.push(']');
            }
            '[' | '&' | '~' if set => made.extend(['\\', c]),
            '-' if set && made.ends_with('-') && !made.ends_with(r"\-") => made.push_str(r"\-"),
            '[' => {
                set = true;
                made.push(c);
                made.extend(rest.next_if_eq(&'^'));
                // At the beginning these are of the set.
                if let Some(first) = rest.next_if(|c| "]-".contains(*c)) {
                    made.extend(['\\', first]);
                }
            }
            ']' => {
                set = false;
                made.push(c);
            }
            _ => made.push(c),
        }
    }
    Ok(made)
}

fn compiled<'a, 'b, 'c>(
    arguments: &'a Arguments<'b, 'c>,
    at: usize,
    pattern: &str,
) -> Eval<Search<'a, 'b, 'c>> {
    if pattern.len() > LONGEST {
        return Err(arguments.wrong(at, format!("the expression has more than {LONGEST} bytes")));
    }
    match as_terraform_reads(pattern) {
        Ok(pattern) => Search::new(arguments, at, &pattern),
        Err(why) => Err(search::wrong(arguments, at, &why)),
    }
}

/// The whole match; with groups a list of them, with named ones an object.
fn found(names: &[Rc<str>], captures: &Captures, whole: &str) -> Value {
    let text = |group: Option<Span>| match group.and_then(|group| whole.get(group.range())) {
        Some(found) => Value::text(found),
        None => Value::Null,
    };
    if !names.is_empty() {
        let named = names.iter();
        let members = named.map(|name| (name.clone(), text(captures.get_group_by_name(name))));
        return Value::map(members.collect());
    }
    if captures.group_len() > 1 {
        return Value::list(captures.iter().skip(1).map(text).collect());
    }
    text(captures.get_group(0))
}

pub(super) fn regex(arguments: &Arguments) -> Eval<Value> {
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let mut search = compiled(arguments, 0, &pattern)?;
    let names: Vec<Rc<str>> = search.names().map(Rc::from).collect();
    arguments.context.produce(text.len(), arguments.span)?;
    match search.first(&text)? {
        Some(captures) => Ok(found(&names, &captures, &text)),
        None => Err(arguments.wrong(1, "the expression does not match: `can(regex(…))` asks whether it does, `regexall` takes none too")),
    }
}

pub(super) fn regexall(arguments: &Arguments) -> Eval<Value> {
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    let mut search = compiled(arguments, 0, &pattern)?;
    let names: Vec<Rc<str>> = search.names().map(Rc::from).collect();
    let mut all = Vec::new();
    search.all(&text, |captures| {
        let length = captures.get_match().map_or(0, |found| found.len());
        let cost = 16 + length * captures.group_len();
        arguments.context.produce(cost, arguments.span)?;
        all.push(found(&names, captures, &text));
        Ok(())
    })?;
    Ok(Value::list(all))
}

/// Every match replaced; `$1` and `${name}` stand for groups.
pub(super) fn replace(arguments: &Arguments, pattern: &str) -> Eval<Value> {
    let (text, to) = (arguments.text(0)?, arguments.text(2)?);
    let mut search = compiled(arguments, 1, pattern)?;
    let mut made = String::new();
    let mut last = 0;
    search.all(&text, |captures| {
        let Some(whole) = captures.get_match() else {
            return Ok(());
        };
        made.push_str(&text[last..whole.start()]);
        let before = made.len();
        captures.interpolate_string_into(&text, &to, &mut made);
        last = whole.end();
        let cost = made.len() - before;
        arguments.context.produce(cost, arguments.span)
    })?;
    made.push_str(&text[last..]);
    arguments.context.produce(text.len(), arguments.span)?;
    Ok(Value::text(made))
}
