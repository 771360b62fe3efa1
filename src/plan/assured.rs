//! What a plan relies on and does not change is written once more. No read proves that it is there: replicas may all be behind,
//! and show what is gone. A write is answered by what is, makes what is missing and changes nothing else.
//!
//! * A trust goes because another one admits whom it admitted: that one, whose name is its content. A secret goes because
//!   the workloads log in with trusts: those.
//! * A membership comes whose mark is there already: the identity's tags. Without the mark nothing would end it.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::Pair;
use crate::exchange::language::Language;
use crate::kinds::{self, Task, federated_credential, group_member, secret};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change, FieldChange};
use crate::model::step::{Check, Step, StepId};
use crate::model::value::Value;

pub(super) fn assure(
    drafts: &mut [(Change, Vec<Step>)],
    pairs: &[Pair],
    desired: &Desired,
    live: &Live,
) {
    trusts(drafts, pairs, desired, live);
    marks(drafts, pairs, desired, live);
}

/// By the address of their identity, the declared trusts that are there and that no change is about.
type Staying<'a> = BTreeMap<Address, Vec<(&'a Pair, &'a Object)>>;

fn staying<'a>(pairs: &'a [Pair], changed: &BTreeSet<Key>) -> Staying<'a> {
    let mut staying = Staying::new();
    for pair in pairs {
        let is_trust = pair.kind.shape().kind == federated_credential::KIND;
        let object = pair.object.as_ref().filter(|_| is_trust);
        if let (Some(object), Some(identity)) = (object, pair.resource.address.parent())
            && !changed.contains(&object.key)
        {
            staying.entry(identity).or_default().push((pair, object));
        }
    }
    staying
}

/// Those of the identity in which something goes, or in whose service principal.
fn beside<'s, 'a>(going: &Address, staying: &'s Staying<'a>) -> &'s [(&'a Pair, &'a Object)] {
    let mut around = std::iter::successors(going.parent(), Address::parent);
    around
        .find_map(|identity| staying.get(&identity))
        .map_or(&[], Vec::as_slice)
}

/// Whether others are relied on when it goes.
fn rests_on_trusts(change: &Change) -> bool {
    let kinds = [federated_credential::KIND, secret::KIND];
    change.action == Action::Delete && kinds.contains(&change.address.kind())
}

/// Gives each delete of a trust the writes of those that stay and admit somebody of whom it does, and each delete of a
/// secret those of all that stay.
fn trusts(drafts: &mut [(Change, Vec<Step>)], pairs: &[Pair], desired: &Desired, live: &Live) {
    let changed = drafts
        .iter()
        .filter_map(|(change, _)| change.object.clone());
    let staying = staying(pairs, &changed.collect());
    let mut written: BTreeSet<&Key> = BTreeSet::new();
    for (change, steps) in drafts {
        if !rests_on_trusts(change) {
            continue;
        }
        let going = change.object.as_ref().and_then(|key| live.get(key));
        let going = going.and_then(language);
        if going.is_none() && change.address.kind() == federated_credential::KIND {
            continue;
        }
        for (pair, object) in beside(&change.address, &staying) {
            // What cannot be decided counts as relied on, and so does what stays in the place of a secret.
            let admits = language(object).is_some_and(|other| {
                let overlaps = |going: &Language| other.overlaps(going).unwrap_or(true);
                going.as_ref().is_none_or(overlaps)
            });
            if admits && written.insert(&object.key) {
                let task = task(pair, object, &[], desired, live);
                steps.extend(federated_credential::again(&task));
            }
        }
    }
}

/// A trust or a secret goes because others stay: reads must agree that those are there, since the one read that was
/// planned with may have been old.
pub(super) fn premises(changes: &[Change], pairs: &[Pair]) -> Vec<(StepId, Check)> {
    let deletes = || changes.iter().filter(|change| rests_on_trusts(change));
    let going = deletes().filter_map(|change| change.object.clone());
    let staying = staying(pairs, &going.collect());
    let mut premises = Vec::new();
    for change in deletes() {
        // Before it come the writes of what stays.
        let Some(step) = change.steps.last() else {
            continue;
        };
        for (pair, object) in beside(&change.address, &staying) {
            premises.extend(pair.parent.as_ref().map(|parent| {
                let check = Check {
                    read: federated_credential::list(parent).request,
                    expect: federated_credential::stays(object),
                };
                (*step, check)
            }));
        }
    }
    premises
}

/// Gives each membership that comes the write of its identity's tags, where nothing else of the plan writes them.
fn marks(drafts: &mut [(Change, Vec<Step>)], pairs: &[Pair], desired: &Desired, live: &Live) {
    let writes_tags = |step: &Step| {
        let body = step.request.body.as_ref().and_then(Value::as_map);
        body.is_some_and(|body| body.contains_key("tags"))
    };
    let mut written: BTreeSet<Address> = drafts
        .iter()
        .filter(|(_, steps)| steps.iter().any(writes_tags))
        .map(|(change, _)| change.address.clone())
        .collect();
    for (change, steps) in drafts {
        let comes = change.action == Action::Create && change.address.kind() == group_member::KIND;
        let Some(identity) = change.address.parent().filter(|_| comes) else {
            continue;
        };
        let pair = pairs.iter().find(|pair| pair.resource.address == identity);
        let Some((pair, object)) = pair.and_then(|pair| Some((pair, pair.object.as_ref()?))) else {
            continue;
        };
        let tags = pair.resource.body.get("tags").cloned();
        if kinds::is_existing(&pair.resource) || tags.is_none() || !written.insert(identity) {
            continue;
        }
        let fields = [FieldChange {
            path: "tags".to_owned(),
            before: object.body.get("tags").cloned(),
            after: tags,
        }];
        let task = task(pair, object, &fields, desired, live);
        steps.extend(pair.kind.steps(&task));
    }
}

/// To write again what is there and declared.
fn task<'a>(
    pair: &'a Pair,
    object: &'a Object,
    fields: &'a [FieldChange],
    desired: &'a Desired,
    live: &'a Live,
) -> Task<'a> {
    Task {
        action: Action::Update,
        address: &pair.resource.address,
        stack: &desired.stack,
        resource: Some(&pair.resource),
        object: Some(object),
        owner: desired.parent(&pair.resource),
        parent: pair.parent.as_ref().and_then(|key| live.get(key)),
        fields,
        live,
        purge: false,
    }
}

/// Whom a credential admits; nobody where it says no trust.
fn language(object: &Object) -> Option<Language> {
    let trust = federated_credential::trust(&object.body)?;
    Some(Language::of(&trust))
}
