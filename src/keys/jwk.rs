//! One JSON Web Key (RFC 7517): plain data, and its way from and to a [`PublicKey`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::error::{KeyError, shown};
use super::kid;
use super::public_key::{Curve, MAKE_RSA, PublicKey, private};

/// The members that make a JWK private or symmetric (RFC 7518 6.2.2, 6.3.2, 6.4.1).
pub const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public JWK. The fields stand in the order in which they are written, which is azwi's: `use,kty,kid,crv,alg,x,y,n,e`.
/// Members that are not listed here are dropped on reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// `use`: `sig` for a key that signs.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub key_use: Option<String>,
    /// `kty`: `RSA`, `EC`, …
    pub kty: String,
    /// `kid`: the name under which a token's header asks for the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `crv`: curve of an EC key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// `alg`: signature algorithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `x`: first coordinate of an EC key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// `y`: second coordinate of an EC key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// `n`: modulus of an RSA key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// `e`: exponent of an RSA key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// `x5c`: certificate chain, base64 (not url) of DER, the key's own certificate first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub x5c: Vec<String>,
    /// `x5t`: SHA-1 thumbprint of that certificate, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5t: Option<String>,
    /// `x5t#S256`: SHA-256 thumbprint of that certificate, base64url.
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
    /// Names of the private members that were found on reading. Their values were dropped; they are never written.
    #[serde(skip)]
    pub private_members: Vec<&'static str>,
}

impl Jwk {
    /// The JWK that Kubernetes and azwi publish for a key: `use: sig`, the algorithm of its type (RS256, ES256, …), and
    /// the Kubernetes `kid` unless another is given.
    pub fn from_public_key(key: &PublicKey, kid: Option<&str>) -> Self {
        let kid = kid.map_or_else(|| kid::kubernetes(key), str::to_owned);
        let jwk = Self {
            key_use: Some("sig".to_owned()),
            kid: Some(kid),
            ..Self::default()
        };
        let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        match key {
            PublicKey::Rsa { n, e } => Self {
                kty: "RSA".to_owned(),
                alg: Some("RS256".to_owned()),
                n: text(n),
                e: text(e),
                ..jwk
            },
            PublicKey::Ec { curve, x, y } => Self {
                kty: "EC".to_owned(),
                crv: Some(curve.name().to_owned()),
                alg: Some(curve.algorithm().to_owned()),
                x: text(x),
                y: text(y),
                ..jwk
            },
        }
    }

    /// One JWK from its text. Refuses private members.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > super::jwks::MAX_DOCUMENT {
            return Err(KeyError::new(
                "this JWK is larger than 256 KiB",
                "check that this is the file that was meant",
            ));
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            KeyError::new(
                format!(
                    "this JWK is not valid JSON: line {}, column {}",
                    error.line(),
                    error.column()
                ),
                "a JWK is an object with the members `kty`, `kid`, `n` and `e`",
            )
        })?;
        let jwk = Self::from_value(&value).map_err(|reason| {
            KeyError::new(
                format!("this is not a JWK: {reason}"),
                "a JWK is an object with the members `kty`, `kid`, `n` and `e`",
            )
        })?;
        if jwk.private_members.is_empty() {
            Ok(jwk)
        } else {
            Err(jwk.private_refusal())
        }
    }

    /// From JSON; the error is a reason in words. Private members are noted by name and their values dropped.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("it is not a JSON object")?;
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("its `{name}` is not a string")),
        };
        let x5c = match object.get("x5c") {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Some(_) => None,
        };
        Ok(Self {
            key_use: text("use")?,
            kty: text("kty")?.ok_or("it has no `kty`")?,
            kid: text("kid")?,
            crv: text("crv")?,
            alg: text("alg")?,
            x: text("x")?,
            y: text("y")?,
            n: text("n")?,
            e: text("e")?,
            x5c: x5c.ok_or("its `x5c` is not a list of strings")?,
            x5t: text("x5t")?,
            x5t_s256: text("x5t#S256")?,
            private_members: PRIVATE_MEMBERS
                .into_iter()
                .filter(|name| object.contains_key(*name))
                .collect(),
        })
    }

    /// The key in it: `kty` RSA, or EC with one of three curves.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        let number = |name: &str, value: &Option<String>| {
            let value = value.as_deref().ok_or_else(|| {
                KeyError::new(
                    format!("this JWK of type `{}` has no `{name}`", shown(&self.kty)),
                    "take the JWK from the issuer again, whole",
                )
            })?;
            URL_SAFE_NO_PAD.decode(value).map_err(|_| {
                KeyError::new(
                    format!("`{name}` of this JWK is not base64url without padding"),
                    "encode it as RFC 7515 section 2 says: `-` and `_` in place of `+` and `/`, no `=`",
                )
            })
        };
        match self.kty.as_str() {
            "RSA" => PublicKey::rsa(&number("n", &self.n)?, &number("e", &self.e)?),
            "EC" => {
                let name = self.crv.as_deref().unwrap_or_default();
                let curve = Curve::ALL.into_iter().find(|curve| curve.name() == name);
                let curve = curve.ok_or_else(|| {
                    KeyError::new(
                        format!("this EC JWK has the curve `{}`, which is none of P-256, P-384 and P-521", shown(name)),
                        MAKE_RSA,
                    )
                })?;
                PublicKey::ec(curve, &number("x", &self.x)?, &number("y", &self.y)?)
            }
            other => Err(KeyError::new(
                format!(
                    "this JWK has the type `{}`, and only `RSA` and `EC` are read",
                    shown(other)
                ),
                MAKE_RSA,
            )),
        }
    }

    /// The refusal of a JWK with private members.
    pub(super) fn private_refusal(&self) -> KeyError {
        let help = match self.kty.as_str() {
            "oct" => format!("a shared secret has no public half: {MAKE_RSA}"),
            _ => "give its public members alone, `kty`, `kid`, `n` and `e`; keep the private key out of this directory".to_owned(),
        };
        KeyError::new(private(&self.private_what()).message, help)
    }

    /// What a JWK with private members is, in words, for messages.
    pub(super) fn private_what(&self) -> String {
        let members: Vec<_> = self
            .private_members
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let kind = if self.kty == "oct" {
            "a symmetric JWK"
        } else {
            "a private JWK"
        };
        format!("{kind} (it has {})", members.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_members_are_refused_and_never_kept() {
        for name in PRIVATE_MEMBERS {
            let text = format!(r#"{{"kty":"RSA","n":"AQAB","e":"AQAB","{name}":"c2VjcmV0"}}"#);
            let error = Jwk::parse(&text).unwrap_err();
            assert!(error.message.contains(&format!("`{name}`")), "{error}");
            let jwk = Jwk::from_value(&serde_json::from_str(&text).unwrap()).unwrap();
            assert!(!format!("{jwk:?}").contains("c2VjcmV0"));
            assert!(
                !serde_json::to_string(&jwk)
                    .unwrap()
                    .contains(&format!("\"{name}\""))
            );
        }
    }

    #[test]
    fn every_kept_member_is_written_again() {
        let text = r#"{"use":"sig","kty":"RSA","kid":"A1","alg":"RS256","n":"AQAB","e":"AQAB","x5c":["TUlJ"],"x5t":"YQ","x5t#S256":"Yg"}"#;
        assert_eq!(
            serde_json::to_string(&Jwk::parse(text).unwrap()).unwrap(),
            text
        );
    }

    #[test]
    fn keys_survive_the_way_through_a_jwk() {
        for pem in [
            include_str!("testdata/kube-sa.pub"),
            include_str!("testdata/ec-p256.pub"),
        ] {
            let key = crate::keys::pem::public_key(pem).unwrap();
            assert_eq!(Jwk::from_public_key(&key, None).public_key(), Ok(key));
        }
    }

    #[test]
    fn malformed_ones_say_why() {
        for (text, words) in [
            ("[]", "not a JSON object"),
            ("{", "line 1"),
            (r#"{"n":"AQAB"}"#, "no `kty`"),
            (r#"{"kty":"RSA","n":1}"#, "`n` is not a string"),
            (r#"{"kty":"RSA","x5c":"a"}"#, "`x5c`"),
        ] {
            let error = Jwk::parse(text).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        for (text, words) in [
            (r#"{"kty":"RSA","e":"AQAB"}"#, "no `n`"),
            (r#"{"kty":"RSA","n":"a=","e":"AQAB"}"#, "base64url"),
            (r#"{"kty":"RSA","n":"AA","e":"AQAB"}"#, "zero"),
            (
                r#"{"kty":"EC","crv":"secp256k1","x":"","y":""}"#,
                "secp256k1",
            ),
            (
                r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#,
                "length",
            ),
            (r#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#, "OKP"),
        ] {
            let error = Jwk::parse(text).unwrap().public_key().unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
    }
}
