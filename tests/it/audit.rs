//! Audit: every rule has a tenant that triggers it and one that does not, and the command runs against the emulator.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use trustform::audit::scope::Scope;
use trustform::audit::{Options, rules, run};
use trustform::model::report::Report;
use trustform::model::rule::Severity;
use trustform::model::tenant::Tenant;

use crate::play::Stage;

const NOW: i64 = 1_790_000_000;
const DAY: i64 = 86_400;
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const CLUSTER: &str = "https://oidc.contoso.com/cluster";
/// All characters of the modulus.
const WHOLE: usize = usize::MAX;
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const GOOD: &str = "repo:contoso@1/api@2:environment:prod";
const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

fn fic(issuer: &str, subject: &str) -> Json {
    json!({ "id": subject, "name": "main", "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"] })
}

fn flexible(issuer: &str, expression: &str) -> Json {
    json!({ "id": expression, "name": "flexible", "issuer": issuer, "expression": expression, "audiences": ["api://AzureADTokenExchange"] })
}

fn secret(start: i64, end: i64) -> Json {
    json!({ "key_id": format!("k{start}{end}"), "start": NOW + start * DAY, "end": NOW + end * DAY })
}

/// One application with these members, and its service principal with those.
fn tenant(application: Json, principal: Json) -> Tenant {
    let mut app = json!({ "id": "o-1", "app_id": "c-1", "display_name": "payments", "sign_in_audience": "AzureADMyOrg", "owners": [] });
    let mut sp = json!({ "id": "p-1", "app_id": "c-1", "display_name": "payments", "kind": "Application", "owner_tenant": TENANT });
    for (to, from) in [(&mut app, application), (&mut sp, principal)] {
        for (name, value) in from.as_object().unwrap() {
            to[name] = value.clone();
        }
    }
    whole(json!([app]), json!([sp]), json!({}))
}

fn whole(applications: Json, principals: Json, published: Json) -> Tenant {
    serde_json::from_value(json!({
        "format": "trustform-snapshot/2", "tenant_id": TENANT, "read_at": NOW,
        "applications": applications, "principals": principals, "published": published,
    }))
    .unwrap()
}

fn app(application: Json) -> Tenant {
    tenant(application, json!({}))
}

fn trusting(credential: Json) -> Tenant {
    app(json!({ "credentials": [credential] }))
}

fn serving(discovery: &str, jwks: &str) -> Tenant {
    let apps = json!([{ "id": "o-1", "app_id": "c-1", "display_name": "x", "credentials": [fic(CLUSTER, "system:serviceaccount:a:b")] }]);
    whole(
        apps,
        json!([]),
        json!({ CLUSTER: { "discovery": discovery, "jwks": jwks } }),
    )
}

fn document(issuer: &str) -> String {
    json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/openid/v1/jwks"), "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"] })
    .to_string()
}

fn jwks(modulus: usize, more: Json) -> String {
    let real: Json =
        serde_json::from_str(include_str!("../../src/keys/testdata/azwi-jwks.json")).unwrap();
    let n = real["keys"][0]["n"].as_str().unwrap();
    let n: String = n.chars().take(modulus).collect();
    let mut key =
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": n, "e": "AQAB" });
    for (name, value) in more.as_object().unwrap() {
        key[name] = value.clone();
    }
    json!({ "keys": [key] }).to_string()
}

fn role(name: &str, id: &str) -> Json {
    json!({ "api": GRAPH, "id": id, "name": name })
}

/// Rule, a tenant that triggers it, one that does not.
fn cases() -> Vec<(&'static str, Tenant, Tenant)> {
    let good = || fic(GITHUB, GOOD);
    let federated = |more: Json| {
        let mut it = json!({ "credentials": [good()] });
        for (name, value) in more.as_object().unwrap() {
            it[name] = value.clone();
        }
        app(it)
    };
    let pinned = " and claims['repository_owner_id'] eq '1'";
    let sub = |text: &str| format!("claims['sub'] matches '{text}'{pinned}");
    let request = json!([{ "api": GRAPH, "id": "r-1", "application": true, "name": "Mail.Read" }]);
    let owned = |owner: Json| app(json!({ "owners": [owner] }));
    let admin = json!({ "roles": [role("RoleManagement.ReadWrite.Directory", "r-9")] });
    let two = |one: Json, other: Json| {
        whole(
            json!([{ "id": "o-1", "app_id": "c-1", "display_name": "a", "credentials": [one] },
            { "id": "o-2", "app_id": "c-2", "display_name": "b", "credentials": [other] }]),
            json!([]),
            json!({}),
        )
    };
    let many = |count: usize| {
        let all: Vec<Json> = (0..count)
            .map(|n| fic(GITHUB, &format!("repo:o@1/r@{n}:environment:prod")))
            .collect();
        app(json!({ "credentials": all }))
    };
    let managed = |id: &str| {
        fic(
            &format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
            id,
        )
    };
    let identity = "33333333-3333-4333-8333-333333333333";
    let failing = |unresolved: bool| {
        let mut it = serving(&document(CLUSTER), &jwks(WHOLE, json!({})));
        let published = it.published.get_mut(CLUSTER).unwrap();
        published.unresolved = unresolved;
        published.failure = Some("`x` answered 404".to_owned());
        it
    };
    let using = |days: i64| {
        let mut it = secret(-400, 90);
        it["last_used"] = json!(NOW - days * DAY);
        app(json!({ "passwords": [it] }))
    };
    let sound = || serving(&document(CLUSTER), &jwks(WHOLE, json!({})));
    let other = "https://oidc.contoso.com/other";
    let shared = |second: usize| {
        let apps = json!([{ "id": "o-1", "app_id": "c-1", "credentials": [fic(CLUSTER, "a"), fic(other, "b")] }]);
        whole(
            apps,
            json!([]),
            json!({ CLUSTER: { "jwks": jwks(WHOLE, json!({})) }, other: { "jwks": jwks(second, json!({})) } }),
        )
    };
    let listing = |glob: &str| {
        let mut it = trusting(good());
        it.allowed_issuers = Some(vec![vec![glob.to_owned()]]);
        it
    };
    let declaring = |whole: bool| {
        let mut it = trusting(good());
        let application = &mut it.applications[0];
        application.declared_at = Some("trust.hcl:1".to_owned());
        application.credentials[0].declared_at = whole.then(|| "trust.hcl:4".to_owned());
        it
    };
    vec![
        (
            "leftover-secret",
            federated(json!({ "passwords": [secret(-9, 90)] })),
            federated(json!({ "passwords": [secret(-90, -9)] })),
        ),
        (
            "leftover-certificate",
            federated(json!({ "certificates": [secret(-9, 90)] })),
            app(json!({ "certificates": [secret(-9, 90)] })),
        ),
        (
            "application-secret",
            app(json!({ "passwords": [secret(-9, 90)] })),
            federated(json!({ "passwords": [secret(-9, 90)] })),
        ),
        (
            "expired-secret",
            app(json!({ "passwords": [secret(-90, -9)] })),
            app(json!({ "passwords": [secret(-90, 9)] })),
        ),
        (
            "expiring-secret",
            app(json!({ "passwords": [secret(-90, 9)] })),
            app(json!({ "passwords": [secret(-90, 60)] })),
        ),
        (
            "long-lived-secret",
            app(json!({ "passwords": [secret(-9, 700)] })),
            app(json!({ "passwords": [secret(-9, 90)] })),
        ),
        (
            "several-secrets",
            app(json!({ "passwords": [secret(-9, 90), secret(-8, 80)] })),
            app(json!({ "passwords": [secret(-9, 90), secret(-8, -1)] })),
        ),
        (
            "multi-tenant-audience",
            federated(json!({ "sign_in_audience": "AzureADMultipleOrgs" })),
            app(json!({ "sign_in_audience": "AzureADMultipleOrgs" })),
        ),
        (
            "implicit-grant",
            federated(json!({ "access_token_issuance": true })),
            federated(json!({})),
        ),
        (
            "public-client",
            federated(json!({ "public_client_fallback": true })),
            app(json!({ "public_client_fallback": true })),
        ),
        (
            "insecure-redirect-uri",
            app(json!({ "redirect_uris": ["http://app.contoso.com/x"] })),
            app(
                json!({ "redirect_uris": ["http://localhost:8080/x", "https://app.contoso.com/"] }),
            ),
        ),
        (
            "unverified-email",
            app(
                json!({ "sign_in_audience": "AzureADMultipleOrgs", "email_claim": true, "removes_unverified_email": false }),
            ),
            app(json!({ "sign_in_audience": "AzureADMultipleOrgs", "email_claim": true })),
        ),
        (
            "unlocked-instances",
            app(json!({ "sign_in_audience": "AzureADMultipleOrgs", "instance_lock": false })),
            app(json!({ "instance_lock": false })),
        ),
        (
            "risky-owner",
            owned(json!({ "id": "u", "kind": "user", "guest": true })),
            owned(json!({ "id": "u", "kind": "user", "enabled": true })),
        ),
        (
            "unsponsored-blueprint",
            app(json!({ "blueprint": true, "sponsors": [] })),
            app(json!({ "blueprint": true, "sponsors": ["u"] })),
        ),
        (
            "unsponsored-agent",
            tenant(
                json!({}),
                json!({ "kind": "ServiceIdentity", "sponsors": [] }),
            ),
            tenant(
                json!({}),
                json!({ "kind": "ServiceIdentity", "sponsors": ["u"] }),
            ),
        ),
        (
            "blueprint-without-principal",
            whole(
                json!([{ "id": "o-1", "app_id": "c-1", "blueprint": true }]),
                json!([]),
                json!({}),
            ),
            tenant(json!({ "blueprint": true }), json!({})),
        ),
        (
            "owned-administrator",
            tenant(
                json!({ "owners": [{ "id": "u", "kind": "user" }] }),
                admin.clone(),
            ),
            owned(json!({ "id": "u", "kind": "user" })),
        ),
        ("credential-room", many(17), many(16)),
        (
            "unused-application",
            tenant(
                json!({ "credentials": [good()] }),
                json!({ "enabled": true, "last_sign_in": NOW - 90 * DAY }),
            ),
            tenant(
                json!({ "credentials": [good()], "created": NOW - 900 * DAY }),
                json!({ "enabled": true }),
            ),
        ),
        ("unused-secret", using(90), using(89)),
        (
            "requested-not-granted",
            app(json!({ "requested": request })),
            tenant(
                json!({ "requested": request }),
                json!({ "roles": [role("Mail.Read", "r-1")] }),
            ),
        ),
        (
            "granted-not-requested",
            tenant(json!({}), json!({ "roles": [role("Mail.Read", "r-1")] })),
            tenant(
                json!({ "requested": request }),
                json!({ "roles": [role("Mail.Read", "r-1")] }),
            ),
        ),
        (
            "principal-credential",
            tenant(json!({}), json!({ "passwords": [secret(-9, 90)] })),
            tenant(
                json!({}),
                json!({ "kind": "ManagedIdentity", "certificates": [secret(-9, 90)] }),
            ),
        ),
        (
            "first-party-credential",
            whole(
                json!([]),
                json!([{ "id": "p", "app_id": "c", "owner_tenant": MICROSOFT, "passwords": [secret(-9, 90)] }]),
                json!({}),
            ),
            whole(
                json!([]),
                json!([{ "id": "p", "app_id": "c", "owner_tenant": MICROSOFT }]),
                json!({}),
            ),
        ),
        (
            "federated-administrator",
            tenant(json!({ "credentials": [good()] }), admin.clone()),
            tenant(json!({}), admin.clone()),
        ),
        (
            "administrator-with-secret",
            tenant(json!({ "passwords": [secret(-9, 90)] }), admin.clone()),
            tenant(json!({}), admin.clone()),
        ),
        (
            "azure-devops-issuer",
            trusting(fic("https://vstoken.dev.azure.com/0000", "sc://o/p/c")),
            trusting(good()),
        ),
        (
            "foreign-tenant-issuer",
            trusting(fic(
                "https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0",
                identity,
            )),
            trusting(managed("p-1")),
        ),
        (
            "vanished-managed-identity",
            trusting(managed(identity)),
            tenant(
                json!({ "credentials": [managed(identity)] }),
                json!({ "id": identity }),
            ),
        ),
        (
            "free-hosting-issuer",
            trusting(fic("https://a1b2.ngrok.app", "x")),
            trusting(fic("https://ngrok.contoso.com", "x")),
        ),
        (
            "address-issuer",
            trusting(fic("https://203.0.113.7/x", "x")),
            trusting(fic("https://host-203.contoso.com", "x")),
        ),
        (
            "private-issuer",
            trusting(fic("https://vault.corp.local", "x")),
            trusting(fic("https://local.contoso.com", "x")),
        ),
        (
            "never-matching-subject",
            trusting(fic(GITHUB, "repo:o/r:pull-request")),
            trusting(good()),
        ),
        (
            "unreadable-expression",
            trusting(flexible(GITHUB, "claims[sub] = x")),
            trusting(flexible(GITHUB, &sub("repo:o@1/r@2:environment:*"))),
        ),
        (
            "refused-expression",
            trusting(flexible(CLUSTER, "claims['sub'] matches 'a*'")),
            trusting(flexible(GITHUB, &sub("repo:o@1/r@2:environment:*"))),
        ),
        (
            "unusual-audience",
            trusting(
                json!({ "name": "x", "issuer": CLUSTER, "subject": "s", "audiences": ["https://kubernetes.default.svc"] }),
            ),
            trusting(good()),
        ),
        (
            "hidden-characters",
            trusting(fic(GITHUB, "repo:c\u{43e}ntoso/api:environment:prod")),
            trusting(good()),
        ),
        (
            "pull-request-subject",
            trusting(fic(GITHUB, "repo:contoso@1/api@2:pull_request")),
            trusting(fic(GITHUB, "repo:contoso@1/api@2:environment:pull_request")),
        ),
        (
            "any-context-subject",
            trusting(flexible(GITHUB, &sub("repo:o@1/r@2:*"))),
            trusting(flexible(GITHUB, &sub("repo:o@1/*:environment:prod"))),
        ),
        (
            "boundary-less-subject",
            trusting(flexible(
                GITHUB,
                "claims['sub'] matches 'repo:contoso*/*:environment:prod'",
            )),
            trusting(flexible(GITHUB, &sub("repo:contoso*/*:environment:prod"))),
        ),
        (
            "repository-wildcard",
            trusting(flexible(GITHUB, &sub("repo:contoso@1/*:environment:prod"))),
            trusting(flexible(GITHUB, &sub("repo:contoso@1/api@2:environment:*"))),
        ),
        (
            "mutable-subject",
            trusting(fic(GITHUB, "repo:contoso/api:environment:prod")),
            trusting(good()),
        ),
        (
            "tag-wildcard",
            trusting(flexible(GITHUB, &sub("repo:o@1/r@2:ref:refs/tags/v*"))),
            trusting(fic(GITHUB, "repo:o@1/r@2:ref:refs/tags/v1")),
        ),
        (
            "branch-wildcard",
            trusting(flexible(
                GITHUB,
                &sub("repo:o@1/r@2:ref:refs/heads/release*"),
            )),
            trusting(fic(GITHUB, "repo:o@1/r@2:ref:refs/heads/main")),
        ),
        (
            "ownerless-subject",
            trusting(fic(GITHUB, "environment:prod")),
            trusting(good()),
        ),
        (
            "workflow-ref-wildcard",
            trusting(flexible(
                GITHUB,
                &format!(
                    "{} and claims['job_workflow_ref'] matches 'o/r/.github/workflows/d.yml@refs/heads/*'",
                    sub("repo:o@1/*")
                ),
            )),
            trusting(flexible(
                GITHUB,
                &format!(
                    "{} and claims['job_workflow_ref'] matches 'o/*/.github/workflows/d.yml@refs/heads/main'",
                    sub("repo:o@1/*")
                ),
            )),
        ),
        (
            "default-service-account",
            trusting(fic(CLUSTER, "system:serviceaccount:a:default")),
            trusting(fic(CLUSTER, "system:serviceaccount:default:b")),
        ),
        (
            "system-namespace",
            trusting(fic(CLUSTER, "system:serviceaccount:kube-system:b")),
            trusting(fic(CLUSTER, "system:serviceaccount:a:b")),
        ),
        (
            "gitlab-group-wildcard",
            trusting(flexible(
                GITLAB,
                "claims['sub'] matches 'project_path:acme/*:ref_type:branch:ref:main'",
            )),
            trusting(fic(
                GITLAB,
                "project_path:acme/api:ref_type:branch:ref:main",
            )),
        ),
        (
            "gitlab-any-ref",
            trusting(flexible(
                GITLAB,
                "claims['sub'] matches 'project_path:acme/api:ref_type:branch:ref:*' and claims['project_id'] eq '7'",
            )),
            trusting(fic(
                GITLAB,
                "project_path:acme/api:ref_type:branch:ref:main",
            )),
        ),
        (
            "terraform-any-phase",
            trusting(flexible(
                "https://app.terraform.io",
                "claims['sub'] matches 'organization:o:project:p:workspace:w:run_phase:*'",
            )),
            trusting(fic(
                "https://app.terraform.io",
                "organization:o:project:p:workspace:w:run_phase:apply",
            )),
        ),
        (
            "terraform-any-workspace",
            trusting(flexible(
                "https://app.terraform.io",
                "claims['sub'] matches 'organization:o:project:p:workspace:*:run_phase:apply'",
            )),
            trusting(flexible(
                "https://app.terraform.io",
                "claims['sub'] matches 'organization:o:project:p:workspace:w:run_phase:*'",
            )),
        ),
        (
            "shadowed-trust",
            app(
                json!({ "credentials": [fic(GITHUB, "repo:o@1/r@2:environment:prod"), flexible(GITHUB, &sub("repo:o@1/r@2:*"))] }),
            ),
            app(
                json!({ "credentials": [fic(GITHUB, "repo:o@1/r@3:environment:prod"), flexible(GITHUB, &sub("repo:o@1/r@2:*"))] }),
            ),
        ),
        ("dangling-issuer", failing(true), failing(false)),
        ("unreachable-issuer", failing(false), sound()),
        (
            "issuer-mismatch",
            serving(&document(&format!("{CLUSTER}/")), &jwks(WHOLE, json!({}))),
            sound(),
        ),
        (
            "published-private-key",
            serving(&document(CLUSTER), &jwks(WHOLE, json!({ "d": "AQAB" }))),
            sound(),
        ),
        (
            "unsound-keys",
            serving(&document(CLUSTER), &jwks(171, json!({}))),
            sound(),
        ),
        (
            "shared-trust",
            two(good(), good()),
            two(good(), fic(GITHUB, "repo:contoso@1/api@3:environment:prod")),
        ),
        ("shared-signing-key", shared(WHOLE), shared(300)),
        ("unlisted-issuer", listing(GITLAB), listing(GITHUB)),
        ("unmanaged-credential", declaring(false), declaring(true)),
    ]
}

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
