//! Signing and verifying the tenant's own tokens: RS256, nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::table::Entity;

/// The key that signs a tenant's access tokens, with what its JWKS says about it.
#[derive(Clone)]
pub struct SigningKey {
    pkcs8: Vec<u8>,
    kid: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// What tokens say whose signature was found good: each comes with hundreds of requests.
    verified: Arc<Mutex<BTreeMap<String, Arc<Entity>>>>,
}

/// Tokens that are remembered as verified.
const REMEMBERED: usize = 64;

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    /// Reads an RSA private key in PKCS#8 DER.
    ///
    /// # Errors
    /// When it is something else.
    pub fn new(pkcs8: Vec<u8>) -> Result<Self, String> {
        let pair = RsaKeyPair::from_pkcs8(&pkcs8)
            .map_err(|error| format!("signing key: not an RSA key in PKCS#8 DER: {error}"))?;
        let modulus = pair.public_key().modulus();
        let modulus = modulus.big_endian_without_leading_zero().to_vec();
        let exponent = pair.public_key().exponent();
        let exponent = exponent.big_endian_without_leading_zero().to_vec();
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(&modulus)[..20]);
        Ok(Self {
            pkcs8,
            kid,
            modulus,
            exponent,
            verified: Arc::default(),
        })
    }

    /// The private key in PKCS#8 DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key as the tenant's JWKS shows it.
    pub fn jwk(&self, issuer: &str) -> Value {
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
            "issuer": issuer,
        })
    }

    /// The public key: modulus and exponent, big-endian.
    pub fn public(&self) -> (&[u8], &[u8]) {
        (&self.modulus, &self.exponent)
    }

    /// A compact JWT over claims.
    pub fn sign(&self, claims: &Value) -> Option<String> {
        self.sign_with(
            &json!({"typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid}),
            claims,
        )
    }

    /// A compact JWT that says another key's name, as an outside platform would write it.
    pub fn sign_as(&self, kid: &str, claims: &Value) -> Option<String> {
        self.sign_with(&json!({"typ": "JWT", "alg": "RS256", "kid": kid}), claims)
    }

    fn sign_with(&self, header: &Value, claims: &Value) -> Option<String> {
        let input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).ok()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        // PKCS#1 v1.5 signatures draw nothing from the generator that the interface asks for.
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            input.as_bytes(),
            &mut signature,
        )
        .ok()?;
        Some(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this key signed. Says nothing about its lifetime or audience.
    pub fn verify(&self, token: &str) -> Option<Arc<Entity>> {
        let verified = || self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = verified().get(token) {
            return Some(claims.clone());
        }
        let claims = Arc::new(self.claims(token)?);
        let mut verified = verified();
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(token.to_owned(), claims.clone());
        Some(claims)
    }

    fn claims(&self, token: &str) -> Option<Entity> {
        let (input, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, input.as_bytes(), &signature)
            .ok()?;
        let payload = URL_SAFE_NO_PAD.decode(input.split_once('.')?.1).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

/// Serde for bytes as base64 text.
pub mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
