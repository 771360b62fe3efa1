//! Whatever a user hands over as keys: PEM, DER (a certificate or a bare key), a JWK, a JWKS, or what `kubectl get --raw /openid/v1/jwks` printed.

use super::error::KeyError;
use super::jwk::Jwk;
use super::jwks::Jwks;
use super::pem;
use super::public_key::PublicKey;

/// The keys in `bytes`, whichever form they have, in their order. PEM and DER keys get the Kubernetes `kid`, JWKs keep
/// their own. Private keys of every form are refused; what else is wrong says [`check`](super::check::check).
pub fn keys(bytes: &[u8]) -> Result<Vec<Jwk>, KeyError> {
    if bytes.first() == Some(&super::der::SEQUENCE) && std::str::from_utf8(bytes).is_err() {
        let key = PublicKey::from_der(bytes)?;
        return Ok(vec![Jwk::from_public_key(&key, None)]);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(KeyError::new(
            "this is neither text nor a key in DER",
            "give a PEM file, a DER certificate, a JWK or a JWKS",
        ));
    };
    if !text.trim_start().starts_with('{') {
        let keys = pem::public_keys(text)?;
        return Ok(keys
            .iter()
            .map(|key| Jwk::from_public_key(key, None))
            .collect());
    }
    // A bare JWK is the other thing that begins with a brace; where neither reads, the set's error says more.
    let jwks = match Jwks::parse(bytes) {
        Err(_) if text.contains("\"kty\"") && !text.contains("\"keys\"") => {
            return Ok(vec![Jwk::parse(text)?]);
        }
        jwks => jwks?,
    };
    match jwks.keys.iter().find(|key| !key.private_members.is_empty()) {
        Some(key) => Err(key.private_refusal()),
        None => Ok(jwks.keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use proptest::prelude::*;

    #[test]
    fn one_key_in_every_form() {
        let golden = include_str!("testdata/azwi-jwks.json");
        let jwks = Jwks::parse(golden.as_bytes()).unwrap();
        let pem = include_str!("testdata/kube-sa.pub");
        let spki = pem::public_key(pem).unwrap().to_spki();
        let bare = serde_json::to_string(&jwks.keys[0]).unwrap();
        for input in [pem.as_bytes(), golden.as_bytes(), &spki, bare.as_bytes()] {
            assert_eq!(keys(input).unwrap(), jwks.keys);
        }
        let certificate = include_str!("testdata/certificate.pem");
        let base64: String = certificate
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let der = base64::engine::general_purpose::STANDARD
            .decode(base64)
            .unwrap();
        assert_eq!(keys(&der).unwrap(), keys(certificate.as_bytes()).unwrap());
    }

    #[test]
    fn private_jwks_are_refused_in_a_set_and_alone() {
        for text in [
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#,
            r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}]}"#,
        ] {
            let error = keys(text.as_bytes()).unwrap_err();
            assert!(error.message.contains("`d`"), "{error}");
        }
        let error = keys(br#"{"keys":[{"kty":"oct","k":"AQAB"}]}"#).unwrap_err();
        assert!(error.message.contains("symmetric"), "{error}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300), first in "0|\\{|-|") {
            let _ = keys(&[first.as_bytes(), &bytes].concat());
        }
    }
}
