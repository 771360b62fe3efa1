//! The outside token that is presented for exchange: read, with its parts, before anything is looked up.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine as _};
use serde_json::Value;

use super::aadsts::render;
use super::claims::Claims;
use super::signature::Algorithm;
use crate::model::verdict::Refusal;

/// The longest token that is read, in bytes. Entra's own limit is not documented; platforms' tokens have one to three thousand.
pub const MAX_BYTES: usize = 16 * 1024;

/// A token that has the form of an assertion: three parts, an algorithm that Entra takes, a key id, `iss`, `sub`, `aud` and `exp`.
/// Nothing about it is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Assertion {
    pub algorithm: Algorithm,
    /// `kid`, or a certificate's thumbprint in its place.
    pub key_id: String,
    pub claims: Claims,
    pub issuer: String,
    pub subject: String,
    /// Seconds since 1970.
    pub expires: i64,
    /// Seconds since 1970; 0 without `nbf`.
    pub not_before: i64,
    /// The text that is signed: header and payload as they were sent.
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

/// Without the token itself: a valid one is as good as a password while it lives.
impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            algorithm,
            key_id,
            claims,
            issuer: _,
            subject: _,
            expires: _,
            not_before: _,
            signed: _,
            signature: _,
        } = self;
        f.debug_struct("Assertion")
            .field("algorithm", algorithm)
            .field("key_id", key_id)
            .field("claims", claims)
            .finish_non_exhaustive()
    }
}

/// Reads an assertion.
///
/// # Errors
/// In this order, which is our reconstruction: 50027 (not a JWT), 5002727 (`typ`), 90014 (a claim is missing; that `exp` counts among
/// them is an assumption), 5002723 (no key id), 5002738 (algorithm). The refusal's detail says what exactly was wrong.
pub fn parse_assertion(jwt: &str) -> Result<Assertion, Refusal> {
    let malformed = |detail: String| render(50_027, &[]).because(detail);
    if jwt.len() > MAX_BYTES {
        return Err(malformed(format!(
            "the token has {} bytes: at most {MAX_BYTES} are read",
            jwt.len()
        )));
    }
    if jwt.chars().any(char::is_whitespace) {
        return Err(malformed(
            "the token has white space in it or around it".to_owned(),
        ));
    }
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        let what = match parts.len() {
            1 if jwt.is_empty() => "the token is empty".to_owned(),
            1 => "there is no dot in the token: a signed one has three parts".to_owned(),
            5 => "the token has five parts: it is encrypted, and only signed ones are taken"
                .to_owned(),
            count => format!("the token has {count} parts between dots: a signed one has three"),
        };
        return Err(malformed(what));
    };
    let decode = |name: &str, text: &str| decoded(name, text).map_err(malformed);
    let header = header_of(&decode("header", header)?).map_err(malformed)?;
    let claims = Claims::from_json(&decode("payload", payload)?).map_err(malformed)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if let Some(critical) = header.get("crit") {
        return Err(malformed(format!(
            "the header demands extensions that nobody knows: `crit` is `{critical}`"
        )));
    }
    // An absent `typ` is usual: kube-apiserver writes only `alg` and `kid`.
    if let Some(kind) = header.get("typ") {
        let known = |kind: &str| {
            kind.eq_ignore_ascii_case("jwt") || kind == "http://openid.net/specs/jwt/1.0"
        };
        if !kind.as_str().is_some_and(known) {
            return Err(render(5_002_727, &[]).because(format!(
                "the header's `typ` is `{kind}`: only `JWT` is taken"
            )));
        }
    }
    let required = |field: &str| {
        let value = claims.text(field).filter(|value| !value.is_empty());
        value
            .map(std::borrow::Cow::into_owned)
            .ok_or_else(|| render(90014, &[("field", field)]))
    };
    let issuer = required("iss")?;
    let subject = required("sub")?;
    if claims.audiences().iter().all(String::is_empty) {
        return Err(render(90014, &[("field", "aud")]));
    }
    let expires = claims
        .seconds("exp")
        .ok_or_else(|| render(90014, &[("field", "exp")]))?;
    let Some(key_id) = text("kid")
        .or_else(|| text("x5t"))
        .or_else(|| text("x5t#S256"))
        .filter(|id| !id.is_empty())
    else {
        return Err(render(5_002_723, &[])
            .because("the header has no `kid`, which says which key made the signature"));
    };
    let name = text("alg").ok_or_else(|| malformed("the header has no `alg`".to_owned()))?;
    let algorithm =
        Algorithm::from_name(name).ok_or_else(|| render(5_002_738, &[("algorithm", name)]))?;
    Ok(Assertion {
        algorithm,
        key_id: key_id.to_owned(),
        issuer,
        subject,
        expires,
        not_before: claims.seconds("nbf").unwrap_or(0),
        signature: decode("signature", signature)?,
        signed: jwt[..jwt.len() - signature.len() - 1].to_owned(),
        claims,
    })
}

/// The bytes of one part of a token.
///
/// # Errors
/// The first character that has no place in base64url, or that the part is cut off.
pub(super) fn decoded(part: &str, text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| {
        let why = match error {
            DecodeError::InvalidByte(at, _) => {
                let found = text.get(at..).and_then(|rest| rest.chars().next());
                let found = found.map(|found| found.escape_debug().to_string());
                format!("character {} is `{}`", at + 1, found.unwrap_or_default())
            }
            _ => "it was not copied whole".to_owned(),
        };
        format!("the {part} is not base64url without padding: {why}")
    })
}

pub(super) fn header_of(bytes: &[u8]) -> Result<serde_json::Map<String, Value>, String> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("the header is JSON, but not an object".to_owned()),
        Err(error) => Err(format!("the header is not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(header: &str, payload: &str) -> String {
        format!(
            "{}.{}.AAAA",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        )
    }

    const HEADER: &str = r#"{"alg":"RS256","kid":"k"}"#;
    const PAYLOAD: &str = r#"{"iss":"https://i","sub":"s","aud":"a","exp":2000000000}"#;

    #[test]
    fn a_token_is_read() {
        let assertion = parse_assertion(&jwt(HEADER, PAYLOAD)).unwrap();
        assert_eq!(
            (
                assertion.issuer.as_str(),
                assertion.subject.as_str(),
                assertion.key_id.as_str()
            ),
            ("https://i", "s", "k")
        );
        assert_eq!(
            (assertion.not_before, assertion.expires),
            (0, 2_000_000_000)
        );
        assert!(!format!("{assertion:?}").contains("AAAA"));
    }

    #[test]
    fn malformed_tokens_of_every_kind() {
        let long = "a".repeat(MAX_BYTES + 1);
        let (deep, wide) = (
            format!("{}1{}", "[".repeat(4000), "]".repeat(4000)),
            "[1,2]".to_owned(),
        );
        for (token, code, detail) in [
            (String::new(), 50_027, "empty"),
            (long, 50_027, "at most 16384"),
            ("a.b".to_owned(), 50_027, "2 parts"),
            ("a.b.c.d.e".to_owned(), 50_027, "encrypted"),
            ("\"a.b.c\"".to_owned(), 50_027, "header is not base64url"),
            (format!("{}\n", jwt(HEADER, PAYLOAD)), 50_027, "white space"),
            (jwt("no", PAYLOAD), 50_027, "header is not JSON"),
            (jwt("[]", PAYLOAD), 50_027, "not an object"),
            (jwt(HEADER, "no"), 50_027, "payload is not JSON"),
            (jwt(HEADER, &wide), 50_027, "not an object"),
            (jwt(HEADER, &deep), 50_027, "recursion"),
            (
                jwt(r#"{"alg":"RS256","kid":"k","crit":["b64"]}"#, PAYLOAD),
                50_027,
                "crit",
            ),
            (jwt(r#"{"kid":"k"}"#, PAYLOAD), 50_027, "no `alg`"),
            (
                jwt(r#"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#, PAYLOAD),
                5_002_727,
                "at+jwt",
            ),
            (jwt(HEADER, r#"{"sub":"s","aud":"a","exp":1}"#), 90014, ""),
            (
                jwt(HEADER, r#"{"iss":"i","sub":null,"aud":"a","exp":1}"#),
                90014,
                "",
            ),
            (
                jwt(HEADER, r#"{"iss":"i","sub":"s","aud":[],"exp":1}"#),
                90014,
                "",
            ),
            (
                jwt(HEADER, r#"{"iss":"i","sub":"s","aud":"a","exp":"1"}"#),
                90014,
                "",
            ),
            (jwt(r#"{"alg":"RS256"}"#, PAYLOAD), 5_002_723, ""),
            (jwt(r#"{"alg":"none","kid":"k"}"#, PAYLOAD), 5_002_738, ""),
            (jwt(r#"{"alg":"HS256","kid":"k"}"#, PAYLOAD), 5_002_738, ""),
            (jwt(r#"{"alg":"ES256","kid":"k"}"#, PAYLOAD), 5_002_738, ""),
            (jwt(r#"{"alg":"rs256","kid":"k"}"#, PAYLOAD), 5_002_738, ""),
        ] {
            let refusal = parse_assertion(&token).unwrap_err();
            assert_eq!(refusal.code, code, "{refusal:?}");
            assert!(
                refusal.detail.unwrap_or_default().contains(detail),
                "{detail}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(header in ".{0,40}", payload in ".{0,40}", raw in "[A-Za-z0-9._=-]{0,80}") {
            let _ = parse_assertion(&jwt(&header, &payload));
            proptest::prop_assert!(parse_assertion(&raw).is_err());
        }
    }
}
