//! What the identities of a state may do: permissions that are asked for and granted, and roles in Azure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value as Json;

use super::companions::API_ACCESS;
use super::stack::{Converted, IDENTITY, list_of, object_id, unique};
use super::state::Instance;
use crate::cli::hcl_text::{label, quoted};
use crate::kinds::api::{self, Class};

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const PRINCIPAL: &str = "azuread_service_principal";
const ROLE: &str = "azurerm_role_assignment";
const GRANTS: [&str; 2] = [
    "azuread_app_role_assignment",
    "azuread_service_principal_delegated_permission_grant",
];

/// Permissions of one API.
#[derive(Default)]
struct Permissions<'a> {
    roles: BTreeSet<&'a str>,
    /// Ids, or names that nobody knows the id of.
    scopes: BTreeSet<&'a str>,
}

/// Every right in a state, by who holds it: an application's object id, or an identity's resource id.
pub struct Rights<'a> {
    granted: BTreeMap<String, BTreeMap<&'a str, Permissions<'a>>>,
    roles: BTreeMap<String, Vec<&'a Instance<'a>>>,
    left: BTreeMap<String, usize>,
}

impl<'a> Rights<'a> {
    pub const KINDS: [&'static str; 3] = [ROLE, GRANTS[0], GRANTS[1]];

    pub fn of(instances: &'a [Instance<'a>]) -> Self {
        let mut rights = Self {
            granted: BTreeMap::new(),
            roles: BTreeMap::new(),
            left: BTreeMap::new(),
        };
        let holders = Holders::of(instances);
        for one in instances.iter().filter(|one| !one.data) {
            let taken = match one.kind {
                ROLE => rights.role(one, &holders),
                kind if kind == GRANTS[0] => rights.app_role(one, &holders),
                kind if kind == GRANTS[1] => rights.delegated(one, &holders),
                _ => continue,
            };
            if let Err(why) = taken {
                let reason = format!("{} ({why})", one.kind);
                *rights.left.entry(reason).or_default() += 1;
            }
        }
        rights
    }

    fn role(&mut self, one: &'a Instance<'a>, holders: &Holders) -> Result<(), &'static str> {
        let principal = one.text(&["principal_id"]).unwrap_or_default();
        let holder = holders.holder(principal);
        let holder = holder.ok_or("its principal is no application or identity of the state")?;
        if one.text(&["condition"]).is_some() {
            return Err("it has a condition");
        }
        if one.text(&["scope"]).is_none()
            || one
                .text(&["role_definition_name", "role_definition_id"])
                .is_none()
        {
            return Err("it names no scope or no role");
        }
        self.roles.entry(holder).or_default().push(one);
        Ok(())
    }

    fn app_role(
        &mut self,
        one: &'a Instance<'a>,
        holders: &Holders<'a>,
    ) -> Result<(), &'static str> {
        let (holder, api) = holders.grant(one, "principal_object_id", "resource_object_id")?;
        let role = one.text(&["app_role_id"]).ok_or("it names no role")?;
        let of = self.granted.entry(holder).or_default();
        of.entry(api).or_default().roles.insert(role);
        Ok(())
    }

    fn delegated(
        &mut self,
        one: &'a Instance<'a>,
        holders: &Holders<'a>,
    ) -> Result<(), &'static str> {
        if one.text(&["user_object_id"]).is_some() {
            return Err("it is one user's");
        }
        let names = (
            "service_principal_object_id",
            "resource_service_principal_object_id",
        );
        let (holder, api) = holders.grant(one, names.0, names.1)?;
        let values = one.attributes["claim_values"].as_array();
        let of = self
            .granted
            .entry(holder)
            .or_default()
            .entry(api)
            .or_default();
        of.scopes.extend(
            values
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .map(|name| id_of(api, name)),
        );
        Ok(())
    }

    /// What an application asks for, and whether all of it is granted: where only a part is, grants stay as they are.
    pub fn permissions(
        &self,
        application: &Instance,
        companions: &[&Instance],
        id: &str,
        converted: &mut Converted,
    ) {
        let mut asked: BTreeMap<&str, Permissions> = BTreeMap::new();
        let access = application.attributes["required_resource_access"].as_array();
        for access in access.into_iter().flatten() {
            let Some(api) = access["resource_app_id"].as_str() else {
                continue;
            };
            let of = asked.entry(api).or_default();
            for one in access["resource_access"].as_array().into_iter().flatten() {
                match (one["type"].as_str(), one["id"].as_str()) {
                    (Some("Role"), Some(id)) => of.roles.insert(id),
                    (Some("Scope"), Some(id)) => of.scopes.insert(id),
                    _ => false,
                };
            }
        }
        for one in companions.iter().filter(|one| one.kind == API_ACCESS) {
            let Some(api) = one.text(&["api_client_id"]) else {
                continue;
            };
            let ids = |name: &str| {
                let list = one.attributes[name].as_array();
                list.into_iter().flatten().filter_map(Json::as_str)
            };
            let of = asked.entry(api).or_default();
            of.roles.extend(ids("role_ids"));
            of.scopes.extend(ids("scope_ids"));
        }
        let none = BTreeMap::new();
        let granted = self.granted.get(id).unwrap_or(&none);
        let apis: BTreeSet<&str> = asked.keys().chain(granted.keys()).copied().collect();
        let nothing = Permissions::default();
        for api in apis {
            let wanted = asked.get(api).unwrap_or(&nothing);
            let held = granted.get(api).unwrap_or(&nothing);
            let any = !held.roles.is_empty() || !held.scopes.is_empty();
            let all =
                any && wanted.roles.is_subset(&held.roles) && wanted.scopes.is_subset(&held.scopes);
            if any && !all {
                let reason = "grants (not all that the application asks of the API is granted: they stay as they are)";
                *converted.left.entry(reason.to_owned()).or_default() +=
                    held.roles.len() + held.scopes.len();
            }
            let (mut roles, mut scopes) = (wanted.roles.clone(), wanted.scopes.clone());
            if all {
                roles.extend(&held.roles);
                scopes.extend(&held.scopes);
            }
            block(&mut converted.text, api, &roles, &scopes, all);
        }
    }

    /// The roles in Azure of one identity.
    pub fn roles(&self, holder: &str, converted: &mut Converted) {
        let mut labels = BTreeSet::new();
        for one in self.roles.get(holder).into_iter().flatten() {
            let label = unique(&label(&one.name), &mut labels);
            let text = &mut converted.text;
            let _ = write!(text, "\n  role_assignment \"{label}\" {{\n");
            for names in [
                &["scope"][..],
                &["role_definition_name", "role_definition_id"],
            ] {
                let found = names
                    .iter()
                    .find_map(|name| Some((name, one.text(&[name])?)));
                if let Some((name, value)) = found {
                    let _ = writeln!(text, "    {name} = {}", quoted(value));
                }
            }
            text.push_str("  }\n");
            converted.roles += 1;
        }
    }

    /// Says what nobody could be found for.
    pub fn left(&self, converted: &mut Converted) {
        for (reason, count) in &self.left {
            *converted.left.entry(reason.clone()).or_default() += count;
        }
    }
}

fn block(
    text: &mut String,
    api: &str,
    roles: &BTreeSet<&str>,
    scopes: &BTreeSet<&str>,
    consent: bool,
) {
    let label = if api == GRAPH { "microsoft_graph" } else { api };
    let _ = write!(text, "\n  permissions {} {{\n", quoted(label));
    for (name, ids) in [("application", roles), ("delegated", scopes)] {
        if let Some(ids) = list_of(ids.iter().copied()) {
            let _ = writeln!(text, "    {name} = {ids}");
        }
    }
    if consent {
        text.push_str("    admin_consent = true\n");
    }
    text.push_str("  }\n");
}

/// A delegated permission of Graph by its id, as an application asks for it; another API's stays a name.
fn id_of<'a>(api: &str, name: &'a str) -> &'a str {
    match api {
        GRAPH => api::graph_permission(Class::Delegated, name).unwrap_or(name),
        _ => name,
    }
}

/// Who a principal is.
struct Holders<'a> {
    /// Client ids, by the object id of a service principal.
    clients: BTreeMap<&'a str, &'a str>,
    /// Object ids of applications, by client id.
    applications: BTreeMap<&'a str, &'a str>,
    /// Resource ids of managed identities, by principal id.
    identities: BTreeMap<&'a str, &'a str>,
}

impl<'a> Holders<'a> {
    fn of(instances: &'a [Instance<'a>]) -> Self {
        let mut holders = Self {
            clients: BTreeMap::new(),
            applications: BTreeMap::new(),
            identities: BTreeMap::new(),
        };
        for one in instances {
            let client = one.text(&["client_id", "application_id"]);
            match one.kind {
                PRINCIPAL => holders
                    .clients
                    .extend(object_id(one, &["object_id", "id"]).zip(client)),
                IDENTITY => holders
                    .identities
                    .extend(one.text(&["principal_id"]).zip(one.text(&["id"]))),
                "azuread_application" | "azuread_application_registration" if !one.data => holders
                    .applications
                    .extend(client.zip(object_id(one, &["object_id", "id"]))),
                _ => {}
            }
        }
        holders
    }

    fn holder(&self, principal: &str) -> Option<String> {
        let application = |client: &&str| self.applications.get(*client).copied();
        let application = self.clients.get(principal).and_then(application);
        let found = application.or_else(|| self.identities.get(principal).copied());
        found.map(str::to_owned)
    }

    /// The application that holds a grant, and the client id of the API that it is of.
    fn grant(
        &self,
        one: &'a Instance<'a>,
        holder: &str,
        api: &str,
    ) -> Result<(String, &'a str), &'static str> {
        let principal = one.text(&[holder]).unwrap_or_default();
        let client = self.clients.get(principal);
        let application = client.and_then(|client| self.applications.get(*client));
        let application = application.ok_or("its principal is no application of the state")?;
        let resource = one.text(&[api]).unwrap_or_default();
        let api = self.clients.get(resource);
        let api = api.ok_or("its API's service principal is not in the state")?;
        Ok(((*application).to_owned(), api))
    }
}
