//! What the files say.

use std::collections::BTreeMap;

use super::address::Address;
use super::national_cloud::Cloud;
use super::policy::{Policy, Waiver};
use super::source::Span;
use super::value::{Map, Value};

/// Everything a stack declares, with every block lowered to the resources that it means.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Desired {
    pub stack: Stack,
    #[serde(with = "as_list")]
    pub resources: BTreeMap<Address, Resource>,
    pub outputs: BTreeMap<String, OutputValue>,
    /// Resources that cannot be planned yet, because a variable has no value.
    pub pending: Vec<Pending>,
    /// Reviewed access changes.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    pub policy: Policy,
    /// Findings that somebody answers for: an audit asks, and a plan that looks for secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
    /// In effect once everything is lowered, and not kept with a plan.
    #[serde(skip)]
    pub moves: Vec<Move>,
    pub removals: Vec<Removal>,
    #[serde(skip)]
    pub expectations: Vec<Expectation>,
}

/// An `approve` block: someone has looked at an access change and takes it upon himself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Approval {
    pub name: String,
    /// The digest that a plan printed, or its first 16 digits or more; lower case.
    pub digest: String,
    pub reason: String,
    pub owner: String,
    /// When it ends, in milliseconds since 1970.
    pub until: Option<i64>,
}

/// A `moved` block: what is declared at `to` was at `from` before, and keeps the name that it got there.
/// An address without segments is a whole module.
#[derive(Clone, Debug)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    pub origin: Span,
}

/// A `removed` block: what was declared at `from` goes, or stays where it is.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Removal {
    pub from: Address,
    pub destroy: bool,
    #[serde(skip)]
    pub origin: Span,
}

/// An `expect` block: who must and who must not be let in.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub name: String,
    /// The application whose credentials are asked.
    pub subject: Address,
    pub accept: Vec<Token>,
    pub refuse: Vec<Token>,
    pub origin: Span,
}

/// The claims of one token.
#[derive(Clone, Debug)]
pub struct Token {
    pub claims: BTreeMap<String, String>,
    pub origin: Span,
}

impl PartialEq for Move {
    fn eq(&self, other: &Self) -> bool {
        self.from == other.from && self.to == other.to
    }
}

impl PartialEq for Removal {
    fn eq(&self, other: &Self) -> bool {
        self.from == other.from && self.destroy == other.destroy
    }
}

impl PartialEq for Expectation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.subject == other.subject
            && self.accept == other.accept
            && self.refuse == other.refuse
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.claims == other.claims
    }
}

/// The `stack` block; the name is empty where a directory has only outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stack {
    /// The name that marks and unique names are made of: the first that it ever had.
    pub name: String,
    /// What it is called now, where that is another name.
    pub renamed: Option<String>,
    pub tenant_id: String,
    pub cloud: Cloud,
    /// Where runs on different machines exclude each other.
    #[serde(default)]
    pub lock: Option<LockPlace>,
    #[serde(skip)]
    pub origin: Option<Span>,
}

/// A container of Blob Storage that holds locks.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LockPlace {
    pub storage_account: String,
    pub container: String,
}

/// One declared object.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Resource {
    pub address: Address,
    /// What was declared, in the words of the field table; nested blocks are maps.
    pub body: Map,
    /// The block's header.
    #[serde(skip)]
    pub origin: Span,
    /// Where each value stands, by dotted path (`web.redirect_uris`, `web.redirect_uris.0`).
    #[serde(skip)]
    pub spans: BTreeMap<String, Span>,
    /// Deleting it is refused while this is set.
    pub protect: bool,
}

/// Where something was written does not matter to what was said.
impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address && self.body == other.body && self.protect == other.protect
    }
}

/// An `output` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutputValue {
    pub value: Value,
    pub description: Option<String>,
}

/// A resource that waits for variables.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pending {
    pub address: Address,
    /// Names of the variables without a value.
    pub needs: Vec<String>,
}

impl Stack {
    /// What people call it.
    pub fn title(&self) -> &str {
        self.renamed.as_deref().unwrap_or(&self.name)
    }
}

impl Resource {
    pub fn kind(&self) -> &str {
        self.address.kind()
    }

    /// The value at a dotted path.
    pub fn at(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let value = self.body.get(first)?;
        if rest.is_empty() {
            Some(value)
        } else {
            value.at(rest)
        }
    }

    /// The text at a dotted path, where it has no holes.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// Where a value stands, or the nearest thing around it.
    pub fn span(&self, path: &str) -> Span {
        let mut path = path;
        loop {
            if let Some(span) = self.spans.get(path) {
                return *span;
            }
            match path.rfind('.') {
                Some(at) => path = &path[..at],
                None => return self.origin,
            }
        }
    }
}

impl Desired {
    /// The resources of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources
            .values()
            .filter(move |resource| resource.kind() == kind)
    }

    pub fn parent(&self, resource: &Resource) -> Option<&Resource> {
        self.resources.get(&resource.address.parent()?)
    }
}

/// Resources as a list: an address is no JSON member name.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Address, Resource};

    pub fn serialize<S: Serializer>(
        resources: &BTreeMap<Address, Resource>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(resources.values())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Address, Resource>, D::Error> {
        let resources = Vec::<Resource>::deserialize(deserializer)?;
        let keyed = resources.into_iter();
        Ok(keyed
            .map(|resource| (resource.address.clone(), resource))
            .collect())
    }
}
