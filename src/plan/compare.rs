//! Two desired states, compared with no tenant and no login: for pull requests, also those of forks.

use std::collections::BTreeSet;

use super::{access, diff};
use crate::kinds;
use crate::model::address::Address;
use crate::model::desired::{Desired, Resource};
use crate::model::live::Live;
use crate::model::plan::{Action, Change, Comparison, Reason};

/// What changed in the files, and what that means for access. `base` is what the older state is called.
pub fn compare(before: &Desired, after: &Desired, base: &str) -> Comparison {
    let access::Findings { access, mut notes } = access::between(before, after);
    notes.sort_by(|a, b| (&a.subject, &a.message).cmp(&(&b.subject, &b.message)));
    let addresses: BTreeSet<&Address> = before
        .resources
        .keys()
        .chain(after.resources.keys())
        .collect();
    let changes = addresses.into_iter().filter_map(|address| {
        one(
            address,
            before.resources.get(address),
            after.resources.get(address),
        )
    });
    Comparison {
        stack: after.stack.clone(),
        base: base.to_owned(),
        changes: changes.collect(),
        access,
        notes,
    }
}

fn one(address: &Address, before: Option<&Resource>, after: Option<&Resource>) -> Option<Change> {
    let kind = kinds::of(address.kind()).filter(|kind| kind.is_object())?;
    let fields = kind.shape().fields;
    let (action, reason, differing) = match (before, after) {
        (None, Some(after)) => {
            let fields = diff::diff(fields, &after.body, None, false);
            (Action::Create, Reason::Absent, fields)
        }
        (Some(_), None) => (Action::Delete, Reason::NotDeclared, Vec::new()),
        (Some(before), Some(after)) => {
            let fields = diff::diff(fields, &after.body, Some(&before.body), false);
            if fields.is_empty() {
                return None;
            }
            (Action::Update, Reason::Differs, fields)
        }
        (None, None) => return None,
    };
    Some(Change {
        address: address.clone(),
        action,
        reason,
        fields: super::changes::shown(differing, kind, &Live::default()),
        steps: Vec::new(),
        object: None,
        parent: None,
        remark: None,
        keys: Vec::new(),
        origin: after.map(|resource| resource.origin),
    })
}
