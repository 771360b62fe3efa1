//! A plan: what will change, the exact requests that change it, and who gains and loses access.

use std::collections::BTreeMap;

use super::address::Address;
use super::desired::{OutputValue, Pending, Stack};
use super::diagnostic::Diagnostic;
use super::live::Key;
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
}

/// One field's before and after; none where there was or will be nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Dotted, as in the file.
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
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
    pub origin: Option<Span>,
}

/// Someone who may act as an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Grantee {
    /// A sentence's subject: `workflows of contoso/payments on branch main`.
    pub who: String,
    /// The identity's name and where it is declared.
    pub identity: String,
    pub address: Option<Address>,
    /// What the identity may do: `Microsoft Graph Application.Read.All`.
    pub holding: Vec<String>,
    /// They may act as the identity before and after: only what it holds changes.
    pub remains: bool,
    /// A subject that is admitted.
    pub example: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Access {
    pub gained: Vec<Grantee>,
    pub lost: Vec<Grantee>,
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

    pub fn count(&self, action: Action) -> usize {
        self.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    }
}
