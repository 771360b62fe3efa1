//! Saved plans: a changed byte, a changed world, another tenant, another time are each refused.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::plan::saved::Saved;

use crate::play::Stage;
use crate::scenario::Step;

/// Something of every kind that a plan reads.
const STACK: &str = r#"
stack "rich" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "shop" {
  display_name = "shop"
  notes        = "first"
  owners       = ["OWNER"]
  web { redirect_uris = ["https://shop.contoso.com/cb"] }
  app_role "Orders.Read.All" {
    display_name         = "Read orders"
    description          = "Reads all orders"
    allowed_member_types = ["Application"]
  }
  permissions "microsoft_graph" {
    application   = ["Application.Read.All"]
    delegated     = ["User.Read"]
    admin_consent = true
  }
  federated_credential "main" {
    description = "the pipeline"
    github      = { owner = "contoso", repository = "shop", branch = "main" }
  }
}

managed_identity "robot" {
  name            = "shop-robot"
  subscription_id = "22222222-2222-4222-8222-222222222222"
  resource_group  = "shop"
  location        = "westeurope"
  federated_credential "pod" {
    issuer  = oidc_issuer.kind.url
    subject = "system:serviceaccount:shop:robot"
  }
  role_assignment "reader" {
    scope                = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/shop"
    role_definition_name = "Reader"
  }
}

oidc_issuer "kind" {
  storage_account = "oidc4f1c"
  container       = "oidc"
  signing_key "first" {
    public_key = file("key.pub.pem")
  }
}
"#;

/// A stack that is there, and a file that wants one more change of it.
fn stage() -> Stage {
    let mut stage = Stage::new();
    let directory = stage.directory.path().to_owned();
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).expect(name);
    let path = format!("/v1.0/servicePrincipals(appId='{ADMINISTRATOR_CLIENT_ID}')");
    let owner = stage.get(&path)["id"].as_str().expect("an id").to_owned();
    let text = STACK.replace("OWNER", &owner);
    write("trust.hcl", &text);
    write("key.pub.pem", include_str!("simulation/key-1.pub.pem"));
    stage.step(&Step::Storage {
        account: "oidc4f1c".to_owned(),
        container: "oidc".to_owned(),
    });
    let applied = stage.run("trustform apply --local --auto-approve", None);
    assert_eq!(applied.exit, 0, "{}", applied.err);
    write("trust.hcl", &text.replace("= \"first\"", "= \"second\""));
    stage
}

fn save(stage: &mut Stage) -> String {
    let planned = stage.run("trustform plan --local --out saved.plan", None);
    assert_eq!(planned.exit, 0, "{}", planned.err);
    std::fs::read_to_string(stage.directory.path().join("saved.plan")).expect("a saved plan")
}

#[test]
fn any_changed_byte_of_a_saved_plan_is_refused() {
    let mut stage = Stage::new();
    let small = "stack \"small\" { tenant_id = \"11111111-1111-4111-8111-111111111111\" }\napplication \"a\" { display_name = \"a\" }\n";
    std::fs::write(stage.directory.path().join("trust.hcl"), small).expect("a stack");
    let text = save(&mut stage);
    let now = stage.clock.now_ms();
    assert!(Saved::from_text(&text, now).is_ok());
    let refused = |changed: &[u8], what: &str, at: usize| {
        // What is not even text is refused when the file is read.
        if let Ok(changed) = std::str::from_utf8(changed) {
            let read = Saved::from_text(changed, now);
            assert!(read.is_err(), "{what} at byte {at} was taken");
        }
    };
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 7);
        refused(&changed, "a flipped bit", at);
        match at % 3 {
            0 => drop(changed.remove(at)),
            1 => changed.insert(at, b' '),
            _ => changed.truncate(at),
        }
        refused(&changed, "a byte more or less", at);
    }
    refused(format!("{text}\n").as_bytes(), "a line more", bytes.len());
    refused(
        text.replace('\n', "\r\n").as_bytes(),
        "other ends of lines",
        0,
    );
}

/// What somebody else does, and the member that it changes: of which kind, and its name; or that an object is new or gone.
/// `APP`, `SP`, `FIC`, `MI` and `GRANT` stand for paths.
const CHANGES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "PATCH",
        "APP",
        r#"{"displayName": "x"}"#,
        "application",
        "display_name",
    ),
    (
        "PATCH",
        "APP",
        r#"{"description": "x"}"#,
        "application",
        "description",
    ),
    ("PATCH", "APP", r#"{"notes": "x"}"#, "application", "notes"),
    (
        "PATCH",
        "APP",
        r#"{"serviceManagementReference": "x"}"#,
        "application",
        "service_management_reference",
    ),
    (
        "PATCH",
        "APP",
        r#"{"signInAudience": "AzureADMultipleOrgs"}"#,
        "application",
        "sign_in_audience",
    ),
    (
        "PATCH",
        "APP",
        r#"{"identifierUris": ["api://${client_id rich.shop}"]}"#,
        "application",
        "identifier_uris",
    ),
    ("PATCH", "APP", r#"{"tags": []}"#, "application", "tags"),
    (
        "PATCH",
        "APP",
        r#"{"groupMembershipClaims": "All"}"#,
        "application",
        "group_membership_claims",
    ),
    (
        "PATCH",
        "APP",
        r#"{"web": {"redirectUris": ["https://evil.example/cb"]}}"#,
        "application",
        "web",
    ),
    (
        "PATCH",
        "APP",
        r#"{"spa": {"redirectUris": ["https://evil.example/cb"]}}"#,
        "application",
        "single_page_application",
    ),
    (
        "PATCH",
        "APP",
        r#"{"publicClient": {"redirectUris": ["http://localhost"]}}"#,
        "application",
        "public_client",
    ),
    (
        "PATCH",
        "APP",
        r#"{"api": {"requestedAccessTokenVersion": 2}}"#,
        "application",
        "api",
    ),
    (
        "PATCH",
        "APP",
        r#"{"api": {"oauth2PermissionScopes": [{"id": "bbbbbbbb-0000-4000-8000-000000000001", "value": "a", "type": "User", "isEnabled": true, "adminConsentDisplayName": "a", "adminConsentDescription": "a"}]}}"#,
        "application",
        "oauth2_permission_scopes",
    ),
    (
        "PATCH",
        "APP",
        r#"{"api": {"oauth2PermissionScopes": [{"id": "bbbbbbbb-0000-4000-8000-000000000001", "value": "a", "type": "User", "isEnabled": true, "adminConsentDisplayName": "a", "adminConsentDescription": "a"}],
        "preAuthorizedApplications": [{"appId": "aaaaaaaa-0000-4000-8000-000000000001", "delegatedPermissionIds": ["bbbbbbbb-0000-4000-8000-000000000001"]}]}}"#,
        "application",
        "pre_authorized_applications",
    ),
    (
        "PATCH",
        "APP",
        r#"{"info": {"marketingUrl": "https://x.example"}}"#,
        "application",
        "marketing_url",
    ),
    (
        "PATCH",
        "APP",
        r#"{"info": {"privacyStatementUrl": "https://x.example"}}"#,
        "application",
        "privacy_statement_url",
    ),
    (
        "PATCH",
        "APP",
        r#"{"info": {"supportUrl": "https://x.example"}}"#,
        "application",
        "support_url",
    ),
    (
        "PATCH",
        "APP",
        r#"{"info": {"termsOfServiceUrl": "https://x.example"}}"#,
        "application",
        "terms_of_service_url",
    ),
    (
        "PATCH",
        "APP",
        r#"{"isFallbackPublicClient": true}"#,
        "application",
        "fallback_public_client_enabled",
    ),
    (
        "PATCH",
        "APP",
        r#"{"isDeviceOnlyAuthSupported": true}"#,
        "application",
        "device_only_auth_enabled",
    ),
    (
        "PATCH",
        "APP",
        r#"{"requiredResourceAccess": []}"#,
        "application",
        "required_resource_access",
    ),
    (
        "PATCH",
        "APP",
        r#"{"optionalClaims": {"idToken": [{"name": "email"}]}}"#,
        "application",
        "optional_claim_set",
    ),
    (
        "POST",
        "APP/owners/$ref",
        r#"{"@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/${principal rich.shop}"}"#,
        "application",
        "owners",
    ),
    ("DELETE", "APP", "", "application", "deleted"),
    (
        "PATCH",
        "SP",
        r#"{"accountEnabled": false}"#,
        "service_principal",
        "account_enabled",
    ),
    (
        "PATCH",
        "SP",
        r#"{"appRoleAssignmentRequired": true}"#,
        "service_principal",
        "app_role_assignment_required",
    ),
    (
        "PATCH",
        "SP",
        r#"{"description": "x"}"#,
        "service_principal",
        "description",
    ),
    (
        "PATCH",
        "SP",
        r#"{"notes": "x"}"#,
        "service_principal",
        "notes",
    ),
    (
        "PATCH",
        "SP",
        r#"{"loginUrl": "https://x.example"}"#,
        "service_principal",
        "login_url",
    ),
    ("DELETE", "SP", "", "service_principal", "gone"),
    (
        "PATCH",
        "FIC",
        r#"{"description": "x"}"#,
        "federated_credential",
        "description",
    ),
    (
        "PATCH",
        "FIC",
        r#"{"issuer": "https://gitlab.com"}"#,
        "federated_credential",
        "issuer",
    ),
    (
        "PATCH",
        "FIC",
        r#"{"subject": "repo:mallory/x:ref:refs/heads/main"}"#,
        "federated_credential",
        "subject",
    ),
    (
        "PATCH",
        "FIC",
        r#"{"audiences": ["other"]}"#,
        "federated_credential",
        "audience",
    ),
    ("DELETE", "FIC", "", "federated_credential", "gone"),
    (
        "POST",
        "APP/federatedIdentityCredentials",
        r#"{"name": "backdoor", "issuer": "https://gitlab.com", "subject": "x", "audiences": ["api://AzureADTokenExchange"]}"#,
        "federated_credential",
        "new",
    ),
    ("DELETE", "ROLE", "", "app_role_assignment", "gone"),
    (
        "PATCH",
        "GRANT",
        r#"{"scope": "User.Read Mail.Read"}"#,
        "delegated_permission_grant",
        "scopes",
    ),
    ("DELETE", "GRANT", "", "delegated_permission_grant", "gone"),
    (
        "PATCH",
        "MI",
        r#"{"tags": {"team": "x"}}"#,
        "managed_identity",
        "tags",
    ),
    ("DELETE", "MI", "", "managed_identity", "gone"),
    (
        "PUT",
        "MI/federatedIdentityCredentials/backdoor",
        r#"{"properties": {"issuer": "https://gitlab.com", "subject": "x", "audiences": ["api://AzureADTokenExchange"]}}"#,
        "federated_credential",
        "new",
    ),
    ("DELETE", "AZURE", "", "role_assignment", "gone"),
    ("PUT", "BLOB", "{\"keys\": []}", "document", "text"),
    (
        "PUT",
        "BLOB",
        "cache-control: no-store\n\n{}",
        "document",
        "cache_control",
    ),
    ("DELETE", "BLOB", "", "document", "gone"),
];

/// Members that cannot change by themselves: they are what an object is found by, words of the language that the tenant
/// does not have, or another form of one that is tried.
const OTHERS: &[&str] = &[
    "(name)",
    "deleted",
    "unique_name",
    "client_id",
    "resource_id",
    "role_id",
    "principal_id",
    "scope",
    "location",
    "role_definition_id",
    "role_definition_name",
    "adopt",
    "existing",
    "feature_tags",
    "permissions",
    "service_principal",
    "app_role",
    "app_roles",
    "optional_claims",
    "claims_matching_expression",
    "aws",
    "azure_devops",
    "buildkite",
    "circleci",
    "github",
    "gitlab",
    "google",
    "kubernetes",
    "managed_identity",
    "spiffe",
    "terraform_cloud",
    "content",
    "content_type",
    "last_modified",
    "published",
    "stack",
];

/// The full path of a change.
fn place(stage: &Stage, short: &str) -> String {
    let arm = "https://management.azure.com/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/shop/providers";
    let first = |path: &str| {
        let all = stage.get(path)["value"].clone();
        all[0]["id"].as_str().expect("an id").to_owned()
    };
    let application = "/v1.0/applications(uniqueName='rich.shop')";
    let client_id = stage.get(application)["appId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let principal = format!("/v1.0/servicePrincipals(appId='{client_id}')");
    let (head, rest) = short
        .split_once('/')
        .map_or((short, ""), |(head, rest)| (head, rest));
    let head = match head {
        "APP" => {
            let id = stage.get(application)["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            format!("/v1.0/applications/{id}")
        }
        "SP" => principal,
        "FIC" => {
            let all = format!("{application}/federatedIdentityCredentials");
            format!(
                "/beta/applications(uniqueName='rich.shop')/federatedIdentityCredentials/{}",
                first(&all)
            )
        }
        "ROLE" => {
            let id = stage.get(&principal)["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            let all = format!("/v1.0/servicePrincipals/{id}/appRoleAssignments");
            format!("{all}/{}", first(&all))
        }
        "GRANT" => format!(
            "/v1.0/oauth2PermissionGrants/{}",
            first("/v1.0/oauth2PermissionGrants")
        ),
        "MI" => format!("{arm}/Microsoft.ManagedIdentity/userAssignedIdentities/shop-robot"),
        "AZURE" => format!(
            "{arm}/Microsoft.Authorization/roleAssignments/8802ea19-fcd4-58a8-8d9c-810402bfc005"
        ),
        "BLOB" => "https://oidc4f1c.blob.core.windows.net/oidc/openid/v1/jwks".to_owned(),
        other => panic!("{other} is no place"),
    };
    let path = match rest {
        "" => head,
        rest => format!("{head}/{rest}"),
    };
    match short {
        _ if short.starts_with("MI") => format!("{path}?api-version=2024-11-30"),
        "AZURE" => format!("{path}?api-version=2022-04-01"),
        _ => path,
    }
}

#[test]
fn every_member_that_was_read_is_watched() {
    let mut stage = stage();
    let text = save(&mut stage);
    let mut tried: BTreeSet<&str> = OTHERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (method, short, body, kind, member) in CHANGES {
        let mut after = stage.fork();
        let step = Step::Tenant {
            method: (*method).to_owned(),
            path: place(&after, short),
            body: (*body).to_owned(),
            reply: String::new(),
        };
        let Step::Tenant { reply, .. } = after.step(&step) else {
            unreachable!("a step of the tenant stays one");
        };
        if !reply.starts_with('2') {
            wrong.push(format!("{method} {short} {body}: {reply}"));
            continue;
        }
        let before = after.emulator.dump();
        let run = after.run("trustform apply saved.plan --local", None);
        let said = match *member {
            "gone" | "new" => run.err.lines().any(|line| {
                line.contains(&format!(": {kind} ")) && line.ends_with(&format!(" is {member}"))
            }),
            member => run.err.contains(&format!("`{member}` of {kind} ")),
        };
        if run.exit != 3 || !said || after.emulator.dump() != before {
            wrong.push(format!(
                "{method} {short} {body}: exit {}: {}",
                run.exit, run.err
            ));
        }
        tried.insert(member);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let saved: Json = serde_json::from_str(&text).expect("JSON");
    for (object, members) in saved["world"].as_object().expect("objects") {
        for member in members.as_object().expect("members").keys() {
            assert!(
                tried.contains(member.as_str()),
                "nobody tries `{member}` of {object}"
            );
        }
    }
    let run = stage.run("trustform apply saved.plan --local", None);
    assert_eq!(run.exit, 0, "{}", run.err);
}

#[test]
fn a_saved_plan_is_for_one_tenant_one_version_and_a_week() {
    let mut stage = stage();
    let text = save(&mut stage);
    let now = stage.clock.now_ms();
    let refused = |text: &str, now: i64| {
        let refused = Saved::from_text(text, now).expect_err("a refusal");
        assert_eq!(refused.help, ["make a new plan with `plan --out FILE`"]);
        refused.message
    };
    assert_eq!(
        refused(&text, now + 8 * 24 * 60 * 60 * 1000),
        "the plan has expired: it is more than seven days old"
    );
    let spaced = format!("{text} ");
    assert_eq!(
        refused(&spaced, now),
        "the file was changed after it was saved"
    );
    assert_eq!(
        refused("stack {}", now),
        "the file is not a saved plan: expected value at line 1 column 1"
    );
    // Whoever writes a sum of his own says what he likes; the version is looked at then.
    let mut other = Saved::from_text(&text, now).expect("a saved plan");
    other.tool = "0.0.1".to_owned();
    let other = other.to_text().expect("a text");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        refused(&other, now),
        format!("the plan was made by trustform 0.0.1, and this is {version}")
    );
    let digest = Saved::from_text(&text, now).expect("a saved plan").digest;
    let wrong = stage.run(
        &format!(
            "trustform apply saved.plan --local --expect {}",
            "0".repeat(16)
        ),
        None,
    );
    assert_eq!(wrong.exit, 3, "{}", wrong.err);
    let given = stage.run("trustform apply saved.plan --local --allow-self", None);
    assert_eq!(given.exit, 1, "{}", given.err);
    let mut elsewhere = Saved::from_text(&text, now).expect("a saved plan");
    elsewhere.desired.stack.tenant_id = "99999999-9999-4999-8999-999999999999".to_owned();
    let file = stage.directory.path().join("elsewhere.plan");
    std::fs::write(file, elsewhere.to_text().expect("a text")).expect("a file");
    let refused = stage.run("trustform apply elsewhere.plan --local", None);
    assert_eq!(refused.exit, 1, "{}", refused.err);
    assert!(refused.err.contains("99999999-"), "{}", refused.err);
    let right = stage.run(
        &format!("trustform apply saved.plan --local --expect {digest}"),
        None,
    );
    assert_eq!(right.exit, 0, "{}", right.err);
}

#[test]
fn no_secret_is_in_a_saved_plan() {
    let mut stage = stage();
    let path = format!("{}/addPassword", place(&stage, "APP"));
    let added = stage.step(&Step::Tenant {
        method: "POST".to_owned(),
        path,
        body: r#"{"passwordCredential": {"displayName": "legacy"}}"#.to_owned(),
        reply: String::new(),
    });
    assert!(matches!(added, Step::Tenant { reply, .. } if reply.starts_with('2')));
    let tenant = stage.emulator.with_store(|store, _| store.to_json());
    let tenant: Json = serde_json::from_slice(&tenant).expect("JSON");
    let key = tenant["signing_key"].as_str().expect("the key").to_owned();
    let text = save(&mut stage);
    for secret in [
        key.as_str(),
        "PRIVATE KEY",
        "eyJ",
        "secretText",
        "Bearer",
        ADMINISTRATOR_ASSERTION,
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}
