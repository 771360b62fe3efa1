//! Which roles of Microsoft Entra ID are whose.
//!
//! Source: Microsoft Graph, "List unifiedRoleAssignments", "List roleDefinitions".

use std::collections::{BTreeMap, BTreeSet};

use super::read::unread;
use crate::audit::roles::{self, Assigned};
use crate::cloud::Reader;
use crate::model::rule::Need;
use crate::model::step::{Request, Service};
use crate::model::tenant::Tenant;

/// The roles that service principals and groups hold over the whole directory, and the groups' names by their object ids.
/// Of roles that were made in the tenant the definitions go into it.
pub async fn roles(
    reader: &Reader,
    tenant: &mut Tenant,
) -> (BTreeSet<Assigned>, BTreeMap<String, String>) {
    let get =
        |path: &str| Request::get(Service::Graph, format!("/roleManagement/directory/{path}"));
    let mut assigned = BTreeSet::new();
    let mut names = BTreeMap::new();
    let list = get("roleAssignments?$expand=principal");
    let read = reader.pages(&list, |page| {
        for (one, name) in page.iter().filter_map(roles::directory) {
            names.extend(name.map(|name| (one.principal.clone(), name)));
            assigned.insert(one);
        }
    });
    match read.await.map(|reply| reply.status) {
        Ok(200) => {}
        // What was listed until then is a part.
        other => unread(tenant, &[Need::Directory], other),
    }
    let undefined: BTreeSet<String> = assigned
        .iter()
        .filter_map(|one| one.role.undefined().map(str::to_owned))
        .collect();
    if undefined.is_empty() {
        return (assigned, names);
    }
    let list = get("roleDefinitions?$filter=isBuiltIn eq false");
    let read = reader.pages(&list, |page| {
        let made = page.iter().filter_map(roles::directory_definition);
        let made = made.filter(|(id, _)| undefined.contains(id));
        tenant.custom_roles.extend(made);
    });
    match read.await.map(|reply| reply.status) {
        Ok(200) => {}
        other => unread(tenant, &[Need::CustomRoles], other),
    }
    (assigned, names)
}
