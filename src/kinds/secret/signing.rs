//! Passwords and certificates of a service principal that sign for SAML: they let nobody in.
//!
//! Source: Microsoft Graph, "servicePrincipal: addTokenSigningCertificate": it makes a key for signing, one for verifying
//! and the password of the first, which end together.

/// What tells a password or certificate from others: `end` in whatever form, the same for all.
pub struct Mark<'a, E> {
    pub key_id: &'a str,
    pub usage: Option<&'a str>,
    pub end: E,
}

/// Whether one of a service principal's signs for SAML, by its `keys`; `saml` where that is how people sign in to it.
pub fn signs<E: PartialEq>(one: &Mark<E>, keys: &[Mark<E>], saml: bool) -> bool {
    keys.iter().any(|key| {
        let pair = saml || one.usage == Some("Verify");
        key.usage == Some("Sign") && (key.key_id == one.key_id || pair && key.end == one.end)
    })
}
