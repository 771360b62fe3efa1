//! How much control an application permission of Microsoft Graph gives over a tenant.
//!
//! Tier 0: whoever holds it can make himself Global Administrator, in few calls. Tier 1: control of much of what is in
//! the tenant, or a step towards tier 0 that needs something else as well. The table follows the public research of
//! Emilien Socchi (github.com/emiliensocchi/azure-tiering), which Maester's `Test-MtHighRiskAppPermissions` uses, and
//! Microsoft's descriptions of the permissions. Names that end with `ReadWrite.All` elsewhere are no tier of their own.

use super::MICROSOFT_GRAPH;

const TIER_0: &[&str] = &[
    "AdministrativeUnit.ReadWrite.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Domain.ReadWrite.All",
    "EntitlementManagement.ReadWrite.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "Organization.ReadWrite.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.PermissionGrant",
    "PrivilegedAccess.ReadWrite.AzureAD",
    "PrivilegedAccess.ReadWrite.AzureADGroup",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.AzureADGroup",
    "RoleManagementPolicy.ReadWrite.Directory",
    "Synchronization.ReadWrite.All",
    "User.ReadWrite.All",
    "User-PasswordProfile.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

const TIER_1: &[&str] = &[
    "AgentIdentityBlueprint.AddRemoveCreds.All",
    "AgentIdentityBlueprint.ReadWrite.All",
    "CustomSecAttributeAssignment.ReadWrite.All",
    "DeviceManagementConfiguration.ReadWrite.All",
    "DeviceManagementRBAC.ReadWrite.All",
    "DeviceManagementScripts.ReadWrite.All",
    "Files.ReadWrite.All",
    "Mail.ReadWrite",
    "Mail.Send",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Policy.ReadWrite.ConditionalAccess",
    "Policy.ReadWrite.CrossTenantAccess",
    "Sites.FullControl.All",
    "Sites.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
];

/// The tier of an application permission; none for one that is neither. Permissions of other APIs have none: nobody
/// publishes it.
pub fn tier(app_id: &str, permission: &str) -> Option<u8> {
    if app_id != MICROSOFT_GRAPH {
        return None;
    }
    let within = |names: &[&str]| names.contains(&permission);
    match permission {
        _ if within(TIER_0) => Some(0),
        _ if within(TIER_1) => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_of_graphs_application_permissions() {
        let graph = MICROSOFT_GRAPH;
        assert_eq!(tier(graph, "RoleManagement.ReadWrite.Directory"), Some(0));
        assert_eq!(tier(graph, "Mail.Send"), Some(1));
        assert_eq!(tier(graph, "Application.Read.All"), None);
        assert_eq!(tier("x", "RoleManagement.ReadWrite.Directory"), None);
        let known: Vec<&str> = crate::kinds::api::graph_permissions()
            .filter(|(class, ..)| *class == super::super::Class::Application)
            .map(|(_, _, name)| name)
            .collect();
        let unknown: Vec<&&str> = TIER_0.iter().filter(|name| !known.contains(name)).collect();
        assert_eq!(unknown, Vec::<&&str>::new());
    }
}
