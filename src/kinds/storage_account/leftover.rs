//! Accounts that the stack made and that nothing declares any more. Their tag finds them in every subscription that the
//! login sees; a login that sees none finds none.

use serde_json::Value as Json;

use super::wire::{self, CONTAINERS, MARK, VERSION};
use super::{KIND, groups, is_locked, is_ours, stays};
use crate::kinds::managed_identity::everywhere;
use crate::kinds::{Claim, Scene, container, document};
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::value::Value;

/// The accounts of a subscription; a plan can do without.
pub(super) const WITHIN: &str = "subscription";

/// Every read that leads to what is left over, and shows whether it may go.
pub(super) fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let mut reads = vec![everywhere::read_subscriptions()];
    let named = groups(desired).into_iter().map(|(id, _)| id);
    let seen = everywhere::looked_through(live).map(str::to_owned);
    reads.extend(named.chain(seen).map(|id| {
        let path =
            format!("/subscriptions/{id}/providers/Microsoft.Storage/storageAccounts?{VERSION}");
        wire::read(WITHIN, &id, path)
    }));
    for account in leftovers(desired, live) {
        let id = &account.key.id;
        reads.push(wire::read("key", id, format!("{id}?{VERSION}")));
        // What is read by key replaces what was known of it.
        if account.confirmed {
            reads.extend(wire::holdings(id));
        }
    }
    reads
}

/// Takes in the accounts of a subscription that some stack made.
pub(super) fn take(list: &Json, live: &mut Live) {
    for json in list["value"].as_array().into_iter().flatten() {
        let mut object = wire::object(json);
        object.confirmed = false;
        if object.body.contains_key(MARK) {
            live.insert(object);
        }
    }
}

/// The stack's own accounts that no issuer means.
pub fn leftovers<'a>(desired: &'a Desired, live: &'a Live) -> impl Iterator<Item = &'a Object> {
    let accounts = live.of_kind(KIND);
    accounts.filter(|account| is_ours(account, &desired.stack) && !is_named(account, desired))
}

fn is_named(account: &Object, desired: &Desired) -> bool {
    let declared = desired.of_kind(KIND).filter_map(|one| one.text("id"));
    let mut named = declared.chain(container::accounts(desired));
    named.any(|id| id.eq_ignore_ascii_case(&account.key.id))
}

/// The ids of the containers in accounts that are left over, as far as they were listed.
pub fn containers_of_leftovers<'a>(
    desired: &'a Desired,
    live: &'a Live,
) -> impl Iterator<Item = String> + 'a {
    leftovers(desired, live).flat_map(|account| {
        let names = account.body.get(CONTAINERS).into_iter();
        let names = names.flat_map(Value::items).filter_map(Value::as_str);
        names.map(|name| container::id(&account.key.id, name).to_ascii_lowercase())
    })
}

/// What is ours goes, unless a block still publishes in it or it holds what is not ours.
pub(super) fn claim(account: &Object, scene: &Scene) -> Claim {
    let desired = scene.desired;
    if !is_ours(account, &desired.stack) || is_named(account, desired) {
        return Claim::Foreign;
    }
    let subject = format!("{KIND}.{}", account.name);
    let within = format!("/{}/", account.name);
    let mut documents = desired.of_kind(document::KIND);
    let used = documents.find(|one| {
        one.text("path")
            .is_some_and(|path| path.starts_with(&within))
    });
    let used = used
        .and_then(|document| document.address.parent())
        .map(|issuer| format!("`{issuer}` publishes in it"));
    let locked = is_locked(account).then(|| "a lock forbids to delete it".to_owned());
    let why = used.or(locked);
    let Some(why) = why.or_else(|| stays(account, scene.live, &desired.stack)) else {
        return Claim::Ours;
    };
    let id = &account.key.id;
    let said = Diagnostic::warning(
        "undeclared-account",
        format!("no issuer makes this storage account any more, and it stays: {why}"),
    )
    .about(subject);
    let said = match is_locked(account) {
        true => said.help(format!(
            "to lift the lock: `az lock delete --ids {}`",
            wire::lock_id(id)
        )),
        false => said.help("let an issuer make it again with `manage = \"account\"`, or take out what is not of this stack"),
    };
    Claim::Reported(Box::new(said.help(format!(
        "to delete it with all that is in it: `az storage account delete --ids {id}`"
    ))))
}
