//! What lets a workload take over a tenant or a subscription.

use super::rule::Severity;

/// What something is that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Permission,
    DirectoryRole,
    DirectoryAction,
    AzureRole,
    AzureAction,
}

impl What {
    pub const ALL: [Self; 5] = [
        Self::Permission,
        Self::DirectoryRole,
        Self::DirectoryAction,
        Self::AzureRole,
        Self::AzureAction,
    ];

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Permission => "Application permissions of Microsoft Graph",
            Self::DirectoryRole => "Roles of Microsoft Entra ID, over the whole directory",
            Self::DirectoryAction => "Actions in a custom role of Microsoft Entra ID",
            Self::AzureRole => "Azure roles over a subscription, a management group or everything",
            Self::AzureAction => "Actions in a custom Azure role over as much",
        }
    }
}

/// A permission or a role that leads so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privilege {
    pub what: What,
    /// The permission, the role or the action.
    pub name: String,
    /// What a workload that holds it can do.
    pub path: &'static str,
    pub severity: Severity,
}
