//! The issuer's key and the assertion's signature.

use super::aadsts::render;
use super::assertion::Assertion;
use crate::keys::discovery::Discovery;
use crate::keys::jwks::MAX_KEYS;
use crate::keys::{Jwk, Jwks, PublicKey};
use crate::model::verdict::Refusal;
use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents};

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

/// The key that an assertion names, from its issuer's JWKS: RSA, of 2048 to 8192 bits.
///
/// # Errors
/// 90061 (not a JWKS of at most 256 KiB), 7000272 (no such key among the first hundred), 5002730 (a key that cannot have made an RSA
/// signature).
pub fn check_key(assertion: &Assertion, jwks: &[u8]) -> Result<PublicKey, Refusal> {
    let keys = Jwks::parse(jwks)
        .map_err(|error| render(90061, &[]).because(error.message))?
        .keys;
    let named = |key: &&Jwk| {
        let ids = [&key.kid, &key.x5t, &key.x5t_s256];
        ids.iter()
            .any(|id| id.as_deref() == Some(assertion.key_id.as_str()))
            && key.key_use.as_deref() != Some("enc")
    };
    let Some(key) = keys.iter().take(MAX_KEYS).find(named) else {
        let arguments = [
            ("key", assertion.key_id.as_str()),
            ("issuer", assertion.issuer.as_str()),
        ];
        let later = keys.iter().skip(MAX_KEYS).any(|key| named(&key));
        return Err(render(7_000_272, &arguments).because(match keys.len() {
            0 => "the JWKS has no keys".to_owned(),
            count if later => {
                format!("the key is published, but after the first {MAX_KEYS} of {count}: later ones are not read")
            }
            1 => "the one published key has another id".to_owned(),
            count => format!("none of the {count} published keys has this id"),
        }));
    };
    let unsupported = |detail: String| render(5_002_730, &[]).because(detail);
    if let Some(other) = key
        .alg
        .as_deref()
        .filter(|name| *name != assertion.algorithm.name())
    {
        return Err(unsupported(format!(
            "the key is published for `{other}`, the token says `{}`",
            assertion.algorithm.name()
        )));
    }
    let public = key
        .public_key()
        .map_err(|error| unsupported(error.message))?;
    let PublicKey::Rsa { n, .. } = &public else {
        return Err(unsupported(format!(
            "the key has the type `{}`, and only RSA keys are taken",
            key.kty
        )));
    };
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(unsupported(format!(
            "the key has {bits} bits: 2048 to 8192 are taken"
        )));
    }
    Ok(public)
}

/// Whether the key made the assertion's signature.
///
/// # Errors
/// 50013; 5002730 for a key that is not RSA.
pub fn check_signature(assertion: &Assertion, key: &PublicKey) -> Result<(), Refusal> {
    let PublicKey::Rsa { n, e } = key else {
        return Err(render(5_002_730, &[]));
    };
    let components = RsaPublicKeyComponents {
        n: n.as_slice(),
        e: e.as_slice(),
    };
    components
        .verify(
            assertion.algorithm.parameters(),
            assertion.signed.as_bytes(),
            &assertion.signature,
        )
        .map_err(|_| render(50_013, &[("key", assertion.key_id.as_str())]))
}

/// The `jwks_uri` of the discovery document that was fetched for an issuer.
///
/// # Errors
/// 90061, with a detail: not JSON, longer than 256 KiB, without `issuer` or `jwks_uri`, or a document of another issuer (that the service
/// checks the last follows from OpenID Connect Discovery 1.0 section 4.3; Microsoft does not say).
pub fn check_discovery(issuer: &str, document: &[u8]) -> Result<String, Refusal> {
    let refused = |detail: String| render(90061, &[]).because(detail);
    let document = Discovery::parse(document).map_err(|error| refused(error.message))?;
    if document.issuer != issuer {
        return Err(refused(format!(
            "the discovery document is that of `{}`, the token's issuer is `{issuer}`",
            document.issuer
        )));
    }
    Ok(document.jwks_uri)
}
