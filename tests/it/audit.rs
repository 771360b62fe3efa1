//! Audit: every rule has a tenant that triggers it and one that does not, and the command runs against the emulator.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use trustform::audit::scope::Scope;
use trustform::audit::{Options, rules, run};
use trustform::model::report::Report;
use trustform::model::rule::Severity;
use trustform::model::tenant::Tenant;

use crate::play::Stage;
use cases::cases;
use tenants::{DAY, GITHUB, GOOD, NOW, TENANT, app, fic, secret, tenant, trusting, whole};

mod cases;
mod findings;
mod tenants;

fn judge(tenant: &Tenant) -> Report {
    run(
        tenant,
        &Options {
            now: NOW,
            ..Options::default()
        },
    )
}

fn fires(tenant: &Tenant, rule: &str) -> bool {
    judge(tenant)
        .findings
        .iter()
        .any(|finding| finding.rule == rule)
}

#[test]
fn every_rule_has_a_tenant_that_triggers_it_and_one_that_does_not() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (rule, triggers, clean) in &cases {
        if !fires(triggers, rule) {
            wrong.push(format!("{rule} misses its tenant"));
        }
        if fires(clean, rule) {
            wrong.push(format!("{rule} fires without reason"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    let tested: BTreeSet<&str> = cases.iter().map(|(rule, ..)| *rule).collect();
    let there: BTreeSet<&str> = rules().iter().map(|rule| rule.doc.name).collect();
    assert_eq!(tested, there);
    assert_eq!(there.len(), rules().len(), "two rules of one name");
    assert!(there.len() >= 50);
    for rule in rules() {
        let doc = rule.doc;
        for text in [doc.what, doc.why, doc.source, doc.example, doc.fix] {
            assert!(!text.is_empty(), "{} lacks a word", doc.name);
        }
    }
}

#[test]
fn what_opens_an_administrator_is_one_step_worse() {
    let request = || fic(GITHUB, "repo:contoso@1/api@2:pull_request");
    let severity = |azure: Json| {
        let it = tenant(
            json!({ "credentials": [request()] }),
            json!({ "azure": azure }),
        );
        let report = judge(&it);
        let mut found = report.findings.into_iter();
        found.find(|it| it.rule == "pull-request-subject").unwrap()
    };
    let of = |role: &str, scope: &str| severity(json!([{ "role": role, "scope": scope }]));
    let subscription = "/subscriptions/22222222-2222-4222-8222-222222222222";
    for scope in [
        "/",
        "/providers/Microsoft.Management/managementGroups/all",
        subscription,
    ] {
        let found = of("User Access Administrator", scope);
        assert_eq!(found.severity, Severity::Critical, "{scope}");
        let why = found.evidence.last().unwrap();
        assert!(why.contains(&format!("User Access Administrator at {scope}")));
    }
    let group = format!("{subscription}/resourceGroups/one");
    for (role, scope) in [
        ("Owner", group.as_str()),
        ("Reader", "/"),
        ("Contributor", "/"),
    ] {
        assert_eq!(
            of(role, scope).severity,
            Severity::High,
            "{role} at {scope}"
        );
    }
}

#[test]
fn what_could_not_be_read_is_not_called_clean() {
    let mut tenant = app(json!({}));
    tenant.unread.insert(
        "owners".to_owned(),
        "Microsoft Graph answered 403".to_owned(),
    );
    let report = judge(&tenant);
    let not_run: Vec<&str> = report
        .rules_not_run
        .iter()
        .map(|(rule, _)| rule.name)
        .collect();
    assert_eq!(not_run, ["owned-administrator", "risky-owner"]);
}

#[test]
fn a_scope_is_what_it_says_and_never_empty() {
    let owner = json!({ "id": "u-1", "kind": "user" });
    let mut tenant = whole(
        json!([
            { "id": "o-1", "app_id": "c-1", "tags": ["prod"], "owners": [owner] },
            { "id": "o-2", "app_id": "c-2", "tags": ["prod"], "owners": [], "declared_at": "trust.hcl:1" },
            { "id": "o-3", "app_id": "c-3", "owners": [owner] },
        ]),
        json!([{ "id": "p-2", "app_id": "c-2" }, { "id": "p-4", "app_id": "c-4", "owners": [{ "id": "u-2" }] }]),
        json!({}),
    );
    tenant.groups = [("g-1".to_owned(), vec!["p-2".to_owned(), "u-7".to_owned()])].into();
    let one = |text: &str| vec![text.to_owned()];
    let select = |scope: Scope, tenant: &Tenant| {
        let chosen = scope.select(tenant)?.expect("a scope");
        Ok::<_, String>(chosen.into_iter().collect::<Vec<_>>().join(" "))
    };
    let of = |change: fn(&mut Scope, Vec<String>), value: &str| {
        let mut scope = Scope::default();
        change(&mut scope, one(value));
        scope
    };
    assert_eq!(Scope::default().select(&tenant), Ok(None));
    let tag = of(|scope, it| scope.tags = it, "prod");
    assert_eq!(select(tag.clone(), &tenant).as_deref(), Ok("o-1 o-2"));
    let mut both = tag;
    both.owners = one("u-1");
    assert_eq!(both.words(), "tag `prod`, owner `u-1`");
    assert_eq!(select(both, &tenant).as_deref(), Ok("o-1"));
    let group = of(|scope, it| scope.groups = it, "g-1");
    assert_eq!(select(group, &tenant).as_deref(), Ok("c-2 o-2"));
    let declared = Scope {
        declared: true,
        ..Scope::default()
    };
    assert_eq!(select(declared, &tenant).as_deref(), Ok("o-2"));
    let elsewhere = of(|scope, it| scope.applications = it, "c-4");
    assert_eq!(select(elsewhere, &tenant).as_deref(), Ok("c-4"));
    let principal = of(|scope, it| scope.applications = it, "p-2");
    assert_eq!(select(principal, &tenant).as_deref(), Ok("c-2"));
    let owner = of(|scope, it| scope.owners = it, "u-2");
    assert_eq!(select(owner, &tenant).as_deref(), Ok("c-4"));
    for nothing in [
        of(|scope, it| scope.applications = it, "c-9"),
        of(|scope, it| scope.groups = it, "g-9"),
        of(|scope, it| scope.tags = it, "test"),
        of(|scope, it| scope.owners = it, "u-9"),
    ] {
        assert!(select(nothing, &tenant).is_err());
    }
    let refused = "Microsoft Graph answered 403".to_owned();
    tenant.unread.insert("owners".to_owned(), refused);
    let owner = of(|scope, it| scope.owners = it, "u-1");
    assert!(select(owner, &tenant).is_err_and(|why| why.contains("403")));
}

#[test]
fn what_is_pasted_holds_ids_alone() {
    let secret = json!({ "key_id": "$(reboot)", "end": NOW + 90 * DAY });
    let tenant = app(json!({ "credentials": [fic(GITHUB, GOOD)], "passwords": [secret] }));
    let report = judge(&tenant);
    let mut found = report.findings.iter();
    let fix = &found.find(|it| it.rule == "leftover-secret").unwrap().fix;
    assert!(fix.contains("--id c-1 --key-id <key id>"), "{fix}");
}

#[test]
fn saml_signing_pairs_and_azures_own_certificates_are_no_leftovers() {
    let mut sign = secret(-9, 900);
    sign["usage"] = json!("Sign");
    let mut verify = secret(-9, 900);
    verify["usage"] = json!("Verify");
    let saml = tenant(
        json!({}),
        json!({ "single_sign_on": "saml", "certificates": [sign, verify], "passwords": [secret(-9, 900)] }),
    );
    assert!(!fires(&saml, "principal-credential"));
}

#[test]
fn a_baseline_quietens_what_was_there() {
    let bad = trusting(fic(GITHUB, "environment:prod"));
    let mut known: BTreeSet<String> = judge(&bad)
        .findings
        .into_iter()
        .map(|it| it.fingerprint)
        .collect();
    known.insert("gone".to_owned());
    let again = run(
        &bad,
        &Options {
            now: NOW,
            baseline: Some(known),
            ..Options::default()
        },
    );
    assert!(judge(&bad).fails(Severity::Critical));
    assert!(!again.fails(Severity::Info));
    assert_eq!(again.fixed, Some(1));
}

#[test]
fn the_command_reads_a_tenant_keeps_it_and_fails_for_what_it_finds() {
    let stack = r#"
stack "payments" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "deployer" {
  display_name = "payments-deployer"

  federated_credential "main" {
    github = { owner = "contoso", repository = "payments", pull_request = true }
  }
}
"#;
    let mut stage = Stage::new();
    std::fs::write(stage.directory.path().join("trust.hcl"), stack).unwrap();
    let applied = stage.run("trustform apply --local --auto-approve", None);
    assert_eq!(applied.exit, 0, "{}", applied.err);
    let live = stage.run(
        "trustform audit --local --save tenant.json --fail-on medium",
        None,
    );
    assert_eq!(live.exit, 2, "{}{}", live.out, live.err);
    assert!(live.out.contains("pull-request-subject"), "{}", live.out);
    assert!(
        live.out.contains("Not checked: issuers were not asked"),
        "{}",
        live.out
    );
    let kept = stage.run("trustform audit --from tenant.json --fail-on medium", None);
    assert_eq!((kept.exit, &kept.out), (2, &live.out));
    let again = stage.run(
        "trustform audit --from tenant.json --baseline tenant.json --fail-on info",
        None,
    );
    assert_eq!(again.exit, 0, "{}", again.out);
    let json = stage.run(
        &format!("trustform audit --local --tenant {TENANT} --fail-on never --format json"),
        None,
    );
    assert_eq!(json.exit, 0, "{}", json.err);
    let json: Json = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["format"], "trustform-audit/1");
    assert_eq!(json["applications"], 1);
}
