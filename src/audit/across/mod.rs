//! Rules that compare identities.

mod shared_signing_key;
mod shared_trust;
mod unlisted_issuer;
mod unmanaged_credential;

use crate::kinds::rule::Rule;

/// One file each.
pub static ALL: &[&Rule] = &[
    &shared_signing_key::RULE,
    &shared_trust::RULE,
    &unlisted_issuer::RULE,
    &unmanaged_credential::RULE,
];
