//! Functions on text.

use super::Arguments;
use crate::config::context::Eval;
use crate::config::evaluate::push_text;
use crate::config::value::{TextBuilder, Value};

pub(super) fn lower(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(
        text.chars()
            .filter_map(|c| c.to_lowercase().next())
            .collect(),
    )
}

pub(super) fn upper(arguments: &Arguments) -> Eval<Value> {
    arguments.made(arguments.text(0)?.chars().map(capital).collect())
}

/// As Go does it, letter by letter: `ß` has no capital of one letter and stays.
fn capital(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
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
    let start = match offset {
        ..0 => offset.saturating_add(total).max(0),
        _ => offset,
    };
    if length < -1 {
        return Err(arguments.wrong(2, "the length is negative"));
    }
    let length = if length == -1 { total } else { length };
    let characters = text.chars().skip(start as usize).take(length as usize);
    arguments.made(characters.collect())
}

pub(super) fn replace(arguments: &Arguments) -> Eval<Value> {
    let (text, from, to) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let pattern = from
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'));
    if let Some(pattern) = pattern {
        return super::regexes::replace(arguments, pattern);
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

/// Without the line breaks at its end.
pub(super) fn chomp(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Every line but the first, moved to the right.
pub(super) fn indent(arguments: &Arguments) -> Eval<Value> {
    let spaces = usize::try_from(arguments.whole(0)?)
        .ok()
        .filter(|spaces| *spaces <= 1024)
        .ok_or_else(|| arguments.wrong(0, "expected 0 to 1024 spaces"))?;
    let text = arguments.text(1)?;
    let lines = text.matches('\n').count();
    arguments
        .context
        .produce(text.len() + lines * spaces, arguments.span)?;
    let made = text.replace('\n', &format!("\n{}", " ".repeat(spaces)));
    Ok(Value::text(made))
}

/// The characters from last to first.
pub(super) fn strrev(arguments: &Arguments) -> Eval<Value> {
    arguments.made(arguments.text(0)?.chars().rev().collect())
}

/// The first letter of every word in upper case.
pub(super) fn title(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let mut made = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        match inside {
            true => made.push(c),
            false => made.push(capital(c)),
        }
        // Go's `strings.Title`: of what is not ASCII only white space parts words.
        inside = c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_whitespace());
    }
    arguments.made(made)
}

/// As a part of a URL's query: a space is `+`.
pub(super) fn urlencode(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let mut made = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                made.push(char::from(byte));
            }
            b' ' => made.push('+'),
            other => made.push_str(&format!("%{other:02X}")),
        }
    }
    arguments.made(made)
}

pub(super) fn basename(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let path = text.trim_end_matches('/');
    let name = match path.rsplit('/').next() {
        Some("") | None if text.starts_with('/') => "/",
        Some("") | None => ".",
        Some(name) => name,
    };
    arguments.made(name.to_owned())
}

/// All but the last part, cleaned as Go's `filepath.Dir` cleans it.
pub(super) fn dirname(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let directory = text.rfind('/').map_or("", |at| &text[..at + 1]);
    arguments.made(clean(directory))
}

/// Without `.`, `..` and doubled slashes, where that does not need the file system.
pub(in crate::config) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", None) if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}
