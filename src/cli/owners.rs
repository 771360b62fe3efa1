//! A login with `Application.ReadWrite.OwnedBy` alone may change only applications that it owns.
//!
//! Whether creating one by its unique name makes the login an owner is contested (Azure/bicep#14868,
//! msgraph-bicep-types#154). So the owners are read: before the first write to an application that is there, and when
//! the service refuses to go on with one that was just made. Nobody can be let in meanwhile: a trust is a write, too.

use std::collections::{BTreeMap, BTreeSet};

use super::connect::Connection;
use super::{Failure, block_on};
use crate::cloud::Caller;
use crate::kinds::application::{self, Form};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::outcome::Outcome;
use crate::model::plan::Plan;
use crate::model::step::Request;
use crate::model::value::Ref;

/// The permission that does without owning.
const ALL: &str = "Application.ReadWrite.All";
const OWNED: &str = "Application.ReadWrite.OwnedBy";

/// The applications of a plan that are there and that the login may not change.
pub fn missing(
    connection: &Connection,
    plan: &Plan,
    caller: &Caller,
) -> Result<Vec<Diagnostic>, Failure> {
    if !limited(caller) {
        return Ok(Vec::new());
    }
    let addresses = plan
        .steps
        .iter()
        .filter_map(|step| application(&step.address));
    let addresses: BTreeSet<Address> = addresses.collect();
    let tell = |reference: &Ref| plan.known.get(reference).cloned();
    let not_owned = not_owned(connection, caller, addresses, &tell)?;
    let refused = not_owned.into_iter().map(|(address, fix)| {
        Diagnostic::error(
            "not-owner",
            "the login may change only what it owns, and it is no owner of this application",
        )
        .about(address)
        .help(fix)
    });
    Ok(refused.collect())
}

/// Says of what was refused in the middle that the login is no owner, where it is none.
pub fn explained(
    connection: &Connection,
    plan: &Plan,
    caller: &Caller,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    if !limited(caller) {
        return Ok(());
    }
    let subjects: BTreeMap<String, Address> = plan
        .steps
        .iter()
        .filter_map(|step| Some((step.address.to_string(), application(&step.address)?)))
        .collect();
    let refused = |diagnostic: &Diagnostic| {
        let subject = diagnostic.subject.as_ref()?;
        (diagnostic.code == "not-permitted").then(|| subjects.get(subject).cloned())?
    };
    let addresses = outcome.diagnostics.iter().filter_map(refused).collect();
    let tell = |reference: &Ref| {
        let known = plan.known.get(reference);
        outcome.outputs.get(reference).or(known).cloned()
    };
    let not_owned = not_owned(connection, caller, addresses, &tell)?;
    for diagnostic in &mut outcome.diagnostics {
        if let Some(fix) = refused(diagnostic).and_then(|address| not_owned.get(&address)) {
            diagnostic.code = "not-owner";
            diagnostic.help = vec![
                "the login may change only what it owns, and creating this application did not make it an owner".to_owned(),
                fix.clone(),
            ];
        }
    }
    Ok(())
}

fn limited(caller: &Caller) -> bool {
    let has = |role: &str| caller.roles.iter().any(|held| held == role);
    caller.scopes.is_empty() && has(OWNED) && !has(ALL)
}

/// The application that an address is, or is in.
fn application(address: &Address) -> Option<Address> {
    let mut at = address.clone();
    while let Some(parent) = at.parent() {
        at = parent;
    }
    application::is_one(at.kind()).then_some(at)
}

/// Those that the login does not own, and what an administrator does about it.
fn not_owned(
    connection: &Connection,
    caller: &Caller,
    addresses: BTreeSet<Address>,
    tell: &dyn Fn(&Ref) -> Option<String>,
) -> Result<BTreeMap<Address, String>, Failure> {
    let output = |address: &Address, output: &str| {
        tell(&Ref {
            address: address.clone(),
            output: output.to_owned(),
        })
    };
    let there = addresses.into_iter().filter_map(|address| {
        let form = Form::of(address.kind())?;
        let object = format!("/applications/{}", output(&address, "object_id")?);
        let read = format!("{}/owners?$select=id&$top=999", form.path(&object));
        Some((address, Request::get(form.reads, read)))
    });
    let (addresses, reads): (Vec<Address>, Vec<Request>) = there.unzip();
    let replies = block_on(connection.reader.read(&reads))?;
    let mut found = BTreeMap::new();
    for (address, reply) in addresses.into_iter().zip(replies) {
        let reply = reply?;
        let owners = reply.body["value"].as_array().cloned().unwrap_or_default();
        let owner = owners.iter().any(|owner| owner["id"] == *caller.object_id);
        if reply.ok() && !owner {
            let client_id = output(&address, "client_id").unwrap_or_default();
            let own = &caller.object_id;
            // The token of `az` can do nothing to blueprints.
            let fix = match address.kind() == application::KIND {
                true => format!(
                    "an administrator runs, once: `az ad app owner add --id {client_id} --owner-object-id {own}`"
                ),
                false => format!(
                    "an Agent ID Administrator makes the service principal `{own}` an owner of `{client_id}` in the Microsoft Entra admin center"
                ),
            };
            let fix = format!("{fix}; then run `apply` again");
            found.insert(address, fix);
        }
    }
    Ok(found)
}
