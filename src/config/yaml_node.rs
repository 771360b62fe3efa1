//! YAML as it is parsed: nodes with their places.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Spanned, Tagged};

/// A YAML node.
pub(super) enum Yaml {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    List(Vec<Spanned<Yaml>>),
    Map(Vec<(Spanned<String>, Spanned<Yaml>)>),
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Untagged(node), tag) = Tagged::deserialize(deserializer)?;
        // The parser decodes it: nobody would see in a review what it says.
        match tag.filter(|tag| tag.trim_end_matches('>').ends_with("binary")) {
            Some(_) => Err(D::Error::custom("unsupported tag `!!binary`")),
            None => Ok(node),
        }
    }
}

struct Untagged(Yaml);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode).map(Self)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Null)
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        Yaml::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Yaml, E> {
        Ok(Yaml::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Yaml, E> {
        Ok(Yaml::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Yaml, E> {
        Ok(Yaml::Number(number as f64))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Yaml, E> {
        Ok(Yaml::Number(number as f64))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Yaml, E> {
        Ok(Yaml::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Yaml, E> {
        Ok(Yaml::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Yaml, E> {
        Ok(Yaml::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Yaml, E> {
        Ok(Yaml::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Yaml, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Yaml::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Yaml, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Yaml::Map(members))
    }
}
