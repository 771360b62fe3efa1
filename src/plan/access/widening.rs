//! What the guard against widening counts: a new subject for an identity that was there and holds a privileged
//! permission, and such a permission for an identity with trusts. A new identity widens nothing that was there, unless
//! the policy guards new ones, and neither does the other form of a subject with the same repository's ids.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::danger::same_repository;
use super::{Held, Identity};
use crate::exchange::language::Language;
use crate::exchange::subject::describe;
use crate::exchange::trust::{Matcher, Trust};
use crate::model::address::Address;
use crate::model::desired::{Desired, Stack};
use crate::model::plan::{Permission, Widening};

/// Tiers up to this one are privileged.
const PRIVILEGED: u8 = 1;

/// The widening in a comparison, if there is one.
pub(super) fn widening(desired: &Desired, identities: &[Identity]) -> Option<Widening> {
    let mut changes = Vec::new();
    let mut facts = BTreeSet::new();
    let guarded = desired.policy.guard_new_identities;
    for identity in identities
        .iter()
        .filter(|identity| identity.exists || guarded)
    {
        let privileged =
            |permission: &&Permission| permission.tier.is_some_and(|tier| tier <= PRIVILEGED);
        let Identity { before, after, .. } = identity;
        // One that nobody could act as and that held nothing is as good as new: a first apply that broke off.
        if !guarded
            && before.trusts.is_empty()
            && !before.holding.iter().any(|held| privileged(&held))
        {
            continue;
        }
        let held: Vec<&Permission> = after.holding.iter().filter(privileged).collect();
        let address = identity.address.to_string();
        if !held.is_empty() {
            let new = after
                .trusts
                .iter()
                .filter(|held| is_new(held, &before.trusts));
            for held_by in new {
                changes.push(format!(
                    "{} would act as `{}`, which holds {}",
                    describe(&held_by.trust),
                    identity.name,
                    list(&held)
                ));
                facts.insert(vec![
                    address.clone(),
                    "subject".into(),
                    content(&held_by.trust),
                ]);
                let permissions = held.iter().map(|permission| permission.to_string());
                facts.extend(permissions.map(|held| vec![address.clone(), "holds".into(), held]));
            }
        }
        let more: Vec<&Permission> = after
            .holding
            .difference(&before.holding)
            .filter(privileged)
            .collect();
        if !more.is_empty() && !before.trusts.is_empty() {
            changes.push(format!(
                "`{}`, as which {} may act already, would hold {}",
                identity.name,
                trusted(&before.trusts),
                list(&more)
            ));
            let permissions = more.iter().map(|permission| permission.to_string());
            facts.extend(permissions.map(|more| vec![address.clone(), "gains".into(), more]));
        }
    }
    (!changes.is_empty()).then(|| Widening {
        digest: digest(&desired.stack, &facts),
        changes,
    })
}

/// The identities that are there already and get privileged permissions.
pub(super) fn raised(identities: &[Identity]) -> BTreeMap<Address, Vec<Permission>> {
    let more = |identity: &Identity| {
        let more = identity.after.holding.difference(&identity.before.holding);
        let more = more.filter(|one| one.tier.is_some_and(|tier| tier <= PRIVILEGED));
        more.cloned().collect::<Vec<Permission>>()
    };
    identities
        .iter()
        .filter(|identity| identity.exists)
        .map(|identity| (identity.address.clone(), more(identity)))
        .filter(|(_, more)| !more.is_empty())
        .collect()
}

/// Whether a trust admits a token that none did before; what cannot be decided does.
fn is_new(held: &Held, before: &[Held]) -> bool {
    let known = |old: &Held| old.trust == held.trust || same_repository(&held.trust, &old.trust);
    if before.iter().any(known) {
        return false;
    }
    let before: Vec<Language> = before
        .iter()
        .map(|held| Language::of(&held.trust))
        .collect();
    let gained = Language::of(&held.trust).minus(&before);
    !gained.is_empty().unwrap_or(false)
}

fn list(permissions: &[&Permission]) -> String {
    let one = |permission: &&Permission| match permission.tier {
        Some(tier) => format!("{permission} (tier {tier})"),
        None => permission.to_string(),
    };
    permissions.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn trusted(trusts: &[Held]) -> String {
    match trusts {
        [only] => describe(&only.trust),
        [first, rest @ ..] => format!("{} and {} more", describe(&first.trust), rest.len()),
        [] => String::new(),
    }
}

fn content(trust: &Trust) -> String {
    let (kind, text) = match &trust.matcher {
        Matcher::Subject(text) => ("s", text.clone()),
        Matcher::Expression(expression) => ("e", expression.to_string()),
    };
    let Trust {
        issuer, audience, ..
    } = trust;
    serde_json::json!([issuer, audience, kind, text]).to_string()
}

/// Over what is gained, and nothing of what else the plan does.
fn digest(stack: &Stack, facts: &BTreeSet<Vec<String>>) -> String {
    let Stack {
        name, tenant_id, ..
    } = stack;
    let text = serde_json::json!(["trustform access 1", name, tenant_id, facts]).to_string();
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
