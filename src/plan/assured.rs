//! What a plan relies on and does not change is written once more. No read proves that it is there: replicas may all be behind,
//! and show what is gone. A write is answered by what is, makes what is missing and changes nothing else.
//!
//! * A trust goes because another one admits whom it admitted: that one, whose name is its content.
//! * A membership comes whose mark is there already: the identity's tags. Without the mark nothing would end it.

use std::collections::BTreeSet;

use super::matching::Pair;
use crate::exchange::language::Language;
use crate::kinds::{self, Task, federated_credential, group_member};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change, FieldChange};
use crate::model::step::Step;
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

/// Gives each delete of a trust the writes of those that stay and admit somebody of whom it does.
fn trusts(drafts: &mut [(Change, Vec<Step>)], pairs: &[Pair], desired: &Desired, live: &Live) {
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
            let task = task(pair, object, &[], desired, live);
            steps.extend(federated_credential::again(&task));
        }
    }
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
