//! The guard over issuers: one that anybody in the tenant trusts does not go.

use std::collections::BTreeSet;

use crate::kinds::document::{self, trusting};
use crate::kinds::managed_identity::{self, everywhere};
use crate::kinds::{application, federated_credential};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change, Refusal};

/// Credentials that are named in one refusal.
const NAMED: usize = 5;

/// Issuers that would go though credentials outside of the plan trust them.
pub fn refusals(changes: &[Change], live: &Live) -> Vec<Refusal> {
    let going: BTreeSet<&Key> = deleted(changes).map(|(_, key)| key).collect();
    let goes = |id: &str| {
        let application = id.split('/').next().unwrap_or_default();
        going.contains(&Key::new(federated_credential::KIND, id))
            || application::kinds().any(|kind| going.contains(&Key::new(kind, application)))
    };
    let identity_goes = |credential: &Key| {
        let identity = credential
            .id
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        going.contains(credential) || going.contains(&Key::new(managed_identity::KIND, identity))
    };
    let mut refusals = Vec::new();
    for (change, document, issuer) in issuers(changes, live) {
        let key = &document.key;
        let Some(status) = live.answer(document::KIND, trusting::PURPOSE, &key.id) else {
            continue;
        };
        let Some(trusting) = trusting::credentials(live, key) else {
            refusals.push(Refusal {
                guard: "issuer-in-use",
                message: format!("`{}`: who in the tenant trusts {issuer} cannot be read (status {status}), and their tokens would stop working", change.address),
                lift: "a login that may list applications".to_owned(),
            });
            continue;
        };
        let applications = trusting.filter(|(id, _)| !goes(id));
        let applications = applications.map(|(_, name)| name.to_owned());
        let identities = everywhere::trusting(live, issuer);
        let identities = identities.filter(|(credential, _)| !identity_goes(credential));
        let left: Vec<String> = applications
            .chain(identities.map(|(_, name)| name))
            .collect();
        let more = match left.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !left.is_empty() {
            refusals.push(Refusal {
                guard: "issuer-in-use",
                message: format!(
                    "`{}`: {issuer} is still trusted by {}{more}, whose tokens would stop working",
                    change.address,
                    left[..left.len().min(NAMED)].join(", ")
                ),
                lift: "deleting or changing those credentials first".to_owned(),
            });
        }
    }
    refusals
}

/// Issuers that go with the account that their documents stand in.
pub fn going_along(changes: &[Change], live: &Live) -> Vec<Diagnostic> {
    issuers(changes, live)
        .filter(|(_, document, _)| {
            let mut deleted = deleted(changes);
            deleted.all(|(_, key)| *key != document.key)
        })
        .map(|(change, _, issuer)| {
            let said = format!("the issuer {issuer} is published in it and goes with it");
            Diagnostic::note("issuer-goes", said).about(&change.address)
        })
        .collect()
}

/// What was not looked at before an issuer goes: managed identities that the login does not see.
pub fn unseen(changes: &[Change], live: &Live) -> Vec<Diagnostic> {
    issuers(changes, live)
        .filter(|(_, document, _)| {
            live.answer(document::KIND, trusting::PURPOSE, &document.key.id)
                .is_some()
        })
        .filter_map(|(change, _, issuer)| {
            let why = everywhere::unseen(live)?;
            let said = format!(
                "whether managed identities trust {issuer} was not looked at everywhere: {why}"
            );
            Some(
                Diagnostic::note("identities-not-seen", said)
                    .about(&change.address)
                    .help("to have all of them looked at, use a login with the role `Reader` in every subscription of the tenant"),
            )
        })
        .collect()
}

fn deleted(changes: &[Change]) -> impl Iterator<Item = (&Change, &Key)> {
    let deleted = changes.iter().filter(|it| it.action == Action::Delete);
    deleted.filter_map(|change| Some((change, change.object.as_ref()?)))
}

/// The discovery documents that go, each with the change that takes it away and the issuer that it states.
fn issuers<'a>(
    changes: &'a [Change],
    live: &'a Live,
) -> impl Iterator<Item = (&'a Change, &'a Object, &'a str)> {
    let going: BTreeSet<&Key> = deleted(changes).map(|(_, key)| key).collect();
    deleted(changes)
        .filter_map(|(change, key)| Some((change, key, live.get(key)?)))
        .flat_map(move |(change, key, object)| {
            let mut all = document::issuers_of(object, live);
            // What goes by itself, and not with its account, is said once.
            all.retain(|(document, _)| document.key == *key || !going.contains(&document.key));
            let each = all.into_iter();
            each.map(move |(document, issuer)| (change, document, issuer))
        })
}
