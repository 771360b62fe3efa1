//! What an audit read of a tenant: plain data, and at the same time the format of a snapshot (`trustform-snapshot/2`).
//! It holds no secret: Graph never gives one out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// `trustform-snapshot/2`.
    pub format: String,
    pub tenant_id: String,
    /// When it was read, in seconds since 1970.
    pub read_at: i64,
    pub applications: Vec<Application>,
    pub principals: Vec<Principal>,
    /// User-assigned managed identities that the login may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<ManagedIdentity>,
    /// Roles of Microsoft Entra ID over the whole directory, by the object ids of the service principals that hold them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directory_roles: BTreeMap<String, Vec<DirectoryRole>>,
    /// Roles that were made in the tenant and that a service principal may hold, of Azure and of Microsoft Entra ID, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_roles: BTreeMap<String, CustomRole>,
    /// What issuers serve, by issuer.
    #[serde(default)]
    pub published: BTreeMap<String, Published>,
    /// What could not be read, and why: by the word of [`super::rule::Need`].
    #[serde(default)]
    pub unread: BTreeMap<String, String>,
    /// Members of the groups that were asked for: object ids, by the group's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<String>>,
    /// Issuers that policies allow, a list for each policy: from files, no part of what was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_issuers: Option<Vec<Vec<String>>>,
}

/// An app registration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Application {
    pub id: String,
    pub app_id: String,
    pub display_name: String,
    pub unique_name: Option<String>,
    /// When it was made, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    pub sign_in_audience: Cow<'static, str>,
    pub tags: Vec<String>,
    pub passwords: Vec<Secret>,
    pub certificates: Vec<Secret>,
    pub credentials: Vec<Credential>,
    pub redirect_uris: Vec<String>,
    pub identifier_uris: Vec<String>,
    pub access_token_issuance: bool,
    pub id_token_issuance: bool,
    pub public_client_fallback: bool,
    /// A token may be asked for with the claim `email`.
    pub email_claim: bool,
    /// `authenticationBehaviors.removeUnverifiedEmailClaim`, where it was read.
    pub removes_unverified_email: Option<bool>,
    /// `servicePrincipalLockConfiguration.isEnabled`, where it was read.
    pub instance_lock: Option<bool>,
    pub requested: Vec<Requested>,
    /// None where owners were not read.
    pub owners: Option<Vec<Owner>>,
    /// It is an agent identity blueprint.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blueprint: bool,
    /// Object ids of a blueprint's sponsors. None where they were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sponsors: Option<Vec<String>>,
    /// Where a file declares it: `trust.hcl:3`. From files, no part of what was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<String>,
    /// Its file says `unmanaged_credentials = "keep"`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_unmanaged: bool,
}

/// A service principal: an application in this tenant, wherever it is registered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Principal {
    pub id: String,
    pub app_id: String,
    pub display_name: String,
    /// Graph's `servicePrincipalType`.
    pub kind: Cow<'static, str>,
    /// The tenant where the application is registered.
    pub owner_tenant: Option<String>,
    pub enabled: bool,
    /// Graph's `preferredSingleSignOnMode`.
    pub single_sign_on: Option<String>,
    pub tags: Vec<String>,
    pub passwords: Vec<Secret>,
    pub certificates: Vec<Secret>,
    pub roles: Vec<Granted>,
    /// None where they were not read.
    pub owners: Option<Vec<Owner>>,
    /// The id in Azure of the managed identity whose principal it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Azure roles that it holds, itself or through groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub azure: Vec<AzureRole>,
    /// When it last signed in, in seconds since 1970; none where no sign-in is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sign_in: Option<i64>,
    /// Object ids of an agent identity's sponsors. None where they were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sponsors: Option<Vec<String>>,
}

/// A user-assigned managed identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagedIdentity {
    /// Its id in Azure: `/subscriptions/…`.
    pub id: String,
    pub name: String,
    pub client_id: String,
    pub credentials: Vec<Credential>,
    /// Where a file declares it. From files, no part of what was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<String>,
    /// Its file says `unmanaged_credentials = "keep"`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_unmanaged: bool,
}

/// An Azure role at a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AzureRole {
    /// Its name where it is a built-in one that is known here, else its id.
    pub role: String,
    /// `/` for the whole tenant, `/subscriptions/…`.
    pub scope: String,
    /// Its assignment has a condition, such as which roles it may assign.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// The name of the group that it is assigned to; none where it is assigned to its holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// A role of Microsoft Entra ID over the whole directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct DirectoryRole {
    /// Its name where it is a built-in one that is known here, else its id.
    pub role: String,
    /// The name of the group that it is assigned to; none where it is assigned to its holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// A role that was made in the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomRole {
    pub name: String,
    pub permissions: Vec<Permission>,
}

/// What a role lets its holder do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permission {
    /// Patterns such as `Microsoft.Authorization/*/read`; of Microsoft Entra ID `allowedResourceActions`.
    pub actions: Vec<String>,
    /// What of it is taken out again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_actions: Vec<String>,
}

/// The `servicePrincipalType` of agent identities.
pub const AGENT: &str = "ServiceIdentity";

/// A password or a key, without its value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secret {
    pub key_id: String,
    pub name: Option<String>,
    /// Of keys: `Verify`, `Sign`.
    pub usage: Option<String>,
    /// Of keys: `AsymmetricX509Cert`, `Symmetric`, …
    pub kind: Option<String>,
    /// Seconds since 1970.
    pub start: Option<i64>,
    pub end: Option<i64>,
    /// When it was last used, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<i64>,
}

/// A federated identity credential.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Credential {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub subject: Option<String>,
    pub expression: Option<String>,
    pub audiences: Vec<String>,
    pub description: Option<String>,
    /// Where a file declares it: `trust.hcl:12`. Only of what was read from files.
    pub declared_at: Option<String>,
}

/// A permission that an application asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Requested {
    pub api: String,
    pub id: String,
    /// An application permission; otherwise a delegated one.
    pub application: bool,
    /// Its name where it is known, else the id.
    pub name: String,
}

/// An application permission that a service principal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Granted {
    /// The API's application id, where it is known; else the object id of its service principal.
    pub api: String,
    pub id: String,
    pub name: String,
}

/// Who may change an application, and so give it credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    pub id: String,
    pub name: String,
    /// `user`, `servicePrincipal`, …
    pub kind: String,
    pub guest: bool,
    pub enabled: Option<bool>,
}

impl Owner {
    /// Its name; its id where the login may not read the name.
    pub fn title(&self) -> &str {
        match self.name.as_str() {
            "" => &self.id,
            name => name,
        }
    }
}

/// What an issuer answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Published {
    /// The discovery document's text.
    pub discovery: Option<String>,
    pub jwks: Option<String>,
    /// Why one of them could not be had.
    pub failure: Option<String>,
    /// The issuer's name has no address.
    pub unresolved: bool,
}
