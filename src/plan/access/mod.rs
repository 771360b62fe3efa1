//! Who may act as which identity, before and after: the part of a plan that matters most.
//!
//! Both sides are sets of trusts, and trusts are languages of claim sets, so what is gained and lost is decided
//! exactly: after without before, before without after. What cannot be decided counts as a change.

mod compare;
mod cover;
mod danger;
mod declared;
mod live;
mod widening;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Leftover, Pair};
use crate::exchange::language::Language;
use crate::exchange::trust::Trust;
use crate::kinds::federated_credential;
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::plan::{Access, Action, Change, Grantee, Permission};

pub(super) use cover::{Cover, cover};

/// One identity, before and after.
struct Identity {
    name: String,
    address: Address,
    /// It is there before: not made by what is compared.
    exists: bool,
    before: Side,
    after: Side,
}

impl Identity {
    fn at(address: Address) -> Self {
        Self {
            name: String::new(),
            address,
            exists: false,
            before: Side::default(),
            after: Side::default(),
        }
    }
}

#[derive(Default, PartialEq)]
struct Side {
    trusts: Vec<Held>,
    holding: BTreeSet<Permission>,
}

/// A trust, and the credential that states it: the address of its block, or of the object with its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub credential: String,
    pub trust: Trust,
}

/// What a comparison comes to.
pub struct Findings {
    pub access: Access,
    /// What has become redundant, and what could not be decided.
    pub notes: Vec<Diagnostic>,
}

/// What a plan's changes mean for access: who is admitted or not any more, and which permissions they gain or lose.
pub fn changes(
    desired: &Desired,
    changes: &[Change],
    pairs: &[Pair],
    leftovers: &[Leftover],
    live: &Live,
) -> Findings {
    let identities = live::identities(changes, pairs, leftovers, live);
    findings(desired, identities.into_values().collect())
}

/// The same between two desired states, with no tenant.
pub fn between(before: &Desired, after: &Desired) -> Findings {
    findings(after, declared::identities(before, after))
}

fn findings(desired: &Desired, identities: Vec<Identity>) -> Findings {
    let mut access = Access::default();
    let mut notes = Vec::new();
    let changed = identities
        .iter()
        .filter(|identity| identity.before != identity.after);
    for identity in changed {
        let Identity { before, after, .. } = identity;
        access.gained.extend(compare::more(identity, before, after));
        access.lost.extend(compare::more(identity, after, before));
        notes.extend(cover::redundant(before, after));
    }
    let order = |a: &Grantee, b: &Grantee| {
        (&a.address, a.right, &a.credential).cmp(&(&b.address, b.right, &b.credential))
    };
    access.gained.sort_by(order);
    access.lost.sort_by(order);
    access.widening = widening::widening(desired, &identities);
    access.raised = widening::raised(&identities);
    Findings { access, notes }
}

/// Says of a trust that goes which one covers it from now on.
pub fn remarked(
    mut changes: Vec<Change>,
    pairs: &[Pair],
    live: &Live,
    destroy: bool,
) -> Vec<Change> {
    if destroy {
        return changes;
    }
    let mut after: BTreeMap<Option<Address>, Vec<Held>> = BTreeMap::new();
    let stated = pairs
        .iter()
        .filter(|pair| pair.resource.kind() == federated_credential::KIND);
    for pair in stated {
        if let Some(trust) = federated_credential::trust(&pair.resource.body) {
            let address = &pair.resource.address;
            let credential = address.to_string();
            let siblings = after.entry(address.parent()).or_default();
            siblings.push(Held { credential, trust });
        }
    }
    let created: BTreeSet<Address> = changes
        .iter()
        .filter(|change| change.action == Action::Create)
        .map(|change| change.address.clone())
        .collect();
    for change in &mut changes {
        if change.action != Action::Delete || change.address.kind() != federated_credential::KIND {
            continue;
        }
        let trust = change
            .object
            .as_ref()
            .and_then(|key| live.get(key))
            .and_then(|object| federated_credential::trust(&object.body));
        let Some(language) = trust.map(|trust| Language::of(&trust)) else {
            continue;
        };
        if created.contains(&change.address) {
            change.remark = Some("replaced by the new one above".to_owned());
            continue;
        }
        let own = change.address.to_string();
        let others = after.get(&change.address.parent());
        let others = others.into_iter().flatten();
        let others: Vec<&Held> = others.filter(|held| held.credential != own).collect();
        change.remark = match cover(&language, &others) {
            Cover::By(credential) => Some(format!("now covered by `{credential}`")),
            Cover::Together => Some("now covered by the others together".to_owned()),
            Cover::If(condition, credential) => {
                Some(format!("now covered by `{credential}`, if {condition}"))
            }
            Cover::No | Cover::Undecided => None,
        };
    }
    changes
}
