//! The declared properties of `microsoft.graph.application` (microsoftgraph/msgraph-metadata, v1.0).

use serde_json::Value;

use crate::emulator::shape::Property;
use crate::emulator::table::{Entity, Table, Version};

const KEY_VALUE: &[Property] = &[Property::text("key"), Property::text("value")];
const ADD_IN: &[Property] = &[
    Property::guid("id").maybe(),
    Property::objects("properties", KEY_VALUE),
    Property::text("type"),
];

/// `microsoft.graph.appRole`.
pub const APP_ROLE: &[Property] = &[
    Property::texts("allowedMemberTypes"),
    Property::text("description"),
    Property::text("displayName"),
    Property::guid("id"),
    Property::flag("isEnabled"),
    Property::text("origin"),
    Property::text("value").longest(120),
];

/// `microsoft.graph.permissionScope`.
pub const SCOPE: &[Property] = &[
    Property::text("adminConsentDescription"),
    Property::text("adminConsentDisplayName"),
    Property::guid("id"),
    Property::flag("isEnabled"),
    Property::text("origin"),
    Property::text("type"),
    Property::text("userConsentDescription"),
    Property::text("userConsentDisplayName"),
    Property::text("value").longest(120),
];

const PRE_AUTHORIZED: &[Property] = &[
    Property::text("appId"),
    Property::texts("delegatedPermissionIds"),
];
const API: &[Property] = &[
    Property::flag("acceptMappedClaims").maybe(),
    Property::guids("knownClientApplications"),
    Property::number("requestedAccessTokenVersion"),
    Property::objects("oauth2PermissionScopes", SCOPE),
    Property::objects("preAuthorizedApplications", PRE_AUTHORIZED),
];
const CLAIM: &[Property] = &[
    Property::text("name"),
    Property::text("source"),
    Property::flag("essential"),
    Property::texts("additionalProperties"),
];
const CLAIMS: &[Property] = &[
    Property::objects("accessToken", CLAIM),
    Property::objects("idToken", CLAIM),
    Property::objects("saml2Token", CLAIM),
];
const INFO: &[Property] = &[
    Property::text("logoUrl").read_only(),
    Property::text("marketingUrl"),
    Property::text("privacyStatementUrl"),
    Property::text("supportUrl"),
    Property::text("termsOfServiceUrl"),
];
const KEY: &[Property] = &[
    Property::text("customKeyIdentifier"),
    Property::text("displayName"),
    Property::text("endDateTime"),
    Property::text("key"),
    Property::guid("keyId").maybe(),
    Property::text("startDateTime"),
    Property::text("type"),
    Property::text("usage"),
];
const PASSWORD: &[Property] = &[
    Property::text("customKeyIdentifier"),
    Property::text("displayName"),
    Property::text("endDateTime"),
    Property::text("hint"),
    Property::guid("keyId").maybe(),
    Property::text("secretText"),
    Property::text("startDateTime"),
];
const RESOURCE_ACCESS: &[Property] = &[Property::guid("id"), Property::text("type")];
const REQUIRED: &[Property] = &[
    Property::text("resourceAppId"),
    Property::objects("resourceAccess", RESOURCE_ACCESS),
];
const URI_SETTING: &[Property] = &[Property::number("index"), Property::text("uri")];
const IMPLICIT: &[Property] = &[
    Property::flag("enableAccessTokenIssuance"),
    Property::flag("enableIdTokenIssuance"),
];
const WEB: &[Property] = &[
    Property::text("homePageUrl"),
    Property::text("logoutUrl").longest(255),
    Property::texts("redirectUris").longest(256),
    Property::object("implicitGrantSettings", IMPLICIT),
    Property::objects("redirectUriSettings", URI_SETTING),
];
const REDIRECTS: &[Property] = &[Property::texts("redirectUris").longest(256)];
const PARENTAL: &[Property] = &[
    Property::texts("countriesBlockedForMinors"),
    Property::text("legalAgeGroupRule"),
];
const BEHAVIORS: &[Property] = &[
    Property::flag("blockAzureADGraphAccess").maybe(),
    Property::flag("removeUnverifiedEmailClaim").maybe(),
    Property::flag("requireClientServicePrincipal").maybe(),
];
const LOCK: &[Property] = &[
    Property::flag("isEnabled"),
    Property::flag("allProperties").maybe(),
    Property::flag("credentialsWithUsageSign").maybe(),
    Property::flag("credentialsWithUsageVerify").maybe(),
    Property::guid("tokenEncryptionKeyId").maybe(),
];
const SIGNED_REQUESTS: &[Property] = &[
    Property::text("allowedWeakAlgorithms"),
    Property::flag("isSignedRequestRequired"),
];
const CERTIFICATION: &[Property] = &[
    Property::text("certificationDetailsUrl"),
    Property::text("certificationExpirationDateTime"),
    Property::flag("isCertifiedByMicrosoft").maybe(),
    Property::flag("isPublisherAttested").maybe(),
    Property::text("lastCertificationDateTime"),
];
const PUBLISHER: &[Property] = &[
    Property::text("addedDateTime"),
    Property::text("displayName"),
    Property::text("verifiedPublisherId"),
];

/// The properties of an application.
pub const APPLICATION: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("deletedDateTime").read_only(),
    Property::text("appId").read_only(),
    Property::text("applicationTemplateId").read_only(),
    Property::text("disabledByMicrosoftStatus").read_only(),
    Property::text("createdByAppId").read_only(),
    Property::text("createdDateTime").read_only(),
    Property::text("displayName").longest(256),
    Property::text("description").longest(1024),
    Property::text("groupMembershipClaims"),
    Property::texts("identifierUris"),
    Property::flag("isDeviceOnlyAuthSupported").maybe(),
    Property::flag("isDisabled").maybe(),
    Property::flag("isFallbackPublicClient").maybe(),
    Property::text("nativeAuthenticationApisEnabled"),
    Property::text("notes").longest(1024),
    Property::flag("oauth2RequirePostResponse"),
    Property::text("publisherDomain").read_only(),
    Property::text("serviceManagementReference"),
    Property::text("signInAudience"),
    Property::texts("tags").longest(256),
    Property::guid("tokenEncryptionKeyId").maybe(),
    Property::text("uniqueName"),
    Property::text("samlMetadataUrl"),
    Property::text("defaultRedirectUri"),
    Property::maybe_object("certification", CERTIFICATION).read_only(),
    Property::maybe_object("optionalClaims", CLAIMS),
    Property::maybe_object("requestSignatureVerification", SIGNED_REQUESTS),
    Property::maybe_object("servicePrincipalLockConfiguration", LOCK),
    Property::maybe_object("authenticationBehaviors", BEHAVIORS),
    Property::guids("managerApplications").read_only(),
    Property::objects("addIns", ADD_IN),
    Property::object("api", API),
    Property::objects("appRoles", APP_ROLE),
    Property::object("info", INFO),
    Property::objects("keyCredentials", KEY),
    Property::object("parentalControlSettings", PARENTAL),
    Property::objects("passwordCredentials", PASSWORD).read_only(),
    Property::object("publicClient", REDIRECTS),
    Property::objects("requiredResourceAccess", REQUIRED),
    Property::maybe_object("verifiedPublisher", PUBLISHER).read_only(),
    Property::object("web", WEB),
    Property::object("spa", REDIRECTS),
];

/// An application as a version shows it. Beta's description names some things otherwise and lacks others.
pub fn present(entity: &Entity, version: Version) -> Entity {
    let mut shown = Table::as_stored(entity, version);
    if let Some(web) = shown.get_mut("web") {
        let uris = web["redirectUris"].as_array().cloned().unwrap_or_default();
        let setting = |uri: Value| serde_json::json!({"uri": uri, "index": null});
        web["redirectUriSettings"] = uris.into_iter().map(setting).collect();
    }
    if version == Version::Beta {
        for name in [
            "addIns",
            "applicationTemplateId",
            "certification",
            "defaultRedirectUri",
            "nativeAuthenticationApisEnabled",
            "oauth2RequirePostResponse",
            "samlMetadataUrl",
            "verifiedPublisher",
        ] {
            shown.shift_remove(name);
        }
        if let Some(web) = shown.get_mut("web").and_then(Value::as_object_mut) {
            web.shift_remove("redirectUriSettings");
        }
        let clients = shown
            .get_mut("api")
            .and_then(|api| api["preAuthorizedApplications"].as_array_mut());
        for client in clients
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            if let Some(ids) = client.shift_remove("delegatedPermissionIds") {
                client.insert("permissionIds".into(), ids);
            }
        }
    }
    shown
}
