//! Passwords that others give an application or its service principal: they stay, unless the stack's policy removes them, and
//! never go as the last way in.

use trustform::emulator::store::list;
use trustform::emulator::table::Entity;

use super::declared::Declared;
use super::invariants::{Bounds, Violation, violation};
use super::state::{Application, State};

/// The key ids of the passwords of an application or a service principal.
pub fn of(row: &Entity) -> impl Iterator<Item = String> {
    let passwords = list(row, "passwordCredentials").iter();
    passwords.filter_map(|one| Some(one["keyId"].as_str()?.to_owned()))
}

/// Judges the passwords that a commit took away.
pub fn kept(before: &State, now: &State, all: &[&Bounds], found: &mut Vec<Violation>) {
    for (id, old) in &before.applications {
        let Some(new) = now.applications.get(id).filter(|new| !new.deleted) else {
            continue;
        };
        if old.secrets.is_subset(&new.secrets) {
            continue;
        }
        let name = new.unique_name();
        let wanted: Vec<&Declared> = all.iter().filter_map(|one| one.wanted.get(name)).collect();
        if !wanted.iter().any(|declared| declared.removes_secrets) {
            found.push(violation(
                "I3",
                format!("`{name}` lost a password of somebody else"),
            ));
        }
        let federated = |declared: &&Declared| {
            let trusts = declared.trusts_in(now);
            new.trusts.values().any(|trust| trusts.contains(trust))
        };
        let raced = all.iter().any(|one| one.raced);
        if !raced && !wanted.iter().any(federated) {
            found.push(violation(
                "I5",
                format!("`{name}` lost a password, and no declared trust is there"),
            ));
        }
    }
}

/// Whether passwords are there that the policy wanted removed.
pub fn left(live: &Application, wanted: &Declared, state: &State) -> bool {
    wanted.removes_secrets && !wanted.trusts_in(state).is_empty() && !live.secrets.is_empty()
}
