//! The whole tenant as text that people and tests can compare: sorted, without defaults and generated ids.

use std::collections::BTreeMap;

use serde_json::Value;

use super::route::Routes;
use super::store::{Store, text};
use super::table::{Dumped, Entity};

/// Prints the newest state of a tenant. Entities stand under the entity they belong to.
pub fn dump(store: &Store, routes: &Routes) -> String {
    let view = store.primary();
    let mut shown: BTreeMap<String, Dumped> = BTreeMap::new();
    for table in routes.tables() {
        for entity in view.rows(table, None) {
            if let Some(dumped) = (table.dumped)(view, entity) {
                shown.insert(text(entity, "id").to_owned(), dumped);
            }
        }
    }
    let mut children: BTreeMap<Option<&str>, Vec<(&str, &str)>> = BTreeMap::new();
    for (id, dumped) in &shown {
        let parent = dumped
            .parent
            .as_deref()
            .filter(|parent| shown.contains_key(*parent));
        children
            .entry(parent)
            .or_default()
            .push((&dumped.title, id));
    }
    for siblings in children.values_mut() {
        siblings.sort_unstable();
    }
    let mut out = String::new();
    print_under(None, &shown, &children, 0, &mut out);
    out.push_str(&store.blobs.dump());
    out
}

fn print_under(
    parent: Option<&str>,
    shown: &BTreeMap<String, Dumped>,
    children: &BTreeMap<Option<&str>, Vec<(&str, &str)>>,
    depth: usize,
    out: &mut String,
) {
    for (title, id) in children.get(&parent).into_iter().flatten() {
        let indent = "  ".repeat(depth);
        out.push_str(&format!("{indent}{title}\n"));
        if let Some(dumped) = shown.get(*id) {
            print_properties(&dumped.properties, depth + 1, out);
        }
        print_under(Some(id), shown, children, depth + 1, out);
    }
}

/// Properties in the order of their names; lists of texts in theirs, because the service keeps no order.
pub(super) fn print_properties(properties: &Entity, depth: usize, out: &mut String) {
    let sorted: BTreeMap<&String, &Value> = properties.iter().collect();
    let indent = "  ".repeat(depth);
    for (name, value) in sorted {
        match value {
            Value::Object(inner) if inner.is_empty() => {}
            Value::Object(inner) => {
                out.push_str(&format!("{indent}{name}:\n"));
                print_properties(inner, depth + 1, out);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                out.push_str(&format!("{indent}{name}:\n"));
                let mut printed: Vec<String> = items.iter().map(one_line).collect();
                printed.sort();
                for item in printed {
                    out.push_str(&format!("{indent}  - {item}\n"));
                }
            }
            Value::Array(items) => {
                let mut texts: Vec<String> = items.iter().map(scalar).collect();
                texts.sort();
                out.push_str(&format!("{indent}{name}: [{}]\n", texts.join(", ")));
            }
            _ => out.push_str(&format!("{indent}{name}: {}\n", scalar(value))),
        }
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(inner) => {
            let sorted: BTreeMap<&String, &Value> = inner.iter().collect();
            let parts = sorted
                .iter()
                .map(|(name, value)| format!("{name}: {}", one_line(value)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let mut parts: Vec<String> = items.iter().map(one_line).collect();
            parts.sort();
            format!("[{}]", parts.join(", "))
        }
        _ => scalar(value),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(['\n', '\r']) => text.clone(),
        other => other.to_string(),
    }
}
