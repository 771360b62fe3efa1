//! What a stack may do at most, and which findings somebody answers for.

use super::address::Address;
use super::source::Span;

/// The `policy` block, combined with a central one where `--policy` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    /// Host and path globs; none for any issuer.
    pub allowed_issuers: Option<Vec<String>>,
    /// What becomes of credentials that nobody declared, where an application does not say it.
    pub unmanaged_credentials: Option<String>,
    /// How many trusts or applications may go without a replacement.
    pub max_deletes: Option<usize>,
    /// Days that a waiver may last, counted from the audit; [`MAX_WAIVER_DAYS`] where it is none.
    #[serde(default)]
    pub max_waiver_days: Option<usize>,
}

/// Days that a waiver may last where no policy says it.
pub const MAX_WAIVER_DAYS: usize = 365;

/// A `waiver` block: a finding that somebody knows, and answers for until a day.
///
/// One that has ended, or that ends more than `max_waiver_days` from now, waives nothing: the finding keeps its
/// severity.
#[derive(Clone, Debug)]
pub struct Waiver {
    pub name: String,
    /// The rule's name, as an audit prints it.
    pub rule: String,
    pub of: Accused,
    pub reason: String,
    pub owner: String,
    /// When it ends, in milliseconds since 1970.
    pub until: i64,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accused {
    /// A declared resource: an application, or one credential of it.
    Resource(Address),
    /// A GUID, in lower case.
    ClientId(String),
    /// A GUID, in lower case.
    ObjectId(String),
}
