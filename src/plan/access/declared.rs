//! The two sides of two desired states: what their files say, and nothing else.

use std::collections::BTreeMap;

use super::{Held, Identity, Side};
use crate::kinds::{
    app_role_assignment, delegated_permission_grant, federated_credential, group_member,
    is_identity, role_assignment,
};
use crate::model::address::Address;
use crate::model::desired::{Desired, Resource};
use crate::model::live::Live;

/// Every identity of either state, matched by what identifies it in a tenant.
pub(super) fn identities(before: &Desired, after: &Desired) -> Vec<Identity> {
    let mut identities: BTreeMap<String, Identity> = BTreeMap::new();
    for (desired, is_before) in [(before, true), (after, false)] {
        let all = desired.resources.values();
        for resource in all.filter(|resource| is_identity(resource.kind())) {
            let identity = identities
                .entry(key(resource))
                .or_insert_with(|| Identity::at(resource.address.clone()));
            let name = ["display_name", "name"]
                .iter()
                .find_map(|name| resource.text(name));
            identity.name = name.map_or_else(|| resource.address.to_string(), str::to_owned);
            identity.address = resource.address.clone();
            let side = side(desired, &resource.address);
            if is_before {
                identity.exists = true;
                identity.before = side;
            } else {
                identity.after = side;
            }
        }
    }
    identities.into_values().collect()
}

/// What a tenant knows an application by, or Azure an identity.
fn key(resource: &Resource) -> String {
    let existing = ["client_id", "object_id", "unique_name"]
        .iter()
        .find_map(|name| resource.text(&format!("existing.{name}")));
    existing
        .or_else(|| resource.text("unique_name"))
        .or_else(|| resource.text("id"))
        .map_or_else(|| resource.address.to_string(), str::to_owned)
}

fn side(desired: &Desired, application: &Address) -> Side {
    let nothing = Live::default();
    let mut side = Side::default();
    let own = |resource: &&Resource| resource.address.parent().as_ref() == Some(application);
    for resource in desired.resources.values().filter(own) {
        match resource.kind() {
            federated_credential::KIND => {
                side.trusts
                    .extend(
                        federated_credential::declared_trust(&resource.body).map(|trust| Held {
                            credential: resource.address.to_string(),
                            trust,
                        }),
                    )
            }
            app_role_assignment::KIND => {
                let permission = app_role_assignment::declared_permission(resource, &nothing);
                side.holding.insert(permission);
            }
            delegated_permission_grant::KIND => {
                side.holding
                    .extend(delegated_permission_grant::declared_permissions(
                        resource, &nothing,
                    ))
            }
            role_assignment::KIND => {
                side.holding
                    .extend(role_assignment::declared_permission(resource));
            }
            group_member::KIND => {
                side.holding
                    .extend(group_member::declared_permission(resource, &nothing));
            }
            _ => {}
        }
    }
    side
}
