//! The guard over issuers: one that anybody in the tenant trusts does not go.

use std::collections::BTreeSet;

use crate::kinds::document::{self, trusting};
use crate::kinds::{application, federated_credential};
use crate::model::live::{Key, Live};
use crate::model::plan::{Action, Change, Refusal};

/// Credentials that are named in one refusal.
const NAMED: usize = 5;

/// Issuers that would go though credentials outside of the plan trust them.
pub fn refusals(changes: &[Change], live: &Live) -> Vec<Refusal> {
    let deleted: Vec<(&Change, &Key)> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter_map(|change| Some((change, change.object.as_ref()?)))
        .collect();
    let going: BTreeSet<&Key> = deleted.iter().map(|(_, key)| *key).collect();
    let goes = |id: &str| {
        let application = id.split('/').next().unwrap_or_default();
        going.contains(&Key::new(federated_credential::KIND, id))
            || application::kinds().any(|kind| going.contains(&Key::new(kind, application)))
    };
    deleted
        .iter()
        .filter_map(|(change, key)| {
            let issuer = document::issuer(live.get(key)?)?;
            let lift = "deleting or changing those credentials first".to_owned();
            let status = live.answer(document::KIND, trusting::PURPOSE, &key.id)?;
            let Some(trusting) = trusting::credentials(live, key) else {
                return Some(Refusal {
                    guard: "issuer-in-use",
                    message: format!("`{}`: who in the tenant trusts {issuer} cannot be read (status {status}), and their tokens would stop working", change.address),
                    lift: "a login that may list applications".to_owned(),
                });
            };
            let left: Vec<&str> = trusting.filter(|(id, _)| !goes(id)).map(|(_, name)| name).collect();
            let more = match left.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!left.is_empty()).then(|| Refusal {
                guard: "issuer-in-use",
                message: format!(
                    "`{}`: {issuer} is still trusted by {}{more}, whose tokens would stop working",
                    change.address,
                    left[..left.len().min(NAMED)].join(", ")
                ),
                lift,
            })
        })
        .collect()
}
