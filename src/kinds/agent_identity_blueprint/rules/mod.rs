//! Audit rules about `agent_identity_blueprint`.

mod blueprint_without_principal;
mod unsponsored_agent;
mod unsponsored_blueprint;

use crate::kinds::rule::Rule;

/// One file each.
pub static ALL: &[&Rule] = &[
    &blueprint_without_principal::RULE,
    &unsponsored_agent::RULE,
    &unsponsored_blueprint::RULE,
];
