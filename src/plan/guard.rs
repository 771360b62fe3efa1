//! Guards: what a plan may not do without a second word. See [`super::guards`].

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Cover, Held, cover};
use super::matching::{Leftover, Pair};
use super::room::Gap;
use crate::exchange::language::Language;
use crate::kinds::{self, application, federated_credential, managed_identity};
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change, Reason, Refusal};
use crate::model::value::Value;

/// The words that lift guards.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Allow {
    pub deletes: Option<usize>,
    /// What the policy lets go, in the place of the usual numbers.
    pub most: Option<usize>,
    pub gap: bool,
    pub key_retirement: bool,
    /// What the run logs in with may go.
    #[serde(default)]
    pub login: bool,
    /// A conditional access policy may block at once, more, or no more.
    #[serde(default)]
    pub enforcement: bool,
    /// An application that others own may get privileged permissions.
    #[serde(default)]
    pub owners: bool,
    /// The digest of an access change, or its first 16 digits or more.
    pub widening: Option<String>,
}

/// Percentages count from this many trusts on.
const MANY: usize = 10;

/// Every guard that refuses the plan.
pub fn refusals(
    changes: &[Change],
    pairs: &[Pair],
    leftovers: &[Leftover],
    live: &Live,
    gaps: &[Gap],
    allow: &Allow,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(lost_trust(changes, pairs, live, allow));
    refusals.extend(lost_applications(changes, pairs, leftovers, allow));
    refusals.extend(protected(changes, pairs, live));
    refusals.extend(replaced(changes, pairs, live));
    if !allow.gap {
        refusals.extend(gaps.iter().map(|gap| Refusal {
            guard: "gap",
            message: format!("`{}` is full: `{}` would have to go before what covers it can come, and who uses it is locked out for that moment", gap.parent, gap.credential),
            lift: "`--allow-gap`".to_owned(),
        }));
    }
    refusals
}

/// How many may go without a word: as the policy says, else one, or thirty percent of many.
fn free(of: usize, allow: &Allow) -> usize {
    if let Some(most) = allow.most {
        most
    } else if of >= MANY {
        (of * 3 / 10).max(1)
    } else {
        1
    }
}

pub(super) fn lost_trust(
    changes: &[Change],
    pairs: &[Pair],
    live: &Live,
    allow: &Allow,
) -> Vec<Refusal> {
    let going: BTreeSet<&Key> = changes
        .iter()
        // `destroy` is the word itself.
        .filter(|change| change.action == Action::Delete && change.reason != Reason::Destroy)
        .filter_map(|change| change.object.as_ref())
        .collect();
    let mut refusals = Vec::new();
    for pair in pairs
        .iter()
        .filter(|pair| kinds::is_identity(pair.resource.kind()))
    {
        let Some(object) = pair
            .object
            .as_ref()
            .filter(|object| !object.deleted && !going.contains(&object.key))
        else {
            continue;
        };
        let trusts: Vec<&Object> = live
            .children(&object.key, federated_credential::KIND)
            .collect();
        let (lost, stay): (Vec<&Object>, Vec<&Object>) =
            trusts.iter().partition(|trust| going.contains(&trust.key));
        let created = pairs.iter().filter(|other| {
            other.resource.kind() == federated_credential::KIND
                && other.object.is_none()
                && other.resource.address.parent().as_ref() == Some(&pair.resource.address)
        });
        let after: Vec<Held> = stay
            .iter()
            .map(|trust| &trust.body)
            .chain(created.map(|other| &other.resource.body))
            .filter_map(federated_credential::trust)
            .map(|trust| Held {
                credential: String::new(),
                trust,
            })
            .collect();
        let after: Vec<&Held> = after.iter().collect();
        let unreplaced = lost
            .iter()
            .filter(|trust| {
                let Some(language) =
                    federated_credential::trust(&trust.body).map(|trust| Language::of(&trust))
                else {
                    return true;
                };
                // What cannot be decided counts as lost: the answer that refuses. An expression that pins an id
                // takes the place of a name, although the name proves no id.
                matches!(cover(&language, &after), Cover::No | Cover::Undecided)
            })
            .count();
        let all = allow.most.is_none()
            && unreplaced > 0
            && unreplaced == trusts.len()
            && after.is_empty();
        if (unreplaced > free(trusts.len(), allow) || all)
            && allow.deletes.is_none_or(|allowed| unreplaced > allowed)
        {
            refusals.push(Refusal {
                guard: "lost-trust",
                message: match trusts.len() {
                    1 => format!(
                        "`{}` would lose its only trust, and nothing in the plan admits its tokens",
                        pair.resource.address
                    ),
                    all => format!(
                        "`{}` would lose {unreplaced} of its {all} trusts, and nothing in the plan admits their tokens",
                        pair.resource.address
                    ),
                },
                lift: format!("`--allow-deletes {unreplaced}`"),
            });
        }
    }
    refusals
}

/// Applications, blueprints among them, and managed identities: each counts for itself.
fn lost_applications(
    changes: &[Change],
    pairs: &[Pair],
    leftovers: &[Leftover],
    allow: &Allow,
) -> Vec<Refusal> {
    let refusal = |noun: &str, is_one: &dyn Fn(&str) -> bool| {
        let lost = changes
            .iter()
            // `destroy` is the word itself.
            .filter(|change| change.action == Action::Delete && change.reason != Reason::Destroy)
            .filter(|change| change.address.segments.len() == 1 && is_one(change.address.kind()))
            .count();
        let declared = pairs
            .iter()
            .filter(|pair| is_one(pair.resource.kind()) && pair.object.is_some())
            .count();
        let left = leftovers
            .iter()
            .filter(|leftover| is_one(leftover.object.key.kind))
            .count();
        let all = declared + left;
        let refused = lost > free(all, allow) && allow.deletes.is_none_or(|allowed| lost > allowed);
        refused.then(|| Refusal {
            guard: "lost-applications",
            message: format!("{lost} of the stack's {all} {noun} would be deleted"),
            lift: format!("`--allow-deletes {lost}`"),
        })
    };
    let applications = refusal("applications", &application::is_one);
    let identities = refusal("managed identities", &|kind| kind == managed_identity::KIND);
    applications.into_iter().chain(identities).collect()
}

fn protected(changes: &[Change], pairs: &[Pair], live: &Live) -> Vec<Refusal> {
    let declared: BTreeMap<_, _> = pairs
        .iter()
        .map(|pair| (&pair.resource.address, pair.resource.protect))
        .collect();
    changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter(|change| {
            let object = change.object.as_ref().and_then(|key| live.get(key));
            let by_mark = object
                .zip(kinds::of(change.address.kind()))
                .is_some_and(|(object, kind)| kind.protected(object));
            by_mark || declared.get(&change.address) == Some(&true)
        })
        .map(|change| Refusal {
            guard: "protected",
            message: format!("`{}` is protected and would be deleted", change.address),
            lift: "an apply with `protect = false` in its block first".to_owned(),
        })
        .collect()
}

/// A renamed label is never a delete and a create: the new application would have another client id.
fn replaced(changes: &[Change], pairs: &[Pair], live: &Live) -> Vec<Refusal> {
    let top = |change: &&Change| {
        change.address.segments.len() == 1 && application::is_one(change.address.kind())
    };
    let created: Vec<&Pair> = changes
        .iter()
        .filter(top)
        .filter(|change| change.action == Action::Create)
        .filter_map(|change| {
            pairs
                .iter()
                .find(|pair| pair.resource.address == change.address)
        })
        .collect();
    let mut refusals = Vec::new();
    for change in changes
        .iter()
        .filter(top)
        .filter(|change| change.action == Action::Delete)
    {
        let Some(old) = change.object.as_ref().and_then(|key| live.get(key)) else {
            continue;
        };
        let same = created.iter().find(|pair| {
            let name = pair.resource.text("display_name") == Some(&old.name);
            let trusts = live
                .children(&old.key, federated_credential::KIND)
                .any(|credential| {
                    pairs.iter().any(|other| {
                        other.resource.address.parent().as_ref() == Some(&pair.resource.address)
                            && other.resource.kind() == federated_credential::KIND
                            && federated_credential::same_content(
                                &other.resource.body,
                                &credential.body,
                            )
                    })
                });
            let uris = |body: &crate::model::value::Map| {
                body.get("identifier_uris")
                    .map(|uris| uris.items().cloned().collect::<Vec<Value>>())
                    .unwrap_or_default()
            };
            let shared = uris(&old.body)
                .iter()
                .any(|uri| uris(&pair.resource.body).contains(uri));
            name || trusts || shared
        });
        if let Some(pair) = same {
            let unique_name = old.outputs.get("unique_name").map_or("", String::as_str);
            refusals.push(Refusal {
                guard: "would-replace-application",
                message: format!(
                    "`{}` would be deleted and `{}` created, and they look like one application: the new one would have another client id, and whatever uses the old one breaks",
                    change.address, pair.resource.address
                ),
                lift: format!("the old label, or `unique_name = \"{unique_name}\"` in `{}`", pair.resource.address),
            });
        }
    }
    refusals
}
