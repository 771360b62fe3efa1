//! Values while they are evaluated: cheap to copy, with holes, and with a measure of how large they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use crate::model::address::Address;
use crate::model::value::{Number, Part, Ref, Value as Plain};

/// A value. Tuples are lists and objects are maps here: the language needs no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    /// Text with at least one hole: what it holds is known only after an apply.
    Holes(Rc<[Part]>),
    List(Rc<Items>),
    /// Sorted, each element once.
    Set(Rc<Items>),
    Map(Rc<Members>),
    /// A whole resource, as `application.deployer`.
    Resource(Rc<Address>),
    /// It depends on variables that have no value: these.
    Unset(Rc<BTreeSet<Rc<str>>>),
    /// In a set it comes last.
    Null,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Items {
    items: Vec<Value>,
    size: Size,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Members {
    members: BTreeMap<Rc<str>, Value>,
    size: Size,
}

/// How large a value would be if nothing in it were shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size {
    /// Bytes of text, and 16 for each value.
    pub weight: usize,
    pub depth: usize,
    /// Part of it is known only after an apply.
    pub holes: bool,
    /// Part of it waits for a variable.
    pub unset: bool,
}

impl Value {
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Value::Text(text.into())
    }

    pub fn int(number: usize) -> Self {
        Value::Number(Number(number as f64))
    }

    pub fn list(items: Vec<Value>) -> Self {
        let size = Size::around(&items);
        Value::List(Rc::new(Items { items, size }))
    }

    pub fn set(items: impl IntoIterator<Item = Value>) -> Self {
        let items: Vec<Value> = BTreeSet::from_iter(items).into_iter().collect();
        let size = Size::around(&items);
        Value::Set(Rc::new(Items { items, size }))
    }

    pub fn map(members: BTreeMap<Rc<str>, Value>) -> Self {
        let mut size = Size::around(members.values());
        size.weight = members
            .keys()
            .fold(size.weight, |sum, key| sum.saturating_add(key.len()));
        Value::Map(Rc::new(Members { members, size }))
    }

    pub fn unset(name: &str) -> Self {
        Value::Unset(Rc::new(BTreeSet::from([name.into()])))
    }

    pub fn hole(address: Address, output: &str) -> Self {
        Value::Holes(Rc::new([Part::Ref(Ref {
            address,
            output: output.to_owned(),
        })]))
    }

    pub fn size(&self) -> Size {
        let weight = match self {
            Value::List(items) | Value::Set(items) => return items.size,
            Value::Map(map) => return map.size,
            Value::Text(text) => 16 + text.len(),
            Value::Holes(parts) => parts.iter().fold(16, |sum, part| match part {
                Part::Literal(text) => sum + text.len(),
                _ => sum + 64,
            }),
            _ => 16,
        };
        Size {
            weight,
            depth: 0,
            holes: matches!(self, Value::Holes(_) | Value::Resource(_)),
            unset: matches!(self, Value::Unset(_)),
        }
    }

    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    pub fn as_text(&self) -> Option<&Rc<str>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list or set.
    pub fn items(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Set(items) => Some(&items.items),
            _ => None,
        }
    }

    pub fn members(&self) -> Option<&BTreeMap<Rc<str>, Value>> {
        match self {
            Value::Map(map) => Some(&map.members),
            _ => None,
        }
    }

    /// The variables that this waits for, wherever in it they are.
    pub fn unset_variables(&self) -> BTreeSet<Rc<str>> {
        let mut found = BTreeSet::new();
        if self.size().unset {
            self.collect_unset(&mut found);
        }
        found
    }

    fn collect_unset(&self, found: &mut BTreeSet<Rc<str>>) {
        match self {
            Value::Unset(names) => found.extend(names.iter().cloned()),
            Value::List(items) | Value::Set(items) => {
                items
                    .items
                    .iter()
                    .for_each(|item| item.collect_unset(found));
            }
            Value::Map(map) => map
                .members
                .values()
                .for_each(|item| item.collect_unset(found)),
            _ => {}
        }
    }

    /// Whether any of it is known only after an apply.
    pub fn has_holes(&self) -> bool {
        self.size().holes
    }

    /// What it is, in a reader's words.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Bool(flag) => format!("the bool `{flag}`"),
            Value::Number(number) => format!("the number `{number}`"),
            Value::Text(text) => format!("the string {}", quote(text)),
            Value::Holes(_) => "text that is known only after an apply".to_owned(),
            Value::List(items) => format!("a list of {}", count(items.items.len(), "element")),
            Value::Set(items) => format!("a set of {}", count(items.items.len(), "element")),
            Value::Map(map) => format!("an object with {}", count(map.members.len(), "attribute")),
            Value::Resource(address) => format!("the whole resource `{address}`"),
            Value::Unset(_) => "a variable without a value".to_owned(),
        }
    }

    /// The value as later stages know it. Whole resources become their `output`; an unset one becomes null.
    pub fn to_plain(&self, output: &dyn Fn(&Address) -> String) -> Plain {
        match self {
            Value::Null | Value::Unset(_) => Plain::Null,
            Value::Bool(flag) => Plain::Bool(*flag),
            Value::Number(number) => Plain::Number(*number),
            Value::Text(text) => Plain::text(&**text),
            Value::Holes(parts) => Plain::Text(parts.to_vec()),
            Value::List(items) => Plain::List(
                items
                    .items
                    .iter()
                    .map(|item| item.to_plain(output))
                    .collect(),
            ),
            Value::Set(items) => Plain::Set(
                items
                    .items
                    .iter()
                    .map(|item| item.to_plain(output))
                    .collect(),
            ),
            Value::Map(map) => Plain::Map(
                map.members
                    .iter()
                    .map(|(key, item)| (key.to_string(), item.to_plain(output)))
                    .collect(),
            ),
            Value::Resource(address) => Plain::reference((**address).clone(), output(address)),
        }
    }
}

impl Size {
    fn around<'a>(items: impl IntoIterator<Item = &'a Value>) -> Self {
        let empty = Size {
            weight: 16,
            depth: 1,
            ..Size::default()
        };
        items.into_iter().fold(empty, |sum, item| {
            let size = item.size();
            Size {
                weight: sum.weight.saturating_add(size.weight),
                depth: sum.depth.max(size.depth + 1),
                holes: sum.holes || size.holes,
                unset: sum.unset || size.unset,
            }
        })
    }
}

/// Text that is put together from known pieces and holes.
#[derive(Default)]
pub(super) struct TextBuilder {
    parts: Vec<Part>,
}

impl TextBuilder {
    pub fn push(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Literal(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Literal(text.to_owned())),
        }
    }

    pub fn push_holes(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Literal(text) => self.push(text),
                other => self.parts.push(other.clone()),
            }
        }
    }

    pub fn finish(mut self) -> Value {
        match self.parts.as_mut_slice() {
            [] => Value::text(""),
            [Part::Literal(text)] => Value::text(std::mem::take(text)),
            _ => Value::Holes(self.parts.into()),
        }
    }
}

/// `1 element`, `2 elements`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Text in quotes for a message: short, on one line.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("`\"");
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == 60 => {
                quoted.push('…');
                break;
            }
            '\n' => quoted.push_str("\\n"),
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push_str("\"`");
    quoted
}
