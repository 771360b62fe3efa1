//! Application permissions of Microsoft Graph that lead to the whole tenant.
//!
//! After emiliensocchi/azure-tiering (Microsoft Graph application permissions, tier 0).

use std::borrow::Cow;

use super::{ADDS_CREDENTIAL, FEDERATES, MAKES_ITSELF, Power};
use crate::kinds::api::MICROSOFT_GRAPH;
use crate::model::privilege::{Privilege, What};
use crate::model::rule::Severity;
use crate::model::tenant::Granted;

const TIER_0: &[(&str, &str)] = &[
    ("RoleManagement.ReadWrite.Directory", MAKES_ITSELF),
    (
        "AppRoleAssignment.ReadWrite.All",
        "it grants itself RoleManagement.ReadWrite.Directory, then makes itself Global Administrator",
    ),
    ("Application.ReadWrite.All", ADDS_CREDENTIAL),
    (
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "it makes itself Global Administrator through a role schedule",
    ),
    (
        "RoleEligibilitySchedule.ReadWrite.Directory",
        "it makes itself eligible for Global Administrator",
    ),
    (
        "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        JOINS_GROUP,
    ),
    (
        "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        "it makes itself eligible for a group that holds a directory role",
    ),
    (
        "RoleManagementPolicy.ReadWrite.Directory",
        "it lifts the approval that guards a directory role",
    ),
    (
        "Policy.ReadWrite.PermissionGrant",
        "it writes a consent policy that lets it be granted any permission",
    ),
    (
        "UserAuthenticationMethod.ReadWrite.All",
        "it sets a new login for an administrator, then logs in as that person",
    ),
    (
        "EntitlementManagement.ReadWrite.All",
        "it assigns an access package that holds a privileged group",
    ),
    ("Domain.ReadWrite.All", FEDERATES),
    (
        "Organization.ReadWrite.All",
        "it adds a trusted certificate authority, then logs in as an administrator",
    ),
    (
        "Policy.ReadWrite.AuthenticationMethod",
        "it enables a login method that it can set for an administrator",
    ),
    ("PrivilegedAccess.ReadWrite.AzureADGroup", JOINS_GROUP),
    (
        "RoleManagementPolicy.ReadWrite.AzureADGroup",
        "it lifts the approval that guards a group which holds a directory role",
    ),
    ("Directory.ReadWrite.All", JOINS_AZURE),
    ("Group.ReadWrite.All", JOINS_AZURE),
    ("GroupMember.ReadWrite.All", JOINS_AZURE),
];

const JOINS_GROUP: &str = "it joins a group that holds a directory role";
const JOINS_AZURE: &str =
    "it joins a group with rights in Azure, then acts as a managed identity with more rights";

/// What leads there where the tenant has something more: worth one step less.
const INDIRECT: &[(&str, &str)] = &[
    (
        "AdministrativeUnit.ReadWrite.All",
        "it takes an administrator out of the restricted unit that keeps others from setting its password",
    ),
    (
        "User.ReadWrite.All",
        "it changes a person's attributes, so that a dynamic group with rights in Azure takes that person in",
    ),
    (
        "User-PasswordProfile.ReadWrite.All",
        "it sets the password of an owner of an application with more rights, then logs in as that person",
    ),
];

/// All of them.
pub fn known() -> impl Iterator<Item = Privilege> {
    let row = |severity| {
        move |(name, path): &(&str, &'static str)| Privilege {
            what: What::Permission,
            name: (*name).to_owned(),
            path,
            severity,
        }
    };
    let direct = TIER_0.iter().map(row(Severity::Critical));
    direct.chain(INDIRECT.iter().map(row(Severity::High)))
}

/// A permission that leads to the whole tenant; none for other permissions.
pub fn of(role: &Granted) -> Option<Power<'_>> {
    if role.api != MICROSOFT_GRAPH {
        return None;
    }
    let find = |table: &[(&str, &'static str)]| {
        let found = table.iter().find(|(name, _)| *name == role.name);
        found.map(|(_, path)| *path)
    };
    let (path, severity) = match (find(TIER_0), find(INDIRECT)) {
        (Some(path), _) => (path, Severity::Critical),
        (None, path) => (path?, Severity::High),
    };
    Some(Power {
        name: Cow::Borrowed(&role.name),
        through: None,
        path,
        severity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::api;

    /// A plan guards more than an audit finds: what is limited to what its holder owns and is the repair of a finding, what
    /// nobody has shown to lead there, and what works in no application's hands.
    const GUARDED_ONLY: &[&str] = &[
        "Application.ReadWrite.OwnedBy",
        "DelegatedPermissionGrant.ReadWrite.All",
        "PrivilegedAccess.ReadWrite.AzureAD",
        "Synchronization.ReadWrite.All",
    ];

    #[test]
    fn the_audit_and_the_guard_know_the_same_permissions() {
        let mut found: Vec<&str> = TIER_0
            .iter()
            .chain(INDIRECT)
            .map(|(name, _)| *name)
            .collect();
        found.extend(GUARDED_ONLY);
        found.sort_unstable();
        let all = api::graph_permissions();
        let application = all.filter(|(class, ..)| *class == api::Class::Application);
        let mut guarded: Vec<&str> = application
            .map(|(_, _, name)| name)
            .filter(|name| api::tier(MICROSOFT_GRAPH, name) == Some(0))
            .collect();
        guarded.sort_unstable();
        assert_eq!(found, guarded);
    }
}
