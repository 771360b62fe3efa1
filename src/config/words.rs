//! Words of other tools and the ones that are used here.

use crate::model::words::nearest;

/// Words of azuread, azurerm, Graph, `az` and older drafts, and what is written here.
const TRANSLATIONS: &[(&str, &str)] = &[
    ("active_directory_application", "application"),
    ("agent_blueprint", "agent_identity_blueprint"),
    ("agent_identity", "agent_identity_blueprint"),
    ("agent_blueprint", "agent_identity_blueprint"),
    ("app", "application"),
    ("app_id", "client_id"),
    ("app_registration", "application"),
    ("appId", "client_id"),
    ("application_id", "client_id"),
    ("application_registration", "application"),
    ("application_object_id", "object_id"),
    ("audiences", "audience"),
    ("azuread_application", "application"),
    (
        "azuread_application_federated_identity_credential",
        "federated_credential",
    ),
    ("azuread_application_registration", "application"),
    ("azuread_service_principal", "service_principal"),
    (
        "azurerm_federated_identity_credential",
        "federated_credential",
    ),
    ("azurerm_user_assigned_identity", "managed_identity"),
    ("claimsMatchingExpression", "claims_matching_expression"),
    ("claims_expression", "claims_matching_expression"),
    ("credential_id", "id"),
    ("displayName", "display_name"),
    ("environment_name", "environment"),
    ("expression", "claims_matching_expression"),
    ("federated_identity_credential", "federated_credential"),
    ("federatedIdentityCredentials", "federated_credential"),
    ("grant", "admin_consent"),
    ("group", "group_object_id"),
    ("group_id", "group_object_id"),
    ("identifierUris", "identifier_uris"),
    ("issuer_url", "issuer"),
    ("local", "locals"),
    ("name", "display_name"),
    ("oidc_issuer_url", "issuer"),
    ("org", "organization"),
    ("organisation", "organization"),
    ("outputs", "output"),
    ("permission", "permissions"),
    ("prevent_destroy", "protect"),
    ("publicClient", "public_client"),
    ("redirectUris", "redirect_uris"),
    ("redirect_uri", "redirect_uris"),
    ("replyUrls", "redirect_uris"),
    ("reply_urls", "redirect_uris"),
    ("repo", "repository"),
    ("repo_id", "repository_id"),
    ("required_resource_access", "permissions"),
    ("requiredResourceAccess", "permissions"),
    ("resource_group_name", "resource_group"),
    ("role", "application"),
    ("roles", "application"),
    ("scope", "delegated"),
    ("scopes", "delegated"),
    ("service_principal", "principal"),
    ("signInAudience", "sign_in_audience"),
    ("single_page", "single_page_application"),
    ("spa", "single_page_application"),
    ("storage_account_name", "storage_account"),
    ("subject_identifier", "subject"),
    ("tenant", "tenant_id"),
    ("tenantId", "tenant_id"),
    ("user_assigned_identity", "managed_identity"),
    ("user_assigned_managed_identity", "managed_identity"),
    ("var", "variable"),
    ("variables", "variable"),
    ("waive", "waiver"),
    ("waivers", "waiver"),
];

/// Words that have no counterpart, and why.
const ADVICE: &[(&str, &str)] = &[
    (
        "resource",
        "blocks are named by their kind: `application \"x\" {}` instead of `resource \"azuread_application\" \"x\" {}`",
    ),
    (
        "data",
        "what others manage is named with `existing = { client_id = … }`",
    ),
    (
        "provider",
        "there are no providers: the tenant stands in the `stack` block, the login comes from the environment",
    ),
    (
        "terraform",
        "there is no state and no backend: the `stack` block names the stack and its tenant",
    ),
    (
        "import",
        "`adopt = { client_id = … }` in the application takes over one that exists",
    ),
    (
        "lifecycle",
        "`protect = true` refuses to delete; attributes that are not declared are left alone where that is safe",
    ),
    (
        "password",
        "no secret can be made here: a `federated_credential` takes the place of one",
    ),
    (
        "client_secret",
        "no secret can be made here: a `federated_credential` takes the place of one",
    ),
    (
        "passwordCredentials",
        "no secret can be made here: a `federated_credential` takes the place of one",
    ),
    (
        "password_credentials",
        "no secret can be made here: a `federated_credential` takes the place of one",
    ),
    (
        "certificate",
        "no secret can be made here: a `federated_credential` takes the place of one",
    ),
    ("provisioner", "nothing is run here"),
];

/// Attributes that a kind does not take though its relatives do, and why.
const INAPPLICABLE: &[(&str, &[&str], &str)] = &[
    ("accept", CLAIMS, IN_CLAIMS),
    ("refuse", CLAIMS, IN_CLAIMS),
    (
        "agent_identity_blueprint",
        &[
            "device_only_auth_enabled",
            "fallback_public_client_enabled",
            "feature_tags",
            "notes",
            "public_client",
            "single_page_application",
            "spa",
        ],
        "a blueprint is what agents are made from, no client that people sign in with: Entra refuses the properties of those",
    ),
];

const CLAIMS: &[&str] = &["iss", "sub", "aud", "issuer", "subject", "audience"];
const IN_CLAIMS: &str =
    "a token is given by its claims, `claims = { iss = …, sub = …, aud = … }`, or by a builder";

/// Why an attribute that others take does not apply to a kind.
pub(super) fn inapplicable(kind: &str, word: &str) -> Option<&'static str> {
    let mut all = INAPPLICABLE.iter();
    all.find(|(of, words, _)| *of == kind && words.contains(&word))
        .map(|(_, _, why)| *why)
}

/// What a word of another tool is called here, if that is one of the words that may stand there.
pub(super) fn translate<'a>(word: &str, valid: &[&'a str]) -> Option<&'a str> {
    TRANSLATIONS
        .iter()
        .filter(|(theirs, _)| *theirs == word)
        .find_map(|(_, ours)| valid.iter().find(|valid| *valid == ours))
        .copied()
}

/// The valid word that a wrong one stands for, if that can be told.
pub(super) fn meant<'a>(word: &str, valid: &[&'a str]) -> Option<&'a str> {
    translate(word, valid).or_else(|| nearest(word, valid.iter().copied()))
}

/// What to do about a word that may not stand there.
pub(super) fn help(word: &str, valid: &[&str], place: &str) -> String {
    if let Some(ours) = translate(word, valid) {
        return format!("it is called `{ours}` here");
    }
    if let Some((_, advice)) = ADVICE.iter().find(|(theirs, _)| *theirs == word) {
        return (*advice).to_owned();
    }
    match nearest(word, valid.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{place} takes {}", list(valid.iter().copied(), "nothing")),
    }
}

/// Words in backticks, the first twenty of them; or what stands for none.
pub(super) fn list<'a>(mut words: impl Iterator<Item = &'a str>, none: &str) -> String {
    let shown: Vec<String> = words
        .by_ref()
        .take(20)
        .map(|word| format!("`{}`", word.escape_debug()))
        .collect();
    // Of names in a map the number is known.
    let more = match words.size_hint() {
        (least, Some(most)) if least == most => least,
        _ => words.count(),
    };
    match (shown.is_empty(), more) {
        (true, _) => none.to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
