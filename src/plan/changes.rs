//! One change: what is declared and what is there, or what is there and not declared.

use super::matching::{Leftover, Pair};
use super::{Options, diff};
use crate::kinds::{self, Task};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::live::Live;
use crate::model::plan::{Action, Change, FieldChange, Reason};
use crate::model::step::Step;
use crate::model::value::Value;

/// The change that a declared resource needs, if any.
pub(super) fn declared(
    pair: &Pair,
    desired: &Desired,
    live: &Live,
    options: &Options,
) -> Option<(Change, Vec<Step>)> {
    let resource = &pair.resource;
    let parent = pair.parent.as_ref().and_then(|key| live.get(key));
    let (action, reason) = match (&pair.object, options.destroy) {
        (None, true) => return None,
        (Some(_), true) if pair.kind.goes_with_parent() => return None,
        (Some(object), true) if object.deleted && !options.purge => return None,
        (Some(_), true) => (Action::Delete, Reason::Destroy),
        // What a restored object brings back is compared once it is there.
        (_, false) if parent.is_some_and(|parent| parent.deleted) => return None,
        (None, false) => (Action::Create, Reason::Absent),
        (Some(object), false) if object.deleted => (Action::Restore, Reason::SoftDeleted),
        (Some(_), false) => (Action::Update, Reason::Differs),
    };
    let fields = match action {
        Action::Delete | Action::Restore => Vec::new(),
        _ => diff::diff(
            pair.kind.shape().fields,
            &resource.body,
            pair.object.as_ref().map(|object| &object.body),
            kinds::keeps(resource, desired),
        ),
    };
    if action == Action::Update && fields.is_empty() {
        return None;
    }
    let arrives = pair
        .object
        .as_ref()
        .is_some_and(|object| pair.kind.arrives(resource, object, &desired.stack));
    let reason = if arrives && action == Action::Update {
        Reason::Adopted
    } else {
        reason
    };
    let task = Task {
        action,
        address: &resource.address,
        stack: &desired.stack,
        resource: Some(resource),
        object: pair.object.as_ref(),
        owner: desired.parent(resource),
        parent,
        fields: &fields,
        live,
        purge: options.purge,
    };
    let steps = pair.kind.steps(&task);
    let remark = (action == Action::Restore)
        .then(|| "what it brings back is compared as soon as it is there".to_owned());
    Some((
        Change {
            address: resource.address.clone(),
            action,
            reason,
            fields: shown(fields, pair.kind, live),
            steps: Vec::new(),
            object: pair.object.as_ref().map(|object| object.key.clone()),
            parent: pair.parent.clone(),
            remark,
            keys: Vec::new(),
            origin: Some(resource.origin),
        },
        steps,
    ))
}

/// What names something that a restored object brings back is compared once that is there, and what names that, too:
/// until then nobody knows the ids.
pub(super) fn leave_for_later(drafts: &mut Vec<(Change, Vec<Step>)>) {
    let mut later: Vec<Address> = drafts
        .iter()
        .filter(|(change, _)| change.action == Action::Restore)
        .map(|(change, _)| change.address.clone())
        .collect();
    loop {
        let names_one = |(_, steps): &(Change, Vec<Step>)| {
            let mut refs = steps.iter().flat_map(|step| step.request.refs());
            refs.any(|reference| later.iter().any(|root| reference.address.within(root)))
        };
        let (waiting, ready): (Vec<_>, Vec<_>) = drafts.drain(..).partition(names_one);
        *drafts = ready;
        if waiting.is_empty() {
            return;
        }
        later.extend(waiting.into_iter().map(|(change, _)| change.address));
    }
}

/// What is left over goes.
pub(super) fn undeclared(
    leftover: &Leftover,
    desired: &Desired,
    live: &Live,
    options: &Options,
) -> (Change, Vec<Step>) {
    let object = &leftover.object;
    let fields: Vec<FieldChange> = leftover.released.iter().cloned().collect();
    let action = match fields.is_empty() {
        true => Action::Delete,
        false => Action::Update,
    };
    let task = Task {
        action,
        address: &leftover.address,
        stack: &desired.stack,
        resource: None,
        object: Some(object),
        owner: leftover
            .owner
            .as_ref()
            .and_then(|owner| desired.resources.get(owner)),
        parent: object.parent.as_ref().and_then(|key| live.get(key)),
        fields: &fields,
        live,
        purge: options.purge,
    };
    let steps = leftover.kind.steps(&task);
    let reason = match (leftover.ours, options.destroy) {
        _ if action == Action::Update => Reason::Released,
        (_, true) => Reason::Destroy,
        (true, false) => Reason::NotDeclared,
        (false, false) => Reason::Unmanaged,
    };
    (
        Change {
            address: leftover.address.clone(),
            action,
            reason,
            fields: shown(fields, leftover.kind, live),
            steps: Vec::new(),
            object: Some(object.key.clone()),
            parent: object.parent.clone(),
            remark: None,
            keys: Vec::new(),
            origin: None,
        },
        steps,
    )
}

/// Values as people want to see them; fields of which nothing is to be seen are left out.
pub(super) fn shown(
    fields: Vec<FieldChange>,
    kind: &dyn kinds::Kind,
    live: &Live,
) -> Vec<FieldChange> {
    fields
        .into_iter()
        .map(|change| {
            let show =
                |value: Option<Value>| value.map(|value| kind.show(&change.path, &value, live));
            FieldChange {
                before: show(change.before),
                after: show(change.after),
                path: change.path,
            }
        })
        .filter(|change| change.before != change.after)
        .filter(|change| {
            change.before.is_some() || change.after.as_ref().is_some_and(|value| !value.is_empty())
        })
        .collect()
}
