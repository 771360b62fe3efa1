//! A JWKS document (RFC 7517 section 5): read within limits, and written byte for byte as `azwi jwks` writes it.

use serde::Serialize;
use serde_json::Value;

use super::error::KeyError;
use super::jwk::Jwk;
use super::public_key::PublicKey;

/// Largest document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// Entra stores only this many keys, the first ones.
/// Source: learn.microsoft.com/entra/workload-id/workload-identity-federation.
pub const MAX_KEYS: usize = 100;

/// A set of keys in the document's order. Reading proves only its form: what is wrong with the keys says [`check`](super::check::check).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// The set that Kubernetes and azwi would publish for these keys.
    pub fn from_public_keys<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Self {
        Self {
            keys: keys
                .into_iter()
                .map(|key| Jwk::from_public_key(key, None))
                .collect(),
        }
    }

    /// Reads a document of at most 256 KiB. Unknown members and kinds of keys are no errors (RFC 7517 section 5); private
    /// members are noted by name in the [`Jwk`], never kept.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        const FORM: &str =
            "a JWKS is `{\"keys\": [ … ]}`, as `kubectl get --raw /openid/v1/jwks` prints it";
        if text.len() > MAX_DOCUMENT {
            return Err(KeyError::new(
                "this JWKS is larger than 256 KiB",
                "publish the keys that are in use, and no certificates with them",
            ));
        }
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            KeyError::new(
                format!(
                    "this JWKS is not valid JSON: line {}, column {}",
                    error.line(),
                    error.column()
                ),
                FORM,
            )
        })?;
        let Some(keys) = value.get("keys").and_then(Value::as_array) else {
            let what = if value.get("kty").is_some() {
                "this is a single JWK, and a set of them is expected"
            } else if value.get("jwks_uri").is_some() {
                "this is a discovery document, and the JWKS that its `jwks_uri` names is expected"
            } else {
                "this JWKS has no list `keys`"
            };
            return Err(KeyError::new(what, FORM));
        };
        let keys = keys.iter().enumerate().map(|(index, key)| {
            Jwk::from_value(key).map_err(|reason| {
                KeyError::new(
                    format!("key {} of this JWKS cannot be read: {reason}", index + 1),
                    FORM,
                )
            })
        });
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The canonical text: two-space indent, members in azwi's order, no newline at the end.
    pub fn text(&self) -> String {
        // Strings and lists of strings only, so this cannot fail; an empty text would be caught by every reader.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The first key of this name.
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid.as_deref() == Some(kid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem::public_key;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_those_of_azwi() {
        let key = public_key(include_str!("testdata/kube-sa.pub")).unwrap();
        let golden = include_str!("testdata/azwi-jwks.json");
        let jwks = Jwks::from_public_keys([&key]);
        assert_eq!(jwks.text(), golden);
        assert_eq!(Jwks::parse(golden.as_bytes()), Ok(jwks.clone()));
        // What the API server serves is the same set, written on one line.
        assert_eq!(
            Jwks::parse(include_bytes!("testdata/kube-jwks.json")),
            Ok(jwks.clone())
        );
        assert!(
            jwks.find("glAGfm7Em51wx8fxepOp02JMKFvRR4FysJerKqMCtuw")
                .is_some()
        );
        assert!(
            jwks.find("glAGfm7Em51wx8fxepOp02JMKFvRR4FysJerKqMCtuW")
                .is_none()
        );
    }

    #[test]
    fn what_is_not_a_jwks_is_named() {
        for (text, words) in [
            ("", "JSON"),
            ("{}", "no list `keys`"),
            (r#"{"keys":{}}"#, "no list `keys`"),
            (r#"{"kty":"RSA"}"#, "single JWK"),
            (
                include_str!("testdata/kube-openid-configuration.json"),
                "discovery document",
            ),
            (r#"{"keys":[{"kty":"RSA"},1]}"#, "key 2"),
        ] {
            let error = Jwks::parse(text.as_bytes()).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        let large = vec![b' '; MAX_DOCUMENT + 1];
        assert_eq!(
            Jwks::parse(&large).unwrap_err().message,
            "this JWKS is larger than 256 KiB"
        );
        let deep = "[".repeat(100_000);
        assert!(Jwks::parse(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Jwks::parse(&bytes);
        }

        #[test]
        fn arbitrary_members_are_an_answer(kty in "RSA|EC|OKP|oct|.{0,3}", n in "[A-Za-z0-9_=-]{0,400}", e in "AQAB|Aw|.{0,6}", crv in "P-256|.{0,4}", x5c in "[A-Za-z0-9+/=]{0,90}") {
            let value = serde_json::json!({"keys": [{"kty": kty, "n": n, "e": e, "x": n, "y": e, "crv": crv, "x5c": [x5c]}]});
            let jwks = Jwks::parse(value.to_string().as_bytes()).unwrap();
            let _ = jwks.keys[0].public_key();
            let _ = crate::keys::check::check(&jwks);
            let text = jwks.text();
            prop_assert_eq!(Jwks::parse(text.as_bytes()).unwrap(), jwks);
        }
    }
}
