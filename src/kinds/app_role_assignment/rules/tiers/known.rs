//! What is known to lead to the whole tenant or to a whole subscription, as a page.

use std::fmt::Write;

use super::{azure, directory, graph};
use crate::model::rule::Severity;

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
    const ALL: [Self; 5] = [
        Self::Permission,
        Self::DirectoryRole,
        Self::DirectoryAction,
        Self::AzureRole,
        Self::AzureAction,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Permission => "Application permissions of Microsoft Graph",
            Self::DirectoryRole => "Roles of Microsoft Entra ID, over the whole directory",
            Self::DirectoryAction => "Actions in a custom role of Microsoft Entra ID",
            Self::AzureRole => "Azure roles over a subscription, a management group or everything",
            Self::AzureAction => "Actions in a custom Azure role over as much",
        }
    }
}

/// Something that leads so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub what: What,
    /// The permission, the role or the action.
    pub name: String,
    /// What a workload that holds it can do.
    pub path: &'static str,
    pub severity: Severity,
}

/// All of it, in the order of [`What::ALL`].
pub fn known() -> impl Iterator<Item = Known> {
    graph::known()
        .chain(directory::known())
        .chain(azure::known())
}

/// One page with all of it, in Markdown.
pub fn page() -> String {
    let mut out = String::from(
        "# Privileges\n\nWhat lets a workload take over a tenant or a subscription, and how. `trustform audit` looks for it in what identities hold, directly and through groups, by the rules `federated-administrator`, `administrator-with-secret` and `owned-administrator`; what it finds about such an identity otherwise is one step worse. `trustform explain NAME` prints one of them.\n",
    );
    for what in What::ALL {
        let _ = writeln!(
            out,
            "\n## {}\n\n| name | severity | path |\n|---|---|---|",
            what.title()
        );
        for it in known().filter(|it| it.what == what) {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                it.name,
                it.severity.word(),
                it.path
            );
        }
    }
    out
}

/// What one of them leads to.
pub fn one(name: &str) -> Option<String> {
    let it = known().find(|it| it.name == name)?;
    let (title, severity) = (it.what.title(), it.severity.word());
    let Known { name, path, .. } = it;
    Some(format!(
        "# `{name}`\n\nWhoever gets hold of a workload with it has a way to the rest: {path}.\n\n- Among: {title}\n- Severity in an audit: {severity}\n"
    ))
}
