//! Who is in a group: the applications of `--group` are its members' service principals.

use crate::cloud::Reader;
use crate::kinds::api::is_guid;
use crate::kinds::codec::quoted;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Reply, Request, Service};
use crate::model::tenant::Tenant;

/// Reads the members of groups, those of groups in them too.
///
/// # Errors
/// A group is not there, is one of several of its name, or may not be read: a scope that is not known is none.
pub async fn read(
    reader: &Reader,
    groups: &[String],
    tenant: &mut Tenant,
) -> Result<(), Diagnostic> {
    for group in groups {
        let id = match is_guid(group) {
            true => group.to_ascii_lowercase(),
            false => named(reader, group).await?,
        };
        let path = format!("/groups/{id}/transitiveMembers?$select=id&$top=999");
        let reply = ask(reader, path).await?;
        if reply.status == 404 {
            return Err(unknown(group));
        }
        if reply.status != 200 {
            let message = format!(
                "the members of the group `{group}` cannot be read: Microsoft Graph answered {}",
                reply.status
            );
            return Err(Diagnostic::error("unreadable", message));
        }
        tenant.groups.insert(group.clone(), ids(&reply));
    }
    Ok(())
}

/// The id of the one group with a name.
async fn named(reader: &Reader, name: &str) -> Result<String, Diagnostic> {
    let filter = quoted(name);
    let path = format!("/groups?$filter=displayName eq '{filter}'&$select=id");
    let found = ids(&ask(reader, path).await?);
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

async fn ask(reader: &Reader, path: String) -> Result<Reply, Diagnostic> {
    let request = Request::get(Service::Graph, path);
    let mut answers = reader.read(std::slice::from_ref(&request)).await;
    answers.pop().unwrap_or_else(|| Ok(Reply::default()))
}
