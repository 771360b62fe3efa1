//! One change of a plan, field by field.

use std::fmt::Write;

use super::super::escape::terminal;
use super::super::style::Style;
use super::super::value::{change, inline};
use crate::model::plan::{Action, Change, FieldChange, KeyChange, Reason};
use crate::model::value::Value;

/// The symbol of an action.
pub(super) fn symbol(action: Action, style: Style) -> String {
    match action {
        Action::Create => style.added("+"),
        Action::Update => style.changed("~"),
        Action::Delete => style.removed("-"),
        Action::Restore => style.added("^"),
    }
}

pub(super) fn one_change(change: &Change, style: Style) -> String {
    let mut out = format!(
        "{} {}",
        symbol(change.action, style),
        terminal(&change.address.to_string())
    );
    let why = change
        .remark
        .clone()
        .or_else(|| reason(change).map(str::to_owned));
    if let Some(why) = why {
        let _ = write!(out, "  {}", style.faint(format!("({})", terminal(&why))));
    }
    out.push('\n');
    let width = change
        .fields
        .iter()
        .map(|field| field.path.chars().count())
        .max()
        .unwrap_or(0);
    for field in &change.fields {
        match field.path.as_str() {
            "content" if !change.keys.is_empty() => out.push_str(&keys(&change.keys, style)),
            _ => out.push_str(&one_field(field, width, style)),
        }
    }
    out
}

/// A line for each key of a set, those that stay among them.
fn keys(keys: &[KeyChange], style: Style) -> String {
    let width = keys.iter().map(|key| key.kid.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut out = "    content\n".to_owned();
    for key in keys {
        let known = terminal(&known_of(key));
        let line = format!("{:width$}  {known}", terminal(&key.kid));
        let line = line.trim_end();
        let line = match key.action {
            None => format!("  {line}"),
            Some(Action::Delete) => style.removed(format!("- {line}")),
            Some(Action::Create) => style.added(format!("+ {line}")),
            Some(_) => style.changed(format!("~ {line}")),
        };
        let _ = writeln!(out, "      {line}");
    }
    out
}

/// When a key was published, and since when it signs.
pub(in crate::render) fn known_of(key: &KeyChange) -> String {
    let published = key.published_at.as_ref().map(|at| match &key.age {
        Some(age) => format!("published {at}, {age}"),
        None => format!("published {at}"),
    });
    let signs = key.signs_since.as_ref();
    let parts = [published, signs.map(|since| format!("signs since {since}"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Said only where the symbol does not say it.
fn reason(change: &Change) -> Option<&'static str> {
    match change.reason {
        Reason::Absent | Reason::Differs | Reason::Destroy => None,
        Reason::Adopted => Some("taken over"),
        Reason::NotDeclared => Some("not declared"),
        Reason::Unmanaged => Some("nobody declared it, and `unmanaged_credentials` is `delete`"),
        Reason::SoftDeleted => Some("it is in the recycle bin"),
        Reason::Released => Some("released: it stays, without this stack's mark"),
        Reason::Revoked => Some("revoked"),
        // The rule that found it is said instead.
        Reason::Repaired => None,
    }
}

pub(super) fn one_field(field: &FieldChange, width: usize, style: Style) -> String {
    let name = format!("    {:width$}", field.path);
    match (&field.before, &field.after) {
        (Some(before), Some(after)) if collection(before) || collection(after) => {
            let mut out = format!("    {}\n", field.path);
            for (sign, line) in members(before, after) {
                let painted = if sign == '+' {
                    style.added(format!("+ {line}"))
                } else {
                    style.removed(format!("- {line}"))
                };
                let _ = writeln!(out, "      {painted}");
            }
            out
        }
        (Some(before), Some(after)) => format!("{name}  {}\n", change(before, after, style)),
        (None, Some(after)) => created(&name, after),
        (before, None) => format!(
            "{name}  {}\n",
            before.as_ref().map(inline).unwrap_or_default()
        ),
    }
}

/// A new value; a map or a long set takes a line for each member.
fn created(name: &str, after: &Value) -> String {
    let line = format!("{name}  {}\n", inline(after));
    if !collection(after) || line.chars().count() <= 100 {
        return line;
    }
    let mut out = format!("{}\n", name.trim_end());
    for (_, line) in members(&Value::Null, after) {
        let _ = writeln!(out, "      {line}");
    }
    out
}

fn collection(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Set(_) | Value::Map(_))
}

/// What each of two collections has and the other has not; of keys only the name is shown.
fn members(before: &Value, after: &Value) -> Vec<(char, String)> {
    let lines = |value: &Value| -> Vec<(String, String)> {
        match value {
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), inline(value)))
                .collect(),
            other => other
                .items()
                .map(|item| (inline(item), String::new()))
                .collect(),
        }
    };
    let (old, new) = (lines(before), lines(after));
    let show = |(key, value): &(String, String)| match value.as_str() {
        "" => terminal(key),
        // A published key is known by its id.
        value if value.starts_with('{') => terminal(key),
        value => format!("{} = {value}", terminal(key)),
    };
    let gone = old
        .iter()
        .filter(|line| !new.contains(line))
        .map(|line| ('-', show(line)));
    let come = new
        .iter()
        .filter(|line| !old.contains(line))
        .map(|line| ('+', show(line)));
    gone.chain(come).collect()
}
