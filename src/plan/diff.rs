//! Field by field, with the field table as the only guide.
//!
//! | declared | there | `absent` | change |
//! |---|---|---|---|
//! | value | equal | any | none |
//! | value | other | any | to the value |
//! | `null` | other than the default | any | to the default |
//! | nothing | other than the default | `reset` | to the default |
//! | nothing | anything | `untouched` | none |

use crate::model::plan::FieldChange;
use crate::model::schema::{Absent, Compare, Field, Type};
use crate::model::value::{Map, Value};

/// What has to change for `live` to be as `declared` says; everything that is declared, when nothing is there.
/// With `keep`, nothing that is not declared changes.
pub fn diff(fields: &[Field], declared: &Map, live: Option<&Map>, keep: bool) -> Vec<FieldChange> {
    let mode = match (live, keep) {
        (None, _) => Mode::Create,
        (Some(_), true) => Mode::Keep,
        (Some(_), false) => Mode::Reset,
    };
    let mut changes = Vec::new();
    level(fields, "", Some(declared), live, mode, &mut changes);
    changes
}

/// What happens to fields that are not declared.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Create,
    Keep,
    Reset,
}

fn level(
    fields: &[Field],
    prefix: &str,
    declared: Option<&Map>,
    live: Option<&Map>,
    mode: Mode,
    changes: &mut Vec<FieldChange>,
) {
    for field in fields
        .iter()
        .filter(|field| field.compare != Compare::Never)
    {
        let path = format!("{prefix}{}", field.name);
        let wanted = declared.and_then(|body| body.get(field.name));
        let there = live.and_then(|body| body.get(field.name));
        if let Type::Block(nested) = field.ty {
            let wanted = wanted.and_then(Value::as_map);
            let there = there.and_then(Value::as_map);
            level(nested, &format!("{path}."), wanted, there, mode, changes);
            continue;
        }
        let default = field.default.value().unwrap_or(Value::Null);
        let wanted = match wanted {
            Some(Value::Null) => &default,
            Some(value) => value,
            None if field.absent == Absent::Reset && mode != Mode::Keep => &default,
            None => continue,
        };
        if mode == Mode::Create {
            // What nobody declared, and what is empty, a new object says by itself.
            let said = declared.is_some_and(|body| body.contains_key(field.name));
            if said && !wanted.is_empty() {
                changes.push(FieldChange {
                    path,
                    before: None,
                    after: Some(wanted.clone()),
                });
            }
            continue;
        }
        let there = match there {
            None | Some(Value::Null) => &default,
            Some(value) => value,
        };
        if !same(field.compare, wanted, there) {
            changes.push(FieldChange {
                path,
                before: Some(there.clone()),
                after: Some(wanted.clone()),
            });
        }
    }
}

fn same(compare: Compare, a: &Value, b: &Value) -> bool {
    match compare {
        Compare::Exact => a == b || (says_nothing(a) && says_nothing(b)),
        Compare::IgnoreCase => folded(a) == folded(b),
        Compare::Never => true,
    }
}

/// Services answer an unset switch with `null` or `false`.
fn says_nothing(value: &Value) -> bool {
    value.is_empty() || *value == Value::Bool(false)
}

fn folded(value: &Value) -> Value {
    match value {
        Value::Text(_) => value
            .as_str()
            .map_or_else(|| value.clone(), |text| text.to_lowercase().into()),
        Value::List(items) => Value::List(items.iter().map(folded).collect()),
        Value::Set(items) => Value::Set(items.iter().map(folded).collect()),
        other => other.clone(),
    }
}
