//! How a service principal follows the application that it stands for.

use std::sync::Arc;

use serde_json::Value;

use super::PRINCIPALS;
use crate::emulator::directory;
use crate::emulator::graph;
use crate::emulator::store::{Store, list as items, member, text};
use crate::emulator::table::Entity;
use crate::kinds::app_role_assignment::emulator as assignments;
use crate::kinds::delegated_permission_grant::emulator as grants;
use crate::kinds::group_member::emulator as groups;

/// What a service principal shows of its application; tags are passed on too (azuread's `application` documentation).
pub(super) fn copy_from(principal: &mut Entity, old: Option<&Entity>, application: &Entity) {
    let inner = |outer: &str, name: &str| {
        application
            .get(outer)
            .map_or(Value::Null, |object| object[name].clone())
    };
    let mut names = vec![member(application, "appId").clone()];
    names.extend_from_slice(items(application, "identifierUris"));
    let mut urls: Vec<Value> = Vec::new();
    for client in ["web", "spa", "publicClient"] {
        urls.extend(
            inner(client, "redirectUris")
                .as_array()
                .cloned()
                .unwrap_or_default(),
        );
    }
    let before = old.map_or(&[][..], |old| items(old, "tags"));
    let mut tags: Vec<Value> = items(principal, "tags").to_vec();
    tags.retain(|tag| !before.contains(tag));
    tags.extend(
        items(application, "tags")
            .iter()
            .filter(|tag| !tags.contains(tag))
            .cloned()
            .collect::<Vec<_>>(),
    );
    for (property, value) in [
        ("displayName", member(application, "displayName").clone()),
        ("appDisplayName", member(application, "displayName").clone()),
        ("appDescription", member(application, "description").clone()),
        ("appRoles", member(application, "appRoles").clone()),
        (
            "oauth2PermissionScopes",
            inner("api", "oauth2PermissionScopes"),
        ),
        ("info", member(application, "info").clone()),
        ("homepage", inner("web", "homePageUrl")),
        ("logoutUrl", inner("web", "logoutUrl")),
        ("replyUrls", urls.into()),
        ("servicePrincipalNames", names.into()),
        (
            "signInAudience",
            member(application, "signInAudience").clone(),
        ),
        ("tags", tags.into()),
    ] {
        principal.insert(property.to_owned(), value);
    }
}

/// Passes a change of an application on to its service principal.
pub fn follow(store: &mut Store, old: &Entity, application: &Entity, now: u64) {
    let client_id = text(application, "appId");
    if let Some(found) = graph::lookup(store.primary(), &PRINCIPALS, "appId", client_id) {
        let mut principal = (*found).clone();
        copy_from(&mut principal, Some(old), application);
        store.put(&PRINCIPALS, principal, now);
    }
}

/// Deletes the service principal of an application that was deleted (entra-docs, howto-remove-app).
pub fn soft_delete_of(store: &mut Store, client_id: &str, now: u64) {
    if let Some(found) = graph::lookup(store.primary(), &PRINCIPALS, "appId", client_id) {
        directory::soft_delete(store, &PRINCIPALS, &found, now);
    }
}

/// Restores the one that was deleted together with the application (entra-docs, delete-recover-faq).
pub fn restore_of(store: &mut Store, application: &Entity, now: u64) {
    let together = all_of(store, text(application, "appId"))
        .into_iter()
        .find(|found| member(found, "deletedDateTime") == member(application, "deletedDateTime"));
    if let Some(found) = together {
        directory::undelete(store, &PRINCIPALS, &found, now);
    }
}

/// Removes what is left of an application that is gone for good.
pub fn purge_of(store: &mut Store, client_id: &str, now: u64) {
    for found in all_of(store, client_id) {
        store.remove(&PRINCIPALS, text(&found, "id"), now);
        purged(store, &found, now);
    }
}

/// The service principals of an application, deleted ones among them.
fn all_of(store: &Store, client_id: &str) -> Vec<Arc<Entity>> {
    let found = store.primary().find(&PRINCIPALS, "appId", client_id);
    found.cloned().collect()
}

pub(super) fn purged(store: &mut Store, principal: &Entity, now: u64) {
    assignments::purge_of(store, text(principal, "id"), now);
    grants::purge_of(store, text(principal, "id"), now);
    groups::purge_of(store, text(principal, "id"), now);
}
