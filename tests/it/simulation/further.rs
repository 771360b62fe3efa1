//! The further kinds of a history, as data: fragments of the stack's text, and what others do to what came of them. A kind
//! that is to be played is an entry here; what its objects hold or trust, [`super::state`] reads from the store.

use trustform::emulator::store::Store;
use trustform::kinds::group_member;
use trustform::kinds::managed_identity::emulator::{CREDENTIALS, make};

use serde_json::{Value as Json, json};

/// What a stack can declare beside its two applications and the issuer.
pub struct Fragment {
    /// How histories name it.
    pub word: &'static str,
    /// The block that it stands in: another fragment, or an application's label; empty for the file itself.
    pub within: &'static str,
    /// What else has to be declared: another fragment, an application's label, or [`ISSUER`].
    pub needs: &'static str,
    /// The block without its last brace.
    pub text: &'static str,
}

/// What a fragment needs that trusts the stack's issuer.
pub const ISSUER: &str = "issuer";

const SUBSCRIPTION: &str = "22222222-2222-4222-8222-222222222222";
const GROUP: &str = "66666666-6666-4666-8666-666666666666";
const OTHER_GROUP: &str = "77777777-7777-4777-8777-777777777777";
/// An identity that others manage.
const THEIRS: &str = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sim/providers/Microsoft.ManagedIdentity/userAssignedIdentities/sim-theirs";

const fn fragment(
    word: &'static str,
    within: &'static str,
    needs: &'static str,
    text: &'static str,
) -> Fragment {
    Fragment {
        word,
        within,
        needs,
        text,
    }
}

/// `UNMANAGED` stands for the word about what nobody declared.
pub const FRAGMENTS: &[Fragment] = &[
    fragment(
        "anchor",
        "",
        "",
        r#"managed_identity "anchor" {
  name = "sim-anchor"
  subscription_id = "22222222-2222-4222-8222-222222222222"
  resource_group = "sim"
  location = "westeurope""#,
    ),
    fragment(
        "identity",
        "",
        "",
        r#"managed_identity "m" {
  name = "sim-m"
  subscription_id = "22222222-2222-4222-8222-222222222222"
  resource_group = "sim"
  location = "westeurope"
  unmanaged_credentials = "UNMANAGED""#,
    ),
    fragment(
        "identity-main",
        "identity",
        "",
        r#"federated_credential "main" {
  issuer = "https://token.actions.githubusercontent.com"
  subject = "repo:contoso@1/m@9:ref:refs/heads/main""#,
    ),
    fragment(
        "identity-prod",
        "identity",
        "",
        r#"federated_credential "prod" {
  issuer = "https://token.actions.githubusercontent.com"
  subject = "repo:contoso@1/m@9:environment:prod""#,
    ),
    fragment(
        "identity-any",
        "identity",
        "",
        r#"federated_credential "any" {
  issuer = "https://token.actions.githubusercontent.com"
  claims_matching_expression = "claims['sub'] matches 'repo:contoso@1/m@9:*' and claims['repository_owner_id'] eq '1'""#,
    ),
    fragment(
        "identity-pod",
        "identity",
        ISSUER,
        r#"federated_credential "pod" {
  issuer = oidc_issuer.cluster.url
  subject = "system:serviceaccount:m:sa""#,
    ),
    fragment(
        "identity-reader",
        "identity",
        "",
        r#"role_assignment "reader" {
  scope = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sim"
  role_definition_name = "Reader""#,
    ),
    fragment(
        "identity-vault",
        "identity",
        "",
        r#"role_assignment "vault" {
  scope = "/subscriptions/22222222-2222-4222-8222-222222222222"
  role_definition_name = "Key Vault Secrets User""#,
    ),
    fragment(
        "identity-member",
        "identity",
        "",
        r#"group_member "team" {
  group_object_id = "66666666-6666-4666-8666-666666666666""#,
    ),
    fragment(
        "a-reader",
        "a",
        "",
        r#"role_assignment "reader" {
  scope = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sim"
  role_definition_name = "Reader""#,
    ),
    fragment(
        "a-member",
        "a",
        "",
        r#"group_member "team" {
  group_object_id = "66666666-6666-4666-8666-666666666666""#,
    ),
    fragment(
        "a-identity",
        "a",
        "identity",
        r#"federated_credential "identity" {
  managed_identity = { principal_id = managed_identity.m.principal_id }"#,
    ),
    fragment(
        "blueprint",
        "",
        "",
        r#"agent_identity_blueprint "c" {
  display_name = "sim c"
  sponsors = ["5a1c7d52-6c70-4d41-9d5b-0d9f1f4a7c11"]
  unmanaged_credentials = "UNMANAGED""#,
    ),
    fragment(
        "blueprint-main",
        "blueprint",
        "",
        r#"federated_credential "main" {
  issuer = "https://token.actions.githubusercontent.com"
  subject = "repo:contoso@1/c@8:ref:refs/heads/main""#,
    ),
    fragment(
        "blueprint-pod",
        "blueprint",
        ISSUER,
        r#"federated_credential "pod" {
  issuer = oidc_issuer.cluster.url
  subject = "system:serviceaccount:c:sa""#,
    ),
    fragment(
        "theirs",
        "",
        "",
        r#"managed_identity "theirs" {
  existing = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sim/providers/Microsoft.ManagedIdentity/userAssignedIdentities/sim-theirs""#,
    ),
    fragment(
        "theirs-main",
        "theirs",
        "",
        r#"federated_credential "main" {
  issuer = "https://token.actions.githubusercontent.com"
  subject = "repo:contoso@1/t@7:ref:refs/heads/main""#,
    ),
    fragment(
        "theirs-reader",
        "theirs",
        "",
        r#"role_assignment "reader" {
  scope = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sim"
  role_definition_name = "Reader""#,
    ),
    fragment(
        "location",
        "",
        "",
        r#"named_location "l" {
  display_name = "sim"
  ip { ip_ranges = ["192.0.2.0/24", "2001:db8::/32"] }"#,
    ),
    fragment(
        "policy",
        "",
        "a",
        r#"conditional_access_policy "p" {
  display_name = "sim"
  included_service_principals = [application.a.service_principal.object_id]
  excluded_locations = ["AllTrusted"]"#,
    ),
    fragment(
        "policy-at",
        "",
        "location",
        r#"conditional_access_policy "q" {
  display_name = "sim at"
  included_service_principals = ["ServicePrincipalsInMyTenant"]
  excluded_locations = [named_location.l.id]"#,
    ),
    fragment(
        "no-secrets",
        "",
        "",
        r#"policy {
  leftover_secrets = "remove""#,
    ),
];

/// Declared whenever further kinds are: what nothing names any more in Azure, a plan does not look for (docs/ownership.md).
pub const ANCHOR: u32 = 1;

/// The fragments that a set of bits means, where what they need is declared: `has` answers for what is no fragment.
pub fn declared(bits: u32, has: &dyn Fn(&str) -> bool) -> Vec<&'static Fragment> {
    let is_there = |word: &str| {
        let at = FRAGMENTS.iter().position(|one| one.word == word);
        word.is_empty() || at.map_or_else(|| has(word), |at| bits & 1 << at != 0)
    };
    let chosen = FRAGMENTS.iter().enumerate();
    chosen
        .filter(|(at, one)| bits & 1 << at != 0 && is_there(one.within) && is_there(one.needs))
        .map(|(_, one)| one)
        .collect()
}

/// The blocks within one, as a person would write them.
pub fn blocks(declared: &[&Fragment], within: &str, unmanaged: &str) -> String {
    let inner = declared.iter().filter(|one| one.within == within);
    inner
        .map(|one| {
            let children = match within {
                "" => blocks(declared, one.word, unmanaged),
                _ => String::new(),
            };
            let head = one.text.replace("UNMANAGED", unmanaged);
            format!("{head}\n{children}}}\n")
        })
        .collect()
}

/// What is there before the first apply of a history with further kinds: somewhere to put them, and an identity of
/// somebody else with a trust and a role of its own.
pub fn provision(store: &mut Store, now: u64) {
    store
        .azure
        .provision(SUBSCRIPTION, Some(("sim", "westeurope")));
    for group in [GROUP, OTHER_GROUP] {
        group_member::emulator::provision(store, group, now);
    }
    make(store, THEIRS, "sim-theirs", "westeurope", json!({}), now);
    let id = THEIRS.to_ascii_lowercase();
    let credential = json!({
        "id": format!("{id}/own"), "~parent": id, "name": "own", "issuer": "https://issuer.example",
        "subject": "own", "audiences": ["api://AzureADTokenExchange"],
    });
    let Json::Object(credential) = credential else {
        unreachable!("an object");
    };
    store.put(&CREDENTIALS, credential, now);
}
