//! The declared properties of `microsoft.graph.servicePrincipal`.

use crate::emulator::shape::Property;
use crate::emulator::table::{Entity, Table, Version};
use crate::kinds::application::emulator::shape as application;

const RESOURCE_SPECIFIC: &[Property] = &[
    Property::text("description"),
    Property::text("displayName"),
    Property::guid("id"),
    Property::flag("isEnabled"),
    Property::text("value"),
];

const SINGLE_SIGN_ON: &[Property] = &[Property::text("relayState")];

const OPAQUE: &[Property] = &[];

/// `microsoft.graph.servicePrincipal` (microsoftgraph/msgraph-metadata, v1.0).
pub const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("deletedDateTime").read_only(),
    Property::flag("accountEnabled").maybe(),
    Property::texts("alternativeNames"),
    Property::text("appDescription").read_only(),
    Property::text("appDisplayName").read_only(),
    Property::text("appId").read_only(),
    Property::text("applicationTemplateId").read_only(),
    Property::guid("appOwnerOrganizationId").maybe().read_only(),
    Property::flag("appRoleAssignmentRequired"),
    Property::text("createdByAppId").read_only(),
    Property::maybe_object("customSecurityAttributes", OPAQUE),
    Property::text("description").longest(1024),
    Property::text("disabledByMicrosoftStatus").read_only(),
    Property::text("displayName").longest(256),
    Property::text("homepage"),
    Property::flag("isDisabled").maybe(),
    Property::text("loginUrl"),
    Property::text("logoutUrl"),
    Property::text("notes").longest(1024),
    Property::texts("notificationEmailAddresses"),
    Property::text("preferredSingleSignOnMode"),
    Property::text("preferredTokenSigningKeyThumbprint"),
    Property::texts("replyUrls"),
    Property::texts("servicePrincipalNames"),
    Property::text("servicePrincipalType").read_only(),
    Property::text("signInAudience").read_only(),
    Property::texts("tags").longest(256),
    Property::guid("tokenEncryptionKeyId").maybe(),
    Property::objects("addIns", OPAQUE),
    Property::objects("appRoles", application::APP_ROLE).read_only(),
    Property::maybe_object("info", OPAQUE).read_only(),
    Property::objects("keyCredentials", OPAQUE).read_only(),
    Property::objects("oauth2PermissionScopes", application::SCOPE).read_only(),
    Property::objects("passwordCredentials", OPAQUE).read_only(),
    Property::objects("resourceSpecificApplicationPermissions", RESOURCE_SPECIFIC).read_only(),
    Property::maybe_object("samlSingleSignOnSettings", SINGLE_SIGN_ON),
    Property::maybe_object("verifiedPublisher", OPAQUE).read_only(),
];

/// Beta's description names the scopes otherwise and lacks some properties.
pub(super) fn present(entity: &Entity, version: Version) -> Entity {
    let mut shown = Table::as_stored(entity, version);
    if version == Version::Beta {
        for name in [
            "resourceSpecificApplicationPermissions",
            "verifiedPublisher",
        ] {
            shown.shift_remove(name);
        }
        if let Some(scopes) = shown.shift_remove("oauth2PermissionScopes") {
            shown.insert("publishedPermissionScopes".into(), scopes);
        }
    }
    shown
}
