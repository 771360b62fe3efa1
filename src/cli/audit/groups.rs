//! Who is in a group: the applications of `--group` are its members' service principals, and what a group holds they hold.
//!
//! Source: Microsoft Graph, "List group transitive members": a cast is an advanced query. Its first version leaves service
//! principals out of groups ("List group members", known issue), so the beta version is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::azure::Refused;
use crate::audit::roles::{Assigned, Group};
use crate::cloud::Reader;
use crate::kinds::api::is_guid;
use crate::kinds::codec::quoted;
use crate::model::diagnostic::Diagnostic;
use crate::model::rule::Need;
use crate::model::step::{Reply, Request, Service};
use crate::model::tenant::Tenant;

/// The members of groups, those of groups in them too, by the groups' names as they were given.
///
/// # Errors
/// A group is not there, is one of several of its name, or may not be read: a scope that is not known is none.
pub async fn read(
    reader: &Reader,
    groups: &[String],
) -> Result<BTreeMap<String, Vec<String>>, Diagnostic> {
    let mut found = BTreeMap::new();
    for group in groups {
        let id = match is_guid(group) {
            true => group.to_ascii_lowercase(),
            false => named(reader, group).await?,
        };
        let reply = ask(reader, members(&id)).await?;
        if reply.status != 200 {
            return Err(unknown(group));
        }
        found.insert(group.clone(), ids(&reply));
    }
    Ok(found)
}

/// The groups that hold a role which makes an administrator, by their object ids. `names` are those that are known.
pub async fn holding(
    reader: &Reader,
    assigned: &BTreeSet<Assigned>,
    names: &BTreeMap<String, String>,
    tenant: &mut Tenant,
) -> BTreeMap<String, Group> {
    let holders = assigned.iter().filter(|one| one.group);
    let far = holders.filter(|one| one.role.leads_far(tenant));
    let holders: BTreeSet<&String> = far
        .map(|one| &one.principal)
        .filter(|id| is_guid(id))
        .collect();
    let mut requests: Vec<Request> = holders.iter().map(|id| members(id)).collect();
    let unnamed: Vec<&&String> = holders
        .iter()
        .filter(|id| !names.contains_key(**id))
        .collect();
    requests.extend(unnamed.iter().map(|id| {
        let path = format!("/groups/{id}?$select=id,displayName");
        Request::get(Service::GraphBeta, path)
    }));
    let mut answers = reader.read(&requests).await.into_iter();
    let mut refused = Refused::default();
    let mut groups = BTreeMap::new();
    for (id, answer) in holders.iter().zip(&mut answers) {
        if let Some(reply) = refused.sort(answer) {
            let group = Group {
                name: names.get(*id).unwrap_or(id).clone(),
                members: ids(&reply).into_iter().collect(),
            };
            groups.insert((*id).clone(), group);
        }
    }
    refused.remember(
        tenant,
        Need::Groups,
        holders.len(),
        "groups that hold roles",
    );
    // A group whose name may not be read is called by its id.
    for (id, answer) in unnamed.iter().zip(answers) {
        let name = answer.ok().and_then(|reply| {
            let name = reply.body["displayName"].as_str()?;
            Some(name.to_owned())
        });
        if let (Some(group), Some(name)) = (groups.get_mut(**id), name) {
            group.name = name;
        }
    }
    groups
}

/// The service principals in a group, and in groups in it.
fn members(id: &str) -> Request {
    let path = format!(
        "/groups/{id}/transitiveMembers/microsoft.graph.servicePrincipal?$count=true&$select=id"
    );
    Request::get(Service::GraphBeta, path).header("ConsistencyLevel", "eventual")
}

/// The id of the one group with a name.
async fn named(reader: &Reader, name: &str) -> Result<String, Diagnostic> {
    let filter = quoted(name);
    let path = format!("/groups?$filter=displayName eq '{filter}'&$select=id");
    let found = ids(&ask(reader, Request::get(Service::Graph, path)).await?);
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(unknown(name)),
        several => Err(Diagnostic::error(
            "ambiguous-group",
            format!("{} groups are called `{name}`", several.len()),
        )
        .help(format!("give one's object id: `{}`", several.join("`, `")))),
    }
}

fn unknown(group: &str) -> Diagnostic {
    Diagnostic::error(
        "unknown-group",
        format!("there is no group `{group}` in this tenant, or this login does not see it"),
    )
    .help("`az ad group list --query \"[].{name:displayName, id:id}\"` shows every group")
}

fn ids(reply: &Reply) -> Vec<String> {
    let found = reply.body["value"].as_array().into_iter().flatten();
    found
        .filter_map(|one| one["id"].as_str().map(str::to_owned))
        .collect()
}

async fn ask(reader: &Reader, request: Request) -> Result<Reply, Diagnostic> {
    let mut answers = reader.read(std::slice::from_ref(&request)).await;
    answers.pop().unwrap_or_else(|| Ok(Reply::default()))
}
