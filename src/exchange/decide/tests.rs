//! The table of cases for one exchange: made, signed with a throw-away key, decided.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _, RsaEncoding, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::exchange::expression::Expression;
use crate::exchange::platform::GITHUB;
use crate::exchange::signature::check_discovery;

const AUDIENCE: &str = "api://AzureADTokenExchange";
pub(super) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(super) const NOW: i64 = 1_795_000_000;
pub(super) const SUBJECT: &str = "repo:contoso/payments:environment:prod";

pub(super) static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
pub(super) static OTHER: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

pub(super) fn jwk(key: &KeyPair) -> Value {
    let public: RsaPublicKeyComponents<Vec<u8>> = key.public_key().into();
    assert!(key.public_key().as_der().is_ok());
    json!({"kty": "RSA", "use": "sig", "kid": "k1", "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e)})
}

pub(super) fn jwks(key: &KeyPair) -> Vec<u8> {
    json!({"keys": [jwk(key)]}).to_string().into_bytes()
}

pub(super) fn sign(header: &Value, claims: &Value, encoding: &'static dyn RsaEncoding) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut bytes = vec![0; KEY.public_modulus_len()];
    KEY.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut bytes)
        .unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn token(changes: &Value) -> String {
    let mut claims = json!({"iss": GITHUB, "sub": SUBJECT, "aud": AUDIENCE, "nbf": NOW - 10, "exp": NOW + 290, "repository_owner_id": "5544123"});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    sign(
        &json!({"alg": "RS256", "kid": "k1"}),
        &claims,
        &signature::RSA_PKCS1_SHA256,
    )
}

pub(super) fn exact(subject: &str) -> Trust {
    Trust {
        issuer: GITHUB.to_owned(),
        audience: AUDIENCE.to_owned(),
        matcher: Matcher::Subject(subject.to_owned()),
    }
}

fn flexible(text: &str) -> Trust {
    Trust {
        matcher: Matcher::Expression(Expression::parse(text).unwrap()),
        ..exact("")
    }
}

pub(super) fn code(verdict: Verdict) -> u32 {
    match verdict {
        Verdict::Admitted { .. } => 0,
        Verdict::Refused(refusal) => refusal.code,
    }
}

fn against(trusts: &[Trust], changes: Value) -> u32 {
    code(decide(
        &token(&changes),
        CLIENT,
        trusts,
        Keys::Jwks(&jwks(&KEY)),
        NOW,
    ))
}

#[test]
fn an_exchange_that_succeeds() {
    let trusts = [exact("repo:contoso/payments:pull_request"), exact(SUBJECT)];
    let verdict = decide(
        &token(&json!({})),
        CLIENT,
        &trusts,
        Keys::Jwks(&jwks(&KEY)),
        NOW,
    );
    assert_eq!(verdict, Verdict::Admitted { trust: 1 });
    assert_eq!(against(&trusts, json!({"aud": ["other", AUDIENCE]})), 0);
    let expression = flexible(
        "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'",
    );
    assert_eq!(against(&[expression], json!({})), 0);
}

#[test]
fn every_algorithm_that_is_taken() {
    let encodings: [(&str, &'static dyn RsaEncoding); 6] = [
        ("RS256", &signature::RSA_PKCS1_SHA256),
        ("RS384", &signature::RSA_PKCS1_SHA384),
        ("RS512", &signature::RSA_PKCS1_SHA512),
        ("PS256", &signature::RSA_PSS_SHA256),
        ("PS384", &signature::RSA_PSS_SHA384),
        ("PS512", &signature::RSA_PSS_SHA512),
    ];
    for (name, encoding) in encodings {
        let claims = json!({"iss": GITHUB, "sub": SUBJECT, "aud": AUDIENCE, "exp": NOW + 1});
        let token = sign(
            &json!({"alg": name, "kid": "k1", "typ": "JWT"}),
            &claims,
            encoding,
        );
        assert_eq!(
            code(decide(
                &token,
                CLIENT,
                &[exact(SUBJECT)],
                Keys::Jwks(&jwks(&KEY)),
                NOW
            )),
            0,
            "{name}"
        );
        // The same signature under another algorithm's name does not verify.
        let other = if name == "RS256" { "RS512" } else { "RS256" };
        let forged = token.replacen(
            token.split('.').next().unwrap(),
            &URL_SAFE_NO_PAD.encode(json!({"alg": other, "kid": "k1"}).to_string()),
            1,
        );
        assert_eq!(
            code(decide(
                &forged,
                CLIENT,
                &[exact(SUBJECT)],
                Keys::Jwks(&jwks(&KEY)),
                NOW
            )),
            50_013,
            "{name}"
        );
    }
}

#[test]
fn the_credential_is_matched_before_anything_is_fetched() {
    let unreachable = Keys::Unreachable("the container is private");
    for (trusts, changes, expected) in [
        (vec![], json!({}), 7_000_226),
        (
            vec![exact(SUBJECT)],
            json!({"iss": format!("{GITHUB}/")}),
            700_211,
        ),
        (
            vec![exact(SUBJECT)],
            json!({"aud": "https://github.com/contoso"}),
            700_212,
        ),
        (
            vec![exact(SUBJECT)],
            json!({"sub": "repo:contoso/payments:ref:refs/heads/main"}),
            700_213,
        ),
        (
            vec![exact(SUBJECT)],
            json!({"sub": "repo:contoso@5/payments@8:environment:prod"}),
            700_213,
        ),
        (
            vec![exact(SUBJECT)],
            json!({"sub": "repo:Contoso/payments:environment:Prod"}),
            7_002_138,
        ),
        (
            vec![exact(SUBJECT), flexible("claims['sub'] eq 'x'")],
            json!({"sub": "y"}),
            7_002_131,
        ),
        (
            vec![exact("/eid1/c/pub/t/0000/a/9Ex/7e30")],
            json!({"sub": "/eid1/c/pub/t/v4j5/a/9Ex/7e30"}),
            7_002_137,
        ),
        (
            vec![Trust {
                issuer: "https://i".to_owned(),
                ..flexible("claims['sub'] matches '*'")
            }],
            json!({"iss": "https://i"}),
            7_002_241,
        ),
        (
            vec![exact(SUBJECT)],
            json!({"iss": CLIENT, "sub": CLIENT}),
            700_027,
        ),
        (vec![exact(SUBJECT)], json!({}), 90061),
    ] {
        assert_eq!(
            code(decide(&token(&changes), CLIENT, &trusts, unreachable, NOW)),
            expected,
            "{changes}"
        );
    }
}

#[test]
fn the_refusal_names_the_difference_of_the_nearest_credential() {
    let trusts = [exact("repo:other/x:pull_request"), exact(SUBJECT)];
    let subject = "repo:contoso@5/payments@8:environment:prod";
    let Verdict::Refused(refusal) = decide(
        &token(&json!({"sub": subject})),
        CLIENT,
        &trusts,
        Keys::Jwks(b""),
        NOW,
    ) else {
        panic!()
    };
    assert!(
        refusal
            .message
            .contains(&format!("subject '{subject}'. Check your")),
        "{}",
        refusal.message
    );
    assert!(
        refusal
            .detail
            .unwrap()
            .starts_with("one subject has GitHub's numeric ids")
    );
    assert_eq!(
        (refusal.error, refusal.http_status),
        ("invalid_client", 401)
    );
}

#[test]
fn users_tokens_of_entra_are_refused() {
    let issuer = "https://login.microsoftonline.com/t/v2.0";
    let trust = Trust {
        issuer: issuer.to_owned(),
        ..exact("oid")
    };
    let changes = |extra: Value| json!({"iss": issuer, "sub": "oid", "idtyp": extra});
    assert_eq!(
        against(std::slice::from_ref(&trust), changes(json!("app"))),
        0
    );
    assert_eq!(against(&[trust], changes(json!("user"))), 700_229);
}

#[test]
fn keys_and_documents() {
    let check = |jwks: Value| {
        code(decide(
            &token(&json!({})),
            CLIENT,
            &[exact(SUBJECT)],
            Keys::Jwks(jwks.to_string().as_bytes()),
            NOW,
        ))
    };
    let with = |name: &str, value: Value| {
        let mut key = jwk(&KEY);
        key[name] = value;
        json!({"keys": [key]})
    };
    assert_eq!(check(json!({"keys": [jwk(&OTHER)]})), 50_013);
    assert_eq!(check(with("kid", json!("k2"))), 7_000_272);
    assert_eq!(check(with("use", json!("enc"))), 7_000_272);
    assert_eq!(check(json!({"keys": []})), 7_000_272);
    assert_eq!(check(json!({"keys": "x"})), 90061);
    assert_eq!(check(json!([])), 90061);
    assert_eq!(check(with("kty", json!("EC"))), 5_002_730);
    assert_eq!(check(with("alg", json!("RS512"))), 5_002_730);
    assert_eq!(check(with("n", json!("AQAB"))), 5_002_730);
    assert_eq!(check(with("n", json!("not base64!"))), 5_002_730);
    assert_eq!(check(with("e", json!(""))), 5_002_730);
    let many = |before: usize| {
        let mut keys = vec![json!({"kty": "RSA", "kid": "x"}); before];
        keys.push(jwk(&KEY));
        json!({"keys": keys})
    };
    assert_eq!(check(many(99)), 0);
    assert_eq!(check(many(100)), 7_000_272);
    let huge = vec![b' '; 10 * 1024 * 1024];
    assert_eq!(
        code(decide(
            &token(&json!({})),
            CLIENT,
            &[exact(SUBJECT)],
            Keys::Jwks(&huge),
            NOW
        )),
        90061
    );
}

#[test]
fn a_changed_token_does_not_verify() {
    let token = token(&json!({}));
    let (rest, end) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(end).unwrap();
    bytes[0] ^= 1;
    for forged in [
        format!("{rest}.{}", URL_SAFE_NO_PAD.encode(&bytes)),
        format!("{rest}."),
        format!("{rest}.AAAA"),
    ] {
        assert_eq!(
            code(decide(
                &forged,
                CLIENT,
                &[exact(SUBJECT)],
                Keys::Jwks(&jwks(&KEY)),
                NOW
            )),
            50_013
        );
    }
}

#[test]
fn lifetimes() {
    let at = |changes: Value| against(&[exact(SUBJECT)], changes);
    assert_eq!(at(json!({"exp": NOW - CLOCK_SKEW + 1})), 0);
    assert_eq!(at(json!({"exp": NOW - CLOCK_SKEW})), 700_024);
    assert_eq!(at(json!({"nbf": NOW + CLOCK_SKEW})), 0);
    assert_eq!(at(json!({"nbf": NOW + CLOCK_SKEW + 1})), 700_024);
    assert_eq!(at(json!({"nbf": null})), 0);
    assert_eq!(at(json!({"exp": i64::MAX, "nbf": i64::MIN})), 0);
    assert_eq!(at(json!({"exp": 1e300})), 90014);
    let expired = token(&json!({"exp": 1_690_885_706, "nbf": null}));
    let Verdict::Refused(refusal) = decide(
        &expired,
        CLIENT,
        &[exact(SUBJECT)],
        Keys::Jwks(&jwks(&KEY)),
        1_690_888_081,
    ) else {
        panic!()
    };
    assert!(
        refusal.message.starts_with(
            "Client assertion is not within its valid time range. Current time: 2023-08-01T11:08:01.0000000Z, \
             assertion valid from 1970-01-01T00:00:00.0000000Z, expiry time of assertion 2023-08-01T10:28:26.0000000Z."
        ),
        "{}",
        refusal.message
    );
}

#[test]
fn discovery_documents() {
    let document =
        json!({"issuer": "https://i/c/", "jwks_uri": "https://i/c/openid/v1/jwks"}).to_string();
    assert_eq!(
        check_discovery("https://i/c/", document.as_bytes()).unwrap(),
        "https://i/c/openid/v1/jwks"
    );
    let slash = check_discovery("https://i/c", document.as_bytes()).unwrap_err();
    assert!(slash.code == 90061 && slash.detail.unwrap().contains("is that of `https://i/c/`"));
    for bad in [
        &b"<html>"[..],
        b"{}",
        br#"{"issuer":"https://i/c/"}"#,
        b"null",
    ] {
        assert_eq!(
            check_discovery("https://i/c/", bad).unwrap_err().code,
            90061
        );
    }
}
