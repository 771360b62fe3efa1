//! Microsoft Graph permissions that lead to the whole tenant, and how. After emiliensocchi/azure-tiering
//! (Microsoft Graph application permissions, tier 0).

use crate::kinds::api::MICROSOFT_GRAPH;
use crate::model::tenant::Granted;

const TIER_0: &[(&str, &str)] = &[
    (
        "RoleManagement.ReadWrite.Directory",
        "it makes itself Global Administrator in one call",
    ),
    (
        "AppRoleAssignment.ReadWrite.All",
        "it grants itself RoleManagement.ReadWrite.Directory, then makes itself Global Administrator",
    ),
    (
        "Application.ReadWrite.All",
        "it adds a credential to an application with more rights, then logs in as that application",
    ),
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
        "it joins a group that holds a directory role",
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
    (
        "Domain.ReadWrite.All",
        "it federates a domain with its own identity provider, then logs in as anyone of that domain",
    ),
    (
        "Organization.ReadWrite.All",
        "it adds a trusted certificate authority, then logs in as an administrator",
    ),
    (
        "Policy.ReadWrite.AuthenticationMethod",
        "it enables a login method that it can set for an administrator",
    ),
];

/// What can be done with a permission that leads to the whole tenant; none for other permissions.
pub fn path(role: &Granted) -> Option<&'static str> {
    let known = TIER_0.iter().find(|(name, _)| *name == role.name);
    known
        .filter(|_| role.api == MICROSOFT_GRAPH)
        .map(|(_, path)| *path)
}
