//! Values as the planner and the wire know them. Text may have holes that an apply fills.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::address::Address;
use super::credential_name::NameOf;

/// A value. A known one has no holes; see [`Value::is_known`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    Bool(bool),
    Number(Number),
    Text(Vec<Part>),
    List(Vec<Value>),
    Set(BTreeSet<Value>),
    Map(BTreeMap<String, Value>),
    /// In a set it comes last.
    Null,
}

/// A finite number with a total order. Integers up to 2^53 are exact.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Number(pub f64);

/// A piece of text: known, an output of another resource, or a credential's name over parts not known yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Literal(String),
    Ref(Ref),
    NameOf(Box<NameOf>),
}

/// An output of a resource, as in `application.deployer.client_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Ref {
    pub address: Address,
    pub output: String,
}

pub type Map = BTreeMap<String, Value>;

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(vec![Part::Literal(text.into())])
    }

    pub fn reference(address: Address, output: impl Into<String>) -> Self {
        Value::Text(vec![Part::Ref(Ref {
            address,
            output: output.into(),
        })])
    }

    pub fn int(number: i64) -> Self {
        Value::Number(Number(number as f64))
    }

    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Value::Map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    pub fn set(items: impl IntoIterator<Item = Value>) -> Self {
        Value::Set(items.into_iter().collect())
    }

    pub fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Value::Set(items.into_iter().map(Value::text).collect())
    }

    /// The text, if it is text without holes.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(parts) => match parts.as_slice() {
                [] => Some(""),
                [Part::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map()?.get(name)
    }

    /// The member at a dotted path, as in `web.redirect_uris`.
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('.')
            .try_fold(self, |value, name| value.get(name))
    }

    /// The members of a list or set.
    pub fn items(&self) -> impl Iterator<Item = &Value> {
        let (list, set) = match self {
            Value::List(list) => (Some(list), None),
            Value::Set(set) => (None, Some(set)),
            _ => (None, None),
        };
        list.into_iter().flatten().chain(set.into_iter().flatten())
    }

    /// Null, an empty text or collection, or a map of such: what a service means by "nothing there".
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Text(_) => self.as_str() == Some(""),
            Value::List(items) => items.is_empty(),
            Value::Set(items) => items.is_empty(),
            Value::Map(map) => map.values().all(Value::is_empty),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }

    pub fn is_known(&self) -> bool {
        self.refs().is_empty()
    }

    /// Whether all its text is written out: [`Value::fill`] changes nothing.
    pub fn is_plain(&self) -> bool {
        match self {
            Value::Text(parts) => matches!(parts.as_slice(), [] | [Part::Literal(_)]),
            Value::List(items) => items.iter().all(Value::is_plain),
            Value::Set(items) => items.iter().all(Value::is_plain),
            Value::Map(map) => map.values().all(Value::is_plain),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        }
    }

    /// Every output that has to be known before this value is.
    pub fn refs(&self) -> BTreeSet<&Ref> {
        let mut found = BTreeSet::new();
        self.collect_refs(&mut found);
        found
    }

    fn collect_refs<'a>(&'a self, found: &mut BTreeSet<&'a Ref>) {
        match self {
            Value::Text(parts) => parts.iter().for_each(|part| part.collect_refs(found)),
            Value::List(items) => items.iter().for_each(|item| item.collect_refs(found)),
            Value::Set(items) => items.iter().for_each(|item| item.collect_refs(found)),
            Value::Map(map) => map.values().for_each(|item| item.collect_refs(found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The value with every output that `known` can tell replaced by what it tells.
    pub fn fill(&self, known: &dyn Fn(&Ref) -> Option<Part>) -> Value {
        match self {
            Value::Text(parts) => Value::Text(fill(parts, known)),
            Value::List(items) => Value::List(items.iter().map(|item| item.fill(known)).collect()),
            Value::Set(items) => Value::Set(items.iter().map(|item| item.fill(known)).collect()),
            Value::Map(map) => Value::Map(
                map.iter()
                    .map(|(key, item)| (key.clone(), item.fill(known)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// As JSON; holes print as `${address.output}`, which is how a plan shows them.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Number(number) => number.to_json(),
            Value::Text(parts) => Json::String(Text(parts).to_string()),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Set(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Map(map) => Json::Object(
                map.iter()
                    .map(|(key, item)| (key.clone(), item.to_json()))
                    .collect(),
            ),
        }
    }

    /// From JSON; arrays become lists.
    pub fn from_json(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => Value::Number(Number(number.as_f64().unwrap_or(0.0))),
            Json::String(text) => Value::text(text.as_str()),
            Json::Array(items) => Value::List(items.iter().map(Value::from_json).collect()),
            Json::Object(map) => Value::Map(
                map.iter()
                    .map(|(key, item)| (key.clone(), Value::from_json(item)))
                    .collect(),
            ),
        }
    }
}

impl Part {
    fn collect_refs<'a>(&'a self, found: &mut BTreeSet<&'a Ref>) {
        match self {
            Part::Literal(_) => {}
            Part::Ref(reference) => {
                found.insert(reference);
            }
            Part::NameOf(name) => name
                .issuer
                .iter()
                .chain(&name.subject)
                .for_each(|part| part.collect_refs(found)),
        }
    }
}

/// Text with the outputs that `known` can tell filled in, and names made where all they hash is known.
pub fn fill(parts: &[Part], known: &dyn Fn(&Ref) -> Option<Part>) -> Vec<Part> {
    let mut filled: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        let part = match part {
            Part::Literal(_) => part.clone(),
            Part::Ref(reference) => known(reference).unwrap_or_else(|| part.clone()),
            Part::NameOf(of) => {
                let of = NameOf {
                    issuer: fill(&of.issuer, known),
                    subject: fill(&of.subject, known),
                    ..(**of).clone()
                };
                of.name()
                    .map_or_else(|| Part::NameOf(Box::new(of)), Part::Literal)
            }
        };
        match (filled.last_mut(), part) {
            (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
            (_, part) => filled.push(part),
        }
    }
    filled
}

/// Text with its holes as `${address.output}`.
pub struct Text<'a>(pub &'a [Part]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Ref(Ref { address, output }) => write!(f, "${{{address}.{output}}}"),
            Part::NameOf(name) => write!(f, "{}-${{hash}}", name.label),
        })
    }
}

impl Number {
    fn to_json(self) -> serde_json::Value {
        if self.0.fract() == 0.0 && self.0.abs() <= 9_007_199_254_740_992.0 {
            serde_json::Value::from(self.0 as i64)
        } else {
            serde_json::Value::from(self.0)
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}
