//! Azure Resource Manager, as far as the emulator plays it: the cloud metadata document.

use serde_json::{Value, json};

use super::request::{Reply, Request};

/// Answers a request to Resource Manager.
pub fn answer(request: &Request) -> Reply {
    if request.method == "GET" && request.path.trim_end_matches('/') == "/metadata/endpoints" {
        return Reply::json(200, &metadata(request));
    }
    let message = format!(
        "The resource at '{}' was not found: the emulator plays no Azure resources.",
        request.path
    );
    Reply::json(
        404,
        &json!({"error": {"code": "ResourceNotFound", "message": message}}),
    )
}

/// Whether a path is one of Resource Manager's, for requests that come to a loopback address.
pub fn is_arm_path(path: &str) -> bool {
    ["/metadata/endpoints", "/subscriptions", "/providers"]
        .iter()
        .any(|known| {
            path.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// Where a client finds the services; a loopback emulator names itself for all of them.
fn metadata(request: &Request) -> Value {
    let is_azure = request.hostname().starts_with("management.");
    let at = |own: &str| match is_azure {
        true => own.to_owned(),
        false => request.root(),
    };
    json!([{
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": at("https://login.microsoftonline.com"),
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common", "identityProvider": "AAD",
        },
        "resourceManager": at("https://management.azure.com"),
        "microsoftGraphResourceId": at("https://graph.microsoft.com"),
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net"},
    }])
}
