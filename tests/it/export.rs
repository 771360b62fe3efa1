//! Whatever a tenant holds: its export plans to nothing but marks, and once applied to nothing at all.

use serde_json::{Value as Json, json};

use crate::play::{Stage, TENANT};
use crate::scenario::Step;

/// Tenants that are tried, half of them as HCL and half as YAML.
const TENANTS: u64 = 40;

/// A generator that is the same everywhere (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn some(&mut self, words: &[&str]) -> Json {
        let chosen = words.iter().filter(|_| self.below(2) == 0);
        chosen.map(|word| json!(word)).collect()
    }
}

const NAMES: &[&str] = &[
    "Billing",
    "billing",
    "42",
    "Ünïcode 名前",
    "a \"quoted\" name",
    "yes",
    "${x}",
];
const TEXTS: &[&str] = &[
    "",
    "null",
    "${var.x}",
    "%{ if x }",
    "two\nlines",
    "it's \"quoted\" \\ ",
    "- list: #",
    "~",
];
const WEB: &[&str] = &[
    "https://a.contoso.com/cb",
    "https://b.contoso.com/cb",
    "http://localhost:8080/cb",
];
const ISSUERS: &[&str] = &[
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://oidc.contoso.com/x/",
    "https://app.terraform.io",
    "https://vstoken.dev.azure.com/0a1b2c3d-0000-4000-8000-000000000000",
];
const SUBJECTS: &[&str] = &[
    "repo:contoso/a:ref:refs/heads/main",
    "repo:contoso@1/a@2:environment:prod",
    "repo:contoso/a:pull_request",
    "repo:contoso/a:ref:refs/tags/v1",
    "repo:contoso/a:environment:a%3Ab",
    "repo:contoso/a:ref:refs/heads/${x}",
    "odd",
    "repo:contoso/a:job_workflow_ref:x",
    "repo:contoso@1/a:ref:refs/heads/main",
    "project_path:g/p:ref_type:branch:ref:main",
    "project_id:7:ref_type:tag:ref:v1",
    "system:serviceaccount:ns:name",
    "spiffe://contoso.com/a/b",
    "organization:o:project:p:workspace:w:run_phase:apply",
    "sc://o/p/c",
    "has * in it",
    "true",
];
const SCOPES: &[(&str, &str)] = &[
    ("bbbbbbbb-0000-4000-8000-000000000001", "Invoices.Read"),
    ("bbbbbbbb-0000-4000-8000-000000000002", "a:b/$x"),
];
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

fn application(dice: &mut Dice) -> Json {
    let asked = match dice.below(3) {
        0 => json!([{"resourceAppId": GRAPH, "resourceAccess": [
            {"id": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "type": "Role"},
            {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}]}]),
        1 => {
            json!([{"resourceAppId": GRAPH, "resourceAccess": [{"id": "11111111-0000-4000-8000-000000000000", "type": "Role"}]}])
        }
        _ => json!([]),
    };
    let version = [json!(null), json!(2)][dice.below(2)].clone();
    let scopes: Vec<Json> = SCOPES[..dice.below(3)]
        .iter()
        .map(|(id, value)| {
            json!({
                "id": id, "value": value, "type": dice.of(&["User", "Admin"]), "isEnabled": dice.below(3) != 0,
                "adminConsentDisplayName": dice.of(NAMES), "adminConsentDescription": "what it is for",
                "userConsentDisplayName": ([json!(null), json!("${x}")][dice.below(2)]),
            })
        })
        .collect();
    let clients: Vec<Json> = scopes
        .iter()
        .take(dice.below(2))
        .map(|scope| {
            json!({"appId": "AAAAAAAA-0000-4000-8000-000000000001", "delegatedPermissionIds": [scope["id"]]})
        })
        .collect();
    let roles: Vec<Json> = SCOPES[..dice.below(3)]
        .iter()
        .map(|(id, value)| {
            json!({
                "id": id.replace("-0000-", "-1111-"), "value": format!("{value}.All"), "displayName": dice.of(NAMES),
                "description": "two\nlines", "isEnabled": dice.below(3) != 0,
                "allowedMemberTypes": ([json!(["User"]), json!(["Application", "User"])][dice.below(2)]),
            })
        })
        .collect();
    let claims = json!([{
        "name": dice.of(&["groups", "email"]), "source": null, "essential": dice.below(2) == 0,
        "additionalProperties": dice.some(&["sam_account_name", "emit_as_roles"]),
    }]);
    let claims = match dice.below(2) {
        0 => json!({"idToken": claims, "accessToken": [], "saml2Token": []}),
        _ => json!({"idToken": [], "accessToken": claims, "saml2Token": claims}),
    };
    json!({
        "appRoles": roles,
        "optionalClaims": claims,
        "displayName": dice.of(NAMES),
        "notes": dice.of(TEXTS),
        "description": dice.of(TEXTS),
        "tags": dice.some(&["HideApp", "team:payments", "x"]),
        "signInAudience": dice.of(&["AzureADMyOrg", "AzureADMultipleOrgs"]),
        "web": {
            "redirectUris": dice.some(WEB),
            "implicitGrantSettings": {"enableIdTokenIssuance": dice.below(2) == 0},
        },
        "spa": {"redirectUris": dice.some(&["https://spa.contoso.com/"])},
        "api": {
            "requestedAccessTokenVersion": version,
            "oauth2PermissionScopes": scopes,
            "preAuthorizedApplications": clients,
        },
        "requiredResourceAccess": asked,
    })
}

fn credential(dice: &mut Dice, at: usize) -> Json {
    let mut body = json!({
        "name": format!("{}-{at}", dice.of(&["by-hand", "A", "1"])),
        "issuer": dice.of(ISSUERS),
        "description": dice.of(TEXTS),
        "audiences": [dice.of(&["api://AzureADTokenExchange", "other"])],
    });
    match dice.below(4) {
        0 => {
            body["issuer"] = json!(ISSUERS[0]);
            let text = "claims['sub'] matches 'repo:contoso/a:ref:refs/heads/*' and claims['repository_id'] eq '2'";
            body["claimsMatchingExpression"] = json!({"value": text, "languageVersion": 1});
        }
        _ => body["subject"] = json!(dice.of(SUBJECTS)),
    }
    body
}

/// Sends a request behind our back; what the tenant answers, where it refuses it.
fn send(stage: &mut Stage, path: &str, body: &Json) -> Result<(), String> {
    // The stage fills in `${…}` itself: it does not see one that is escaped.
    let body = body.to_string().replace("${", "$\\u007b");
    let step = Step::Tenant {
        method: "POST".to_owned(),
        path: path.to_owned(),
        body,
        reply: String::new(),
    };
    match stage.step(&step) {
        Step::Tenant { reply, .. } if !reply.starts_with('2') => Err(reply),
        _ => Ok(()),
    }
}

fn all(stage: &Stage) -> Vec<(String, String)> {
    let json: Json = stage.get("/v1.0/applications?$select=id,appId&$top=999");
    let list = json["value"].as_array().cloned().unwrap_or_default();
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    list.iter()
        .map(|one| (text(&one["id"]), text(&one["appId"])))
        .collect()
}

#[test]
fn an_export_plans_to_nothing() {
    let (mut credentials, mut builders) = (0, 0);
    for seed in 0..TENANTS {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1);
        let mut stage = Stage::new();
        let before = all(&stage);
        for _ in 0..=dice.below(3) {
            send(&mut stage, "/v1.0/applications", &application(&mut dice))
                .expect("an application");
        }
        let made: Vec<_> = all(&stage)
            .into_iter()
            .filter(|one| !before.contains(one))
            .collect();
        for (id, app_id) in &made {
            if dice.below(2) == 0 {
                let principal =
                    json!({"appId": app_id, "appRoleAssignmentRequired": dice.below(2) == 0});
                send(&mut stage, "/v1.0/servicePrincipals", &principal)
                    .expect("a service principal");
            }
            for at in 0..dice.below(6) {
                let path = format!("/beta/applications/{id}/federatedIdentityCredentials");
                credentials +=
                    usize::from(send(&mut stage, &path, &credential(&mut dice, at)).is_ok());
            }
        }
        let ids: Vec<&str> = made.iter().map(|(_, app_id)| app_id.as_str()).collect();
        let (format, file) = [("hcl", "trust.hcl"), ("yaml", "trust.yaml")][(seed % 2) as usize];
        let line = format!(
            "trustform export {} --tenant {TENANT} --stack s --local --format {format} --out {file}",
            ids.join(" ")
        );
        let run = stage.run(&line, None);
        assert_eq!(run.exit, 0, "seed {seed}: {}", run.err);
        let text = std::fs::read_to_string(stage.directory.path().join(file)).expect("an export");
        builders += [
            "github",
            "gitlab",
            "kubernetes",
            "spiffe",
            "terraform_cloud",
        ]
        .map(|word| {
            text.matches(&format!("{word} ")).count() + text.matches(&format!("{word}:")).count()
        })
        .iter()
        .sum::<usize>();
        let run = stage.run("trustform plan --local --format json", None);
        assert_eq!(run.exit, 0, "seed {seed}: {}\n{text}", run.err);
        let plan: Json = serde_json::from_str(&run.out).expect("a plan");
        for change in plan["changes"].as_array().into_iter().flatten() {
            let fields = change["fields"].as_array().into_iter().flatten();
            let only_marks = fields
                .into_iter()
                .all(|field| field["path"] == "unique_name");
            assert!(
                change["reason"] == "adopted" && only_marks,
                "seed {seed}: {change:#}\n{text}"
            );
        }
        let run = stage.run("trustform apply --local --auto-approve", None);
        assert_eq!(run.exit, 0, "seed {seed}: {}{}\n{text}", run.out, run.err);
        let run = stage.run("trustform plan --local", None);
        assert!(
            run.out.contains("No changes"),
            "seed {seed}: {}\n{text}",
            run.out
        );
    }
    assert!(
        credentials > 80 && builders > 20,
        "{credentials} credentials, {builders} builders"
    );
}
