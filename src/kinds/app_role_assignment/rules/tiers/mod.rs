//! What leads to the whole tenant or to a whole subscription, and how.

mod azure;
mod directory;
mod graph;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::exchange::pattern::Pattern;
use crate::model::privilege::Privilege;
use crate::model::rule::Severity;
use crate::model::tenant::{CustomRole, Principal, Tenant};

pub use azure::{is_wide, of as of_azure};
pub use directory::of as of_directory;

/// Something held that leads so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power<'a> {
    /// The permission, or the role and where: `Owner at /subscriptions/…`.
    pub name: Cow<'a, str>,
    /// The group whose members hold it; none where it is held directly.
    pub through: Option<&'a str>,
    /// What can be done with it.
    pub path: &'static str,
    /// How bad it is that somebody gets it.
    pub severity: Severity,
}

impl Power<'_> {
    /// As a name: `Owner at /subscriptions/… through group deployers`.
    pub fn title(&self) -> String {
        match self.through {
            None => self.name.to_string(),
            Some(group) => format!("{} through group {group}", self.name),
        }
    }

    /// As a part of a sentence, with its names marked.
    pub fn words(&self) -> String {
        match self.through {
            None => format!("`{}`", self.name),
            Some(group) => format!("`{}` through group `{group}`", self.name),
        }
    }
}

const ADDS_CREDENTIAL: &str =
    "it adds a credential to an application with more rights, then logs in as that application";
const FEDERATES: &str =
    "it federates a domain with its own identity provider, then logs in as anyone of that domain";
const MAKES_ITSELF: &str = "it makes itself Global Administrator in one call";

/// Everything of that kind that a service principal holds.
pub fn of<'a>(principal: &'a Principal, tenant: &'a Tenant) -> Vec<Power<'a>> {
    let custom = &tenant.custom_roles;
    let roles = tenant.directory_roles.get(&principal.id);
    let roles = roles.into_iter().flatten();
    let graph = principal.roles.iter().filter_map(graph::of);
    let directory = roles.filter_map(|held| directory::of(held, custom));
    let azure = principal.azure.iter();
    let azure = azure.filter_map(|held| azure::of(held, custom));
    graph.chain(directory).chain(azure).collect()
}

/// Everything that leads so far, whoever holds it.
pub fn known() -> Vec<Privilege> {
    let entra = graph::known().chain(directory::known());
    entra.chain(azure::known()).collect()
}

type Custom = BTreeMap<String, CustomRole>;

/// Whether a role that was made lets its holder do something: one of its permissions includes the action and does not
/// take it out again. Source: Microsoft, "Understand Azure role definitions" (wildcards, `NotActions`).
fn allows(role: &CustomRole, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let any = |patterns: &[String]| {
        let mut patterns = patterns.iter();
        patterns.any(|it| Pattern::glob(&it.to_ascii_lowercase()).matches(&action))
    };
    let mut permissions = role.permissions.iter();
    permissions.any(|it| any(&it.actions) && !any(&it.not_actions))
}
