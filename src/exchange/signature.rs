//! The issuer's key and the assertion's signature.

use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::aadsts::render;
use super::assertion::Assertion;
use crate::model::verdict::Refusal;

/// The longest discovery document or JWKS that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// How many keys of a JWKS count: the first hundred (entra-docs `workload-identity-federation.md`).
pub const MAX_KEYS: usize = 100;

/// The signature algorithms that Entra takes (AzureAD/microsoft-identity-web#3467, 2025-09); its documentation promises only RS256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
}

impl Algorithm {
    const NAMES: [(&'static str, Self); 6] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
    ];

    /// By its name in a header (RFC 7518 section 3.1), which is case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, algorithm)| algorithm)
    }

    fn name(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(name, _)| name)
    }

    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        }
    }
}

/// An RSA key of 2048 to 8192 bits, as a JWKS publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// The key that an assertion names, from its issuer's JWKS.
///
/// # Errors
/// 90061 (not a JWKS), 7000272 (no such key among the first hundred), 5002730 (a key that cannot have made an RSA signature).
pub fn check_key(assertion: &Assertion, jwks: &[u8]) -> Result<PublicKey, Refusal> {
    let document = json(jwks, "JWKS")?;
    let Some(keys) = document.get("keys").and_then(Value::as_array) else {
        return Err(render(90061, &[]).because("the JWKS has no list `keys`"));
    };
    let named = |key: &&Value| {
        let id = |member: &str| {
            key.get(member).and_then(Value::as_str) == Some(assertion.key_id.as_str())
        };
        (id("kid") || id("x5t") || id("x5t#S256"))
            && key.get("use").and_then(Value::as_str) != Some("enc")
    };
    let Some(key) = keys.iter().take(MAX_KEYS).find(named) else {
        let refusal = render(
            7_000_272,
            &[
                ("key", assertion.key_id.as_str()),
                ("issuer", assertion.issuer.as_str()),
            ],
        );
        let later = keys.iter().skip(MAX_KEYS).any(|key| named(&key));
        return Err(match keys.len() {
            0 => refusal.because("the JWKS has no keys"),
            count if later => refusal.because(format!(
                "the key is published, but after the first {MAX_KEYS} of {count}"
            )),
            count => refusal.because(format!("none of the {count} published keys has this id")),
        });
    };
    let unsupported = |detail: String| render(5_002_730, &[]).because(detail);
    let member = |name: &str| key.get(name).and_then(Value::as_str);
    if member("kty") != Some("RSA") {
        return Err(unsupported(format!(
            "the key has the type `{}`",
            member("kty").unwrap_or_default()
        )));
    }
    if let Some(other) = member("alg").filter(|name| *name != assertion.algorithm.name()) {
        return Err(unsupported(format!(
            "the key is published for `{other}`, the token says `{}`",
            assertion.algorithm.name()
        )));
    }
    let number = |name: &str| {
        let bytes =
            member(name).and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
        let bytes: Vec<u8> = bytes
            .unwrap_or_default()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        if bytes.is_empty() {
            Err(unsupported(format!(
                "the key's `{name}` is not a number in base64url"
            )))
        } else {
            Ok(bytes)
        }
    };
    let (modulus, exponent) = (number("n")?, number("e")?);
    let bits = modulus.len() * 8
        - modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(unsupported(format!(
            "the key has {bits} bits: 2048 to 8192 are taken"
        )));
    }
    Ok(PublicKey { modulus, exponent })
}

/// Whether the key made the assertion's signature.
///
/// # Errors
/// 50013.
pub fn check_signature(assertion: &Assertion, key: &PublicKey) -> Result<(), Refusal> {
    let components = RsaPublicKeyComponents {
        n: key.modulus.as_slice(),
        e: key.exponent.as_slice(),
    };
    components
        .verify(
            assertion.algorithm.parameters(),
            assertion.signed.as_bytes(),
            &assertion.signature,
        )
        .map_err(|_| render(50_013, &[("key", assertion.key_id.as_str())]))
}

/// Where an issuer's discovery document is: one slash between the two, whether or not the issuer ends with one (OpenID Connect
/// Discovery 1.0 section 4).
pub fn discovery_url(issuer: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        issuer.strip_suffix('/').unwrap_or(issuer)
    )
}

/// The `jwks_uri` of an issuer's discovery document.
///
/// # Errors
/// 90061, with a detail: not JSON, too long, without `jwks_uri`, or a document of another issuer (that the service checks the last is
/// documented by OpenID Connect Discovery, not by Microsoft).
pub fn check_discovery(issuer: &str, document: &[u8]) -> Result<String, Refusal> {
    let document = json(document, "discovery document")?;
    let member = |name: &str| document.get(name).and_then(Value::as_str);
    match member("issuer") {
        Some(own) if own == issuer => {}
        Some(own) => {
            let detail = format!(
                "the discovery document is that of `{own}`, the token's issuer is `{issuer}`"
            );
            return Err(render(90061, &[]).because(detail));
        }
        None => return Err(render(90061, &[]).because("the discovery document has no `issuer`")),
    }
    let uri = member("jwks_uri")
        .ok_or_else(|| render(90061, &[]).because("the discovery document has no `jwks_uri`"))?;
    Ok(uri.to_owned())
}

fn json(bytes: &[u8], what: &str) -> Result<Value, Refusal> {
    let refuse = |detail: String| Err(render(90061, &[]).because(detail));
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return refuse(format!(
            "the {what} has {} bytes: at most {MAX_DOCUMENT_BYTES} are read",
            bytes.len()
        ));
    }
    serde_json::from_slice(bytes)
        .or_else(|error| refuse(format!("the {what} is not JSON: {error}")))
}
