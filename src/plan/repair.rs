//! Plans that take away what an audit found.

use super::matching::{Leftover, Pair};
use super::{Options, changes, named, secrets};
use crate::kinds::{application, federated_credential, secret};
use crate::model::address::Segment;
use crate::model::desired::Desired;
use crate::model::live::{Live, Object};
use crate::model::plan::{Change, Reason};
use crate::model::repair::{Part, Repair};
use crate::model::step::{Check, Step, StepId};
use crate::model::value::Value;

/// The changes. What is gone is left out, and so is what rests on a federated credential that is gone: a plan with
/// fewer changes has another digest.
pub(super) fn drafts(
    repairs: &[Repair],
    pairs: &[Pair],
    desired: &Desired,
    live: &Live,
    options: &Options,
) -> Vec<(Change, Vec<Step>)> {
    let going: Vec<(&Repair, Leftover)> = repairs
        .iter()
        .filter_map(|repair| Some((repair, leftover(repair, pairs, desired, live)?)))
        .collect();
    let staying = secrets::without(live, going.iter().map(|(_, leftover)| &leftover.object));
    going
        .into_iter()
        .map(|(repair, leftover)| {
            let (mut change, steps) = changes::undeclared(&leftover, desired, &staying, options);
            change.reason = Reason::Repaired;
            change.remark = Some(match repair.part {
                Part::Secret(_) => {
                    format!("{}: {}", repair.rule, secret::describe(&leftover.object))
                }
                Part::Trust(_) => repair.rule.clone(),
            });
            (change, steps)
        })
        .collect()
}

fn leftover(repair: &Repair, pairs: &[Pair], desired: &Desired, live: &Live) -> Option<Leftover> {
    let named = |pair: &&Pair| {
        pair.resource.kind() == application::KIND
            && pair.resource.text("existing.client_id") == Some(&repair.client_id)
    };
    let pair = pairs.iter().find(named)?;
    let root = pair.resource.address.clone();
    let parent = live.get(&pair.object.as_ref()?.key)?;
    if parent.deleted || rests_on(repair, parent, live).len() != repair.beside.len() {
        return None;
    }
    let object = match &repair.part {
        Part::Secret(_) => live.children(&parent.key, secret::KIND),
        Part::Trust(_) => live.children(&parent.key, federated_credential::KIND),
    }
    .find(|object| is_meant(repair, object))?;
    let address = match &repair.part {
        Part::Secret(id) => root.child(Segment::new(secret::KIND, id.as_str())),
        Part::Trust(_) => named::address(object, &root, parent, pairs, desired, live),
    };
    named::leftover(address, object, None)
}

fn is_meant(repair: &Repair, object: &Object) -> bool {
    match &repair.part {
        Part::Secret(id) => object.body.get("key_id").and_then(Value::as_str) == Some(id),
        Part::Trust(name) => object.name == *name,
    }
}

/// The federated credentials that a repair rests on, as far as they are there.
fn rests_on<'a>(repair: &Repair, parent: &Object, live: &'a Live) -> Vec<&'a Object> {
    live.children(&parent.key, federated_credential::KIND)
        .filter(|credential| repair.beside.contains(&credential.name))
        .collect()
}

/// Something goes because a federated credential is there: reads must agree that it is.
pub(super) fn premises(
    repairs: &[Repair],
    changes: &[Change],
    live: &Live,
) -> Vec<(StepId, Check)> {
    let mut premises = Vec::new();
    for change in changes {
        let object = change.object.as_ref().and_then(|key| live.get(key));
        let parent = change.parent.as_ref().and_then(|key| live.get(key));
        let (Some(object), Some(parent), Some(step)) = (object, parent, change.steps.first())
        else {
            continue;
        };
        let of = |repair: &&Repair| {
            let client_id = parent.outputs.get("client_id");
            client_id == Some(&repair.client_id) && is_meant(repair, object)
        };
        let credentials = repairs
            .iter()
            .find(of)
            .map(|repair| rests_on(repair, parent, live));
        for credential in credentials.into_iter().flatten() {
            if let Some(id) = credential.outputs.get("id") {
                let check = Check {
                    read: federated_credential::list(&parent.key).request,
                    expect: federated_credential::member(&parent.key, id),
                };
                premises.push((*step, check));
            }
        }
    }
    premises
}
