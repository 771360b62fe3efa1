//! A plan: what will change, the exact requests that change it, and who gains and loses access.

use std::collections::BTreeMap;

use super::address::Address;
use super::desired::{OutputValue, Pending, Stack};
use super::diagnostic::Diagnostic;
use super::live::Key;
use super::quota::{self, Quota};
use super::source::Span;
use super::step::{Check, Step, StepId};
use super::value::{Ref, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Update,
    Delete,
    /// Out of the recycle bin.
    Restore,
}

/// Why something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Declared, and not there.
    Absent,
    /// Declared, and there with other values.
    Differs,
    /// Declared, and there as somebody else's: it is taken over.
    Adopted,
    /// Ours, and not declared (any more).
    NotDeclared,
    /// Not ours, and `unmanaged_credentials = "delete"`.
    Unmanaged,
    /// Declared, and in the recycle bin.
    SoftDeleted,
    /// `destroy` was asked for.
    Destroy,
    /// It stays, and our marks go.
    Released,
    /// `revoke` named it.
    Revoked,
    /// A repair names it: an audit found it, or a federated credential has made it needless.
    Repaired,
}

/// One field's before and after; none where there was or will be nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Dotted, as in the file.
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// A key of a published set that changes, as people know it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KeyChange {
    pub kid: String,
    /// None where it stays as it is.
    pub action: Option<Action>,
    /// When it was published, and since when it is said to sign, as RFC 3339 has times.
    pub published_at: Option<String>,
    pub signs_since: Option<String>,
    /// How long ago that was, in words. It changes as time passes, and nothing follows from it.
    #[serde(skip)]
    pub age: Option<String>,
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    pub reason: Reason,
    pub fields: Vec<FieldChange>,
    pub steps: Vec<StepId>,
    /// The object that changes; none when it is created.
    pub object: Option<Key>,
    /// The object that it belongs to.
    pub parent: Option<Key>,
    /// More to say, in a few words: `now covered by the one above`.
    pub remark: Option<String>,
    /// Of a published set of keys: each of them, in the place of what the set is made of.
    pub keys: Vec<KeyChange>,
    pub origin: Option<Span>,
}

/// A permission that an identity holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Permission {
    /// The API's name: `Microsoft Graph`.
    pub api: String,
    pub name: String,
    /// Held for signed-in users only.
    pub delegated: bool,
    /// 0: leads to control of the tenant; 1: of much of what is in it. None for all others.
    pub tier: Option<u8>,
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { api, name, .. } = self;
        let class = if self.delegated { " (delegated)" } else { "" };
        write!(f, "{api} {name}{class}")
    }
}

/// What someone gains or loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Acting as the identity.
    Act,
    /// Only the permissions: acting as the identity is as it was.
    Permissions,
}

/// Someone who gains or loses access to an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Grantee {
    /// A sentence's subject: `workflows of contoso/payments on branch main`.
    pub who: String,
    pub right: Right,
    /// The identity's name and where it is declared.
    pub identity: String,
    pub address: Option<Address>,
    /// The credential that admits them.
    pub credential: String,
    /// What the identity may do, or what of that changes.
    pub holding: Vec<Permission>,
    /// The shortest token that is admitted on one side only, in words, where it says more than `who`.
    pub example: Option<String>,
    /// The same by claim.
    pub token: BTreeMap<String, String>,
    /// The worst that is among them.
    pub dangers: Vec<Danger>,
    /// Some of what the credential admits was admitted before, or still is.
    pub partly: bool,
    /// What the sentence holds under: `unless the repository belongs to owner 5544123`.
    pub condition: Option<String>,
    /// The exact comparison was given up; it counts as a change.
    pub undecided: bool,
}

/// Someone among those who are admitted whom one should know of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Danger {
    pub who: String,
    /// A subject that shows it.
    pub example: String,
}

#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Access {
    pub gained: Vec<Grantee>,
    pub lost: Vec<Grantee>,
    /// What of it the guard against widening counts.
    pub widening: Option<Widening>,
    /// Identities that are there already and get privileged permissions: the addresses, and which.
    #[serde(skip)]
    pub raised: BTreeMap<Address, Vec<Permission>>,
}

/// More access to identities that hold privileged permissions.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Widening {
    /// SHA-256 over these access changes alone, in hexadecimal: the same in every plan of the same change.
    pub digest: String,
    /// One sentence for each.
    pub changes: Vec<String>,
}

/// Two desired states, compared with no tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    pub stack: Stack,
    /// What the older one is: `HEAD`, a directory.
    pub base: String,
    pub changes: Vec<Change>,
    pub access: Access,
    pub notes: Vec<Diagnostic>,
}

/// A guard that refuses the plan, and the word that lifts it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Refusal {
    pub guard: &'static str,
    pub message: String,
    pub lift: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub stack: Stack,
    /// How many of each kind the stack declares, for the heading.
    pub counts: BTreeMap<String, usize>,
    pub changes: Vec<Change>,
    pub steps: Vec<Step>,
    /// What must be there before a step is sent: what a delete leaves in its place.
    pub premises: Vec<(StepId, Check)>,
    pub access: Access,
    pub notes: Vec<Diagnostic>,
    pub pending: Vec<Pending>,
    pub refusals: Vec<Refusal>,
    pub outputs: BTreeMap<String, OutputValue>,
    /// Everything of the stack is to go.
    pub destroy: bool,
    /// Outputs of objects that are there already.
    pub known: BTreeMap<Ref, String>,
    /// SHA-256 over the steps and the stack's name and tenant, in hexadecimal.
    pub digest: String,
}

impl Plan {
    /// Whether an apply would write anything.
    pub fn has_changes(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Milliseconds that its requests wait for a service's quota, and for which; none below ten seconds.
    pub fn waits(&self) -> Option<(i64, Quota)> {
        let requests = self.steps.iter().map(|step| &step.request);
        quota::wait(requests).filter(|(ms, _)| *ms >= 10_000)
    }

    pub fn count(&self, action: Action) -> usize {
        self.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    }
}
