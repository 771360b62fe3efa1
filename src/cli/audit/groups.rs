//! Who is in a group: the applications of `--group` are its members' service principals.

use crate::cloud::Reader;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Request, Service};
use crate::model::tenant::Tenant;

/// Reads the members of groups, those of groups in them too.
///
/// # Errors
/// A group is not there, or may not be read: a scope that is not known is none.
pub async fn read(
    reader: &Reader,
    groups: &[String],
    tenant: &mut Tenant,
) -> Result<(), Diagnostic> {
    let requests: Vec<Request> = groups
        .iter()
        .map(|id| {
            let path = format!("/groups/{id}/transitiveMembers?$select=id&$top=999");
            Request::get(Service::Graph, path)
        })
        .collect();
    for (group, answer) in groups.iter().zip(reader.read(&requests).await) {
        let wanted = "reading a group's members needs `GroupMember.Read.All`";
        let reply = answer.map_err(|error| error.help(wanted))?;
        if reply.status != 200 {
            let message = format!(
                "the members of the group `{group}` cannot be read: Microsoft Graph answered {}",
                reply.status
            );
            return Err(Diagnostic::error("unreadable", message)
                .help("give the group's object id")
                .help(wanted));
        }
        let members = reply.body["value"].as_array().into_iter().flatten();
        let ids = members.filter_map(|member| member["id"].as_str().map(str::to_owned));
        tenant.groups.insert(group.clone(), ids.collect());
    }
    Ok(())
}
