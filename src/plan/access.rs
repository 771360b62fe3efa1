//! Who may act as which identity, before and after: the part of a plan that matters most.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Leftover, Pair};
use crate::exchange::language::Language;
use crate::exchange::subject::describe;
use crate::exchange::trust::{Matcher, Trust};
use crate::kinds::application;
use crate::kinds::{
    app_role_assignment, delegated_permission_grant, federated_credential, service_principal,
};
use crate::model::address::Address;
use crate::model::live::{Key, Live, Object};
use crate::model::national_cloud::Cloud;
use crate::model::plan::{Access, Action, Change, Grantee};
use crate::model::value::Value;

/// One identity, before and after.
#[derive(Default)]
struct Identity {
    name: String,
    before: Side,
    after: Side,
}

#[derive(Default)]
struct Side {
    trusts: Vec<Trust>,
    holding: BTreeSet<String>,
}

/// What the changes mean for access: trusts that come and go, and permissions that the trusted gain or lose.
pub fn changes(changes: &[Change], pairs: &[Pair], leftovers: &[Leftover], live: &Live) -> Access {
    let mut access = Access::default();
    for (address, identity) in identities(changes, pairs, leftovers, live) {
        let Identity {
            name,
            before,
            after,
        } = identity;
        let grantee = |trust: &Trust, holding: &BTreeSet<String>| Grantee {
            who: who(trust),
            identity: name.clone(),
            address: Some(address.clone()),
            holding: holding.iter().cloned().collect(),
            example: example(trust),
        };
        access.gained.extend(compare(&before, &after, &grantee));
        access.lost.extend(compare(&after, &before, &grantee));
    }
    access
}

/// Who is admitted, or holds more, on the second side than on the first.
fn compare(
    one: &Side,
    two: &Side,
    grantee: &dyn Fn(&Trust, &BTreeSet<String>) -> Grantee,
) -> Vec<Grantee> {
    let more: BTreeSet<String> = two.holding.difference(&one.holding).cloned().collect();
    let mut grantees: Vec<Grantee> = two
        .trusts
        .iter()
        .filter_map(|trust| match admitted(trust, &one.trusts) {
            false => Some(grantee(trust, &two.holding)),
            true if !more.is_empty() => Some(grantee(trust, &more)),
            true => None,
        })
        .collect();
    // Live objects come in the order of their ids, which says nothing.
    grantees.sort();
    grantees
}

/// Whether everyone whom a trust admits is admitted by others already. What cannot be decided counts as news.
fn admitted(trust: &Trust, others: &[Trust]) -> bool {
    let language = || Language::of(trust);
    others.contains(trust)
        || language()
            .minus(&others.iter().map(Language::of).collect::<Vec<_>>())
            .is_empty()
            .unwrap_or(false)
}

/// Whom a trust admits; the audience is said where it is another than the usual one.
fn who(trust: &Trust) -> String {
    let usual = [Cloud::Public, Cloud::UsGov, Cloud::China]
        .map(Cloud::exchange_audience)
        .contains(&trust.audience.as_str());
    match usual {
        true => describe(trust),
        false => format!("{}, with tokens for `{}`", describe(trust), trust.audience),
    }
}

fn identities(
    changes: &[Change],
    pairs: &[Pair],
    leftovers: &[Leftover],
    live: &Live,
) -> BTreeMap<Address, Identity> {
    let mut identities: BTreeMap<Address, Identity> = BTreeMap::new();
    let gone: BTreeSet<&Key> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter_map(|change| change.object.as_ref())
        .collect();
    for pair in pairs
        .iter()
        .filter(|pair| pair.resource.kind() == application::KIND)
    {
        let name = pair.resource.text("display_name").map(str::to_owned);
        let object = pair
            .object
            .as_ref()
            .and_then(|object| live.get(&object.key));
        let name = name
            .or_else(|| object.map(|object| object.name.clone()))
            .unwrap_or_default();
        let identity = identities.entry(pair.resource.address.clone()).or_default();
        identity.name = name;
        if let Some(object) = object {
            live_sides(identity, object, &gone, live);
        }
    }
    for leftover in leftovers
        .iter()
        .filter(|leftover| leftover.object.key.kind == application::KIND)
    {
        let identity = identities.entry(leftover.address.clone()).or_default();
        identity.name = leftover.object.name.clone();
        live_sides(identity, &leftover.object, &gone, live);
    }
    // A changed trust is created and deleted under one address.
    let created: BTreeMap<&Address, Action> = changes
        .iter()
        .filter(|change| change.action == Action::Create)
        .map(|change| (&change.address, change.action))
        .collect();
    let written: BTreeMap<&Address, Action> = changes
        .iter()
        .map(|change| (&change.address, change.action))
        .collect();
    for pair in pairs {
        let Some(identity) = pair
            .resource
            .address
            .parent()
            .and_then(|parent| identities.get_mut(&parent))
        else {
            continue;
        };
        let action = match pair.object {
            None => created.get(&pair.resource.address),
            Some(_) => written.get(&pair.resource.address),
        };
        match pair.resource.kind() {
            federated_credential::KIND => {
                let Some(wanted) = federated_credential::trust(&pair.resource.body) else {
                    continue;
                };
                let there = pair
                    .object
                    .as_ref()
                    .and_then(|object| federated_credential::trust(&object.body));
                match action {
                    Some(Action::Create) => identity.after.trusts.push(wanted),
                    Some(Action::Update) => {
                        identity
                            .after
                            .trusts
                            .retain(|trust| Some(trust) != there.as_ref());
                        identity.after.trusts.push(wanted);
                    }
                    _ => {}
                }
            }
            app_role_assignment::KIND if action == Some(&Action::Create) => {
                let text = |name| pair.resource.text(name).unwrap_or_default();
                identity.after.holding.insert(format!(
                    "{} {}",
                    service_principal::api_name(live, text("api")),
                    text("role")
                ));
            }
            delegated_permission_grant::KIND
                if matches!(action, Some(Action::Create | Action::Update)) =>
            {
                let api = service_principal::api_name(
                    live,
                    pair.resource.text("api").unwrap_or_default(),
                );
                let scopes = pair
                    .resource
                    .at("scopes")
                    .into_iter()
                    .flat_map(Value::items)
                    .filter_map(Value::as_str);
                if let Some(object) = &pair.object {
                    delegated(object, live).for_each(|old| {
                        identity.after.holding.remove(&old);
                    });
                }
                identity
                    .after
                    .holding
                    .extend(scopes.map(|scope| format!("{api} {scope} (delegated)")));
            }
            _ => {}
        }
    }
    identities
}

/// What is there now, and what of it stays.
fn live_sides(identity: &mut Identity, application: &Object, gone: &BTreeSet<&Key>, live: &Live) {
    if application.deleted {
        return;
    }
    let stays = |key: &Key| !gone.contains(key) && !gone.contains(&application.key);
    for credential in live.children(&application.key, federated_credential::KIND) {
        if let Some(trust) = federated_credential::trust(&credential.body) {
            if stays(&credential.key) {
                identity.after.trusts.push(trust.clone());
            }
            identity.before.trusts.push(trust);
        }
    }
    let Some(principal) = service_principal::of_application(application, live) else {
        return;
    };
    let roles = live
        .children(&principal.key, app_role_assignment::KIND)
        .map(|grant| (&grant.key, vec![app_role_assignment::describe(grant, live)]));
    let scopes = live
        .children(&principal.key, delegated_permission_grant::KIND)
        .map(|grant| (&grant.key, delegated(grant, live).collect()));
    for (key, permissions) in roles.chain(scopes) {
        if stays(key) {
            identity.after.holding.extend(permissions.iter().cloned());
        }
        identity.before.holding.extend(permissions);
    }
}

/// A grant's scopes, one by one.
fn delegated<'a>(grant: &'a Object, live: &Live) -> impl Iterator<Item = String> + 'a {
    let api = delegated_permission_grant::api_name(grant, live);
    let scopes = grant
        .body
        .get("scopes")
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str);
    scopes.map(move |scope| format!("{api} {scope} (delegated)"))
}

/// A subject that is admitted, where that says more than the sentence does.
fn example(trust: &Trust) -> Option<String> {
    if !matches!(trust.matcher, Matcher::Expression(_)) {
        return None;
    }
    let nobody: [&Language; 0] = [];
    let witness = Language::of(trust).minus(nobody).witness().ok()??;
    witness.text("sub").map(|subject| subject.into_owned())
}

/// Says of a trust that goes which one covers it from now on.
pub fn remarked(
    mut changes: Vec<Change>,
    pairs: &[Pair],
    live: &Live,
    destroy: bool,
) -> Vec<Change> {
    if destroy {
        return changes;
    }
    let after: Vec<(&Address, Language)> = pairs
        .iter()
        .filter(|pair| pair.resource.kind() == federated_credential::KIND)
        .filter_map(|pair| {
            Some((
                &pair.resource.address,
                Language::of(&federated_credential::trust(&pair.resource.body)?),
            ))
        })
        .collect();
    let created: BTreeSet<Address> = changes
        .iter()
        .filter(|change| change.action == Action::Create)
        .map(|change| change.address.clone())
        .collect();
    for change in &mut changes {
        if change.action != Action::Delete || change.address.kind() != federated_credential::KIND {
            continue;
        }
        let trust = change
            .object
            .as_ref()
            .and_then(|key| live.get(key))
            .and_then(|object| federated_credential::trust(&object.body));
        let Some(language) = trust.map(|trust| Language::of(&trust)) else {
            continue;
        };
        if created.contains(&change.address) {
            change.remark = Some("replaced by the new one above".to_owned());
            continue;
        }
        let covering = after.iter().find(|(address, other)| {
            **address != change.address
                && address.parent() == change.address.parent()
                && other.includes(&language).unwrap_or(false)
        });
        if let Some((address, _)) = covering {
            change.remark = Some(format!("now covered by `{address}`"));
        }
    }
    changes
}
