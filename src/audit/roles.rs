//! Roles as Azure and Microsoft Entra ID list them, and whose they are in the end: a group's are its members'.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::kinds::app_role_assignment::rules::tiers;
use crate::kinds::role_assignment::roles;
use crate::model::directory_role::BUILT_IN;
use crate::model::tenant::{AzureRole, CustomRole, DirectoryRole, Permission, Tenant};

use super::snapshot::{items, kept, text, texts};

/// A role of either kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Azure(AzureRole),
    Directory(DirectoryRole),
}

/// A role and the object id of whom it is assigned to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assigned {
    pub principal: String,
    /// The principal is a group, and its members hold the role.
    pub group: bool,
    pub role: Role,
}

/// A group that holds roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// Object ids of the service principals in it, or in groups in it.
    pub members: BTreeSet<String>,
}

impl Role {
    /// The id of its definition, where that is none of the built-in ones that are known here and where what it lets its
    /// holder do may lead far.
    pub fn undefined(&self) -> Option<&str> {
        let role = match self {
            Self::Azure(held) if !tiers::is_wide(&held.scope) => return None,
            Self::Azure(held) => &held.role,
            Self::Directory(held) => &held.role,
        };
        uuid::Uuid::try_parse(role).is_ok().then_some(role)
    }

    /// The same as a member of a group holds it.
    fn through(mut self, group: &str) -> Self {
        let through = match &mut self {
            Self::Azure(held) => &mut held.through,
            Self::Directory(held) => &mut held.through,
        };
        *through = Some(group.to_owned());
        self
    }

    /// Whether it makes its holder an administrator.
    pub fn leads_far(&self, tenant: &Tenant) -> bool {
        let custom = &tenant.custom_roles;
        match self {
            Self::Azure(held) => tiers::of_azure(held, custom).is_some(),
            Self::Directory(held) => tiers::of_directory(held, custom).is_some(),
        }
    }
}

/// One of Azure's role assignments, if it is a service principal's or a group's.
pub fn azure(json: &Json) -> Option<Assigned> {
    let properties = &json["properties"];
    let group = match properties["principalType"].as_str() {
        Some("Group") => true,
        Some("ServicePrincipal") | None => false,
        Some(_) => return None,
    };
    let id = roles::guid(properties["roleDefinitionId"].as_str()?);
    let name = roles::built_in().find(|(known, _)| *known == id);
    Some(Assigned {
        principal: text(properties, "principalId").to_ascii_lowercase(),
        group,
        role: Role::Azure(AzureRole {
            role: name.map_or(id.clone(), |(_, name)| name.to_owned()),
            scope: text(properties, "scope"),
            conditional: !text(properties, "condition").is_empty(),
            through: None,
        }),
    })
}

/// One of the directory's role assignments with its principal, if it is over the whole directory and a service
/// principal's or a group's; of a group also its name, where that may be read.
pub fn directory(json: &Json) -> Option<(Assigned, Option<String>)> {
    let principal = &json["principal"];
    let kind = principal["@odata.type"].as_str().unwrap_or_default();
    let group = match kind.rsplit('.').next() {
        Some("group") => true,
        Some("servicePrincipal") => false,
        _ => return None,
    };
    if json["directoryScopeId"] != "/" {
        return None;
    }
    let id = text(json, "roleDefinitionId").to_ascii_lowercase();
    let known = BUILT_IN.iter().find(|(_, known)| *known == id);
    let assigned = Assigned {
        principal: text(json, "principalId").to_ascii_lowercase(),
        group,
        role: Role::Directory(DirectoryRole {
            role: known.map_or(id.clone(), |(name, _)| (*name).to_owned()),
            through: None,
        }),
    };
    // Of what the login may not read Graph shows the type and the id.
    let name = Some(text(principal, "displayName"));
    Some((assigned, name.filter(|name| group && !name.is_empty())))
}

/// The definition of a role that was made in Azure, and its id.
pub fn azure_definition(json: &Json) -> Option<(String, CustomRole)> {
    let properties = &json["properties"];
    let role = CustomRole {
        name: text(properties, "roleName"),
        permissions: kept(items(&properties["permissions"]).map(|it| Permission {
            actions: texts(&it["actions"]),
            not_actions: texts(&it["notActions"]),
        })),
    };
    Some((roles::guid(json["id"].as_str()?), role))
}

/// The same of one that was made in the directory.
pub fn directory_definition(json: &Json) -> Option<(String, CustomRole)> {
    let role = CustomRole {
        name: text(json, "displayName"),
        permissions: kept(items(&json["rolePermissions"]).map(|it| Permission {
            actions: texts(&it["allowedResourceActions"]),
            not_actions: Vec::new(),
        })),
    };
    Some((json["id"].as_str()?.to_ascii_lowercase(), role))
}

/// Gives every service principal what it holds, itself and through groups (by their object ids).
pub fn give(tenant: &mut Tenant, assigned: BTreeSet<Assigned>, groups: &BTreeMap<String, Group>) {
    // There are few roles and many principals.
    let mut held: BTreeMap<String, Vec<Role>> = BTreeMap::new();
    for one in assigned {
        if !one.group {
            held.entry(one.principal).or_default().push(one.role);
        } else if let Some(group) = groups.get(&one.principal) {
            for member in &group.members {
                let through = one.role.clone().through(&group.name);
                held.entry(member.clone()).or_default().push(through);
            }
        }
    }
    for principal in &mut tenant.principals {
        for role in held.remove(&principal.id).into_iter().flatten() {
            match role {
                Role::Azure(role) => principal.azure.push(role),
                Role::Directory(role) => {
                    let roles = tenant.directory_roles.entry(principal.id.clone());
                    roles.or_default().push(role);
                }
            }
        }
    }
}
