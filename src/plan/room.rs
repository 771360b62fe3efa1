//! Room for credentials: an application holds twenty. When it is full, unwanted ones go first; and only if one of
//! those is still wanted by what replaces it, somebody is locked out for a moment.

use std::collections::BTreeMap;

use crate::exchange::language::Language;
use crate::kinds::federated_credential::{self, ROOM};
use crate::model::live::{Key, Live};
use crate::model::plan::{Action, Change};
use crate::model::step::{Phase, Step};

/// A credential that has to go before the one that covers it can come.
pub struct Gap {
    pub credential: String,
    pub parent: String,
}

/// Moves deletes before creates where there is no room otherwise; what that interrupts.
pub fn make(drafts: &mut [(Change, Vec<Step>)], live: &Live) -> Vec<Gap> {
    let mut parents: BTreeMap<Key, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, (change, _)) in drafts.iter().enumerate() {
        if change.address.kind() != federated_credential::KIND {
            continue;
        }
        let Some(parent) = &change.parent else {
            continue;
        };
        let (creates, deletes) = parents.entry(parent.clone()).or_default();
        match change.action {
            Action::Create => creates.push(index),
            Action::Delete => deletes.push(index),
            _ => {}
        }
    }
    let mut gaps = Vec::new();
    for (parent, (creates, deletes)) in parents {
        let there = live.children(&parent, federated_credential::KIND).count();
        let over = (there + creates.len()).saturating_sub(ROOM);
        if over == 0 || creates.is_empty() {
            continue;
        }
        let wanted: Vec<Language> = creates
            .iter()
            .filter_map(|index| created(&drafts[*index].1))
            .collect();
        // First those that nothing replaces.
        let mut order: Vec<(bool, usize)> = deletes
            .iter()
            .map(|index| {
                let language = drafts[*index]
                    .0
                    .object
                    .as_ref()
                    .and_then(|key| live.get(key))
                    .and_then(|object| federated_credential::trust(&object.body));
                let language = language.map(|trust| Language::of(&trust));
                // What cannot be decided counts as wanted: the answer that refuses.
                let still = language
                    .is_some_and(|old| wanted.iter().any(|new| new.overlaps(&old).unwrap_or(true)));
                (still, *index)
            })
            .collect();
        order.sort();
        for (still, index) in order.into_iter().take(over) {
            let (change, steps) = &mut drafts[index];
            for step in steps
                .iter_mut()
                .filter(|step| step.phase == Phase::Withdraw)
            {
                // Before everything else: there is no other phase in which something goes so early.
                step.phase = Phase::Revoke;
            }
            if still {
                gaps.push(Gap {
                    credential: change.address.to_string(),
                    parent: change
                        .address
                        .parent()
                        .map(|parent| parent.to_string())
                        .unwrap_or_default(),
                });
            }
        }
    }
    gaps
}

/// The trust that a create's request makes.
fn created(steps: &[Step]) -> Option<Language> {
    let body = steps.first()?.request.body.as_ref()?.to_json();
    // Azure wraps what Graph says plainly.
    let body = body.get("properties").cloned().unwrap_or(body);
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(|value| value.as_str())
            .map(crate::model::value::Value::text)
    };
    let members = [
        ("issuer", text("/issuer")),
        ("subject", text("/subject")),
        (
            "claims_matching_expression",
            text("/claimsMatchingExpression/value"),
        ),
        ("audience", text("/audiences/0")),
    ];
    let body = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    federated_credential::trust(&body).map(|trust| Language::of(&trust))
}
