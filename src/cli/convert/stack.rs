//! From the instances of a state to a stack that takes over what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value as Json;

use super::state::Instance;
use crate::cli::hcl_text::{label, quoted};

/// What became of a state.
#[derive(Default)]
pub struct Converted {
    pub text: String,
    pub applications: usize,
    pub identities: usize,
    pub credentials: usize,
    /// Passwords, keys and certificates that were left out.
    pub secrets: usize,
    /// Identities and rights that are not in the stack, by type.
    pub left: BTreeMap<String, usize>,
}

const APPLICATIONS: [&str; 2] = ["azuread_application", "azuread_application_registration"];
const CREDENTIALS: [&str; 2] = [
    "azuread_application_federated_identity_credential",
    "azuread_application_flexible_federated_identity_credential",
];
const SECRETS: [&str; 4] = [
    "azuread_application_password",
    "azuread_application_certificate",
    "azuread_service_principal_password",
    "azuread_service_principal_certificate",
];
/// Every application has one.
const IMPLIED: &str = "azuread_service_principal";
const IDENTITY: &str = "azurerm_user_assigned_identity";
const ON_IDENTITY: &str = "azurerm_federated_identity_credential";

/// The stack; without a tenant the one that the state names.
pub fn convert(
    instances: &[Instance],
    name: &str,
    tenant: Option<&str>,
    unknown: &str,
) -> Converted {
    let mut converted = Converted::default();
    let mut applications: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    let mut identities: BTreeMap<String, Vec<&Instance>> = BTreeMap::new();
    for instance in instances {
        let kind = instance.kind;
        let secrets = ["password", "key_credential", "certificate"];
        if APPLICATIONS.contains(&kind) {
            let inner = secrets
                .iter()
                .filter_map(|name| instance.attributes[*name].as_array());
            converted.secrets += inner
                .filter(|_| !instance.data)
                .map(Vec::len)
                .sum::<usize>();
            let id = object_id(instance, &["object_id", "id"]).unwrap_or_default();
            applications.entry(id).or_default().insert(0, instance);
        } else if CREDENTIALS.contains(&kind) && !instance.data {
            let names = ["application_id", "application_object_id"];
            let id = object_id(instance, &names).unwrap_or_default();
            applications.entry(id).or_default().push(instance);
        } else if SECRETS.contains(&kind) {
            converted.secrets += 1;
        } else if let Some(id) = identity(instance) {
            identities.entry(id).or_default().push(instance);
        } else if !instance.data
            && kind != IMPLIED
            && (kind.starts_with("azuread_") || [IDENTITY, ON_IDENTITY].contains(&kind))
        {
            *converted.left.entry(kind.to_owned()).or_default() += 1;
        }
    }
    let found = instances
        .iter()
        .find_map(|one| one.text(&["tenant_id", "application_tenant_id"]));
    let tenant = match tenant.or(found) {
        Some(tenant) => quoted(tenant),
        None => format!("{} # az account show --query tenantId", quoted(unknown)),
    };
    converted.text = format!("stack {} {{\n  tenant_id = {tenant}\n}}\n", quoted(name));
    let mut labels = BTreeSet::new();
    for (id, members) in applications {
        let (owners, credentials): (Vec<&Instance>, Vec<&Instance>) = members
            .iter()
            .partition(|one| APPLICATIONS.contains(&one.kind));
        let managed = owners.iter().find(|one| !one.data).copied();
        if id.is_empty() || (managed.is_none() && credentials.is_empty()) {
            continue;
        }
        let named = managed.or_else(|| owners.first().copied());
        let wanted = named.map_or_else(|| format!("app-{id}"), |one| one.name.clone());
        let label = unique(&label(&wanted), &mut labels);
        let _ = write!(converted.text, "\napplication \"{label}\" {{\n");
        match managed {
            Some(application) => own(&mut converted.text, application, id),
            None => {
                let _ = write!(
                    converted.text,
                    "  # Somebody else manages it: only its credentials are this stack's.\n  existing = {{ object_id = {} }}\n",
                    quoted(id)
                );
            }
        }
        let mut inner = BTreeSet::new();
        for one in credentials {
            credential(&mut converted.text, one, &mut inner);
            converted.credentials += 1;
        }
        converted.text.push_str("}\n");
        converted.applications += 1;
    }
    let mut labels = BTreeSet::new();
    for (id, members) in identities {
        // One that trusts nobody is nothing to a stack.
        if members.iter().any(|one| one.kind == ON_IDENTITY) {
            on_identity(&mut converted, &id, &members, &mut labels);
        }
    }
    converted
}

/// The managed identity that an instance is, or lies in: its resource id, as far as Azure compares it.
fn identity(instance: &Instance) -> Option<String> {
    let id = match instance.kind {
        IDENTITY => instance.text(&["id"]),
        ON_IDENTITY if !instance.data => instance.text(&["parent_id", "user_assigned_identity_id"]),
        _ => None,
    }?;
    id.starts_with("/subscriptions/").then(|| id.to_owned())
}

/// An identity stays the other tool's: what it trusts becomes the stack's.
fn on_identity(
    converted: &mut Converted,
    id: &str,
    members: &[&Instance],
    labels: &mut BTreeSet<String>,
) {
    let named = members.iter().find(|one| one.kind == IDENTITY);
    let last = id.rsplit('/').next().unwrap_or_default();
    let wanted = named.map_or(last, |one| one.name.as_str());
    let label = unique(&label(wanted), labels);
    let _ = write!(
        converted.text,
        "\nmanaged_identity \"{label}\" {{\n  # The identity itself stays where it is declared: only its credentials are this stack's.\n  existing = {}\n",
        quoted(id)
    );
    let mut inner = BTreeSet::new();
    for one in members.iter().filter(|one| one.kind == ON_IDENTITY) {
        credential(&mut converted.text, one, &mut inner);
        converted.credentials += 1;
    }
    converted.text.push_str("}\n");
    converted.identities += 1;
}

/// A GUID, also as the last part of `/applications/<id>`.
fn object_id<'a>(instance: &'a Instance, names: &[&str]) -> Option<&'a str> {
    let text = instance.text(names)?;
    text.rsplit('/')
        .next()
        .filter(|id| uuid::Uuid::try_parse(id).is_ok())
}

fn unique(label: &str, taken: &mut BTreeSet<String>) -> String {
    let mut unique = label.to_owned();
    let mut number = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{label}_{number}");
        number += 1;
    }
    unique
}

/// An application that the stack takes over; what is not said stays as it is.
fn own(text: &mut String, application: &Instance, id: &str) {
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name} = {value}");
    };
    if let Some(name) = application.text(&["display_name"]) {
        line("display_name", quoted(name));
    }
    line("adopt", format!("{{ object_id = {} }}", quoted(id)));
    if let Some(audience) = application.text(&["sign_in_audience"]) {
        line("sign_in_audience", quoted(audience));
    }
    let attributes = application.attributes;
    if let Some(uris) = strings(&attributes["identifier_uris"]) {
        line("identifier_uris", uris);
    }
    for platform in ["web", "single_page_application", "public_client"] {
        if let Some(uris) = strings(&attributes[platform][0]["redirect_uris"]) {
            let _ = write!(
                text,
                "\n  {platform} {{\n    redirect_uris = {uris}\n  }}\n"
            );
        }
    }
    for access in attributes["required_resource_access"]
        .as_array()
        .into_iter()
        .flatten()
    {
        permissions(text, access);
    }
}

/// What it asks of one API, by ids. Whether it is granted is left as it is.
fn permissions(text: &mut String, access: &Json) {
    const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
    let Some(api) = access["resource_app_id"].as_str() else {
        return;
    };
    let label = if api == GRAPH { "microsoft_graph" } else { api };
    let of = |class: &str| {
        let list = access["resource_access"].as_array().into_iter().flatten();
        let ids = list
            .filter(|one| one["type"] == class)
            .map(|one| one["id"].clone());
        strings(&Json::Array(ids.collect()))
    };
    let _ = write!(text, "\n  permissions {} {{\n", quoted(label));
    for (name, ids) in [("application", of("Role")), ("delegated", of("Scope"))] {
        if let Some(ids) = ids {
            let _ = writeln!(text, "    {name} = {ids}");
        }
    }
    text.push_str("  }\n");
}

fn credential(text: &mut String, one: &Instance, taken: &mut BTreeSet<String>) {
    let label = unique(&label(&one.name), taken);
    let _ = write!(text, "\n  federated_credential \"{label}\" {{\n");
    let mut line = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = writeln!(text, "    {name} = {}", quoted(value));
        }
    };
    line("issuer", one.text(&["issuer"]));
    line("subject", one.text(&["subject"]));
    line(
        "claims_matching_expression",
        one.text(&["claims_matching_expression"]),
    );
    let first = |name: &str| one.attributes[name][0].as_str();
    let audience = first("audiences").or_else(|| first("audience"));
    line("audience", audience.or_else(|| one.text(&["audience"])));
    line("description", one.text(&["description"]));
    text.push_str("  }\n");
}

/// A list of strings; none for an empty one.
fn strings(list: &Json) -> Option<String> {
    let items: Vec<String> = list
        .as_array()?
        .iter()
        .filter_map(Json::as_str)
        .map(quoted)
        .collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
}
