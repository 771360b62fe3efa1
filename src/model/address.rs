//! Where a resource stands: `module.m["k"].application.x/federated_credential.y["key"]`.

use std::fmt;
use std::str::FromStr;

/// The key of one instance of a block that has `for_each` or `count`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    Index(usize),
    Name(String),
}

/// One step of an address: a kind, a label and an instance key. The label of a block without one is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    pub kind: String,
    pub label: String,
    pub key: Option<InstanceKey>,
}

/// A resource's place in the stack: the modules it is in, then the resource, then what is nested in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub modules: Vec<Segment>,
    pub segments: Vec<Segment>,
}

impl Segment {
    pub fn new(kind: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            label: label.into(),
            key: None,
        }
    }

    pub fn keyed(mut self, key: InstanceKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Label and key as one name: `label` or `label-key`.
    pub fn name(&self) -> String {
        match &self.key {
            None => self.label.clone(),
            Some(InstanceKey::Index(index)) => format!("{}-{index}", self.label),
            Some(InstanceKey::Name(name)) => format!("{}-{name}", self.label),
        }
    }
}

impl Address {
    pub fn root(kind: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            modules: Vec::new(),
            segments: vec![Segment::new(kind, label)],
        }
    }

    pub fn child(&self, segment: Segment) -> Self {
        let mut child = self.clone();
        child.segments.push(segment);
        child
    }

    pub fn parent(&self) -> Option<Self> {
        (self.segments.len() > 1).then(|| Self {
            modules: self.modules.clone(),
            segments: self.segments[..self.segments.len() - 1].to_vec(),
        })
    }

    /// The resource's own segment.
    pub fn last(&self) -> &Segment {
        self.segments
            .last()
            .expect("an address has at least one segment")
    }

    pub fn kind(&self) -> &str {
        &self.last().kind
    }

    /// Where this was, if it lies at `to` and that was at `from`. An address without segments is a whole module;
    /// one without a key stands for all instances.
    pub fn before(&self, from: &Address, to: &Address) -> Option<Address> {
        let (mine, theirs, old) = match to.segments.is_empty() {
            true => (&self.modules, &to.modules, &from.modules),
            false if self.modules == to.modules => (&self.segments, &to.segments, &from.segments),
            false => return None,
        };
        let (last, leading) = theirs.split_last()?;
        let (at, rest) = (mine.get(leading.len())?, mine.get(theirs.len()..)?);
        let same = at.kind == last.kind && at.label == last.label;
        if !mine.starts_with(leading) || !same || (last.key.is_some() && at.key != last.key) {
            return None;
        }
        let mut moved = old.clone();
        if last.key.is_none()
            && let Some(last) = moved.last_mut().filter(|last| last.key.is_none())
        {
            last.key.clone_from(&at.key);
        }
        moved.extend_from_slice(rest);
        Some(match to.segments.is_empty() {
            true => Address {
                modules: moved,
                segments: self.segments.clone(),
            },
            false => Address {
                modules: from.modules.clone(),
                segments: moved,
            },
        })
    }

    /// Every place that it lies at, as a move names them: itself and what is around it, each with and without its key. What
    /// [`Self::before`] takes as `to` is one of them.
    pub fn places(&self) -> Vec<Address> {
        let modules = (1..=self.modules.len()).map(|end| Address {
            modules: self.modules[..end].to_vec(),
            segments: Vec::new(),
        });
        let segments = (1..=self.segments.len()).map(|end| Address {
            modules: self.modules.clone(),
            segments: self.segments[..end].to_vec(),
        });
        let mut places: Vec<Address> = modules.chain(segments).collect();
        for at in 0..places.len() {
            let mut any = places[at].clone();
            let last = any.segments.last_mut().or(any.modules.last_mut());
            if last.is_some_and(|last| last.key.take().is_some()) {
                places.push(any);
            }
        }
        places
    }

    /// Whether `self` is `other` or lies within it, as `--only ADDRESS` means it.
    pub fn within(&self, other: &Address) -> bool {
        self.modules == other.modules && self.segments.starts_with(&other.segments)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.label.is_empty() {
            write!(f, ".{}", self.label)?;
        }
        match &self.key {
            None => Ok(()),
            Some(InstanceKey::Index(index)) => write!(f, "[{index}]"),
            Some(InstanceKey::Name(name)) => {
                write!(
                    f,
                    "[\"{}\"]",
                    name.replace('\\', "\\\\").replace('"', "\\\"")
                )
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for module in &self.modules {
            write!(f, "{module}.")?;
        }
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            write!(f, "{segment}")?;
        }
        Ok(())
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut modules = Vec::new();
        let mut segments = Vec::new();
        loop {
            let (segment, after) = segment(rest)
                .ok_or_else(|| format!("`{text}` is not an address: expected `kind.label`, as in `application.deployer` or `application.deployer/federated_credential.main`"))?;
            let is_module = segment.kind == "module" && segments.is_empty();
            if is_module {
                modules.push(segment);
            } else {
                segments.push(segment);
            }
            match after.chars().next() {
                None if !segments.is_empty() => return Ok(Self { modules, segments }),
                Some('.') if is_module => rest = &after[1..],
                Some('/') if !is_module => rest = &after[1..],
                _ => return Err(format!("`{text}` is not an address: unexpected `{after}`")),
            }
        }
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(text.len());
    text.split_at(end)
}

fn segment(text: &str) -> Option<(Segment, &str)> {
    let (kind, rest) = word(text);
    if kind.is_empty() {
        return None;
    }
    let (label, mut rest) = match rest.strip_prefix('.') {
        Some(after) => word(after),
        None => ("", rest),
    };
    let mut segment = Segment::new(kind, label);
    if let Some(after) = rest.strip_prefix('[') {
        let (key, after) = instance_key(after)?;
        segment.key = Some(key);
        rest = after.strip_prefix(']')?;
    }
    Some((segment, rest))
}

fn instance_key(text: &str) -> Option<(InstanceKey, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return Some((InstanceKey::Name(name), &quoted[at + 1..])),
                '\\' => name.push(chars.next()?.1),
                c => name.push(c),
            }
        }
        None
    } else {
        let end = text.find(']')?;
        Some((InstanceKey::Index(text[..end].parse().ok()?), &text[end..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_prints() {
        for text in [
            "application.deployer",
            "application.deployer/federated_credential.main",
            "application.deployer/service_principal",
            "module.m.application.x[\"a \\\"b\\\"\"]/federated_credential.y[2]",
            "module.m[\"k\"].module.n.oidc_issuer.kind",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "module.m", "application.x.y", "application.x/", "a[b]"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_move_leads_to_a_place_or_does_not_concern_it() {
        let texts = [
            "application.x",
            "application.x[\"k\"]",
            "application.y",
            "application.x/federated_credential.y[2]",
            "application.x[\"k\"]/federated_credential.y",
            "module.m.application.x",
            "module.m[\"k\"].application.x[\"k\"]/service_principal",
            "module.m[\"k\"].module.n.application.x",
        ];
        let all: Vec<Address> = texts.map(|text| text.parse().unwrap()).into();
        let targets: Vec<Address> = all.iter().flat_map(Address::places).collect();
        for address in &all {
            let places = address.places();
            for to in &targets {
                let concerned = address.before(to, to).is_some();
                assert_eq!(concerned, places.contains(to), "{address} by {to:?}");
            }
        }
    }
}
