//! Who may do what, and what is granted.

use serde_json::{Value, json};

use super::{NOW, error, session};
use crate::emulator::session::Session;

/// A token of a service principal of its own that holds one permission.
fn token_with(graph: &mut Session, name: &str, role: &str) -> (String, String) {
    let application = graph.upsert(name, &json!({"displayName": name})).value();
    let body = json!({"appId": application["appId"]});
    let principal = graph
        .graph("POST", "/v1.0/servicePrincipals", &body)
        .value();
    let id = principal["id"].as_str().unwrap().to_owned();
    let principal = crate::emulator::route::Principal {
        id: id.clone(),
        client_id: application["appId"].as_str().unwrap().to_owned(),
        display_name: name.to_owned(),
        enabled: true,
    };
    let roles = [role.to_owned()];
    let audience = "https://graph.microsoft.com";
    let token = crate::emulator::token::issue(&graph.store, &principal, audience, &roles, NOW);
    (id, token.expect("a token"))
}

#[test]
fn owned_by_manages_only_what_it_owns() {
    let mut graph = session();
    graph.upsert("theirs", &json!({"displayName": "theirs"}));
    let (id, token) = token_with(&mut graph, "tool", "Application.ReadWrite.OwnedBy");
    graph.act_with(token);
    let theirs = "/v1.0/applications(uniqueName='theirs')";
    assert_eq!(graph.graph("GET", theirs, &Value::Null).status, 200);
    let change = json!({"displayName": "x"});
    assert_eq!(error(&graph.graph("PATCH", theirs, &change)).0, 403);
    assert_eq!(error(&graph.graph("DELETE", theirs, &Value::Null)).0, 403);
    assert_eq!(
        graph
            .graph("GET", "/v1.0/oauth2PermissionGrants", &Value::Null)
            .status,
        403
    );
    let posted = graph.graph("POST", "/v1.0/applications", &change).value();
    let posted = format!("/v1.0/applications/{}", posted["id"].as_str().unwrap());
    let owners = graph
        .graph("GET", &format!("{posted}/owners?$select=id"), &Value::Null)
        .value();
    assert_eq!(owners["value"][0]["id"], json!(id));
    assert_eq!(graph.graph("PATCH", &posted, &change).status, 204);
    assert_eq!(
        graph.upsert("mine", &json!({"displayName": "mine"})).status,
        201
    );
    assert_eq!(
        graph.upsert("mine", &json!({"displayName": "mine"})).status,
        403,
        "an upsert makes no owner"
    );
    graph.store.faults.owner_after_upsert = true;
    assert_eq!(
        graph
            .upsert("mine2", &json!({"displayName": "mine"}))
            .status,
        201
    );
    assert_eq!(
        graph
            .upsert("mine2", &json!({"displayName": "mine"}))
            .status,
        204
    );
}

#[test]
fn listing_credentials_needs_less_than_reading_one() {
    let mut graph = session();
    graph.plant(1, 1, |_| ("app".into(), Vec::new())).unwrap();
    let (_, token) = token_with(&mut graph, "reader", "Application.Read.All");
    graph.act_with(token);
    let path = "/beta/applications(uniqueName='app')/federatedIdentityCredentials";
    assert_eq!(graph.graph("GET", path, &Value::Null).status, 200);
    assert_eq!(
        graph
            .graph("GET", &format!("{path}/credential-0"), &Value::Null)
            .status,
        403
    );
    graph.now += 3_600_000;
    let expired = graph.graph("GET", path, &Value::Null);
    let message = "Lifetime validation failed, the token is expired.";
    assert_eq!(
        (expired.status, &expired.value()["error"]["message"]),
        (401, &json!(message))
    );
}

#[test]
fn enabled_permissions_are_disabled_before_they_go() {
    let mut graph = session();
    let scope = |enabled: bool| {
        json!({"displayName": "api", "api": {"oauth2PermissionScopes": [
            {"id": "11111111-2222-4333-8444-555555555556", "value": "read", "type": "Admin", "isEnabled": enabled}]}})
    };
    let none = json!({"displayName": "api", "api": {"oauth2PermissionScopes": []}});
    graph.upsert("api", &scope(true));
    assert_eq!(
        error(&graph.upsert("api", &none)),
        (400, "CannotDeleteOrUpdateEnabledEntitlement".into())
    );
    assert_eq!(graph.upsert("api", &scope(false)).status, 204);
    assert_eq!(graph.upsert("api", &none).status, 204);
}

#[test]
fn delegated_permissions_are_granted_once_per_api() {
    let mut graph = session();
    let (id, _) = token_with(&mut graph, "client", "Application.Read.All");
    let api = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id";
    let api = graph.graph("GET", api, &Value::Null).value();
    let body = json!({"clientId": id, "consentType": "AllPrincipals", "principalId": null, "resourceId": api["id"], "scope": "User.Read"});
    let grants = "/v1.0/oauth2PermissionGrants";
    let created = graph.graph("POST", grants, &body);
    assert_eq!(created.status, 201);
    assert_eq!(error(&graph.graph("POST", grants, &body)).0, 409);
    let one = format!("{grants}/{}", created.value()["id"].as_str().unwrap());
    assert_eq!(
        graph
            .graph("PATCH", &one, &json!({"scope": "User.Read openid"}))
            .status,
        204
    );
    assert_eq!(
        graph.graph("PATCH", &one, &json!({"clientId": "x"})).status,
        400
    );
    let filter = format!(
        "{grants}?$filter=clientId%20eq%20'{id}'%20and%20consentType%20eq%20'AllPrincipals'"
    );
    let found = graph.graph("GET", &filter, &Value::Null).value();
    assert_eq!(found["value"][0]["scope"], "User.Read openid");
    assert_eq!(graph.graph("DELETE", &one, &Value::Null).status, 204);
    assert_eq!(graph.graph("DELETE", &one, &Value::Null).status, 404);
}

#[test]
fn nothing_is_used_after_it_is_gone() {
    let mut graph = session();
    let (id, _) = token_with(&mut graph, "app", "Application.Read.All");
    let api = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let api = graph.graph("GET", api, &Value::Null).value();
    let api_id = api["id"].as_str().unwrap().to_owned();
    let role = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30";
    let assignment = json!({"principalId": id, "resourceId": api_id, "appRoleId": role});
    let given = format!("/v1.0/servicePrincipals/{api_id}/appRoleAssignedTo");
    assert_eq!(graph.graph("POST", &given, &assignment).status, 201);
    let held = |graph: &mut Session| {
        let all = graph.graph(
            "GET",
            &format!("{given}?$filter=principalId%20eq%20{id}"),
            &Value::Null,
        );
        all.value()["value"].as_array().map(Vec::len)
    };
    assert_eq!(held(&mut graph), Some(1));
    let application = "/v1.0/applications(uniqueName='app')";
    let object_id = graph.graph("GET", application, &Value::Null).value()["id"].clone();
    let object_id = object_id.as_str().unwrap();
    let credential =
        json!({"name": "abc", "issuer": "https://i.example", "subject": "s", "audiences": ["a"]});
    let credentials = format!("/v1.0/applications/{object_id}/federatedIdentityCredentials");
    assert_eq!(graph.graph("POST", &credentials, &credential).status, 201);
    graph.graph("DELETE", application, &Value::Null);
    assert_eq!(held(&mut graph), Some(0));
    for (method, path) in [
        ("GET", credentials.clone()),
        ("DELETE", format!("{credentials}/abc")),
        ("GET", format!("/v1.0/servicePrincipals/{id}")),
        (
            "GET",
            format!("/v1.0/servicePrincipals/{id}/appRoleAssignments"),
        ),
        ("DELETE", application.to_owned()),
    ] {
        assert_eq!(
            graph.graph(method, &path, &Value::Null).status,
            404,
            "{method} {path}"
        );
    }
    assert_eq!(graph.graph("POST", &given, &assignment).status, 400);
    let item = format!("/v1.0/directory/deletedItems/{object_id}");
    assert_eq!(
        graph
            .graph("POST", &format!("{item}/restore"), &Value::Null)
            .status,
        200
    );
    assert_eq!(held(&mut graph), Some(1), "restored together");
    assert_eq!(
        graph.graph("GET", &credentials, &Value::Null).value()["value"][0]["name"],
        "abc"
    );
    graph.graph("DELETE", application, &Value::Null);
    graph.graph("DELETE", &item, &Value::Null);
    assert_eq!(graph.graph("GET", &item, &Value::Null).status, 404);
    assert_eq!(
        graph
            .graph(
                "GET",
                &format!("/v1.0/directory/deletedItems/{id}"),
                &Value::Null
            )
            .status,
        404
    );
    let dumped = crate::emulator::dump::dump(&graph.store, &graph.routes);
    assert_eq!(dumped, "", "nothing is left");
}
