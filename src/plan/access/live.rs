//! The two sides of a plan: what is there, and what its changes make of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Held, Identity};
use crate::kinds::{
    app_role_assignment, delegated_permission_grant, federated_credential, group_member,
    is_identity, role_assignment, service_principal,
};
use crate::model::address::Address;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change};
use crate::plan::matching::{Leftover, Pair};

/// Every identity that the plan looks at.
pub(super) fn identities(
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
    // A live trust is known by the block that states it, or else by its name.
    let labels: BTreeMap<&Key, &Address> = pairs
        .iter()
        .filter_map(|pair| Some((&pair.object.as_ref()?.key, &pair.resource.address)))
        .collect();
    for pair in pairs
        .iter()
        .filter(|pair| is_identity(pair.resource.kind()))
    {
        let name = ["display_name", "name"]
            .iter()
            .find_map(|name| pair.resource.text(name));
        let name = name.map(str::to_owned);
        let object = pair
            .object
            .as_ref()
            .and_then(|object| live.get(&object.key));
        let name = name
            .or_else(|| object.map(|object| object.name.clone()))
            .unwrap_or_default();
        let address = &pair.resource.address;
        let identity = identities
            .entry(address.clone())
            .or_insert_with(|| Identity::at(address.clone()));
        identity.name = name;
        if let Some(object) = object {
            live_sides(identity, object, &gone, &labels, live);
        }
    }
    for leftover in leftovers
        .iter()
        .filter(|leftover| is_identity(leftover.object.key.kind))
    {
        let address = &leftover.address;
        let identity = identities
            .entry(address.clone())
            .or_insert_with(|| Identity::at(address.clone()));
        identity.name = leftover.object.name.clone();
        live_sides(identity, &leftover.object, &gone, &labels, live);
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
        let parent = pair.resource.address.parent();
        let Some(identity) = parent.and_then(|parent| identities.get_mut(&parent)) else {
            continue;
        };
        let action = match pair.object {
            None => created.get(&pair.resource.address),
            Some(_) => written.get(&pair.resource.address),
        };
        apply(identity, pair, action.copied(), live);
    }
    identities
}

/// What a declared resource makes of the later side.
fn apply(identity: &mut Identity, pair: &Pair, action: Option<Action>, live: &Live) {
    let after = &mut identity.after;
    match (pair.resource.kind(), action) {
        (federated_credential::KIND, Some(Action::Create | Action::Update)) => {
            let Some(trust) = federated_credential::declared_trust(&pair.resource.body) else {
                return;
            };
            let there = pair
                .object
                .as_ref()
                .and_then(|object| federated_credential::trust(&object.body));
            if action == Some(Action::Update) {
                after
                    .trusts
                    .retain(|held| Some(&held.trust) != there.as_ref());
            }
            after.trusts.push(Held {
                credential: pair.resource.address.to_string(),
                trust,
            });
        }
        (app_role_assignment::KIND, Some(Action::Create)) => {
            let permission = app_role_assignment::declared_permission(&pair.resource, live);
            after.holding.insert(permission);
        }
        (delegated_permission_grant::KIND, Some(Action::Create | Action::Update)) => {
            if let Some(object) = &pair.object {
                for old in delegated_permission_grant::permissions(object, live) {
                    after.holding.remove(&old);
                }
            }
            let permissions =
                delegated_permission_grant::declared_permissions(&pair.resource, live);
            after.holding.extend(permissions);
        }
        (role_assignment::KIND, Some(Action::Create)) => {
            after
                .holding
                .extend(role_assignment::declared_permission(&pair.resource));
        }
        (group_member::KIND, Some(Action::Create)) => {
            after
                .holding
                .extend(group_member::declared_permission(&pair.resource, live));
        }
        _ => {}
    }
}

/// What is there now, and what of it stays.
fn live_sides(
    identity: &mut Identity,
    holder: &Object,
    gone: &BTreeSet<&Key>,
    labels: &BTreeMap<&Key, &Address>,
    live: &Live,
) {
    if holder.deleted {
        return;
    }
    identity.exists = true;
    let stays = |key: &Key| !gone.contains(key) && !gone.contains(&holder.key);
    for credential in live.children(&holder.key, federated_credential::KIND) {
        let Some(trust) = federated_credential::trust(&credential.body) else {
            continue;
        };
        let label = match labels.get(&credential.key) {
            Some(address) => address.to_string(),
            None => {
                let kind = federated_credential::KIND;
                format!("{}/{kind}.{}", identity.address, credential.name)
            }
        };
        let held = Held {
            credential: label,
            trust,
        };
        if stays(&credential.key) {
            identity.after.trusts.push(held.clone());
        }
        identity.before.trusts.push(held);
    }
    let azure = live
        .children(&holder.key, role_assignment::KIND)
        .map(|grant| (grant, vec![role_assignment::permission(grant)]));
    let groups = live
        .children(&holder.key, group_member::KIND)
        .map(|grant| (grant, vec![group_member::permission(grant, live)]));
    let principal = service_principal::of_application(holder, live);
    let principals = || principal.into_iter();
    let roles = principals()
        .flat_map(|principal| live.children(&principal.key, app_role_assignment::KIND))
        .map(|grant| (grant, vec![app_role_assignment::permission(grant, live)]));
    let scopes = principals()
        .flat_map(|principal| live.children(&principal.key, delegated_permission_grant::KIND))
        .map(|grant| (grant, delegated_permission_grant::permissions(grant, live)));
    for (grant, permissions) in roles.chain(scopes).chain(azure).chain(groups) {
        if stays(&grant.key) {
            identity.after.holding.extend(permissions.iter().cloned());
        }
        identity.before.holding.extend(permissions);
    }
}
