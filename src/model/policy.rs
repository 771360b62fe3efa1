//! What a stack may do at most, and which findings somebody answers for.

use super::address::Address;
use super::source::Span;

/// The `policy` block, combined with central ones where `--policy` names some: the stricter wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    /// Each of these has to allow an issuer; none for any.
    pub allowed_issuers: Vec<AllowedIssuers>,
    /// What becomes of credentials that nobody declared, where an application does not say it.
    pub unmanaged_credentials: Option<String>,
    /// What a central policy says of them: an application may say a stricter word, and no other.
    #[serde(default)]
    pub unmanaged_at_least: Option<String>,
    /// What becomes of passwords and certificates of the stack's applications; where it is none, nobody reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leftover_secrets: Option<String>,
    /// How many trusts or applications may go without a replacement.
    pub max_deletes: Option<usize>,
    /// Days that a waiver may last, counted from the audit; [`MAX_WAIVER_DAYS`] where it is none.
    #[serde(default)]
    pub max_waiver_days: Option<usize>,
    /// A new identity with a privileged permission widens access, too.
    #[serde(default)]
    pub guard_new_identities: bool,
}

/// The issuers that one policy allows, as host and path globs.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct AllowedIssuers {
    pub globs: Vec<String>,
    /// Where they are written.
    #[serde(skip)]
    pub origin: Span,
}

/// Where it was written does not matter to what was said.
impl PartialEq for AllowedIssuers {
    fn eq(&self, other: &Self) -> bool {
        self.globs == other.globs
    }
}

impl Eq for AllowedIssuers {}

/// What becomes of credentials that nobody declared, the mildest first.
pub const UNMANAGED: [&str; 3] = ["keep", "report", "delete"];

/// What becomes of secrets that are left over, the mildest first.
pub const LEFTOVER_SECRETS: [&str; 3] = ["report", "forbid", "remove"];

/// Days that a waiver may last where no policy says it.
pub const MAX_WAIVER_DAYS: usize = 365;

/// A `waiver` block: a finding that somebody knows, and answers for until a day.
///
/// One that has ended, or that ends more than `max_waiver_days` from now, waives nothing: the finding keeps its
/// severity.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Waiver {
    pub name: String,
    /// The rule's name, as an audit prints it.
    pub rule: String,
    pub of: Accused,
    pub reason: String,
    pub owner: String,
    /// When it ends, in milliseconds since 1970.
    pub until: i64,
    #[serde(skip)]
    pub origin: Span,
}

/// Where it was written does not matter to what was said.
impl PartialEq for Waiver {
    fn eq(&self, other: &Self) -> bool {
        let parts = |one: &Self| {
            (
                one.name.clone(),
                one.rule.clone(),
                one.of.clone(),
                (one.reason.clone(), one.owner.clone(), one.until),
            )
        };
        parts(self) == parts(other)
    }
}

/// Whose finding a waiver is about: all findings of its rule on this object and on what is in it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accused {
    /// A declared resource: an application, or one credential of it.
    Resource(Address),
    /// A GUID, in lower case.
    ClientId(String),
    /// A GUID, in lower case.
    ObjectId(String),
}
