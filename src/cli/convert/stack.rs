//! From the instances of a state to a stack that takes over what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value as Json;

use super::companions;
use super::rights::Rights;
use super::state::Instance;
use crate::cli::hcl_text::{label, quoted};

/// What became of a state.
#[derive(Default)]
pub struct Converted {
    pub text: String,
    pub applications: usize,
    pub identities: usize,
    pub credentials: usize,
    /// Roles in Azure.
    pub roles: usize,
    /// Passwords, keys and certificates that were left out.
    pub secrets: usize,
    /// What is not in the stack, by type and reason.
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
pub(super) const IDENTITY: &str = "azurerm_user_assigned_identity";
const ON_IDENTITY: &str = "azurerm_federated_identity_credential";

/// The stack; without a tenant the one that the state names.
pub fn convert(
    instances: &[Instance],
    name: &str,
    tenant: Option<&str>,
    unknown: &str,
) -> Converted {
    let mut converted = Converted::default();
    let rights = Rights::of(instances);
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
        } else if let (Some(id), false) = (companions::of(instance), instance.data) {
            applications.entry(id).or_default().push(instance);
        } else if let Some(id) = identity(instance) {
            identities.entry(id).or_default().push(instance);
        } else if !instance.data
            && kind != IMPLIED
            && !Rights::KINDS.contains(&kind)
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
        let of = |kinds: &[&str]| -> Vec<&Instance> {
            let all = members.iter().copied();
            all.filter(|one| kinds.contains(&one.kind)).collect()
        };
        let (owners, credentials) = (of(&APPLICATIONS), of(&CREDENTIALS));
        let managed = owners.iter().find(|one| !one.data).copied();
        if id.is_empty() || managed.is_none() {
            for one in of(companions::KINDS) {
                let reason = format!("{} (its application is not in the state)", one.kind);
                *converted.left.entry(reason).or_default() += 1;
            }
        }
        if id.is_empty() {
            let unknown = owners.iter().filter(|one| !one.data).map(|one| one.kind);
            for kind in unknown {
                let reason = format!("{kind} (it has no id)");
                *converted.left.entry(reason).or_default() += 1;
            }
            for one in &credentials {
                let reason = format!("{} (its application has no id)", one.kind);
                *converted.left.entry(reason).or_default() += 1;
            }
        }
        if id.is_empty() || (managed.is_none() && credentials.is_empty()) {
            continue;
        }
        let named = managed.or_else(|| owners.first().copied());
        let wanted = named.map_or_else(|| format!("app-{id}"), |one| one.name.clone());
        let label = unique(&label(&wanted), &mut labels);
        let _ = write!(converted.text, "\napplication \"{label}\" {{\n");
        match managed {
            Some(application) => {
                own(&mut converted.text, application, &of(companions::KINDS), id);
                rights.permissions(application, &of(companions::KINDS), id, &mut converted);
            }
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
        if managed.is_some() {
            rights.roles(id, &mut converted);
        }
        converted.text.push_str("}\n");
        converted.applications += 1;
    }
    let mut labels = BTreeSet::new();
    for (id, members) in identities {
        // One that somebody else manages and that trusts nobody is nothing to a stack.
        if members.iter().any(|one| !one.data) {
            on_identity(&mut converted, &rights, &id, &members, &mut labels);
        }
    }
    rights.left(&mut converted);
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
    rights: &Rights,
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
        "\nmanaged_identity \"{label}\" {{\n  # The identity itself stays where it is declared: only its credentials and roles are this stack's.\n  existing = {}\n",
        quoted(id)
    );
    let mut inner = BTreeSet::new();
    for one in members.iter().filter(|one| one.kind == ON_IDENTITY) {
        credential(&mut converted.text, one, &mut inner);
        converted.credentials += 1;
    }
    rights.roles(id, converted);
    converted.text.push_str("}\n");
    converted.identities += 1;
}

/// A GUID, also as the last part of `/applications/<id>`.
pub(super) fn object_id<'a>(instance: &'a Instance, names: &[&str]) -> Option<&'a str> {
    let text = instance.text(names)?;
    text.rsplit('/')
        .next()
        .filter(|id| uuid::Uuid::try_parse(id).is_ok())
}

pub(super) fn unique(label: &str, taken: &mut BTreeSet<String>) -> String {
    let mut unique = label.to_owned();
    let mut number = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{label}_{number}");
        number += 1;
    }
    unique
}

/// Attributes of an application that are texts, and have the same word here.
const TEXTS: &[&str] = &[
    "description",
    "notes",
    "service_management_reference",
    "marketing_url",
    "privacy_statement_url",
    "support_url",
    "terms_of_service_url",
];
const FLAGS: &[&str] = &[
    "fallback_public_client_enabled",
    "device_only_auth_enabled",
    "oauth2_post_response_required",
];
/// What an application may have and this does not carry over.
const LEFT: &[&str] = &["api", "app_role", "optional_claims", "owners", "logo_image"];

/// An application that the stack takes over; what is not said stays as it is.
fn own(text: &mut String, application: &Instance, companions: &[&Instance], id: &str) {
    let attributes = application.attributes;
    let set = |value: &Json| match value {
        Json::Array(items) => !items.is_empty(),
        Json::String(text) => !text.is_empty(),
        _ => false,
    };
    let left: Vec<&str> = LEFT
        .iter()
        .copied()
        .filter(|name| set(&attributes[*name]))
        .collect();
    if !left.is_empty() {
        let _ = writeln!(
            text,
            "  # Left as it is, and not written here: {}.",
            left.join(", ")
        );
    }
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
    for name in TEXTS {
        if let Some(value) = application.text(&[name]) {
            line(name, quoted(value));
        }
    }
    for name in FLAGS.iter().filter(|name| attributes[**name] == true) {
        line(name, "true".to_owned());
    }
    for name in ["group_membership_claims", "tags"] {
        if let Some(values) = strings(&attributes[name]) {
            line(name, values);
        }
    }
    let more = companions::texts(companions, companions::IDENTIFIER_URI, "identifier_uri");
    if let Some(uris) = joined(&attributes["identifier_uris"], more) {
        line("identifier_uris", uris);
    }
    for (platform, word) in [
        ("web", "Web"),
        ("single_page_application", "SPA"),
        ("public_client", "PublicClient"),
    ] {
        let of = &attributes[platform][0];
        let more = companions::redirect_uris(companions, word);
        let mut inside = String::new();
        for name in ["homepage_url", "logout_url"] {
            if let Some(url) = of[name].as_str().filter(|url| !url.is_empty()) {
                let _ = writeln!(inside, "    {name} = {}", quoted(url));
            }
        }
        if let Some(uris) = joined(&of["redirect_uris"], more) {
            let _ = writeln!(inside, "    redirect_uris = {uris}");
        }
        let grants = ["access_token_issuance_enabled", "id_token_issuance_enabled"];
        let granted: Vec<&str> = grants
            .into_iter()
            .filter(|name| of["implicit_grant"][0][*name] == true)
            .collect();
        if !granted.is_empty() {
            let lines: String = granted
                .iter()
                .map(|name| format!("      {name} = true\n"))
                .collect();
            let _ = write!(inside, "    implicit_grant {{\n{lines}    }}\n");
        }
        if !inside.is_empty() {
            let _ = write!(text, "\n  {platform} {{\n{inside}  }}\n");
        }
    }
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
    joined(list, Vec::new())
}

/// A list of strings and some more, each once; none for an empty one.
fn joined(list: &Json, more: Vec<&str>) -> Option<String> {
    let own = list.as_array().into_iter().flatten();
    let mut items: Vec<&str> = own.filter_map(Json::as_str).collect();
    for text in more {
        if !items.contains(&text) {
            items.push(text);
        }
    }
    list_of(items)
}

/// `["a", "b"]`; none for an empty one.
pub(super) fn list_of<'a>(items: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
}
