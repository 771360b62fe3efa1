//! Keys in PEM, DER, JWK and JWKS, and discovery documents. What reads as keys is published and reads back as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform::keys::{Jwks, PublicKey, check, discovery::Discovery, input};
use trustform_fuzz::twice;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(keys) = twice(bytes.len(), || input::keys(bytes)) {
        assert!(
            keys.iter().all(|key| key.private_members.is_empty()),
            "a private key was read"
        );
        let jwks = Jwks { keys };
        let _ = check::check(&jwks);
        if check::publishable(&jwks).is_ok() {
            let again = Jwks::parse(jwks.text().as_bytes()).expect("what is published is read");
            assert_eq!(again.text(), jwks.text());
        }
        for key in &jwks.keys {
            if let Ok(public) = key.public_key() {
                let spki = public.to_spki();
                assert_eq!(PublicKey::from_spki(&spki).as_ref(), Ok(&public));
            }
        }
    }
    if let Ok(jwks) = Jwks::parse(bytes) {
        let _ = check::check(&jwks);
    }
    if let Ok(found) = Discovery::parse(bytes) {
        let _ = found.check("https://oidc.contoso.com");
    }
});
