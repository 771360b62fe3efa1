//! What Graph says of the tenant itself: its name, and the policy over its applications.

use serde_json::json;

use super::graph::{Call, Failure};
use super::request::Reply;
use super::route::Route;

/// The routes that are about the tenant.
pub(super) static ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/organization",
        &["Directory.Read.All", "Directory.ReadWrite.All"],
        organization,
    ),
    Route::new(
        "GET",
        "/policies/defaultAppManagementPolicy",
        &["Policy.Read.All"],
        app_management_policy,
    ),
];

/// learn.microsoft.com, organization-list.
fn organization(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let tenant = &call.store.tenant;
    let domains = tenant.domains.iter().enumerate();
    let domains: Vec<_> = domains
        .map(|(at, name)| json!({"name": name, "isDefault": at == 0, "isInitial": at == 0, "type": "Managed"}))
        .collect();
    Ok(Reply::json(
        200,
        &json!({
            "@odata.context": format!("{}/$metadata#organization", call.root()),
            "value": [{
                "id": tenant.id, "displayName": tenant.display_name, "tenantType": "AAD", "verifiedDomains": domains,
            }],
        }),
    ))
}

/// As it is in a tenant where nobody has touched it: learn.microsoft.com, tenantappmanagementpolicy-get.
fn app_management_policy(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let none = json!({"passwordCredentials": [], "keyCredentials": []});
    Ok(Reply::json(
        200,
        &json!({
            "@odata.context": format!("{}/$metadata#policies/defaultAppManagementPolicy/$entity", call.root()),
            "id": "00000000-0000-0000-0000-000000000000",
            "displayName": "Default app management tenant policy",
            "description": "Default tenant policy that enforces app management restrictions on applications and service principals. To apply policy to targeted resources, create a new policy under appManagementPolicies collection.",
            "isEnabled": false,
            "applicationRestrictions": none,
            "servicePrincipalRestrictions": none,
        }),
    ))
}
