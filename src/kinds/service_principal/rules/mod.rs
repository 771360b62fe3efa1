//! Audit rules about `service_principal`.

mod first_party_credential;
mod principal_credential;

use crate::kinds::rule::Rule;

/// One file each.
pub static ALL: &[&Rule] = &[&first_party_credential::RULE, &principal_credential::RULE];
