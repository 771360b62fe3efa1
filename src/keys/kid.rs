//! Names of keys: the `kid` that Kubernetes computes, and the RFC 7638 thumbprint.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::jwk::Jwk;
use super::public_key::PublicKey;

/// The `kid` that a kube-apiserver and `azwi jwks` give a key: base64url(SHA-256(SubjectPublicKeyInfo)). Because it is a function of the key
/// alone, a JWKS can be published before its cluster exists.
/// Source: kubernetes/kubernetes#78502, `keyIDFromPublicKey` in `pkg/serviceaccount/jwt.go`.
pub fn kubernetes(key: &PublicKey) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(key.to_spki()))
}

/// The RFC 7638 thumbprint with SHA-256, base64url.
pub fn thumbprint(key: &PublicKey) -> String {
    let Jwk {
        crv, x, y, n, e, ..
    } = Jwk::from_public_key(key, Some(""));
    let [crv, x, y, n, e] = [crv, x, y, n, e].map(Option::unwrap_or_default);
    // The required members in lexicographic order, no white space; base64url and curve names need no escapes.
    let text = match key {
        PublicKey::Rsa { .. } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        PublicKey::Ec { .. } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#),
    };
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem::public_key;

    #[test]
    fn kids_are_those_of_kubernetes_azwi_and_openssl() {
        for (pem, kid) in [
            (
                include_str!("testdata/kube-sa.pub"),
                "glAGfm7Em51wx8fxepOp02JMKFvRR4FysJerKqMCtuw",
            ),
            (
                include_str!("testdata/azwi-testkey.pub"),
                "2A3FPpix2keOV1SGPQiM0_wVemz4XOIgQyJJnpu5sPE",
            ),
            // `openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64`, as base64url
            (
                include_str!("testdata/ec-p256.pub"),
                "EC2XjMMT70LOejgRshfXdP9P9LihedOCpPJL6BWeRmc",
            ),
            (
                include_str!("testdata/certificate.pem"),
                "9Rf323U5s840zY1nQlJBCNQ3P77mKV-QNH4Kqw5legs",
            ),
        ] {
            assert_eq!(kubernetes(&public_key(pem).unwrap()), kid);
        }
    }

    #[test]
    fn the_example_of_rfc_7638() {
        let jwk = Jwk::parse(
            r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}"#,
        )
        .unwrap();
        assert_eq!(
            thumbprint(&jwk.public_key().unwrap()),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
