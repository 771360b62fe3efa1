//! What each rule says of the tenant that triggers it, in full, as people read it: `findings.txt`.

use serde_json::{Value as Json, json};
use trustform::audit::{Options, run};
use trustform::model::tenant::Tenant;
use trustform::render::audit::text::text;
use trustform::render::style::Style;

use super::cases::cases;
use super::tenants::{DAY, GITHUB, GOOD, NOW, app, fic, role, secret, tenant, trusting, whole};
use crate::schemas::kept;

/// 1 February and 1 August 2027: the retirement of an issuer draws near, and is over.
const NEAR: i64 = 1_801_440_000;
const OVER: i64 = 1_817_078_400;

/// Rules that say more than one thing: a tenant, and when.
fn further() -> Vec<(&'static str, Tenant, i64)> {
    let retiring = || trusting(fic("https://vstoken.dev.azure.com/0000", "sc://o/p/c"));
    let ending = |days: i64| app(json!({ "passwords": [secret(-90, days)] }));
    let sharing: Vec<_> = (1..=3)
        .map(|n| json!({ "id": format!("o-{n}"), "app_id": format!("c-{n}"), "display_name": format!("app-{n}"), "credentials": [fic(GITHUB, GOOD)] }))
        .collect();
    let endless = json!({ "key_id": "k-1", "name": "made by hand" });
    let certified = json!({ "certificates": [secret(-9, 90)] });
    let owned = |owner: Json| {
        tenant(
            json!({ "owners": [owner.clone()] }),
            json!({ "owners": [owner] }),
        )
    };
    let roles = json!([
        role("RoleManagement.ReadWrite.Directory", "r-1"),
        role("User.ReadWrite.All", "r-2")
    ]);
    let deploys =
        json!({ "role": "Contributor", "scope": "/subscriptions/s-1", "through": "deployers" });
    let privileged = json!({ "roles": roles, "azure": [deploys] });
    let person = json!({ "id": "u-1", "name": "Ada", "kind": "user" });
    vec![
        ("azure-devops-issuer", retiring(), NEAR),
        ("azure-devops-issuer", retiring(), OVER),
        ("expiring-secret", ending(0), NOW - DAY / 2),
        ("expiring-secret", ending(1), NOW),
        (
            "federated-administrator",
            tenant(
                json!({ "credentials": [fic(GITHUB, GOOD)] }),
                privileged.clone(),
            ),
            NOW,
        ),
        (
            "hidden-characters",
            trusting(fic(GITHUB, "repo:contoso/api\u{200b}:environment:prod")),
            NOW,
        ),
        (
            "insecure-redirect-uri",
            app(json!({ "redirect_uris": ["https://*.contoso.com/x"] })),
            NOW,
        ),
        (
            "long-lived-secret",
            app(json!({ "passwords": [endless] })),
            NOW,
        ),
        (
            "owned-administrator",
            tenant(json!({ "owners": [person] }), privileged),
            NOW,
        ),
        ("principal-credential", tenant(json!({}), certified), NOW),
        (
            "risky-owner",
            owned(json!({ "id": "u-1", "name": "Ada", "kind": "user", "enabled": false })),
            NOW,
        ),
        (
            "risky-owner",
            owned(json!({ "id": "p-2", "name": "ci", "kind": "servicePrincipal" })),
            NOW,
        ),
        (
            "shared-trust",
            whole(json!(sharing), json!([]), json!({})),
            NOW,
        ),
    ]
}

/// What that rule says, without what other rules do.
fn said(rule: &str, tenant: &Tenant, now: i64) -> String {
    let mut report = run(
        tenant,
        &Options {
            now,
            ..Options::default()
        },
    );
    report.findings.retain(|finding| finding.rule == rule);
    let mut pieces: Vec<String> = text(&report, Style::PLAIN).collect();
    pieces.pop();
    pieces.concat()
}

#[test]
fn what_each_rule_says() {
    let cases = cases()
        .into_iter()
        .map(|(rule, triggers, _)| (rule, triggers, NOW));
    let mut all: Vec<_> = cases.chain(further()).collect();
    all.sort_by_key(|(rule, ..)| *rule);
    let said = all
        .iter()
        .map(|(rule, tenant, now)| said(rule, tenant, *now));
    kept("tests/it/audit/findings.txt", &said.collect::<String>());
}
