//! For each rule a tenant that triggers it, and one that does not.

use serde_json::{Value as Json, json};
use trustform::model::tenant::Tenant;

use super::tenants::{CLUSTER, DAY, GITHUB, GITLAB, GOOD, GRAPH, MICROSOFT, NOW, TENANT, WHOLE};
use super::tenants::{
    app, document, fic, flexible, jwks, role, secret, serving, tenant, trusting, whole,
};

/// Rule, a tenant that triggers it, one that does not.
pub fn cases() -> Vec<(&'static str, Tenant, Tenant)> {
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
