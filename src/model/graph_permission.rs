//! Application permissions of Microsoft Graph, any one of which lets a kind of request through: the one table for what a
//! login is told that it lacks, and for what the emulator asks of a caller.
//!
//! Source: the permission table of each operation in the Microsoft Graph reference.

/// "Get application", "List servicePrincipals", "List memberOf".
pub const READ_APPLICATIONS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// "Create application", "Update application", "Delete application" and the same for service principals:
/// `Directory.ReadWrite.All` is in none of these tables.
pub const WRITE_APPLICATIONS: &[&str] =
    &["Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"];

/// "Grant an appRoleAssignment to a service principal".
pub const ASSIGN_APP_ROLES: &[&str] = &["AppRoleAssignment.ReadWrite.All"];

/// "Create oAuth2PermissionGrant".
pub const GRANT_CONSENT: &[&str] = &[
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/// "Get group", "List group members", "List group transitive members".
pub const READ_GROUPS: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// "Create group", "Update group".
pub const WRITE_GROUPS: &[&str] = &[
    "Group.Create",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/// "Add members", "Remove member"; groups to which roles can be assigned want `RoleManagement.ReadWrite.Directory` as well.
pub const WRITE_MEMBERS: &[&str] = &[
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
];

/// "List policies" and "List namedLocations" of `conditionalAccessRoot`.
pub const READ_ACCESS_POLICIES: &[&str] = &[
    "Policy.Read.All",
    "Policy.Read.ConditionalAccess",
    "Policy.ReadWrite.ConditionalAccess",
];

/// "Create conditionalAccessPolicy", "Create namedLocation"; both want `Policy.Read.All` as well, and policies
/// `Application.Read.All`.
pub const WRITE_ACCESS_POLICIES: &[&str] = &["Policy.ReadWrite.ConditionalAccess"];

/// "List unifiedRoleAssignments", "List roleDefinitions" of the directory.
pub const READ_DIRECTORY_ROLES: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "Directory.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.ReadWrite.All",
];

/// "Create unifiedRoleAssignment", "Create roleDefinitions".
pub const WRITE_DIRECTORY_ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];
