//! Plans that take away what an audit found.

use super::matching::{Leftover, Pair};
use super::{Options, changes, named, secrets};
use crate::kinds::{
    application, federated_credential, is_identity, managed_identity, secret, service_principal,
};
use crate::model::address::Segment;
use crate::model::desired::Desired;
use crate::model::live::{Key, Live, Object};
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
                Part::Secret(_) | Part::PrincipalSecret(_) => {
                    format!("{}: {}", repair.rule, secret::describe(&leftover.object))
                }
                Part::Trust(_) => repair.rule.clone(),
            });
            (change, steps)
        })
        .collect()
}

fn leftover(repair: &Repair, pairs: &[Pair], desired: &Desired, live: &Live) -> Option<Leftover> {
    let pair = pairs.iter().find(|pair| is_parent(repair, pair))?;
    let root = pair.resource.address.clone();
    let parent = live.get(&pair.object.as_ref()?.key)?;
    if parent.deleted || rests_on(repair, live).len() != repair.beside.len() {
        return None;
    }
    let object = match &repair.part {
        Part::Secret(_) | Part::PrincipalSecret(_) => live.children(&parent.key, secret::KIND),
        Part::Trust(_) => live.children(&parent.key, federated_credential::KIND),
    }
    .find(|object| is_meant(repair, object))?;
    let address = match &repair.part {
        Part::Secret(id) | Part::PrincipalSecret(id) => {
            root.child(Segment::new(secret::KIND, id.as_str()))
        }
        Part::Trust(_) => named::address(object, &root, parent, pairs, desired, live),
    };
    named::leftover(address, object, None)
}

/// Whether something of a resource goes.
fn is_parent(repair: &Repair, pair: &Pair) -> bool {
    let resource = &pair.resource;
    let client_id = Some(repair.client_id.as_str());
    match (&repair.part, &repair.identity) {
        (_, Some(id)) => {
            resource.kind() == managed_identity::KIND && resource.text("id") == Some(id)
        }
        (Part::PrincipalSecret(_), None) => {
            resource.kind() == service_principal::KIND && resource.text("client_id") == client_id
        }
        _ => {
            resource.kind() == application::KIND && resource.text("existing.client_id") == client_id
        }
    }
}

fn is_meant(repair: &Repair, object: &Object) -> bool {
    match &repair.part {
        Part::Secret(id) | Part::PrincipalSecret(id) => {
            object.body.get("key_id").and_then(Value::as_str) == Some(id)
        }
        Part::Trust(name) => object.name == *name,
    }
}

/// The federated credentials that a repair rests on, as far as they are there, each with what holds it.
fn rests_on<'a>(repair: &Repair, live: &'a Live) -> Vec<(&'a Key, &'a Object)> {
    let holds = |object: &&Object| {
        let client_id = object.outputs.get("client_id");
        is_identity(object.key.kind) && !object.deleted && client_id == Some(&repair.client_id)
    };
    let holders = live.objects().filter(holds);
    holders
        .flat_map(|holder| {
            let credentials = live.children(&holder.key, federated_credential::KIND);
            credentials.map(move |credential| (&holder.key, credential))
        })
        .filter(|(_, credential)| repair.beside.contains(&credential.name))
        .collect()
}

/// Something goes because a federated credential is there: reads must agree that it is.
pub(super) fn premises(
    repairs: &[Repair],
    changes: &[Change],
    pairs: &[Pair],
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
            pairs.iter().any(|pair| {
                let mine = pair.object.as_ref().is_some_and(|it| it.key == parent.key);
                mine && is_parent(repair, pair)
            }) && is_meant(repair, object)
        };
        let credentials = repairs.iter().find(of).map(|repair| rests_on(repair, live));
        for (holder, credential) in credentials.into_iter().flatten() {
            let check = Check {
                read: federated_credential::list(holder).request,
                expect: federated_credential::stays(credential),
            };
            premises.push((*step, check));
        }
    }
    premises
}
