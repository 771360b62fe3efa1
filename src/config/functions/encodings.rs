//! Functions that encode and decode.

use std::collections::BTreeSet;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Arguments;
use crate::config::context::Eval;
use crate::config::convert::exact;
use crate::config::value::Value;
use crate::model::value::Number;

pub(super) fn base64encode(arguments: &Arguments) -> Eval<Value> {
    arguments.made(STANDARD.encode(arguments.text(0)?.as_bytes()))
}

pub(super) fn base64decode(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    // Many tools break it into lines.
    let lines = text.replace(['\r', '\n'], "");
    let bytes = STANDARD.decode(lines.as_bytes());
    let bytes = bytes.map_err(|_| arguments.wrong(0, "this is not base64"))?;
    let decoded = String::from_utf8(bytes);
    arguments.made(decoded.map_err(|_| arguments.wrong(0, "the bytes are not UTF-8 text"))?)
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
    let text = arguments.document(0)?;
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
            if !exact(value) {
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

pub(super) fn yamldecode(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.document(0)?;
    arguments.context.produce(text.len(), arguments.span)?;
    crate::config::yaml::value(&text)
        .map_err(|why| arguments.wrong(0, format!("this is not YAML: {why}")))
}

/// Block style, with every key and string in double quotes, as Terraform writes it.
pub(super) fn yamlencode(arguments: &Arguments) -> Eval<Value> {
    let mut text = String::new();
    let value = arguments.known(0)?;
    yaml_text(value, 0, &mut text);
    if matches!(value, Value::Null | Value::Bool(_) | Value::Number(_)) {
        text.push_str("...\n");
    }
    arguments.made(text)
}

fn yaml_text(value: &Value, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    match (value.items(), value.members()) {
        (Some(items), _) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(&pad);
                }
                text.push_str("- ");
                yaml_text(item, depth + 1, text);
            }
        }
        (_, Some(members)) if !members.is_empty() => {
            for (at, (key, item)) in members.iter().enumerate() {
                if at > 0 {
                    text.push_str(&pad);
                }
                text.push_str(&json_text(&Value::Text(key.clone())));
                text.push(':');
                let full = |value: &Value| {
                    value.items().is_some_and(|items| !items.is_empty())
                        || value.members().is_some_and(|members| !members.is_empty())
                };
                if !full(item) {
                    text.push(' ');
                    yaml_text(item, depth + 1, text);
                    continue;
                }
                // A list stands as deep as its key, an object one step deeper.
                let inner = depth + usize::from(item.members().is_some());
                text.push('\n');
                text.push_str(&"  ".repeat(inner));
                yaml_text(item, inner, text);
            }
        }
        _ => {
            match value.as_text().and_then(|said| block(said, depth.max(1))) {
                Some(block) => text.push_str(&block),
                None => text.push_str(&json_text(value)),
            }
            text.push('\n');
        }
    }
}

/// Text of several lines as it is, below `|`; none where it has to be quoted.
fn block(text: &str, depth: usize) -> Option<String> {
    let hidden = |c: char| c.is_control() && c != '\n';
    if !text.contains('\n') || text.contains(hidden) || text.contains(" \n") || text.ends_with(' ')
    {
        return None;
    }
    // Lines that begin with a space hide how deep the block is; what ends it says which line ends are the text's.
    let hint = match text.starts_with([' ', '\n']) {
        true => "2",
        false => "",
    };
    let (lines, ending) = match text.strip_suffix('\n') {
        None => (text, "-"),
        Some(lines) if lines.is_empty() || lines.ends_with('\n') => (lines, "+"),
        Some(lines) => (lines, ""),
    };
    let mut block = format!("|{hint}{ending}");
    for line in lines.split('\n') {
        block.push('\n');
        if !line.is_empty() {
            block.push_str(&"  ".repeat(depth));
            block.push_str(line);
        }
    }
    Some(block)
}

/// Rows as objects, by the names in the first row.
pub(super) fn csvdecode(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.document(0)?;
    check_quotes(&text).map_err(|why| arguments.wrong(0, format!("this is not CSV: {why}")))?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let wrong = |error: csv::Error| arguments.wrong(0, format!("this is not CSV: {error}"));
    let names: Vec<Rc<str>> = reader
        .headers()
        .map_err(wrong)?
        .iter()
        .map(Rc::from)
        .collect();
    if names.is_empty() {
        return Err(arguments.wrong(0, "the first line names the columns, and there is none"));
    }
    let mut seen = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
        return Err(arguments.wrong(0, format!("two columns are called `{name}`")));
    }
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(wrong)?;
        arguments
            .context
            .produce(row.as_slice().len() + 16 * names.len(), arguments.span)?;
        let cells = names.iter().cloned().zip(row.iter().map(Value::text));
        rows.push(Value::map(cells.collect()));
    }
    Ok(Value::list(rows))
}

/// Refuses a quote that neither surrounds a field with another nor stands twice within one. Source: RFC 4180, section 2,
/// rules 5 to 7.
fn check_quotes(text: &str) -> Result<(), String> {
    let stray = |line| {
        Err(format!(
            "a quote within a field stands twice, and others around the field (line {line})"
        ))
    };
    let (mut line, mut opened) = (1, 1);
    // Whether the quotes so far surround a field, and whether what comes next begins one.
    let (mut quoted, mut begins) = (false, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        line += usize::from(byte == b'\n');
        match byte {
            b'"' if quoted && bytes.next_if_eq(&b'"').is_none() => {
                quoted = false;
                if bytes.peek().is_some_and(|next| !b",\r\n".contains(next)) {
                    return stray(line);
                }
            }
            b'"' if quoted => {}
            b'"' if begins => (quoted, opened) = (true, line),
            b'"' => return stray(line),
            _ => {}
        }
        begins = !quoted && matches!(byte, b',' | b'\n');
    }
    match quoted {
        true => Err(format!("no quote closes the field (line {opened})")),
        false => Ok(()),
    }
}

const CODINGS: &str = "the encodings are `UTF-8`, `UTF-16LE` and `UTF-16BE`";

pub(super) fn textencodebase64(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let units = text.encode_utf16();
    let bytes: Vec<u8> = match arguments.text(1)?.to_ascii_uppercase().as_str() {
        "UTF-8" => text.bytes().collect(),
        "UTF-16LE" => units.flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => units.flat_map(u16::to_be_bytes).collect(),
        _ => return Err(arguments.wrong(1, CODINGS)),
    };
    arguments.made(STANDARD.encode(bytes))
}

pub(super) fn textdecodebase64(arguments: &Arguments) -> Eval<Value> {
    let bytes = STANDARD
        .decode(arguments.text(0)?.as_bytes())
        .map_err(|_| arguments.wrong(0, "this is not base64"))?;
    let units = |join: fn([u8; 2]) -> u16| {
        let pairs = bytes.chunks_exact(2).map(|pair| join([pair[0], pair[1]]));
        String::from_utf16(&pairs.collect::<Vec<_>>())
            .ok()
            .filter(|_| bytes.len() % 2 == 0)
    };
    let text = match arguments.text(1)?.to_ascii_uppercase().as_str() {
        "UTF-8" => String::from_utf8(bytes.clone()).ok(),
        "UTF-16LE" => units(u16::from_le_bytes),
        "UTF-16BE" => units(u16::from_be_bytes),
        _ => return Err(arguments.wrong(1, CODINGS)),
    };
    match text {
        Some(text) => arguments.made(text),
        None => Err(arguments.wrong(0, "the bytes are not text in this encoding")),
    }
}
