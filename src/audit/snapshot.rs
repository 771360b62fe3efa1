//! From what Graph answers to a [`Tenant`]; and the snapshot's own format.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value as Json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::kinds::application::Form;
use crate::kinds::{agent_identity_blueprint, api};
use crate::model::rule::Need;
use crate::model::tenant::{
    Application, Credential, Granted, Owner, Principal, Requested, Secret, Tenant,
};

pub const FORMAT: &str = "trustform-snapshot/2";

/// The format before: it knows neither directory roles nor custom ones, no roles through groups, and no owners of service
/// principals.
const BEFORE: &str = "trustform-snapshot/1";

/// Members of applications that the rules look at.
pub const APPLICATION_SELECT: &str = "id,appId,displayName,uniqueName,createdDateTime,signInAudience,tags,passwordCredentials,keyCredentials,web,spa,publicClient,identifierUris,isFallbackPublicClient,optionalClaims,requiredResourceAccess,authenticationBehaviors,servicePrincipalLockConfiguration";

/// Members of service principals that the rules look at.
pub const PRINCIPAL_SELECT: &str = "id,appId,displayName,servicePrincipalType,appOwnerOrganizationId,accountEnabled,preferredSingleSignOnMode,alternativeNames,tags,passwordCredentials,keyCredentials";

/// Reads a snapshot's text.
///
/// # Errors
/// It is no snapshot, or one of another version.
pub fn parse(text: &[u8]) -> Result<Tenant, String> {
    let mut tenant: Tenant = serde_json::from_slice(text).map_err(|error| strange(text, &error))?;
    match tenant.format.as_str() {
        FORMAT => Ok(tenant),
        BEFORE => {
            for need in [
                Need::PrincipalOwners,
                Need::Directory,
                Need::CustomRoles,
                Need::Groups,
            ] {
                let why = format!(
                    "the snapshot is in the older format `{BEFORE}`, which holds none: make it again with `--save`"
                );
                tenant.unread.insert(need.word().to_owned(), why);
            }
            FORMAT.clone_into(&mut tenant.format);
            Ok(tenant)
        }
        other => Err(unknown(other)),
    }
}

fn unknown(format: &str) -> String {
    format!("its format is `{format}`, not `{FORMAT}`")
}

/// Why a text is no snapshot.
fn strange(text: &[u8], error: &serde_json::Error) -> String {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        format: String,
    }
    if error.is_eof() {
        return format!(
            "it ends in the middle (line {}, column {})",
            error.line(),
            error.column()
        );
    }
    match serde_json::from_slice::<Head>(text) {
        Ok(Head { format }) if format.is_empty() => {
            "it is no snapshot: it names no `format`".to_owned()
        }
        Ok(Head { format }) if format != FORMAT && format != BEFORE => unknown(&format),
        _ => error.to_string(),
    }
}

/// An application as a list shows it, with its credentials where they were expanded.
pub fn application(json: &Json) -> Application {
    let flag = |pointer: &str| json.pointer(pointer).and_then(Json::as_bool);
    let claims = ["idToken", "accessToken"];
    Application {
        id: text(json, "id"),
        app_id: text(json, "appId"),
        display_name: text(json, "displayName"),
        unique_name: json["uniqueName"].as_str().map(str::to_owned),
        created: seconds(&json["createdDateTime"]),
        sign_in_audience: word(json, "signInAudience"),
        tags: texts(&json["tags"]),
        passwords: secrets(&json["passwordCredentials"]),
        certificates: secrets(&json["keyCredentials"]),
        credentials: kept(items(&json["federatedIdentityCredentials"]).map(credential)),
        redirect_uris: kept(
            ["web", "spa", "publicClient"]
                .iter()
                .flat_map(|part| texts(&json[*part]["redirectUris"])),
        ),
        identifier_uris: texts(&json["identifierUris"]),
        access_token_issuance: flag("/web/implicitGrantSettings/enableAccessTokenIssuance")
            == Some(true),
        id_token_issuance: flag("/web/implicitGrantSettings/enableIdTokenIssuance") == Some(true),
        public_client_fallback: flag("/isFallbackPublicClient") == Some(true),
        email_claim: claims.iter().any(|token| {
            items(&json["optionalClaims"][*token]).any(|claim| claim["name"] == "email")
        }),
        removes_unverified_email: flag("/authenticationBehaviors/removeUnverifiedEmailClaim"),
        instance_lock: flag("/servicePrincipalLockConfiguration/isEnabled"),
        requested: kept(items(&json["requiredResourceAccess"]).flat_map(|api| {
            let app_id = text(api, "resourceAppId");
            items(&api["resourceAccess"]).map(move |one| requested(&app_id, one))
        })),
        owners: None,
        blueprint: Form::said(json).kind == agent_identity_blueprint::KIND,
        sponsors: None,
        declared_at: None,
        keeps_unmanaged: false,
    }
}

fn requested(app_id: &str, json: &Json) -> Requested {
    let id = text(json, "id").to_ascii_lowercase();
    let class = api::Class::from_wire(json["type"].as_str().unwrap_or_default());
    Requested {
        api: app_id.to_owned(),
        name: permission_name(app_id, class, &id),
        application: class == api::Class::Application,
        id,
    }
}

/// A permission's name as far as the built-in table of Microsoft Graph knows it; else its id.
fn permission_name(app_id: &str, class: api::Class, id: &str) -> String {
    let known = api::graph_permission_name(class, id).filter(|_| app_id == api::MICROSOFT_GRAPH);
    known.unwrap_or(id).to_owned()
}

/// A federated identity credential as Graph's beta version shows it.
pub fn credential(json: &Json) -> Credential {
    let some = |value: &Json| value.as_str().map(str::to_owned);
    Credential {
        id: text(json, "id"),
        name: text(json, "name"),
        issuer: text(json, "issuer"),
        subject: some(&json["subject"]).filter(|subject| !subject.is_empty()),
        expression: some(&json["claimsMatchingExpression"]["value"]),
        audiences: texts(&json["audiences"]),
        description: some(&json["description"]),
        declared_at: None,
    }
}

pub fn principal(json: &Json) -> Principal {
    let some = |value: &Json| value.as_str().map(str::to_owned);
    Principal {
        id: text(json, "id"),
        app_id: text(json, "appId"),
        display_name: text(json, "displayName"),
        kind: word(json, "servicePrincipalType"),
        owner_tenant: some(&json["appOwnerOrganizationId"]),
        enabled: json["accountEnabled"].as_bool().unwrap_or(true),
        single_sign_on: some(&json["preferredSingleSignOnMode"]),
        resource: resource(json),
        tags: texts(&json["tags"]),
        passwords: secrets(&json["passwordCredentials"]),
        certificates: secrets(&json["keyCredentials"]),
        owners: owners(json),
        ..Principal::default()
    }
}

/// The id in Azure of the user-assigned managed identity that a service principal belongs to: one of its alternative
/// names (Microsoft Graph, "servicePrincipal resource type").
fn resource(json: &Json) -> Option<String> {
    const TYPE: &str = "/providers/microsoft.managedidentity/userassignedidentities/";
    let mut names = items(&json["alternativeNames"]).filter_map(Json::as_str);
    let managed = json["servicePrincipalType"] == "ManagedIdentity";
    let id = names.find(|name| managed && name.to_ascii_lowercase().contains(TYPE))?;
    // It goes into addresses.
    let letters = |c: char| c.is_ascii_alphanumeric() || "/-_.()".contains(c);
    let fits = id.starts_with("/subscriptions/") && id.chars().all(letters);
    (fits && !id.contains("..")).then(|| id.to_owned())
}

/// One row of a report of sign-ins: its `appId` or `keyId`, and when it was last seen.
pub fn last_seen(json: &Json, id: &str, activity: &str) -> Option<(String, i64)> {
    let id = json[id].as_str()?.to_ascii_lowercase();
    Some((id, seconds(&json[activity]["lastSignInDateTime"])?))
}

/// An application permission, and the service principal that holds it. `api` is the API's application id.
pub fn role(json: &Json, api: &str) -> (String, Granted) {
    let id = text(json, "appRoleId").to_ascii_lowercase();
    let granted = Granted {
        api: api.to_owned(),
        name: permission_name(api, api::Class::Application, &id),
        id,
    };
    (text(json, "principalId"), granted)
}

/// Owners, where a list shows them.
pub fn owners(json: &Json) -> Option<Vec<Owner>> {
    let owners = json["owners"].as_array()?;
    Some(kept(owners.iter().map(owner)))
}

/// One of them.
pub fn owner(json: &Json) -> Owner {
    let kind = text(json, "@odata.type");
    Owner {
        id: text(json, "id"),
        name: text(json, "displayName"),
        kind: kind.rsplit('.').next().unwrap_or_default().to_owned(),
        guest: json["userType"] == "Guest",
        enabled: json["accountEnabled"].as_bool(),
    }
}

fn secrets(json: &Json) -> Vec<Secret> {
    let some = |value: &Json| value.as_str().map(str::to_owned);
    kept(items(json).map(|json| Secret {
        key_id: text(json, "keyId"),
        name: some(&json["displayName"]),
        usage: some(&json["usage"]),
        kind: some(&json["type"]),
        start: seconds(&json["startDateTime"]),
        end: seconds(&json["endDateTime"]),
        last_used: None,
    }))
}

/// Seconds since 1970 of a time as Graph writes it.
pub fn seconds(json: &Json) -> Option<i64> {
    let time = OffsetDateTime::parse(json.as_str()?, &Rfc3339).ok()?;
    Some(time.unix_timestamp())
}

pub(super) fn items(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

pub(super) fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

/// Values of `signInAudience` and `servicePrincipalType` that nearly every object has.
const WORDS: [&str; 4] = [
    "AzureADMyOrg",
    "AzureADMultipleOrgs",
    "Application",
    "ManagedIdentity",
];

/// A text that is one of few: the usual ones take no memory of their own.
fn word(json: &Json, name: &str) -> Cow<'static, str> {
    let text = json[name].as_str().unwrap_or_default();
    let known = WORDS.iter().find(|known| **known == text);
    known.map_or_else(|| text.to_owned().into(), |known| (*known).into())
}

pub(super) fn texts(json: &Json) -> Vec<String> {
    kept(items(json).filter_map(Json::as_str).map(str::to_owned))
}

/// A list without room for more: hundreds of thousands of short ones are held at once.
pub(super) fn kept<T>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = items.collect();
    list.shrink_to_fit();
    list
}
