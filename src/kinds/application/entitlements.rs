//! What an application offers others: app roles, scopes, and the clients that need no consent for them.
//!
//! Sources: Microsoft Graph, resource types `appRole`, `permissionScope` and `preAuthorizedApplication`;
//! microsoftgraph/msgraph-bicep-types#196 (what is enabled has to be disabled before it goes).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{check, pre_authorized};
use crate::kinds::Scene;
use crate::kinds::api::Class;
use crate::kinds::lower::Lowering;
use crate::model::desired::Resource;
use crate::model::schema::{Field, Type};
use crate::model::value::{Map, Value};

/// Computed: app roles, scopes by value, and clients by client id, each as the JSON that Graph takes.
pub const ROLES: &str = "app_roles";
pub const SCOPES: &str = "oauth2_permission_scopes";
pub const CLIENTS: &str = "pre_authorized_applications";

/// Ids are worked out from the unique name and the value, so that every run makes the same.
const NAMESPACE: Uuid = Uuid::from_u128(0x5b1f_6a0e_6d3c_5c0b_9c41_7472_7573_7466);

pub static ROLE: &[Field] = &[
    Field::string("display_name", "What an administrator sees.").required(),
    Field::string("description", "What having the role means.").required(),
    Field::new("allowed_member_types", Type::Set(&Type::String), "Who may be given it: `Application` for workloads, `User` for people and groups.")
        .words(&["User", "Application"])
        .required(),
    Field::bool("enabled", "Whether it can be given. Default: `true`."),
    Field::string("id", "Its id. Default: the one that is there under the same value, else one made from the names.").check(check::guid),
];

pub static SCOPE: &[Field] = &[
    Field::string("admin_consent_display_name", "What an administrator sees when asked.").required(),
    Field::string("admin_consent_description", "What the administrator consents to.").required(),
    Field::string("user_consent_display_name", "What a user sees when asked."),
    Field::string("user_consent_description", "What the user consents to."),
    Field::string("type", "Who may consent: `User`, or only an `Admin`. Default: `User`.").words(&["User", "Admin"]),
    Field::bool("enabled", "Whether it can be asked for. Default: `true`."),
    Field::string("id", "Its id. Default: the one that is there under the same value, else one made from the names.").check(check::guid),
];

/// Checks the blocks and works out what Graph stores.
pub fn lower(resource: &mut Resource, lowering: &mut Lowering) {
    let unique_name = resource.text("unique_name").unwrap_or_default().to_owned();
    let personal = resource
        .text("sign_in_audience")
        .is_some_and(|audience| audience.contains("Personal"));
    let roles = entries(resource, "app_role", &unique_name, lowering);
    let scopes = entries(
        resource,
        "api.oauth2_permission_scope",
        &unique_name,
        lowering,
    );
    if personal && !roles.is_empty() {
        lowering.refuse(
            resource,
            "app_role",
            "roles-of-personal-accounts",
            "an application for personal accounts cannot have app roles",
            "use scopes, or `sign_in_audience = \"AzureADMultipleOrgs\"`",
        );
    }
    let clients = pre_authorized::lower(resource, &scopes, lowering);
    for (name, entries) in [(ROLES, roles), (SCOPES, scopes), (CLIENTS, clients)] {
        if !entries.is_empty() {
            let texts = entries
                .into_iter()
                .map(|(value, json)| (value, Value::from(json.to_string())));
            resource.body.insert(name.to_owned(), Value::map(texts));
        }
    }
}

fn entries(
    resource: &Resource,
    path: &str,
    unique_name: &str,
    lowering: &mut Lowering,
) -> BTreeMap<String, Json> {
    let blocks = resource.at(path).and_then(Value::as_map);
    let mut entries = BTreeMap::new();
    for (value, block) in blocks.into_iter().flatten() {
        let at = format!("{path}.{value}");
        if let Some(why) = wrong_value(value) {
            lowering.refuse(
                resource,
                &at,
                "permission-value",
                format!("`{value}` cannot be the value of a permission: {why}"),
                "use a name such as `Invoices.Read`",
            );
        }
        if block
            .as_map()
            .is_some_and(|block| block.values().any(|value| !value.refs().is_empty()))
        {
            lowering.refuse(
                resource,
                &at,
                "not-known-yet",
                format!("`{at}` cannot depend on a value that is known only after an apply"),
                "write it out, or take it from a variable",
            );
        }
        let text = |name: &str| block.get(name).and_then(Value::as_str);
        let derived =
            || Uuid::new_v5(&NAMESPACE, format!("{unique_name}\n{value}").as_bytes()).to_string();
        let id = text("id").map_or_else(derived, str::to_ascii_lowercase);
        let enabled = block.get("enabled") != Some(&Value::Bool(false));
        let entry = if path == "app_role" {
            let types: Vec<&str> = block
                .get("allowed_member_types")
                .into_iter()
                .flat_map(Value::items)
                .filter_map(Value::as_str)
                .collect();
            json!({"id": id, "value": value, "displayName": text("display_name"), "description": text("description"), "allowedMemberTypes": types, "isEnabled": enabled})
        } else {
            json!({"id": id, "value": value, "type": text("type").unwrap_or("User"), "isEnabled": enabled,
                "adminConsentDisplayName": text("admin_consent_display_name"), "adminConsentDescription": text("admin_consent_description"),
                "userConsentDisplayName": text("user_consent_display_name"), "userConsentDescription": text("user_consent_description")})
        };
        entries.insert(value.clone(), entry);
    }
    entries
}

/// Why Graph refuses a permission's value (msgraph-bicep-types, `permissionScope.value`).
pub fn wrong_value(value: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":!#$%&'()*+,-./;=?@[]^_{}~`".contains(c);
    match value {
        "" => Some("it is empty".to_owned()),
        _ if value.starts_with('.') => Some("it begins with `.`".to_owned()),
        _ if value.chars().count() > 120 => Some("it has more than 120 characters".to_owned()),
        _ => value.chars().find(|c| !allowed(*c)).map(|c| match c {
            ' ' => "it has a space".to_owned(),
            c => format!("it has `{}`", c.escape_debug()),
        }),
    }
}

/// What is there under the same value keeps its id: grants are made with it.
pub fn resolve(resource: &mut Resource, scene: &Scene) {
    let Some(object) = scene.object else {
        return;
    };
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (name, path) in [(ROLES, "app_role"), (SCOPES, "api.oauth2_permission_scope")] {
        for (value, wanted) in parsed(resource.body.get(name)) {
            let given = resource
                .at(path)
                .and_then(|blocks| blocks.get(&value)?.get("id")?.as_str());
            let there = parsed(object.body.get(name));
            if let (None, Some(wanted), Some(there)) = (
                given,
                wanted["id"].as_str(),
                there.get(&value).and_then(|there| there["id"].as_str()),
            ) {
                ids.insert(wanted.to_owned(), there.to_owned());
            }
        }
    }
    for name in [ROLES, SCOPES, CLIENTS] {
        let Some(Value::Map(entries)) = resource.body.get_mut(name) else {
            continue;
        };
        for entry in entries.values_mut() {
            let mut text = entry.as_str().unwrap_or_default().to_owned();
            for (derived, there) in &ids {
                text = text.replace(derived, there);
            }
            *entry = text.into();
        }
    }
}

/// The ids of what an application offers, by value.
pub fn ids(resource: &Resource, class: Class) -> BTreeMap<String, String> {
    let field = match class {
        Class::Application => ROLES,
        Class::Delegated => SCOPES,
    };
    let entries = parsed(resource.body.get(field)).into_iter();
    entries
        .filter_map(|(value, entry)| Some((value, entry["id"].as_str()?.to_owned())))
        .collect()
}

fn parsed(entries: Option<&Value>) -> BTreeMap<String, Json> {
    let entries = entries.and_then(Value::as_map).into_iter().flatten();
    entries
        .filter_map(|(value, text)| {
            Some((value.clone(), serde_json::from_str(text.as_str()?).ok()?))
        })
        .collect()
}

/// What an application offers, as Graph has it, in the words of [`lower`].
pub fn decode(body: &mut Map, json: &Json) {
    let each = |place: &str| {
        json.pointer(place)
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let pick = |entry: &Json, names: &[&str]| -> Json {
        names
            .iter()
            .map(|name| ((*name).to_owned(), entry[*name].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let roles = each("/appRoles").into_iter().map(|role| {
        let mut entry = pick(
            &role,
            &[
                "id",
                "value",
                "displayName",
                "description",
                "allowedMemberTypes",
                "isEnabled",
            ],
        );
        sort(&mut entry["allowedMemberTypes"]);
        (name_of(&role), entry)
    });
    let scopes = each("/api/oauth2PermissionScopes")
        .into_iter()
        .map(|scope| {
            let names = [
                "id",
                "value",
                "type",
                "isEnabled",
                "adminConsentDisplayName",
                "adminConsentDescription",
                "userConsentDisplayName",
                "userConsentDescription",
            ];
            (name_of(&scope), pick(&scope, &names))
        });
    let clients = each("/api/preAuthorizedApplications")
        .into_iter()
        .map(|client| {
            let mut ids = client["delegatedPermissionIds"].clone();
            sort(&mut ids);
            let id = text(&client["appId"]).to_ascii_lowercase();
            (
                id.clone(),
                json!({"appId": id, "delegatedPermissionIds": ids}),
            )
        });
    let all: [(&str, Vec<(String, Json)>); 3] = [
        (ROLES, roles.collect()),
        (SCOPES, scopes.collect()),
        (CLIENTS, clients.collect()),
    ];
    for (name, entries) in all {
        let texts = entries
            .into_iter()
            .map(|(value, entry)| (value, Value::from(entry.to_string())));
        body.insert(name.to_owned(), Value::map(texts));
    }
}

/// A role may have no value; its id tells it apart then.
fn name_of(entry: &Json) -> String {
    let of = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
    of("value").or(of("id")).unwrap_or_default().to_owned()
}

/// The service keeps no order.
fn sort(list: &mut Json) {
    if let Some(items) = list.as_array_mut() {
        items.sort_by_key(Json::to_string);
    }
}

/// Where each computed field stands in Graph's representation.
pub fn pointer(field: &str) -> Option<&'static str> {
    match field {
        ROLES => Some("/appRoles"),
        SCOPES => Some("/api/oauth2PermissionScopes"),
        CLIENTS => Some("/api/preAuthorizedApplications"),
        _ => None,
    }
}

/// The list that Graph stores.
pub fn encode(value: &Value) -> Value {
    Value::List(parsed(Some(value)).values().map(Value::from_json).collect())
}

/// What is there, with the entries disabled that are enabled and go, or get another value or id; none if there is no such.
pub fn disabled(before: &Value, after: &Value) -> Option<Value> {
    let (mut there, wanted) = (parsed(Some(before)), parsed(Some(after)));
    let mut some = false;
    for (name, entry) in &mut there {
        let stays = wanted
            .get(name)
            .is_some_and(|wanted| wanted["id"] == entry["id"]);
        if !stays && entry["isEnabled"] == true {
            entry["isEnabled"] = false.into();
            some = true;
        }
    }
    some.then(|| Value::List(there.values().map(Value::from_json).collect()))
}

/// In a few words, for people.
pub fn show(field: &str, value: &Value) -> Value {
    Value::map(parsed(Some(value)).into_iter().map(|(name, entry)| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let words = |list: &Json| {
            let words = list
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str);
            words.collect::<Vec<_>>().join(", ")
        };
        let off = if entry["isEnabled"] == false {
            ", disabled"
        } else {
            ""
        };
        let phrase = match field {
            ROLES => format!(
                "{} ({}{off})",
                text("displayName"),
                words(&entry["allowedMemberTypes"])
            ),
            SCOPES => format!(
                "{} ({} consents{off})",
                text("adminConsentDisplayName"),
                if text("type") == "Admin" {
                    "an administrator"
                } else {
                    "the user"
                }
            ),
            _ => format!(
                "without consent: {}",
                words(&entry["delegatedPermissionIds"])
            ),
        };
        (name, Value::from(phrase))
    }))
}
