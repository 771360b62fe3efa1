//! Rules that compare identities.

mod shared_signing_key;
mod shared_trust;
mod unlisted_issuer;
mod unmanaged_credential;

use std::collections::BTreeSet;

use crate::keys::Jwks;
use crate::kinds::rule::{Rule, Scene};

/// One file each.
pub static ALL: &[&Rule] = &[
    &shared_signing_key::RULE,
    &shared_trust::RULE,
    &unlisted_issuer::RULE,
    &unmanaged_credential::RULE,
];

/// The moduli of the keys that an issuer publishes.
fn moduli(scene: &Scene, issuer: &str) -> BTreeSet<String> {
    let text = scene.published(issuer).and_then(|it| it.jwks.as_ref());
    let keys = text.and_then(|text| Jwks::parse(text.as_bytes()).ok());
    let keys = keys.into_iter().flat_map(|set| set.keys);
    keys.filter_map(|key| key.n).collect()
}
