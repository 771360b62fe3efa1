//! Audit rules about `oidc_issuer`.

mod dangling_issuer;
mod issuer_mismatch;
mod published_private_key;
mod unreachable_issuer;
mod unsound_keys;

use crate::kinds::rule::Rule;

/// One file each.
pub static ALL: &[&Rule] = &[
    &dangling_issuer::RULE,
    &issuer_mismatch::RULE,
    &published_private_key::RULE,
    &unreachable_issuer::RULE,
    &unsound_keys::RULE,
];
