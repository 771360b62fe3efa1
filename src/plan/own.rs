//! Guards over what is not only this file's: the identity that the run logs in with, and a stack's name.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Leftover, Pair};
use super::{Allow, Options};
use crate::kinds::{self, application, service_principal};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::plan::{Action, Change, Permission, Reason, Refusal};
use crate::model::value::Value;

/// What was declared to be taken over and never was is not the stack's to delete: neither it nor what hangs on it.
pub fn strangers(
    desired: &Desired,
    pairs: &mut Vec<Pair>,
    leftovers: &mut Vec<Leftover>,
) -> Vec<Diagnostic> {
    let root = |address: &Address| {
        let mut root = address.clone();
        root.segments.truncate(1);
        root
    };
    let arrives = |pair: &&Pair| {
        let object = pair.object.as_ref();
        pair.resource.address.segments.len() == 1
            && object.is_some_and(|it| pair.kind.arrives(&pair.resource, it, &desired.stack))
    };
    let strangers = pairs.iter().filter(arrives);
    let strangers: BTreeSet<Address> = strangers
        .map(|pair| pair.resource.address.clone())
        .collect();
    pairs.retain(|pair| !strangers.contains(&root(&pair.resource.address)));
    leftovers.retain(|left| {
        let owner = left.owner.as_ref();
        owner.is_none_or(|owner| !strangers.contains(&root(owner)))
    });
    let said = strangers.iter().map(|address| {
        let never = "it was never taken over, so it stays, with all that hangs on it";
        Diagnostic::note("never-adopted", never).about(address)
    });
    said.collect()
}

/// What the run itself may need to log in, or to go on: a run that takes that from itself stops half-way, and nobody
/// can log in to put it right.
pub fn login(
    changes: &[Change],
    pairs: &[Pair],
    leftovers: &[Leftover],
    client_id: Option<&str>,
    allow: &Allow,
) -> Vec<Refusal> {
    let (Some(client_id), false) = (client_id, allow.login) else {
        return Vec::new();
    };
    let declared = pairs
        .iter()
        .filter_map(|pair| Some((&pair.resource.address, pair.object.as_ref()?)));
    let left = leftovers.iter().map(|left| (&left.address, &left.object));
    let ids: BTreeMap<&Address, Option<&String>> = declared
        .chain(left)
        .map(|(address, object)| (address, object.outputs.get("client_id")))
        .collect();
    let own = |change: &&Change| {
        let mut root = change.address.clone();
        while let Some(parent) = root.parent() {
            root = parent;
        }
        let id = ids.get(&root).copied().flatten();
        id.is_some_and(|id| id.eq_ignore_ascii_case(client_id))
    };
    changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter(own)
        .map(|change| Refusal {
            guard: "self",
            message: format!(
                "`{}` would be deleted, and it is part of the identity that this very run logs in with",
                change.address
            ),
            lift: "`--allow-self`, or a run with another login".to_owned(),
        })
        .collect()
}

/// Who owns an application can add a secret to it and act as it: what it gets, each of its owners gets. The mark of a
/// stack keeps nobody out who made the application first.
pub fn owners(
    raised: &BTreeMap<Address, Vec<Permission>>,
    pairs: &[Pair],
    live: &Live,
    options: &Options,
) -> Vec<Refusal> {
    if options.allow.owners {
        return Vec::new();
    }
    let refused = raised.iter().filter_map(|(address, gained)| {
        let pair = pairs.iter().find(|it| it.resource.address == *address)?;
        let object = live.get(&pair.object.as_ref()?.key)?;
        // Where the block names owners, all others go before a permission comes.
        if pair.resource.body.contains_key("owners") {
            return None;
        }
        let owners = object.body.get("owners").into_iter().flat_map(Value::items);
        let principal = service_principal::of_application(object, live);
        let known = principal.map(|principal| &principal.key.id);
        let known: Vec<&String> = known.into_iter().chain(&options.principal).collect();
        let foreign: Vec<&str> = owners
            .filter_map(Value::as_str)
            .filter(|owner| !known.iter().any(|own| own.eq_ignore_ascii_case(owner)))
            .collect();
        let first = foreign.first()?;
        let who = match foreign.len() {
            1 => format!("`{first}`"),
            more => format!("`{first}` and {} more", more - 1),
        };
        let gained: Vec<String> = gained.iter().map(ToString::to_string).collect();
        let lift = match kinds::is_existing(&pair.resource) {
            true => "`--allow-foreign-owners`",
            false => "`owners` in its block, which names those who stay; or `--allow-foreign-owners`",
        };
        Some(Refusal {
            guard: "foreign-owners",
            message: format!(
                "`{address}` would get {}, and {who} owns it without being named in its block: an owner can add a secret and act as it",
                gained.join(", ")
            ),
            lift: lift.to_owned(),
        })
    });
    refused.collect()
}

/// Nothing that is declared is there, and everything that is there would go: that is rather another stack of the name.
pub fn stack_name(
    stack: &str,
    changes: &[Change],
    pairs: &[Pair],
    leftovers: &[Leftover],
    allow: &Allow,
) -> Option<Refusal> {
    let is_application =
        |address: &Address| address.segments.len() == 1 && application::is_one(address.kind());
    let declared = || {
        let tops = pairs
            .iter()
            .filter(|pair| is_application(&pair.resource.address));
        tops.map(|pair| pair.object.as_ref().filter(|object| !object.deleted))
    };
    if declared().next().is_none() || declared().any(|object| object.is_some()) {
        return None;
    }
    let gone = changes.iter().filter(|change| {
        change.action == Action::Delete
            && change.reason == Reason::NotDeclared
            && is_application(&change.address)
    });
    let count = gone.count();
    let first = leftovers
        .iter()
        .find(|left| is_application(&left.address))?;
    (count > 0 && allow.deletes.is_none_or(|allowed| count > allowed)).then(|| Refusal {
        guard: "stack-name-taken",
        message: format!(
            "the tenant holds {count} application{} of a stack `{stack}`, such as `{}`, and none that is declared here: another directory may have that name",
            if count == 1 { "" } else { "s" },
            first.object.name
        ),
        lift: format!("another name in the `stack` block; or `--allow-deletes {count}`, if they are to go"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::live::{Key, Object};

    #[test]
    fn a_run_does_not_take_its_own_login_away() {
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let object = Object {
            outputs: [("client_id".to_owned(), "AB".to_owned())].into(),
            ..Object::new(Key::new(application::KIND, "1"), "deployer")
        };
        let leftovers = [Leftover {
            kind: crate::kinds::of(application::KIND).expect("the kind"),
            owner: None,
            ours: true,
            address: address("application.deployer"),
            object,
            released: None,
        }];
        let change = |at: &str, action| Change {
            address: address(at),
            action,
            reason: Reason::NotDeclared,
            fields: Vec::new(),
            steps: Vec::new(),
            object: None,
            parent: None,
            remark: None,
            keys: Vec::new(),
            origin: None,
        };
        let changes = [
            change("application.deployer", Action::Delete),
            change(
                "application.deployer/federated_credential.main",
                Action::Delete,
            ),
            change(
                "application.deployer/federated_credential.new",
                Action::Create,
            ),
            change("application.other", Action::Delete),
        ];
        let refused =
            |client_id, allow: &Allow| login(&changes, &[], &leftovers, client_id, allow).len();
        let allow = Allow::default();
        assert_eq!(refused(Some("ab"), &allow), 2);
        let first = login(&changes, &[], &leftovers, Some("ab"), &allow).remove(0);
        assert_eq!(
            (first.message.as_str(), first.lift.as_str()),
            (
                "`application.deployer` would be deleted, and it is part of the identity that this very run logs in with",
                "`--allow-self`, or a run with another login"
            )
        );
        assert_eq!(refused(Some("cd"), &allow), 0);
        assert_eq!(refused(None, &allow), 0);
        let allowed = Allow {
            login: true,
            ..allow
        };
        assert_eq!(refused(Some("ab"), &allowed), 0);
    }
}
