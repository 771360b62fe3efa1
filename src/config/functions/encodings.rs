//! Functions that encode, decode and digest, and `file`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Arguments;
use crate::config::context::{Eval, Failure};
use crate::config::convert::EXACT;
use crate::config::files::FileError;
use crate::config::value::{Value, quote};
use crate::model::diagnostic::Diagnostic;
use crate::model::value::Number;

pub(super) fn base64encode(arguments: &Arguments) -> Eval<Value> {
    arguments.made(STANDARD.encode(arguments.text(0)?.as_bytes()))
}

pub(super) fn base64decode(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let bytes = STANDARD.decode(text.as_bytes());
    let bytes = bytes.map_err(|_| arguments.wrong(0, "this is not base64"))?;
    let decoded = String::from_utf8(bytes);
    arguments.made(decoded.map_err(|_| arguments.wrong(0, "the bytes are not UTF-8 text"))?)
}

/// In hexadecimal digits.
pub(super) fn sha256(arguments: &Arguments) -> Eval<Value> {
    let digest = Sha256::digest(arguments.text(0)?.as_bytes());
    arguments.made(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Members in the order of their names; `<`, `>` and `&` as Terraform escapes them.
pub(super) fn jsonencode(arguments: &Arguments) -> Eval<Value> {
    arguments.made(json_text(arguments.known(0)?))
}

pub(super) fn json_text(value: &Value) -> String {
    let plain = value.to_plain(&|_| String::new());
    let mut text = String::new();
    for c in plain.to_json().to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text
}

pub(super) fn jsondecode(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| arguments.wrong(0, format!("this is not JSON: {error}")))?;
    arguments.context.produce(text.len(), arguments.span)?;
    from_json(arguments, &json)
}

fn from_json(arguments: &Arguments, json: &serde_json::Value) -> Eval<Value> {
    use serde_json::Value as Json;
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            let value = number.as_f64().unwrap_or(f64::NAN);
            if !value.is_finite() || (value.fract() == 0.0 && value.abs() > EXACT) {
                return Err(arguments.wrong(0, format!("the number {number} is too large")));
            }
            Value::Number(Number(value))
        }
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(
            items
                .iter()
                .map(|item| from_json(arguments, item))
                .collect::<Eval<_>>()?,
        ),
        Json::Object(members) => Value::map(
            members
                .iter()
                .map(|(key, item)| Ok((key.as_str().into(), from_json(arguments, item)?)))
                .collect::<Eval<_>>()?,
        ),
    })
}

pub(super) fn file(arguments: &Arguments) -> Eval<Value> {
    let path = arguments.text(0)?;
    match arguments.context.file(&path) {
        Ok(text) => {
            arguments.context.produce(text.len(), arguments.span)?;
            Ok(Value::Text(text))
        }
        Err(error) => Err(unreadable(arguments, &path, &error)),
    }
}

fn unreadable(arguments: &Arguments, path: &str, error: &FileError) -> Failure {
    let (why, help) = match error {
        FileError::NotFound => (
            "there is no such file".to_owned(),
            Some("paths are relative to the stack's directory".to_owned()),
        ),
        FileError::Outside(root) => (
            format!("it lies outside of `{root}`"),
            Some("only files of the repository are read (the nearest directory with `.git`, else the stack's), links resolved".to_owned()),
        ),
        FileError::TooLarge(limit) => (format!("it has more than {limit} bytes"), None),
        FileError::NotText => ("it is not UTF-8 text".to_owned(), None),
        FileError::Unreadable(why) => (why.clone(), None),
    };
    let mut diagnostic = Diagnostic::error("file", format!("cannot read {}: {why}", quote(path)))
        .at(arguments.place(0), "this path");
    diagnostic.help.extend(help);
    diagnostic.into()
}
