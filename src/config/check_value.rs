//! Closer looks at values of the right type: the words that are allowed, and the field's own check.

use super::check::Check;
use super::node::{Node, NodeKind};
use super::{value, words};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{Complaint, Field};
use crate::model::source::Span;
use crate::model::value::Value as Plain;
use crate::model::words::nearest;

impl Check<'_, '_> {
    /// Every known text must be one of the field's words.
    pub fn words(&mut self, field: &Field, node: &Node, value: &Plain) {
        if field.words.is_empty() {
            return;
        }
        let alone = [value];
        let several: Vec<&Plain> = value.items().collect();
        let values = match value {
            Plain::List(_) | Plain::Set(_) => several.as_slice(),
            _ => &alone[..],
        };
        for text in values.iter().filter_map(|value| value.as_str()) {
            if field.words.contains(&text) {
                continue;
            }
            let span = place_of(node, text);
            let near = nearest(text, field.words.iter().copied());
            let listed = words::list(field.words.iter().copied(), "");
            self.say(
                Diagnostic::error(
                    "invalid-value",
                    format!("`{}` cannot be {}", field.name, value::quote(text)),
                )
                .at(span, "not one of its words")
                .help(match near {
                    Some(near) => format!("did you mean `\"{near}\"`?"),
                    None => format!("it is one of {listed}"),
                }),
            );
        }
    }

    /// The field's own check, on what is known; of a collection, the element that it complains about is shown.
    pub fn closer(
        &mut self,
        check: fn(&Plain) -> Result<(), Complaint>,
        node: &Node,
        value: &Plain,
    ) {
        let known = |items: &mut dyn Iterator<Item = &Plain>| -> Vec<Plain> {
            items.filter(|item| item.is_known()).cloned().collect()
        };
        let (whole, single): (Plain, Vec<Plain>) = match value {
            Plain::List(items) => {
                let items = known(&mut items.iter());
                let single = items.iter().map(|item| Plain::List(vec![item.clone()]));
                (Plain::List(items.clone()), single.collect())
            }
            Plain::Set(items) => {
                let items = known(&mut items.iter());
                let single = items.iter().map(|item| Plain::set([item.clone()]));
                (Plain::set(items.clone()), single.collect())
            }
            other if other.is_known() => (other.clone(), Vec::new()),
            _ => return,
        };
        let Err(complaint) = check(&whole) else {
            return;
        };
        let mut complaints: Vec<(Span, _)> = single
            .iter()
            .filter_map(|item| {
                let text = item.items().next().and_then(Plain::as_str);
                let span = text.map_or(node.span, |text| place_of(node, text));
                Some((span, check(item).err()?))
            })
            .collect();
        if complaints.is_empty() {
            complaints.push((node.span, complaint));
        }
        for (span, complaint) in complaints {
            let mut diagnostic =
                Diagnostic::error("invalid-value", complaint.message).at(span, "this value");
            if let Some(help) = complaint.help {
                diagnostic = diagnostic.help(help);
            }
            self.say(diagnostic);
        }
    }
}

/// Where a text stands in a list that is written out; else the whole.
fn place_of(node: &Node, text: &str) -> Span {
    let NodeKind::Items(items) = &node.kind else {
        return node.span;
    };
    let mut items = items.iter();
    let found = items.find(|item| match &item.kind {
        NodeKind::Value(value) => value.as_text().is_some_and(|found| &**found == text),
        _ => false,
    });
    found.map_or(node.span, |item| item.span)
}
