//! Traffic for a check against Microsoft's own description of Graph: every scenario and example, and a tour of what the emulator
//! offers to other clients, recorded as one JSON object a line.
//!
//! The record is written to `TRUSTFORM_RECORD`, else to `target/tmp/graph-traffic.jsonl`. `.ci/run` has it checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use trustform::emulator::Answer;
use trustform::emulator::inprocess::Emulator;
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::emulator::request::{Reply, Request};

use crate::play::{Stage, TENANT};
use crate::scenario::Step;
use crate::{examples, scenario};

const GRAPH: &str = "https://graph.microsoft.com";

#[test]
fn recorded_traffic() {
    let path = match std::env::var_os("TRUSTFORM_RECORD") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph-traffic.jsonl"),
    };
    std::fs::write(&path, "").expect("the record can be written");
    for file in scenario::all() {
        let (_, scenario) = scenario::read(&file);
        // An answer that breaks off in the middle is a fault of the service's, and no JSON.
        let breaks = |step: &Step| matches!(step, Step::Faults(json) if json.contains("broken_v1"));
        if scenario.steps.iter().any(breaks) {
            continue;
        }
        let mut stage = Stage::new();
        stage.emulator.record(&path).expect("the record");
        for step in &scenario.steps {
            stage.step(step);
        }
    }
    let mut stage = examples::stage();
    stage.emulator.record(&path).expect("the record");
    for name in examples::examples() {
        for command in ["apply", "plan", "destroy --purge"] {
            let approved = if command == "plan" {
                ""
            } else {
                " --auto-approve"
            };
            let run = stage.run(
                &format!("trustform {command} examples/{name} --local{approved}"),
                None,
            );
            assert_eq!(run.exit, 0, "{command} {name}: {}{}", run.out, run.err);
        }
    }
    Tour::begin(&stage.emulator).go();

    let text = std::fs::read_to_string(&path).expect("the record");
    let mut operations = BTreeSet::new();
    for line in text.lines() {
        let record: Json = serde_json::from_str(line).expect("a line is a JSON object");
        for header in ["authorization", "x-ms-authorization-auxiliary"] {
            let value = record["headers"].get(header).unwrap_or(&Json::Null);
            assert!(value.is_null() || value == "x", "a token was recorded");
        }
        if record["host"] == "graph.microsoft.com" {
            operations.insert(operation(&record));
        }
    }
    for wanted in [
        "POST /v1.0/$batch",
        "PATCH /v1.0/applications(uniqueName='')",
        "PATCH /beta/applications(uniqueName='')/federatedIdentityCredentials(name='')",
        "GET /beta/applications",
        "PATCH /v1.0/servicePrincipals(appId='')",
        "GET /v1.0/servicePrincipals/ID/appRoleAssignments",
        "POST /v1.0/oauth2PermissionGrants",
        "POST /v1.0/directory/deletedItems/ID/restore",
    ] {
        assert!(
            operations.contains(wanted),
            "{wanted} is not in {operations:#?}"
        );
    }
}

/// Method and path, without what names one object.
fn operation(record: &Json) -> String {
    let path = record["path"].as_str().unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let steps = path.split('/').map(|step| {
        let quoted: Vec<&str> = step.split('\'').collect();
        match quoted[..] {
            [before, _, after] => format!("{before}''{after}"),
            _ if step.len() == 36 => "ID".to_owned(),
            _ => step.to_owned(),
        }
    });
    let path: Vec<String> = steps.collect();
    let method = record["method"].as_str().unwrap_or_default();
    format!("{method} {}", path.join("/"))
}

/// A client of its own, which knows the emulator as it would know Graph.
struct Tour<'a> {
    emulator: &'a Emulator,
    token: String,
}

impl<'a> Tour<'a> {
    fn begin(emulator: &'a Emulator) -> Self {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", ADMINISTRATOR_CLIENT_ID),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", ADMINISTRATOR_ASSERTION),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
        let mut request = Request::new("POST", &url).expect("a URL");
        request.body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish()
            .into_bytes();
        let mut tour = Self {
            emulator,
            token: String::new(),
        };
        let reply = tour.send(&request).value();
        tour.token = reply["access_token"].as_str().expect("a token").to_owned();
        tour
    }

    fn send(&self, request: &Request) -> Reply {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().expect("an event loop");
        match runtime.block_on(self.emulator.answer(request)) {
            Answer::Reply(reply) => reply,
            other => panic!("{} {}: {other:?}", request.method, request.path),
        }
    }

    /// Calls Graph; the answer has to have that status.
    fn call(&self, status: u16, method: &str, path: &str, body: Json) -> Json {
        let url = format!("{GRAPH}{path}");
        let mut request = Request::new(method, &url)
            .expect("a URL")
            .with_header("authorization", &format!("Bearer {}", self.token))
            .with_header("consistencylevel", "eventual");
        if !body.is_null() {
            request = request.with_json(&body);
        }
        let reply = self.send(&request);
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, status, "{method} {path}: {said}");
        serde_json::from_slice(&reply.body).unwrap_or(Json::Null)
    }

    fn go(&self) {
        let get = |path: &str| self.call(200, "GET", path, Json::Null);
        let text = |json: &Json, name: &str| json[name].as_str().expect("a text").to_owned();
        let application = self.call(
            201,
            "POST",
            "/v1.0/applications",
            json!({
                "displayName": "tour", "signInAudience": "AzureADMyOrg", "tags": ["a", "b"],
                "web": {"redirectUris": ["https://tour.contoso.com/callback"], "implicitGrantSettings": {"enableIdTokenIssuance": true}},
                "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [{
                    "id": "7a5a1d52-9a4f-4f52-8a30-0d9f3f5d7c10", "value": "Tour.Read", "type": "User", "isEnabled": true,
                    "adminConsentDisplayName": "Read", "adminConsentDescription": "Reads.",
                }]},
                "appRoles": [{
                    "id": "0c5bb1d7-25a5-4c1b-8f0e-0f5a8b0b8a11", "value": "Tour.All", "displayName": "All",
                    "description": "Everything.", "isEnabled": true, "allowedMemberTypes": ["Application"],
                }],
                "optionalClaims": {"idToken": [{"name": "email", "essential": false}]},
            }),
        );
        let (id, app_id) = (text(&application, "id"), text(&application, "appId"));
        let principal = self.call(
            201,
            "POST",
            "/v1.0/servicePrincipals",
            json!({"appId": app_id}),
        );
        let principal_id = text(&principal, "id");
        for version in ["v1.0", "beta"] {
            for path in [
                format!("applications/{id}"),
                format!("applications(appId='{app_id}')?$select=id,appId,tags"),
                "applications?$filter=startswith(displayName,'to')&$top=5&$count=true".to_owned(),
                "applications?$search=\"displayName:tour\"&$orderby=displayName".to_owned(),
                "applications?$expand=owners($select=id)&$top=2".to_owned(),
                format!("applications/{id}/owners"),
                format!("servicePrincipals/{principal_id}"),
                format!("servicePrincipals(appId='{app_id}')"),
                format!("servicePrincipals?$filter=appId eq '{app_id}'"),
                format!("servicePrincipals/{principal_id}/appRoleAssignments"),
                format!("servicePrincipals/{principal_id}/appRoleAssignedTo"),
                format!("servicePrincipals/{principal_id}/oauth2PermissionGrants"),
                "oauth2PermissionGrants".to_owned(),
            ] {
                get(&format!(
                    "/{version}/{}",
                    path.replace(' ', "%20").replace('"', "%22")
                ));
            }
        }
        self.call(
            404,
            "GET",
            &format!("/v1.0/applications/{principal_id}"),
            Json::Null,
        );
        self.call(400, "GET", "/v1.0/applications?$filter=nothing", Json::Null);

        let credential = self.call(
            201,
            "POST",
            &format!("/v1.0/applications/{id}/federatedIdentityCredentials"),
            json!({
                "name": "tour", "issuer": "https://token.actions.githubusercontent.com",
                "subject": "repo:contoso/tour:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"],
            }),
        );
        let credentials = format!("applications/{id}/federatedIdentityCredentials");
        get(&format!("/v1.0/{credentials}"));
        get(&format!("/v1.0/{credentials}/{}", text(&credential, "id")));
        get(&format!("/beta/{credentials}/tour"));
        get(&format!("/beta/{credentials}(name='tour')"));
        self.call(
            204,
            "PATCH",
            &format!("/v1.0/{credentials}/tour"),
            json!({"description": "Again."}),
        );
        self.call(
            200,
            "POST",
            "/v1.0/$batch",
            json!({"requests": [
                {"id": "1", "method": "GET", "url": format!("/{credentials}")},
                {"id": "2", "method": "GET", "url": format!("/applications/{principal_id}")},
            ]}),
        );
        self.call(
            204,
            "DELETE",
            &format!("/v1.0/{credentials}/tour"),
            Json::Null,
        );

        self.call(
            204,
            "DELETE",
            &format!("/v1.0/applications/{id}"),
            Json::Null,
        );
        get("/v1.0/directory/deletedItems/microsoft.graph.application");
        get(&format!("/v1.0/directory/deletedItems/{id}"));
        self.call(
            200,
            "POST",
            &format!("/v1.0/directory/deletedItems/{id}/restore"),
            Json::Null,
        );
        self.call(
            204,
            "DELETE",
            &format!("/v1.0/applications/{id}"),
            Json::Null,
        );
        self.call(
            204,
            "DELETE",
            &format!("/v1.0/directory/deletedItems/{id}"),
            Json::Null,
        );
    }
}
