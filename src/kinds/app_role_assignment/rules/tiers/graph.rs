//! Application permissions of Microsoft Graph that lead to the whole tenant.
//!
//! After emiliensocchi/azure-tiering (Microsoft Graph application permissions, tier 0).

use std::borrow::Cow;

use super::{ADDS_CREDENTIAL, FEDERATES, MAKES_ITSELF, Power};
use crate::kinds::api::MICROSOFT_GRAPH;
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
    ("Domain.ReadWrite.All", FEDERATES),
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
pub fn of(role: &Granted) -> Option<Power<'_>> {
    let known = TIER_0.iter().find(|(name, _)| *name == role.name);
    let (_, path) = known.filter(|_| role.api == MICROSOFT_GRAPH)?;
    Some(Power {
        name: Cow::Borrowed(&role.name),
        through: None,
        path,
        severity: Severity::Critical,
    })
}
