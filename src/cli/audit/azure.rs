//! What Azure knows of identities: whom managed identities trust, and which roles service principals hold.
//!
//! Sources: Microsoft Graph, "servicePrincipal resource type" (`alternativeNames` hold the id in Azure);
//! Azure/azure-rest-api-specs, Microsoft.ManagedIdentity 2024-11-30 and Microsoft.Authorization 2022-04-01.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::read::told;
use crate::audit::roles::{self, Assigned};
use crate::audit::snapshot;
use crate::cloud::Reader;
use crate::kinds::federated_credential::arm;
use crate::kinds::managed_identity::{VERSION, everywhere};
use crate::model::diagnostic::Diagnostic;
use crate::model::rule::Need;
use crate::model::step::{Reply, Request, Service};
use crate::model::tenant::{Credential, ManagedIdentity, Tenant};

/// The federated credentials of every user-assigned managed identity that has a service principal in the tenant.
pub async fn identities(reader: &Reader, tenant: &mut Tenant) {
    let managed = tenant.principals.iter().filter_map(|it| {
        Some(ManagedIdentity {
            id: it.resource.clone()?,
            name: it.display_name.clone(),
            client_id: it.app_id.clone(),
            ..ManagedIdentity::default()
        })
    });
    let managed: Vec<ManagedIdentity> = managed.collect();
    if managed.is_empty() {
        return;
    }
    let lists = |identities: &[&ManagedIdentity], version: &str| -> Vec<Request> {
        identities
            .iter()
            .map(|it| arm::list(&it.id, version))
            .collect()
    };
    let all: Vec<&ManagedIdentity> = managed.iter().collect();
    let mut answers: Vec<_> = reader.read(&lists(&all, VERSION)).await;
    // The stable version shows a credential with an expression without it.
    let silent: Vec<usize> = (0..all.len()).filter(|at| hides(&answers[*at])).collect();
    let again: Vec<&ManagedIdentity> = silent.iter().map(|at| all[*at]).collect();
    for (at, answer) in silent
        .iter()
        .zip(reader.read(&lists(&again, arm::PREVIEW)).await)
    {
        if answer.as_ref().is_ok_and(|reply| reply.status == 200) {
            answers[*at] = answer;
        }
    }
    let count = managed.len();
    let mut refused = Refused::default();
    for (mut identity, answer) in managed.into_iter().zip(answers) {
        if let Some(reply) = refused.sort(answer) {
            identity.credentials = credentials(&reply.body["value"]);
            tenant.identities.push(identity);
        }
    }
    refused.remember(tenant, Need::Identities, count, "managed identities");
}

fn hides(answer: &Result<Reply, Diagnostic>) -> bool {
    let listed = answer
        .as_ref()
        .ok()
        .and_then(|it| it.body["value"].as_array());
    let mut listed = listed.into_iter().flatten();
    listed.any(|one| {
        one["properties"]["subject"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
    })
}

fn credentials(list: &Json) -> Vec<Credential> {
    let plain = arm::plain(list);
    let all = plain.as_array().into_iter().flatten();
    all.map(snapshot::credential).collect()
}

/// The Azure roles that service principals and groups hold, in every subscription that the login sees and above it. Of
/// roles that were made in the tenant the definitions go into it.
pub async fn roles(reader: &Reader, tenant: &mut Tenant) -> BTreeSet<Assigned> {
    let mut assigned = BTreeSet::new();
    if tenant.unread.contains_key(Need::Azure.word()) {
        return assigned;
    }
    let listed = reader.read(&[everywhere::subscriptions()]).await;
    let listed = listed.into_iter().next();
    let mut refused = Refused::default();
    let subscriptions: Vec<String> = listed
        .and_then(|answer| refused.sort(answer))
        .map(|reply| ids(&reply.body["value"]))
        .unwrap_or_default();
    if subscriptions.is_empty() {
        let none = "this login sees no Azure subscription".to_owned();
        let why = refused.why.unwrap_or(none);
        tenant.unread.insert(Need::Azure.word().to_owned(), why);
        return assigned;
    }
    let list = |id: &String, what: &str| {
        let path = format!(
            "/subscriptions/{id}/providers/Microsoft.Authorization/{what}api-version=2022-04-01"
        );
        Request::get(Service::Arm, path)
    };
    let requests: Vec<Request> = subscriptions
        .iter()
        .map(|id| list(id, "roleAssignments?"))
        .collect();
    // Roles that are not known, and the first subscription in which each was seen: it lists their definitions.
    let mut undefined: BTreeMap<String, &String> = BTreeMap::new();
    for (id, answer) in subscriptions.iter().zip(reader.read(&requests).await) {
        let reply = refused.sort(answer).unwrap_or_default();
        let rows = reply.body["value"].as_array().into_iter().flatten();
        // What is assigned above a subscription is listed in each.
        for one in rows.filter_map(roles::azure) {
            if let Some(role) = one.role.undefined() {
                undefined.entry(role.to_owned()).or_insert(id);
            }
            assigned.insert(one);
        }
    }
    refused.remember(tenant, Need::Azure, requests.len(), "subscriptions");
    let defining: BTreeSet<&String> = undefined.values().copied().collect();
    let requests: Vec<Request> = defining
        .into_iter()
        .map(|id| list(id, "roleDefinitions?$filter=type eq 'CustomRole'&"))
        .collect();
    let mut refused = Refused::default();
    for answer in reader.read(&requests).await {
        let reply = refused.sort(answer).unwrap_or_default();
        let rows = reply.body["value"].as_array().into_iter().flatten();
        let made = rows.filter_map(roles::azure_definition);
        let made = made.filter(|(id, _)| undefined.contains_key(id));
        tenant.custom_roles.extend(made);
    }
    let what = "lists of custom Azure roles";
    refused.remember(tenant, Need::CustomRoles, requests.len(), what);
    assigned
}

/// Ids of subscriptions, which go into addresses.
fn ids(list: &Json) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    let ids = all.filter_map(|one| one["subscriptionId"].as_str());
    ids.filter(|id| uuid::Uuid::try_parse(id).is_ok())
        .map(str::to_owned)
        .collect()
}

/// What was not answered, and why the first of it was not.
#[derive(Default)]
pub struct Refused {
    count: usize,
    why: Option<String>,
}

impl Refused {
    /// The answer, if it is one. What is gone is none, and is no refusal.
    pub fn sort(&mut self, answer: Result<Reply, Diagnostic>) -> Option<Reply> {
        let why = match answer {
            Ok(reply) if reply.status == 200 => return Some(reply),
            Ok(reply) if reply.status == 404 => return None,
            Ok(reply) => format!("the service answered {}", reply.status),
            Err(error) => told(error),
        };
        self.count += 1;
        self.why.get_or_insert(why);
        None
    }

    /// Notes in the tenant what could not be read of so many.
    pub fn remember(self, tenant: &mut Tenant, need: Need, of: usize, what: &str) {
        if let Some(why) = self.why {
            let why = format!("{} of {of} {what} cannot be read: {why}", self.count);
            tenant.unread.insert(need.word().to_owned(), why);
        }
    }
}
