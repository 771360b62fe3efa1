//! Values as one line of text, and the difference of two texts within the line.

use similar::{ChangeTag, TextDiff};

use super::escape::terminal;
use super::style::Style;
use crate::model::value::{Text, Value};

/// A value in one line. Holes show as `(known after apply)` when they are all there is.
pub fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(parts) => match value.as_str() {
            Some("") => "\"\"".to_owned(),
            Some(text) => terminal(text),
            None => terminal(&Text(parts).to_string()),
        },
        Value::List(_) | Value::Set(_) => {
            let items: Vec<String> = value.items().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{} = {}", terminal(key), inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// Texts longer than this are compared word by word.
const LONG: usize = 32;

/// `before → after`; of long texts only the words that differ are marked, as `{-gone-}{+come+}`.
pub fn change(before: &Value, after: &Value, style: Style) -> String {
    let (old, new) = (inline(before), inline(after));
    let texts = matches!((before, after), (Value::Text(_), Value::Text(_)));
    if !texts || (old.len() <= LONG && new.len() <= LONG) {
        return format!("{} → {}", style.removed(old), style.added(new));
    }
    let diff = TextDiff::from_words(&old, &new);
    if diff.ratio() < 0.3 {
        return format!("{} → {}", style.removed(old), style.added(new));
    }
    let mut line = String::new();
    let changes: Vec<_> = diff.iter_all_changes().collect();
    for run in changes.chunk_by(|a, b| a.tag() == b.tag()) {
        let text: String = run.iter().map(|change| change.value()).collect();
        line.push_str(&match run[0].tag() {
            ChangeTag::Equal => text,
            ChangeTag::Delete => style.removed(format!("{{-{text}-}}")),
            ChangeTag::Insert => style.added(format!("{{+{text}+}}")),
        });
    }
    line
}
