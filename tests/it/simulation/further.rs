//! The further kinds of a history, as data: fragments of the stack's text, and what others do to what came of them. A kind
//! that is to be played is an entry here; what its objects hold or trust, [`super::state`] reads from the store.

use trustform::emulator::route::Routes;
use trustform::emulator::store::{Store, member, text};
use trustform::kinds::group_member;
use trustform::kinds::managed_identity::emulator::{CREDENTIALS, make};
use trustform::model::step::Service;

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

/// Somebody else's request.
pub struct Deed {
    /// How histories name it.
    pub word: &'static str,
    pub service: Service,
    pub method: &'static str,
    /// `{table/pointer}` is a member of the first row of ours in a table.
    pub path: &'static str,
    pub body: &'static str,
}

const fn deed(
    word: &'static str,
    service: Service,
    method: &'static str,
    path: &'static str,
    body: &'static str,
) -> Deed {
    Deed {
        word,
        service,
        method,
        path,
        body,
    }
}

pub const DEEDS: &[Deed] = &[
    deed(
        "plant-on-identity",
        Service::Arm,
        "PUT",
        "{userAssignedIdentities/id}/federatedIdentityCredentials/planted?api-version=2024-11-30",
        r#"{"properties": {"issuer": "https://evil.example", "subject": "planted", "audiences": ["api://AzureADTokenExchange"]}}"#,
    ),
    deed(
        "drop-from-identity",
        Service::Arm,
        "DELETE",
        "{userAssignedIdentityCredentials/~parent}/federatedIdentityCredentials/{userAssignedIdentityCredentials/name}?api-version=2024-11-30",
        "",
    ),
    deed(
        "delete-identity",
        Service::Arm,
        "DELETE",
        "{userAssignedIdentities/id}?api-version=2024-11-30",
        "",
    ),
    deed(
        "tag-identity",
        Service::Arm,
        "PATCH",
        "{userAssignedIdentities/id}?api-version=2024-11-30",
        r#"{"tags": {"trustform": "{userAssignedIdentities/tags/trustform}", "theirs": "yes"}}"#,
    ),
    deed(
        "unassign",
        Service::Arm,
        "DELETE",
        "{roleAssignments/id}?api-version=2022-04-01",
        "",
    ),
    deed(
        "assign",
        Service::Arm,
        "PUT",
        "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sim/providers/Microsoft.Authorization/roleAssignments/99999999-9999-4999-8999-999999999999?api-version=2022-04-01",
        r#"{"properties": {"roleDefinitionId": "/subscriptions/22222222-2222-4222-8222-222222222222/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c", "principalId": "{userAssignedIdentities/properties/principalId}", "principalType": "ServicePrincipal"}}"#,
    ),
    deed(
        "leave-group",
        Service::Graph,
        "DELETE",
        "/v1.0/groups/66666666-6666-4666-8666-666666666666/members/{groups/~members/0}/$ref",
        "",
    ),
    deed(
        "join-other-group",
        Service::Graph,
        "POST",
        "/v1.0/groups/77777777-7777-4777-8777-777777777777/members/$ref",
        r#"{"@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/{userAssignedIdentities/properties/principalId}"}"#,
    ),
    deed(
        "plant-on-blueprint",
        Service::GraphBeta,
        "POST",
        "/beta/applications(uniqueName='sim.c')/federatedIdentityCredentials",
        r#"{"name": "planted", "issuer": "https://evil.example", "subject": "planted", "audiences": ["api://AzureADTokenExchange"]}"#,
    ),
    deed(
        "delete-blueprint",
        Service::Graph,
        "DELETE",
        "/v1.0/applications(uniqueName='sim.c')",
        "",
    ),
    deed(
        "drop-policy",
        Service::Graph,
        "DELETE",
        "/v1.0/identity/conditionalAccess/policies/{conditionalAccessPolicies/id}",
        "",
    ),
    deed(
        "switch-policy-off",
        Service::Graph,
        "PATCH",
        "/v1.0/identity/conditionalAccess/policies/{conditionalAccessPolicies/id}",
        r#"{"state": "disabled"}"#,
    ),
    deed(
        "widen-location",
        Service::Graph,
        "PATCH",
        "/v1.0/identity/conditionalAccess/namedLocations/{namedLocations/id}",
        r##"{"@odata.type": "#microsoft.graph.ipNamedLocation", "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}]}"##,
    ),
    deed(
        "add-password",
        Service::Graph,
        "POST",
        "/v1.0/applications(uniqueName='sim.a')/addPassword",
        r#"{"passwordCredential": {"displayName": "theirs"}}"#,
    ),
    deed(
        "add-principal-password",
        Service::Graph,
        "POST",
        "/v1.0/servicePrincipals(appId='{applications/appId}')/addPassword",
        r#"{"passwordCredential": {"displayName": "theirs"}}"#,
    ),
];

impl Deed {
    /// Path and body, where there is something to do it to. `is_theirs` says which rows are not ours.
    pub fn request(
        &self,
        store: &Store,
        routes: &Routes,
        is_theirs: &dyn Fn(&str) -> bool,
    ) -> Option<(String, Json)> {
        let fill = |template: &str| {
            let mut out = String::new();
            let mut rest = template;
            while let Some((before, after)) = rest.split_once("{") {
                let (place, end) = after.split_once('}')?;
                out.push_str(before);
                // A brace of JSON is no place.
                match place
                    .split_once('/')
                    .filter(|(table, _)| routes.table(table).is_some())
                {
                    None => {
                        out.push('{');
                        rest = after;
                    }
                    Some((table, pointer)) => {
                        let table = routes.table(table)?;
                        let mut rows = store.primary().rows(table, None);
                        let row = rows.find(|row| !is_theirs(text(row, "id")))?;
                        let (name, inner) = pointer.split_once('/').unwrap_or((pointer, ""));
                        let value = member(row, name);
                        let value = match inner {
                            "" => value,
                            _ => value.pointer(&format!("/{inner}"))?,
                        };
                        out.push_str(value.as_str()?);
                        rest = end;
                    }
                }
            }
            out.push_str(rest);
            Some(out)
        };
        let body = match self.body {
            "" => Json::Null,
            template => serde_json::from_str(&fill(template)?).expect("JSON"),
        };
        Some((fill(self.path)?, body))
    }
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
