//! What lets a workload take over a tenant or a subscription, in Markdown.

use std::fmt::Write;

use crate::model::privilege::{Privilege, What};

/// One page with all of them.
pub fn page(all: &[Privilege]) -> String {
    let mut out = String::from(
        "# Privileges\n\nWhat lets a workload take over a tenant or a subscription, and how. `trustform audit` looks for it in what identities hold, directly and through groups, by the rules `federated-administrator`, `administrator-with-secret` and `owned-administrator`; what it finds about such an identity otherwise is one step worse. `trustform explain NAME` prints one of them.\n",
    );
    for what in What::ALL {
        let _ = writeln!(
            out,
            "\n## {}\n\n| name | severity | path |\n|---|---|---|",
            what.title()
        );
        for it in all.iter().filter(|it| it.what == what) {
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

/// One of them.
pub fn one(privilege: &Privilege) -> String {
    let (title, severity) = (privilege.what.title(), privilege.severity.word());
    format!(
        "# `{}`\n\n{}\n\n- Among: {title}\n- Severity in an audit: {severity}\n",
        privilege.name,
        way(privilege)
    )
}

/// What its holder can do, in a sentence.
pub(super) fn way(privilege: &Privilege) -> String {
    let path = privilege.path;
    format!("Whoever gets hold of a workload with it has a way to the rest: {path}.")
}
