//! Audit rules about `app_role_assignment`.

mod administrator_with_secret;
mod federated_administrator;
pub mod tiers;

use crate::kinds::rule::Rule;

/// One file each.
pub static ALL: &[&Rule] = &[
    &administrator_with_secret::RULE,
    &federated_administrator::RULE,
];
