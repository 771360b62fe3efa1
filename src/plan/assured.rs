//! A trust goes because another one admits whom it admitted: that one is written once more before.
//!
//! No read proves that it is there: replicas may all be behind, and show a trust that is gone. A write is answered by what
//! is: the name is the content, so that it makes what is missing and changes nothing else.

use std::collections::BTreeSet;

use super::matching::Pair;
use crate::exchange::language::Language;
use crate::kinds::{Task, federated_credential};
use crate::model::desired::Desired;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change};
use crate::model::step::Step;

/// Gives each delete of a trust the writes of those that stay and admit somebody of whom it does.
pub(super) fn assure(
    drafts: &mut [(Change, Vec<Step>)],
    pairs: &[Pair],
    desired: &Desired,
    live: &Live,
) {
    let changed: BTreeSet<Key> = drafts
        .iter()
        .filter_map(|(change, _)| change.object.clone())
        .collect();
    let mut written: BTreeSet<&Key> = BTreeSet::new();
    for (change, steps) in drafts {
        let going = change.object.as_ref().and_then(|key| live.get(key));
        let is_trust = change.address.kind() == federated_credential::KIND;
        let (Action::Delete, true, Some(going)) =
            (change.action, is_trust, going.and_then(language))
        else {
            continue;
        };
        for pair in pairs {
            let Some(object) = pair.object.as_ref() else {
                continue;
            };
            let beside = pair.kind.shape().kind == federated_credential::KIND
                && pair.parent == change.parent
                && !changed.contains(&object.key);
            // What cannot be decided counts as relied on.
            let admits = |other: Language| other.overlaps(&going).unwrap_or(true);
            if !beside || written.contains(&object.key) || !language(object).is_some_and(admits) {
                continue;
            }
            written.insert(&object.key);
            let parent = pair.parent.as_ref().and_then(|key| live.get(key));
            let task = Task {
                action: Action::Update,
                address: &pair.resource.address,
                stack: &desired.stack,
                resource: Some(&pair.resource),
                object: Some(object),
                owner: desired.parent(&pair.resource),
                parent,
                fields: &[],
                live,
                purge: false,
            };
            steps.extend(federated_credential::again(&task));
        }
    }
}

/// Whom a credential admits; nobody where it says no trust.
fn language(object: &Object) -> Option<Language> {
    let trust = federated_credential::trust(&object.body)?;
    Some(Language::of(&trust))
}
