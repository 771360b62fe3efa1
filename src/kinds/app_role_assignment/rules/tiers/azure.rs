//! Azure roles that lead to a whole subscription or more.
//!
//! After emiliensocchi/azure-tiering (Azure roles, tier 0).

use super::{Custom, Power, allows};
use crate::kinds::role_assignment::roles::ASSIGNING;
use crate::model::privilege::{Privilege, What};
use crate::model::rule::Severity;
use crate::model::tenant::{AzureRole, CustomRole, Permission};

const ASSIGNS: &str = "Microsoft.Authorization/roleAssignments/write";
const DEFINES: &str = "Microsoft.Authorization/roleDefinitions/write";
const TRUSTS: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";

const PLANTS: &str =
    "it adds a federated credential to any managed identity there, then logs in as that one";
/// What a condition allows is not decided here. Source: Microsoft, "Delegate Azure access management to others".
const LIMITED: &str =
    "it assigns roles there, as far as the condition of its own assignment lets it";
const REWRITES: &str = "it rewrites the role that it holds, and may then do anything there";

/// Whether a scope is a subscription or more: of what is smaller none leads so far.
pub fn is_wide(scope: &str) -> bool {
    whole(scope).is_some()
}

/// What whoever assigns roles at a scope gets, of a subscription or more.
fn whole(scope: &str) -> Option<&'static str> {
    let parts = scope.split('/').filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts[..] {
        [] => Some("it assigns itself any role in every subscription of the tenant"),
        ["providers", "microsoft.management", "managementgroups", _] => {
            Some("it assigns itself any role in every subscription of the management group")
        }
        ["subscriptions", _] => Some("it assigns itself any role in the subscription"),
        _ => None,
    }
}

/// All of them, over a subscription; over more they lead further, by the same path.
pub fn known() -> impl Iterator<Item = Privilege> {
    let held = |role: &str, conditional| AzureRole {
        role: role.to_owned(),
        scope: "/subscriptions/one".to_owned(),
        conditional,
        through: None,
    };
    let row = |what, name: &str, held: AzureRole, custom: &Custom| {
        of(&held, custom).map(|power| Privilege {
            what,
            name: name.to_owned(),
            path: power.path,
            severity: power.severity,
        })
    };
    let none = Custom::new();
    let others = ["Managed Identity Contributor", "Contributor"];
    let roles = ASSIGNING.iter().chain(&others);
    let mut all: Vec<_> = roles
        .map(|role| row(What::AzureRole, role, held(role, false), &none))
        .collect();
    all.extend(ASSIGNING.iter().map(|role| {
        let name = format!("{role} with a condition");
        row(What::AzureRole, &name, held(role, true), &none)
    }));
    for action in [ASSIGNS, DEFINES, TRUSTS] {
        let actions = vec![action.to_owned()];
        let permissions = vec![Permission {
            actions,
            not_actions: Vec::new(),
        }];
        let made = CustomRole {
            name: action.to_owned(),
            permissions,
        };
        let custom = Custom::from([(action.to_owned(), made)]);
        all.push(row(What::AzureAction, action, held(action, false), &custom));
    }
    all.into_iter().flatten()
}

/// A role over a subscription or more that leads to all of it; none for other roles, and for smaller scopes.
pub fn of<'a>(held: &'a AzureRole, custom: &'a Custom) -> Option<Power<'a>> {
    let assigns = match (whole(&held.scope)?, held.conditional) {
        (path, false) => (path, Severity::Critical),
        (_, true) => (LIMITED, Severity::High),
    };
    let made = custom.get(&held.role);
    let (path, severity) = match (held.role.as_str(), made) {
        (_, Some(made)) => of_custom(made, assigns)?,
        (role, None) if ASSIGNING.contains(&role) => assigns,
        ("Managed Identity Contributor", None) => (PLANTS, Severity::High),
        ("Contributor", None) => (PLANTS, Severity::Medium),
        _ => return None,
    };
    let name = made.map_or(&held.role, |made| &made.name);
    Some(Power {
        name: format!("{name} at {}", held.scope).into(),
        through: held.through.as_deref(),
        path,
        severity,
    })
}

/// A role that was made is worth what its permissions let it do.
fn of_custom(
    role: &CustomRole,
    assigns: (&'static str, Severity),
) -> Option<(&'static str, Severity)> {
    let may = |action: &str| allows(role, action);
    if may(ASSIGNS) {
        Some(assigns)
    } else if may(DEFINES) {
        Some((REWRITES, Severity::Critical))
    } else if may(TRUSTS) {
        // As Contributor, which may do the same among much else.
        let all = role.permissions.iter().flat_map(|it| &it.actions);
        let severity = match all.into_iter().any(|action| action == "*") {
            true => Severity::Medium,
            false => Severity::High,
        };
        Some((PLANTS, severity))
    } else {
        None
    }
}
