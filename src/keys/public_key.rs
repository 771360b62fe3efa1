//! A public key and its DER forms: SubjectPublicKeyInfo (RFC 5280 4.1.2.7), PKCS#1 `RSAPublicKey` (RFC 8017 A.1.1),
//! an X.509 certificate (only its key is looked at). RSA, and the EC curves of RFC 5480, which are recognised so that they can be refused by name.

use super::der::{self, Reader, Reason};
use super::error::KeyError;

/// Largest RSA modulus that is read, in bytes: 16,384 bits, what OpenSSL verifies with at most.
const MAX_MODULUS: usize = 2048;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];

/// A public key, as numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublicKey {
    /// An RSA key. Big-endian, no leading zeros, at most 16,384 bits each.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
    },
    /// A point on a curve; each coordinate has exactly the curve's length.
    Ec {
        /// The curve.
        curve: Curve,
        /// First coordinate, big-endian.
        x: Vec<u8>,
        /// Second coordinate, big-endian.
        y: Vec<u8>,
    },
}

/// The curves that Kubernetes can sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// Every curve, for looking one up by name or identifier.
    pub const ALL: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

    /// The name in a JWK's `crv`.
    pub fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// The signature algorithm that goes with it (RFC 7518 3.4).
    pub fn algorithm(self) -> &'static str {
        match self {
            Curve::P256 => "ES256",
            Curve::P384 => "ES384",
            Curve::P521 => "ES512",
        }
    }

    /// Length of a coordinate in bytes.
    pub fn coordinate(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    fn oid(self) -> &'static [u8] {
        match self {
            Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Curve::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Curve::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }
}

impl PublicKey {
    /// An RSA key from big-endian numbers; leading zeros are dropped. Refuses zero and more than 16,384 bits.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let (n, e) = (der::trimmed(n), der::trimmed(e));
        if n.is_empty() || e.is_empty() {
            return Err(malformed("an RSA public key", "a number in it is zero"));
        }
        if n.len() > MAX_MODULUS || e.len() > MAX_MODULUS {
            return Err(malformed(
                "an RSA public key",
                "a number in it has more than 16,384 bits",
            ));
        }
        Ok(Self::Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        })
    }

    /// A point from its coordinates, which must have the curve's length. That it lies on the curve is not proven.
    pub fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if x.len() != curve.coordinate() || y.len() != curve.coordinate() {
            return Err(unreadable_point(
                "a coordinate does not have its curve's length",
            ));
        }
        Ok(Self::Ec {
            curve,
            x: x.to_vec(),
            y: y.to_vec(),
        })
    }

    /// From SubjectPublicKeyInfo, the content of a PEM block `PUBLIC KEY`.
    pub fn from_spki(bytes: &[u8]) -> Result<Self, KeyError> {
        const WHAT: &str = "a public key (SubjectPublicKeyInfo)";
        let parts = || -> Result<_, Reason> {
            let mut outer = Reader::new(bytes);
            let mut info = outer.sequence()?;
            outer.end()?;
            let mut algorithm = info.sequence()?;
            let key = info.bit_string()?;
            info.end()?;
            Ok((algorithm.expect(der::OID)?, algorithm, key))
        };
        let (oid, mut parameters, key) = parts().map_err(|reason| malformed(WHAT, reason))?;
        match oid {
            RSA => Self::from_pkcs1(key),
            EC => {
                let mut point = || -> Result<_, Reason> {
                    let named = parameters.expect(der::OID)?;
                    parameters.end()?;
                    let curve = Curve::ALL.into_iter().find(|curve| curve.oid() == named);
                    let curve = curve.ok_or("its curve is none of P-256, P-384 and P-521")?;
                    let [0x04, point @ ..] = key else {
                        return Err("its point is not in the uncompressed form");
                    };
                    let (x, y) = point
                        .split_at_checked(curve.coordinate())
                        .ok_or("its point is too short")?;
                    Ok((curve, x, y))
                };
                let (curve, x, y) = point().map_err(unreadable_point)?;
                Self::ec(curve, x, y)
            }
            other => Err(KeyError::new(
                format!(
                    "this is {} public key, and Microsoft Entra verifies signatures of RSA keys only",
                    match other {
                        RSA_PSS => "an RSASSA-PSS",
                        ED25519 => "an Ed25519",
                        ED448 => "an Ed448",
                        DSA => "a DSA",
                        _ => "some other kind of",
                    }
                ),
                MAKE_RSA,
            )),
        }
    }

    /// From PKCS#1, the content of a PEM block `RSA PUBLIC KEY`.
    pub fn from_pkcs1(bytes: &[u8]) -> Result<Self, KeyError> {
        let numbers = || -> Result<_, Reason> {
            let mut outer = Reader::new(bytes);
            let mut key = outer.sequence()?;
            outer.end()?;
            let numbers = (key.unsigned()?, key.unsigned()?);
            key.end()?;
            Ok(numbers)
        };
        let (n, e) = numbers().map_err(|reason| malformed("an RSA public key", reason))?;
        Self::rsa(n, e)
    }

    /// The key in an X.509 certificate. Nothing else of the certificate is looked at: who signed it and until when it is valid do not matter to a JWKS.
    pub fn from_certificate(bytes: &[u8]) -> Result<Self, KeyError> {
        let spki = || -> Result<_, Reason> {
            let mut outer = Reader::new(bytes);
            let mut certificate = outer.sequence()?;
            outer.end()?;
            let mut body = certificate.sequence()?;
            if body.peek() == Some(der::CONTEXT_0) {
                body.element()?; // version
            }
            body.expect(der::INTEGER)?; // serial number
            for _ in ["signature", "issuer", "validity", "subject"] {
                body.sequence()?;
            }
            body.expect(der::SEQUENCE)
        };
        let spki = spki().map_err(|reason| malformed("an X.509 certificate", reason))?;
        Self::from_spki(&der::element(der::SEQUENCE, spki))
    }

    /// From DER of any of the three forms. Private keys are recognised and refused.
    pub fn from_der(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut content = Reader::new(bytes)
            .sequence()
            .map_err(|reason| malformed("a key in DER", reason))?;
        let mut tags = Vec::new();
        while tags.len() < 4 && content.peek().is_some() {
            let (tag, _) = content
                .element()
                .map_err(|reason| malformed("a key in DER", reason))?;
            tags.push(tag);
        }
        match tags[..] {
            [der::INTEGER, der::INTEGER] => Self::from_pkcs1(bytes),
            [der::SEQUENCE, der::BIT_STRING] => Self::from_spki(bytes),
            [der::SEQUENCE, der::SEQUENCE, der::BIT_STRING] => Self::from_certificate(bytes),
            // PKCS#1 private, PKCS#8, SEC 1; encrypted PKCS#8.
            [der::INTEGER, ..] | [der::SEQUENCE, der::OCTET_STRING] => {
                Err(private("a private key in DER"))
            }
            _ => Err(malformed("a key in DER", "it has another structure")),
        }
    }

    /// SubjectPublicKeyInfo in DER: byte for byte what Go's `x509.MarshalPKIXPublicKey` and `openssl pkey -pubout` write.
    pub fn to_spki(&self) -> Vec<u8> {
        let oid = |bytes| der::element(der::OID, bytes);
        match self {
            Self::Rsa { n, e } => der::sequence(&[
                der::sequence(&[oid(RSA), der::element(der::NULL, &[])]),
                der::bit_string(&der::sequence(&[der::unsigned(n), der::unsigned(e)])),
            ]),
            Self::Ec { curve, x, y } => der::sequence(&[
                der::sequence(&[oid(EC), oid(curve.oid())]),
                der::bit_string(&[&[0x04], &x[..], &y[..]].concat()),
            ]),
        }
    }
}

/// How to make a key that Entra accepts.
pub const MAKE_RSA: &str = "sign with an RSA key of at least 2048 bits: `openssl genrsa -out sa.key 2048`, then `openssl pkey -in sa.key -pubout -out sa.pub`";

fn malformed(what: &str, reason: &str) -> KeyError {
    KeyError::new(
        format!("this is not {what} that can be read: {reason}"),
        "give a public key as `openssl pkey -in sa.key -pubout` writes it",
    )
}

/// Written anew it would be no more use: Entra takes no key of a curve.
fn unreadable_point(reason: &str) -> KeyError {
    let message = format!("this is not an EC public key that can be read: {reason}");
    KeyError::new(message, MAKE_RSA)
}

/// The refusal of a private key, whatever form it came in.
pub fn private(what: &str) -> KeyError {
    KeyError::new(
        format!(
            "this is {what}, and a public key belongs here: what is published can be read by anyone"
        ),
        "its public half can be had with `openssl pkey -in sa.key -pubout -out sa.pub`; keep the private key out of this directory",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_key() -> impl Strategy<Value = PublicKey> {
        let rsa = (
            prop::collection::vec(any::<u8>(), 1..600),
            prop::collection::vec(any::<u8>(), 1..9),
        )
            .prop_filter_map("zero", |(n, e)| PublicKey::rsa(&n, &e).ok());
        let ec = (0..3usize, any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(curve, x, y)| {
            let curve = Curve::ALL[curve];
            let wide = |seed: &[u8; 32]| {
                seed.iter()
                    .copied()
                    .cycle()
                    .take(curve.coordinate())
                    .collect()
            };
            let (x, y) = (wide(&x), wide(&y));
            PublicKey::Ec { curve, x, y }
        });
        prop_oneof![rsa, ec]
    }

    proptest! {
        #[test]
        fn spki_round_trip(key in any_key()) {
            let bytes = key.to_spki();
            prop_assert_eq!(PublicKey::from_spki(&bytes), Ok(key.clone()));
            prop_assert_eq!(PublicKey::from_der(&bytes), Ok(key));
        }

        #[test]
        fn a_damaged_key_is_an_answer(key in any_key(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = key.to_spki();
            let index = at.index(bytes.len());
            bytes[index] = byte;
            let _ = PublicKey::from_der(&bytes);
            let _ = PublicKey::from_der(&bytes[..cut.index(bytes.len())]);
        }

        #[test]
        fn arbitrary_bytes_are_an_answer(mut bytes in prop::collection::vec(any::<u8>(), 0..300), dress in any::<bool>()) {
            if dress {
                bytes = der::element(der::SEQUENCE, &bytes);
            }
            let _ = PublicKey::from_der(&bytes);
            let _ = PublicKey::from_certificate(&bytes);
            let _ = PublicKey::from_pkcs1(&bytes);
        }
    }

    #[test]
    fn private_keys_in_der_are_refused() {
        let number = || der::unsigned(&[5]);
        let bytes = || der::element(der::OCTET_STRING, &[1]);
        for private in [
            der::sequence(&[
                der::element(der::INTEGER, &[0]),
                number(),
                number(),
                number(),
            ]),
            der::sequence(&[
                der::element(der::INTEGER, &[0]),
                der::sequence(&[]),
                bytes(),
            ]),
            der::sequence(&[number(), bytes()]),
            der::sequence(&[der::sequence(&[]), bytes()]),
        ] {
            let error = PublicKey::from_der(&private).unwrap_err();
            assert!(error.message.contains("private key"), "{error}");
            assert!(error.help.contains("-pubout"));
        }
    }
}
