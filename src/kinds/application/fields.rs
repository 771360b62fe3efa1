//! The field table of `application`.

use super::{check, entitlements, optional_claims, pre_authorized};
use crate::model::schema::{Compare, Default, Field, Group, Output, Shape, Type, When};

pub static SHAPE: Shape = Shape {
    kind: "application",
    doc: "An app registration. A service principal comes with it unless `service_principal = false`.",
    parents: &[],
    implied: false,
    fields: FIELDS,
    groups: &[Group::AtMostOne(&["adopt", "existing"])],
    outputs: &[
        Output {
            name: "client_id",
            doc: "The application (client) id: Graph's `appId`.",
        },
        Output {
            name: "object_id",
            doc: "The directory object's id: Graph's `id`.",
        },
        Output {
            name: "id",
            doc: "The same as `object_id`.",
        },
        Output {
            name: "unique_name",
            doc: "The alternate key under which it is found again.",
        },
        Output {
            name: "service_principal.object_id",
            doc: "The object id of its service principal.",
        },
    ],
};

/// The field of a name, for the types that share it.
pub const fn shared(name: &str) -> Field {
    let mut at = 0;
    while !same(FIELDS[at].name.as_bytes(), name.as_bytes()) {
        at += 1;
    }
    FIELDS[at]
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

const FIELDS: &[Field] = &[
    Field::string("display_name", "What people see. Longer than 120 characters is a warning, longer than 256 refused.")
        .wire("/displayName")
        .check(check::display_name),
    Field::string("unique_name", "Graph's alternate key, fixed for ever. Default: `<stack>.<label>`. It stays on the object for its whole life.")
        .wire("/uniqueName")
        .when(When::Create)
        .check(check::unique_name),
    Field::block("adopt", ADOPT, "An application that is there already and becomes this stack's: it gets the unique name and the mark. The apply that takes it over deletes nothing, and what is not declared stays as it is for as long as `adopt` stands here.")
        .compare(Compare::Never),
    Field::block("existing", EXISTING, "An application that someone else manages: only its federated credentials are ours. It is never patched, tagged or deleted.")
        .compare(Compare::Never),
    Field::string("unmanaged_credentials", "What happens to federated credentials that nobody declared: `report` shows them in every plan, `delete` removes them, `keep` shows them, and a pipeline does not stop for them.")
        .words(&["report", "delete", "keep"])
        .compare(Compare::Never),
    Field::string("description", "Shown to people who use the application; at most 1,024 characters.").wire("/description"),
    Field::string("notes", "For administrators; at most 1,024 characters.").wire("/notes"),
    Field::string("service_management_reference", "A reference into a service or asset management database.").wire("/serviceManagementReference"),
    Field::string("sign_in_audience", "Who may sign in. Always sent.")
        .wire("/signInAudience")
        .default(Default::Text("AzureADMyOrg"))
        .words(&["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"])
        .reset(),
    Field::strings("owners", "Object ids of its owners. Whoever runs trustform is never removed.").compare(Compare::IgnoreCase),
    Field::strings("identifier_uris", "Application ID URIs. `api://${self.client_id}` is written by a second request.")
        .wire("/identifierUris")
        .when(When::AfterCreate)
    .check(check::identifier_uris)
        .reset(),
    Field::strings("tags", "Free words without white space. trustform's own marks are not part of the set.")
        .wire("/tags")
        .check(check::tags),
    Field::block("feature_tags", FEATURE_TAGS, "Tags that the portal gives a meaning."),
    Field::strings("group_membership_claims", "Which groups a token names.")
        .reset(),
    Field::block("web", WEB, "A web application that keeps a code exchange on its server."),
    Field::block("single_page_application", &[
        Field::strings("redirect_uris", "Where the browser is sent back to; PKCE is required.").wire("/spa/redirectUris").check(check::spa_redirects).reset(),
    ], "An application that runs in a browser."),
    Field::block("public_client", &[
        Field::strings("redirect_uris", "Where a native application is sent back to; custom schemes are allowed.").wire("/publicClient/redirectUris").check(check::public_redirects).reset(),
    ], "A native application: it cannot keep a secret."),
    Field::block("api", API, "What the application is when others ask for tokens for it."),
    Field::new("app_role", Type::Labelled(entitlements::ROLE), "Roles that it offers to applications and people. The label is the role's value. One that goes is disabled first.")
        .compare(Compare::Never),
    Field::new(entitlements::ROLES, Type::Map(&Type::String), "Every app role, by value.").computed().reset(),
    Field::new(entitlements::SCOPES, Type::Map(&Type::String), "Every scope, by value.").computed().reset(),
    Field::new(entitlements::CLIENTS, Type::Map(&Type::String), "Every client that is authorised in advance, by client id.").computed().reset(),
    Field::block("optional_claims", optional_claims::FIELDS, "Claims that its tokens have beside the usual ones.")
        .compare(Compare::Never),
    Field::new(optional_claims::CLAIMS, Type::Map(&Type::String), "Every optional claim, by token and name.").computed().reset(),
    Field::string("marketing_url", "The application's page.").wire("/info/marketingUrl").check(check::url),
    Field::string("privacy_statement_url", "Its privacy statement.").wire("/info/privacyStatementUrl").check(check::url),
    Field::string("support_url", "Its support page.").wire("/info/supportUrl").check(check::url),
    Field::string("terms_of_service_url", "Its terms of service.").wire("/info/termsOfServiceUrl").check(check::url),
    Field::bool("fallback_public_client_enabled", "Whether it counts as a public client when the redirect URI does not tell.").wire("/isFallbackPublicClient").default(Default::Null).reset(),
    Field::bool("device_only_auth_enabled", "Whether a device may authenticate without a user.").wire("/isDeviceOnlyAuthSupported").default(Default::Null).reset(),
    Field::new("permissions", Type::Labelled(PERMISSIONS), "What it asks of an API. The label is `microsoft_graph`, `azure_service_management`, `azure_storage`, `azure_key_vault`, the application id of another API, or an application of this stack as in `application.label`.")
        .compare(Compare::Never),
    Field::strings("required_resource_access", "Every permission that is asked for, as `<application id>/<Role or Scope>/<permission id>`.")
        .computed()
        .reset(),
    Field::new("service_principal", Type::BlockOrFalse(crate::kinds::service_principal::FIELDS), "The application's identity in this tenant. `false` goes without one: then nothing can log in as it (AADSTS700016).")
        .compare(Compare::Never),
];

const ADOPT: &[Field] = &[
    Field::string(
        "from",
        "The stack that it belongs to until now, and whose files do not declare it any more. Without an id it is found by its unique name.",
    ),
    Field::string("client_id", "Its application (client) id.").check(check::guid),
    Field::string("object_id", "Its object id.").check(check::guid),
];

const EXISTING: &[Field] = &[
    Field::string("client_id", "Its application (client) id.").check(check::guid),
    Field::string("object_id", "Its object id.").check(check::guid),
    Field::string("unique_name", "Its unique name."),
];

const FEATURE_TAGS: &[Field] = &[
    Field::bool("enterprise", "Shown among the enterprise applications.").compare(Compare::Never),
    Field::bool("gallery", "Shown as a gallery application.").compare(Compare::Never),
    Field::bool("hide", "Hidden from users.").compare(Compare::Never),
    Field::bool("custom_single_sign_on", "Set up for custom single sign-on.")
        .compare(Compare::Never),
];

/// Which tag each of [`FEATURE_TAGS`] is. Source: hashicorp/azuread, `feature_tags`.
pub static FEATURES: &[(&str, &str)] = &[
    ("enterprise", "WindowsAzureActiveDirectoryIntegratedApp"),
    (
        "gallery",
        "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1",
    ),
    ("hide", "HideApp"),
    (
        "custom_single_sign_on",
        "WindowsAzureActiveDirectoryCustomSingleSignOnApplication",
    ),
];

const WEB: &[Field] = &[
    Field::string("homepage_url", "Its home page.")
        .wire("/web/homePageUrl")
        .check(check::url),
    Field::string("logout_url", "Called when a user signs out; https.")
        .wire("/web/logoutUrl")
        .check(check::logout_url)
        .reset(),
    Field::strings(
        "redirect_uris",
        "Where a code may be sent; https, or http on localhost.",
    )
    .wire("/web/redirectUris")
    .check(check::web_redirects)
    .reset(),
    Field::block(
        "implicit_grant",
        &[
            Field::bool(
                "access_token_issuance_enabled",
                "Access tokens from the authorization endpoint.",
            )
            .wire("/web/implicitGrantSettings/enableAccessTokenIssuance")
            .default(Default::Bool(false))
            .reset(),
            Field::bool(
                "id_token_issuance_enabled",
                "ID tokens from the authorization endpoint.",
            )
            .wire("/web/implicitGrantSettings/enableIdTokenIssuance")
            .default(Default::Bool(false))
            .reset(),
        ],
        "The implicit flow. Leave it off: use the authorization code flow with PKCE.",
    ),
];

const API: &[Field] = &[
    Field::bool(
        "mapped_claims_enabled",
        "Whether claims may be mapped without a custom signing key.",
    )
    .wire("/api/acceptMappedClaims")
    .default(Default::Null)
    .reset(),
    Field::new(
        "requested_access_token_version",
        Type::Number,
        "Version of the access tokens made for it: 1 or 2.",
    )
    .wire("/api/requestedAccessTokenVersion")
    .default(Default::Null)
    .check(check::token_version),
    Field::strings(
        "known_client_applications",
        "Client ids that are consented together with it.",
    )
    .wire("/api/knownClientApplications")
    .compare(Compare::IgnoreCase)
    .reset(),
    Field::new(
        "oauth2_permission_scope",
        Type::Labelled(entitlements::SCOPE),
        "Scopes that it offers. The label is the scope's value. One that goes is disabled first.",
    )
    .compare(Compare::Never),
    Field::new(
        "pre_authorized",
        Type::Labelled(pre_authorized::FIELDS),
        "Clients that need nobody's consent. The label is the client's application (client) id.",
    )
    .compare(Compare::Never),
];

const PERMISSIONS: &[Field] = &[
    Field::strings(
        "application",
        "App roles, by name or id: it acts as itself.",
    ),
    Field::strings(
        "delegated",
        "Scopes, by name or id: it acts for a signed-in user.",
    ),
    Field::bool(
        "admin_consent",
        "`true` grants what is asked for, `false` revokes every grant for this API, unset shows grants and never touches them.",
    ),
];
