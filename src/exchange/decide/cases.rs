//! The cases of `docs/token-endpoint.md`, asked one by one.

use serde_json::{Map, Value, json};

use super::tests::{CLIENT, KEY, NOW, OTHER, SUBJECT, code, exact, jwk, jwks};
use super::*;
use crate::exchange::expression::Expression;
use crate::exchange::platform::GITHUB;

const PAGE: &str = include_str!("../../../docs/token-endpoint.md");

/// The rows of the page's tables, as cells.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = PAGE.lines().filter(|line| line.starts_with('|'));
    let lines =
        lines.filter(|line| !line.starts_with("| credentials") && !line.starts_with("|---"));
    lines.map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().trim_matches('`')).collect()
    })
}

fn trusts(cell: &str) -> Vec<Trust> {
    if cell.is_empty() {
        return vec![exact(SUBJECT)];
    }
    let given: Vec<Map<String, Value>> = serde_json::from_str(cell).expect("credentials");
    let one = |given: &Map<String, Value>| {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let mut trust = exact(text("subject").unwrap_or(SUBJECT));
        if let Some(expression) = text("expression") {
            trust.matcher = Matcher::Expression(Expression::parse(expression).expect(expression));
        }
        if let Some(issuer) = text("issuer") {
            trust.issuer = issuer.to_owned();
        }
        trust
    };
    given.iter().map(one).collect()
}

/// `now + 5` as seconds; every other value as it is.
fn timed(value: &Value) -> Value {
    let Some(rest) = value.as_str().and_then(|text| text.strip_prefix("now ")) else {
        return value.clone();
    };
    let offset: i64 = rest.replace(' ', "").parse().expect("an offset");
    json!(NOW + offset)
}

fn token(cell: &str) -> String {
    let mut header = json!({"alg": "RS256", "kid": "k1"});
    let mut claims = json!({"iss": GITHUB, "sub": SUBJECT, "aud": "api://AzureADTokenExchange",
        "nbf": NOW - 10, "exp": NOW + 290, "repository_owner_id": "5544123"});
    let set = |object: &mut Value, name: &str, value: &Value| match value {
        Value::Null => drop(object.as_object_mut().expect("an object").remove(name)),
        value => object[name] = timed(value),
    };
    let changes: Map<String, Value> = match cell {
        "" => Map::new(),
        text => serde_json::from_str(text).expect("changes"),
    };
    for (name, value) in &changes {
        match value.as_object() {
            Some(inner) => {
                for (name, value) in inner {
                    set(&mut header, name, value);
                }
            }
            None => set(&mut claims, name, value),
        }
    }
    super::tests::sign(&header, &claims, &aws_lc_rs::signature::RSA_PKCS1_SHA256)
}

/// The JWKS of a cell; none where it cannot be fetched.
fn keys(cell: &str) -> Option<Vec<u8>> {
    let before = |count: usize| {
        let mut keys = vec![json!({"kty": "RSA", "kid": "x"}); count];
        keys.push(jwk(&KEY));
        Some(json!({ "keys": keys }).to_string().into_bytes())
    };
    match cell {
        "" => Some(jwks(&KEY)),
        "unreachable" => None,
        "not JSON" => Some(b"<html>".to_vec()),
        "another" => Some(jwks(&OTHER)),
        "99 others before" => before(99),
        "100 others before" => before(100),
        changes => {
            let changes: Map<String, Value> = serde_json::from_str(changes).expect("changes");
            let mut key = jwk(&KEY);
            for (name, value) in changes {
                key[name] = value;
            }
            Some(json!({ "keys": [key] }).to_string().into_bytes())
        }
    }
}

#[test]
fn the_page_says_what_is_decided() {
    let mut count = 0;
    for row in rows() {
        let [credentials, changes, jwks, answer, source, certainty] = row[..] else {
            panic!("six cells: {row:?}");
        };
        let document = keys(jwks);
        let keys = match &document {
            Some(document) => Keys::Jwks(document),
            None => Keys::Unreachable("nobody answers"),
        };
        let verdict = decide(&token(changes), CLIENT, &trusts(credentials), keys, NOW);
        let expected = match answer {
            "token" => 0,
            number => number.parse().expect("a code"),
        };
        assert_eq!(code(verdict), expected, "{row:?}");
        assert!(!source.is_empty(), "{row:?}");
        assert!(
            ["documented", "observed", "assumed"].contains(&certainty),
            "{row:?}"
        );
        count += 1;
    }
    assert!(count > 40, "{count}");
}
