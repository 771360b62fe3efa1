//! What leads to the whole tenant or to a whole subscription, and how: permissions of Microsoft Graph, and Azure's
//! built-in roles. What a role that somebody made themselves allows is not known here.
//!
//! After emiliensocchi/azure-tiering (Microsoft Graph application permissions and Azure roles, tier 0).

use std::borrow::Cow;

use crate::kinds::api::MICROSOFT_GRAPH;
use crate::model::rule::Severity;
use crate::model::tenant::{AzureRole, Granted};

/// Something held that leads so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power<'a> {
    /// The permission, or the role and where: `Owner at /subscriptions/…`.
    pub name: Cow<'a, str>,
    /// What can be done with it.
    pub path: &'static str,
    /// How bad it is that somebody gets it.
    pub severity: Severity,
}

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

/// A permission that leads to the whole tenant; none for other permissions.
pub fn of_graph(role: &Granted) -> Option<Power<'_>> {
    let known = TIER_0.iter().find(|(name, _)| *name == role.name);
    let (_, path) = known.filter(|_| role.api == MICROSOFT_GRAPH)?;
    Some(Power {
        name: Cow::Borrowed(&role.name),
        path,
        severity: Severity::Critical,
    })
}

/// Roles that assign roles.
const ASSIGNS: &[&str] = &[
    "Owner",
    "User Access Administrator",
    "Role Based Access Control Administrator",
];

/// An Azure role over a subscription or more that leads to all of it; none for other roles, and for smaller scopes.
pub fn of_azure(held: &AzureRole) -> Option<Power<'_>> {
    let parts = held.scope.split('/').filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let assigns = match parts[..] {
        [] => "it assigns itself any role in every subscription of the tenant",
        ["providers", "microsoft.management", "managementgroups", _] => {
            "it assigns itself any role in every subscription of the management group"
        }
        ["subscriptions", _] => "it assigns itself any role in the subscription",
        _ => return None,
    };
    let plants =
        "it adds a federated credential to any managed identity there, then logs in as that one";
    let (path, severity) = match held.role.as_str() {
        role if ASSIGNS.contains(&role) => (assigns, Severity::Critical),
        "Managed Identity Contributor" => (plants, Severity::High),
        "Contributor" => (plants, Severity::Medium),
        _ => return None,
    };
    Some(Power {
        name: format!("{} at {}", held.role, held.scope).into(),
        path,
        severity,
    })
}
