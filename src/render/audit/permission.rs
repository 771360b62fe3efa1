//! A permission of Microsoft Graph, in Markdown.

use crate::model::privilege::Privilege;

use super::privileges::way;

/// What is known of a permission.
pub struct Permission<'a> {
    pub name: &'a str,
    /// The id of the app role, if Graph publishes one of that name.
    pub application: Option<&'a str>,
    /// The id of the OAuth 2.0 scope, if Graph publishes one of that name.
    pub delegated: Option<&'a str>,
    /// How much control the app role gives over a tenant; 0 is all of it, none is little.
    pub tier: Option<u8>,
    /// What an audit says of the app role, if it is one that takes over a tenant.
    pub privilege: Option<&'a Privilege>,
}

/// The page of a permission.
pub fn page(it: &Permission<'_>) -> String {
    let id = |attribute: &str, id: Option<&str>| match id {
        Some(id) => format!("- As `{attribute}` in a `permissions` block: id {id}\n"),
        None => format!("- As `{attribute}`: Microsoft Graph has none of this name\n"),
    };
    let tier = match it.tier {
        Some(tier) => format!(
            "- In a plan: tier {tier}; an identity with it is guarded (`trustform explain widening`)\n"
        ),
        None => "- In a plan: of no tier, so that no guard looks for it\n".to_owned(),
    };
    let severity = match it.privilege {
        Some(privilege) => format!("- Severity in an audit: {}\n", privilege.severity.word()),
        None => {
            "- In an audit: no finding by itself (`trustform explain privileges` lists what is one)\n"
                .to_owned()
        }
    };
    let control = match it.application {
        Some(_) => tier + &severity,
        None => String::new(),
    };
    format!(
        "# `{}`\n\nA permission of Microsoft Graph.{}\n\n{}{}{control}",
        it.name,
        it.privilege
            .map(|it| format!(" {}", way(it)))
            .unwrap_or_default(),
        id("application", it.application),
        id("delegated", it.delegated),
    )
}
