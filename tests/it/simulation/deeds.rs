//! What others do to further kinds, as data: one that is to be played is an entry here.

use serde_json::Value as Json;
use trustform::emulator::route::Routes;
use trustform::emulator::store::{Store, member, text};
use trustform::model::step::Service;

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
