//! Everything that is wrong with a JWKS, ours or somebody else's.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{KeyError, shown};
use super::finding::{Finding, refuse};
use super::jwk::Jwk;
use super::jwks::{Jwks, MAX_KEYS};
use super::public_key::{MAKE_RSA, PublicKey};
use super::strength;
use crate::model::diagnostic::Level;

/// The algorithms of RSA keys that Entra is known to accept.
/// Source: the text of AADSTS5002738; learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations promises RS256 only.
const RS: [&str; 3] = ["RS256", "RS384", "RS512"];
const PS: [&str; 3] = ["PS256", "PS384", "PS512"];

/// The first error of [`check`], for a set that is about to be published.
pub fn publishable(jwks: &Jwks) -> Result<(), KeyError> {
    refuse(check(jwks))
}

/// All findings, the document's own first, then in the order of the keys. Keys after the hundredth, which Entra does not store, are looked at for private members only.
pub fn check(jwks: &Jwks) -> Vec<Finding> {
    let mut found = Vec::new();
    if jwks.keys.len() > MAX_KEYS {
        found.push(Finding::error(
            "too-many-keys",
            format!(
                "this JWKS has {} keys, and Microsoft Entra stores only the first {MAX_KEYS}",
                jwks.keys.len()
            ),
            "take out the keys that sign nothing any more",
        ));
    }
    let considered = &jwks.keys[..jwks.keys.len().min(MAX_KEYS)];
    let keys: Vec<_> = considered.iter().map(Jwk::public_key).collect();
    let each: Vec<_> = considered
        .iter()
        .zip(&keys)
        .map(|(jwk, key)| of_one(jwk, key))
        .collect();

    // A key that Entra cannot use does no harm beside one that it can: AWS, for one, publishes both.
    let unsupported = |finding: &Finding| {
        matches!(
            finding.code,
            "ec-key" | "unsupported-key" | "unsupported-algorithm"
        )
    };
    let usable = each.iter().any(|findings| {
        findings
            .iter()
            .all(|finding| finding.level == Level::Warning)
    });
    if !usable {
        found.push(Finding::error(
            "no-usable-key",
            "no key of this JWKS can verify a token for Microsoft Entra",
            MAKE_RSA,
        ));
    }
    for (index, findings) in each.into_iter().enumerate() {
        for mut finding in findings {
            if usable && unsupported(&finding) {
                finding.level = Level::Warning;
            }
            found.push(finding.of_key(index));
        }
    }
    found.extend(private_members(jwks));
    found.extend(names(considered, &keys));
    found.extend(shared(&keys));
    // Stable, so that findings of one key keep the order of the checks above.
    found.sort_by_key(|finding| finding.key);
    found
}

fn of_one(jwk: &Jwk, key: &Result<PublicKey, KeyError>) -> Vec<Finding> {
    let mut found = Vec::new();
    let key = match key {
        Ok(key) => key,
        Err(KeyError { message, help }) => {
            let supported = matches!(jwk.kty.as_str(), "RSA" | "EC");
            let code = if supported {
                "malformed-key"
            } else {
                "unsupported-key"
            };
            return vec![Finding::error(code, message, help)];
        }
    };
    found.extend(strength::findings(key));
    if matches!(key, PublicKey::Rsa { .. }) {
        found.extend(algorithm(jwk.alg.as_deref()));
    }
    if let Some(other) = jwk.key_use.as_deref().filter(|word| *word != "sig") {
        found.push(Finding::error(
            "not-for-signatures",
            format!(
                "the `use` of this key is `{}`, so no verifier may use it for tokens",
                shown(other)
            ),
            "write `\"use\": \"sig\"`, or take the key out",
        ));
    }
    found.extend(certificate(jwk, key));
    found
}

/// An absent `alg` is allowed (RFC 7517 4.4): the token's header decides.
fn algorithm(alg: Option<&str>) -> Option<Finding> {
    let alg = alg.filter(|alg| *alg != RS[0])?;
    let help = "sign with RS256, and say `\"alg\": \"RS256\"`";
    Some(if RS.contains(&alg) || PS.contains(&alg) {
        Finding::warning(
            "untested-algorithm",
            format!("the `alg` of this key is `{alg}`, and Microsoft Entra promises RS256 only"),
            help,
        )
    } else {
        Finding::error(
            "unsupported-algorithm",
            format!(
                "the `alg` of this key is `{}`, and Microsoft Entra refuses tokens signed so with AADSTS5002738",
                shown(alg)
            ),
            help,
        )
    })
}

fn certificate(jwk: &Jwk, key: &PublicKey) -> Option<Finding> {
    let first = STANDARD.decode(jwk.x5c.first()?).ok();
    let inside = first.and_then(|der| PublicKey::from_certificate(&der).ok());
    let message = match inside {
        Some(inside) if inside == *key => return None,
        Some(_) => {
            "the first certificate in `x5c` is of another key than `n` and `e` (RFC 7517 4.7 demands the same)"
        }
        None => "the first certificate in `x5c` cannot be read",
    };
    Some(Finding::error(
        "certificate-mismatch",
        message,
        "take the certificates out: verifiers need `n` and `e` only",
    ))
}

fn private_members(jwks: &Jwks) -> impl Iterator<Item = Finding> {
    let private = jwks
        .keys
        .iter()
        .enumerate()
        .filter(|(_, key)| !key.private_members.is_empty());
    private.map(|(index, key)| {
        Finding::error(
            "private-key-published",
            format!("this is {}: whoever has read it can sign tokens as any subject of this issuer", key.private_what()),
            "if it was ever published, make a new key and sign with it now, take this one out, and purge older versions of the document; then publish public members only",
        )
        .of_key(index)
    })
}

fn names(jwks: &[Jwk], keys: &[Result<PublicKey, KeyError>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, jwk) in jwks.iter().enumerate() {
        let Some(kid) = jwk.kid.as_deref().filter(|kid| !kid.is_empty()) else {
            found.push(
                Finding::error(
                    "missing-kid",
                    "this key has no `kid`, and a token asks for its key by that name (AADSTS7000272)",
                    "give it the `kid` that the signer writes in the token's header; for Kubernetes `jwks build` computes it",
                )
                .of_key(index),
            );
            continue;
        };
        match seen.get(kid) {
            None => drop(seen.insert(kid, index)),
            // The same key twice under the same name is found as `shared-key`.
            Some(first) if keys[*first].is_ok() && keys[*first] == keys[index] => {}
            Some(first) => found.push(
                Finding::error(
                    "duplicate-kid",
                    format!("the `kid` `{}` is also that of key {}: which one verifies is left to chance", shown(kid), first + 1),
                    "give every key a name of its own; the Kubernetes `kid` is a hash of the key",
                )
                .of_key(index),
            ),
        }
    }
    found
}

fn shared(keys: &[Result<PublicKey, KeyError>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        let Ok(key) = key else { continue };
        let (PublicKey::Rsa { n: number, .. } | PublicKey::Ec { x: number, .. }) = key;
        match seen.get(number.as_slice()) {
            None => drop(seen.insert(number, index)),
            Some(first) if keys[*first].as_ref() == Ok(key) => found.push(
                Finding::warning(
                    "shared-key",
                    format!("this is the same key as key {}: changing from one to the other is no rotation", first + 1),
                    "publish each key once, and make a new key pair for the next one",
                )
                .of_key(index),
            ),
            Some(first) if matches!(key, PublicKey::Rsa { .. }) => found.push(
                Finding::error(
                    "shared-modulus",
                    format!("this key has the modulus of key {} with another exponent: whoever holds one of them can compute the other", first + 1),
                    MAKE_RSA,
                )
                .of_key(index),
            ),
            Some(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem::public_key;

    const KUBE: &str = include_str!("testdata/kube-sa.pub");
    const AZWI: &str = include_str!("testdata/azwi-testkey.pub");
    const EC: &str = include_str!("testdata/ec-p256.pub");

    fn set(pems: &[&str]) -> Jwks {
        let keys: Vec<_> = pems.iter().map(|pem| public_key(pem).unwrap()).collect();
        Jwks::from_public_keys(&keys)
    }

    fn codes(jwks: &Jwks) -> Vec<(&'static str, Level, Option<usize>)> {
        let found = check(jwks);
        found
            .iter()
            .map(|finding| (finding.code, finding.level, finding.key))
            .collect()
    }

    #[test]
    fn good_sets_have_no_findings() {
        assert_eq!(check(&set(&[KUBE, AZWI])), []);
        assert_eq!(publishable(&set(&[KUBE])), Ok(()));
        // As Entra itself publishes: no `alg`, a certificate.
        let mut jwks = set(&[include_str!("testdata/certificate.pem")]);
        jwks.keys[0].alg = None;
        let pem = include_str!("testdata/certificate.pem");
        jwks.keys[0].x5c = vec![pem.lines().filter(|line| !line.starts_with('-')).collect()];
        assert_eq!(check(&jwks), []);
    }

    #[test]
    fn keys_that_entra_cannot_use_are_errors_only_when_there_is_no_other() {
        assert_eq!(
            codes(&set(&[KUBE, EC])),
            [("ec-key", Level::Warning, Some(1))]
        );
        assert_eq!(
            codes(&set(&[EC])),
            [
                ("no-usable-key", Level::Error, None),
                ("ec-key", Level::Error, Some(0))
            ]
        );
        assert_eq!(
            codes(&Jwks::default()),
            [("no-usable-key", Level::Error, None)]
        );
    }

    #[test]
    fn each_defect_is_found() {
        type Break = fn(&mut Jwks);
        let cases: [(&str, Break); 10] = [
            ("missing-kid", |jwks| jwks.keys[1].kid = None),
            ("missing-kid", |jwks| jwks.keys[1].kid = Some(String::new())),
            ("duplicate-kid", |jwks| {
                jwks.keys[1].kid = jwks.keys[0].kid.clone()
            }),
            ("private-key-published", |jwks| {
                jwks.keys[1].private_members = vec!["d"]
            }),
            ("shared-modulus", |jwks| {
                jwks.keys[1].n = jwks.keys[0].n.clone();
                jwks.keys[1].e = Some("AQAD".to_owned());
            }),
            ("unsupported-algorithm", |jwks| {
                jwks.keys[1].alg = Some("HS256".to_owned())
            }),
            ("untested-algorithm", |jwks| {
                jwks.keys[1].alg = Some("PS256".to_owned())
            }),
            ("not-for-signatures", |jwks| {
                jwks.keys[1].key_use = Some("enc".to_owned())
            }),
            ("certificate-mismatch", |jwks| {
                jwks.keys[1].x5c = vec!["AAAA".to_owned()]
            }),
            ("malformed-key", |jwks| jwks.keys[1].n = None),
        ];
        for (code, spoil) in cases {
            let mut jwks = set(&[KUBE, AZWI]);
            spoil(&mut jwks);
            let found = codes(&jwks);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!((found[0].0, found[0].2), (code, Some(1)));
        }
        assert_eq!(
            codes(&set(&[KUBE, KUBE])),
            [("shared-key", Level::Warning, Some(1))]
        );
    }

    #[test]
    fn two_hundred_keys() {
        let mut jwks = set(&[KUBE]);
        for index in 1..200 {
            let mut next = jwks.keys[0].clone();
            next.kid = Some(index.to_string());
            jwks.keys.push(next);
        }
        jwks.keys[199].private_members = vec!["p"];
        let found = codes(&jwks);
        assert_eq!(found[0], ("too-many-keys", Level::Error, None));
        assert_eq!(
            found.last(),
            Some(&("private-key-published", Level::Error, Some(199)))
        );
        assert!(publishable(&jwks).unwrap_err().message.contains("200 keys"));
    }
}
