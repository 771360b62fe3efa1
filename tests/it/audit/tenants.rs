//! Tenants made of few words.

use serde_json::{Value as Json, json};
use trustform::model::tenant::Tenant;

pub const NOW: i64 = 1_790_000_000;
pub const DAY: i64 = 86_400;
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";
pub const GITLAB: &str = "https://gitlab.com";
pub const CLUSTER: &str = "https://oidc.contoso.com/cluster";
/// All characters of the modulus.
pub const WHOLE: usize = usize::MAX;
pub const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
pub const GOOD: &str = "repo:contoso@1/api@2:environment:prod";
pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

pub fn fic(issuer: &str, subject: &str) -> Json {
    json!({ "id": subject, "name": "main", "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"] })
}

pub fn flexible(issuer: &str, expression: &str) -> Json {
    json!({ "id": expression, "name": "flexible", "issuer": issuer, "expression": expression, "audiences": ["api://AzureADTokenExchange"] })
}

pub fn secret(start: i64, end: i64) -> Json {
    json!({ "key_id": format!("k{start}{end}"), "start": NOW + start * DAY, "end": NOW + end * DAY })
}

/// One application with these members, and its service principal with those.
pub fn tenant(application: Json, principal: Json) -> Tenant {
    let mut app = json!({ "id": "o-1", "app_id": "c-1", "display_name": "payments", "sign_in_audience": "AzureADMyOrg", "owners": [] });
    let mut sp = json!({ "id": "p-1", "app_id": "c-1", "display_name": "payments", "kind": "Application", "owner_tenant": TENANT });
    for (to, from) in [(&mut app, application), (&mut sp, principal)] {
        for (name, value) in from.as_object().unwrap() {
            to[name] = value.clone();
        }
    }
    whole(json!([app]), json!([sp]), json!({}))
}

pub fn whole(applications: Json, principals: Json, published: Json) -> Tenant {
    serde_json::from_value(json!({
        "format": "trustform-snapshot/2", "tenant_id": TENANT, "read_at": NOW,
        "applications": applications, "principals": principals, "published": published,
    }))
    .unwrap()
}

pub fn app(application: Json) -> Tenant {
    tenant(application, json!({}))
}

pub fn trusting(credential: Json) -> Tenant {
    app(json!({ "credentials": [credential] }))
}

pub fn serving(discovery: &str, jwks: &str) -> Tenant {
    let apps = json!([{ "id": "o-1", "app_id": "c-1", "display_name": "x", "credentials": [fic(CLUSTER, "system:serviceaccount:a:b")] }]);
    whole(
        apps,
        json!([]),
        json!({ CLUSTER: { "discovery": discovery, "jwks": jwks } }),
    )
}

pub fn document(issuer: &str) -> String {
    json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/openid/v1/jwks"), "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"] })
    .to_string()
}

pub fn jwks(modulus: usize, more: Json) -> String {
    let real: Json =
        serde_json::from_str(include_str!("../../../src/keys/testdata/azwi-jwks.json")).unwrap();
    let n = real["keys"][0]["n"].as_str().unwrap();
    let n: String = n.chars().take(modulus).collect();
    let mut key =
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": n, "e": "AQAB" });
    for (name, value) in more.as_object().unwrap() {
        key[name] = value.clone();
    }
    json!({ "keys": [key] }).to_string()
}

pub fn role(name: &str, id: &str) -> Json {
    json!({ "api": GRAPH, "id": id, "name": name })
}
