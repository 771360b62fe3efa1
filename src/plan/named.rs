//! Plans of commands that name what they are about: that alone changes, and no guard asks again.

use super::matching::{Leftover, Pair};
use super::{Options, changes, repair};
use crate::kinds::{self, Scene, application, federated_credential};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::plan::{Change, FieldChange, Reason};
use crate::model::repair::Repair;
use crate::model::step::Step;

/// What is to happen, to what.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// An application stays and loses our marks.
    Release(Address),
    /// A credential goes now, declared or not; or all of an application's.
    Revoke(Address),
    /// What an audit found goes, or what a federated credential has made needless. What of it is not there any more is passed over.
    Repair(Vec<Repair>),
}

/// Errors that an order cannot pass over: it would touch what is not what its address says.
const STOPPING: &[&str] = &["foreign-application", "existing-not-found"];

impl Order {
    /// The address of the one application that it is about.
    pub fn application(&self) -> Option<Address> {
        let mut root = match self {
            Order::Release(address) | Order::Revoke(address) => address.clone(),
            Order::Repair(_) => return None,
        };
        root.segments.truncate(1);
        Some(root)
    }

    /// What is wrong elsewhere in the stack does not hold an order up.
    pub(super) fn stopped_by(&self, error: &Diagnostic) -> bool {
        STOPPING.contains(&error.code)
            && error.subject.is_some()
            && error.subject == self.application().map(|it| it.to_string())
    }
}

/// The changes of an order.
pub(super) fn drafts(
    order: &Order,
    pairs: &[Pair],
    leftovers: &[Leftover],
    desired: &Desired,
    live: &Live,
    options: &Options,
) -> Result<Vec<(Change, Vec<Step>)>, Vec<Diagnostic>> {
    let root = match (order, order.application()) {
        (Order::Repair(repairs), _) => {
            return Ok(repair::drafts(repairs, pairs, desired, live, options));
        }
        (_, root) => root.unwrap_or_else(|| Address::root(application::KIND, "")),
    };
    let declared = pairs.iter().find(|pair| pair.resource.address == root);
    let left = leftovers.iter().find(|leftover| leftover.address == root);
    let object = declared
        .and_then(|pair| pair.object.as_ref())
        .or(left.map(|leftover| &leftover.object))
        .filter(|object| application::is_one(object.key.kind) && !object.deleted)
        .and_then(|object| live.get(&object.key));
    let Some(object) = object else {
        return Err(vec![absent(&root, declared.is_some())]);
    };
    let credentials = live.children(&object.key, federated_credential::KIND);
    let credentials: Vec<(Address, &Object)> = credentials
        .map(|credential| {
            (
                address(credential, &root, object, pairs, desired, live),
                credential,
            )
        })
        .collect();
    let going = match order {
        Order::Release(_) => released(&root, object, credentials, desired)?,
        Order::Revoke(named) => revoked(named, credentials)?,
        Order::Repair(_) => Vec::new(),
    };
    let mut drafts: Vec<(Change, Vec<Step>)> = going
        .iter()
        .map(|leftover| changes::undeclared(leftover, desired, live, options))
        .collect();
    if matches!(order, Order::Revoke(_)) {
        for (change, _) in &mut drafts {
            change.reason = Reason::Revoked;
        }
    }
    Ok(drafts)
}

/// Where a credential is declared, or else under which name it is shown.
pub(super) fn address(
    credential: &Object,
    root: &Address,
    parent: &Object,
    pairs: &[Pair],
    desired: &Desired,
    live: &Live,
) -> Address {
    let declares = |pair: &&Pair| {
        let object = pair.object.as_ref();
        object.is_some_and(|object| object.key == credential.key)
    };
    if let Some(pair) = pairs.iter().find(declares) {
        return pair.resource.address.clone();
    }
    let scene = Scene {
        desired,
        live,
        object: Some(credential),
        parent: Some(parent),
        destroy: false,
    };
    match kinds::of(federated_credential::KIND) {
        Some(kind) => root.child(kind.segment(credential, &scene)),
        None => root.clone(),
    }
}

/// The application and its credentials, as far as they carry marks.
fn released(
    root: &Address,
    object: &Object,
    credentials: Vec<(Address, &Object)>,
    desired: &Desired,
) -> Result<Vec<Leftover>, Vec<Diagnostic>> {
    let all = std::iter::once((root.clone(), object)).chain(credentials);
    let marked: Vec<Leftover> = all
        .filter_map(|(address, object)| {
            let kind = kinds::of(object.key.kind)?;
            let change = kind.released(object, &desired.stack)?;
            leftover(address, object, Some(change))
        })
        .collect();
    if marked.is_empty() {
        let nothing = Diagnostic::error(
            "nothing-to-release",
            format!("`{}` carries no mark of this stack", object.name),
        );
        return Err(vec![
            nothing
                .about(root)
                .help("it is not this stack's: there is nothing to let go"),
        ]);
    }
    Ok(marked)
}

/// One credential, with all instances of its block, or all.
fn revoked(
    named: &Address,
    credentials: Vec<(Address, &Object)>,
) -> Result<Vec<Leftover>, Vec<Diagnostic>> {
    let known: Vec<String> = credentials
        .iter()
        .map(|(address, _)| format!("`{address}`"))
        .collect();
    let is_named = |address: &Address, object: &Object| {
        let block = address.segments.last().zip(named.segments.last());
        let instance = block.is_some_and(|(of, by)| by.key.is_none() && of.label == by.label);
        named.segments.len() == 1
            || address == named
            || (instance && address.parent() == named.parent())
            || named.last().label == object.name
    };
    let going: Vec<Leftover> = credentials
        .into_iter()
        .filter(|(address, object)| is_named(address, object))
        .filter_map(|(address, object)| leftover(address, object, None))
        .collect();
    if going.is_empty() {
        let nothing = Diagnostic::error(
            "nothing-to-revoke",
            match named.segments.len() {
                1 => format!("`{named}` has no credential in the tenant"),
                _ => format!("there is no credential `{named}` in the tenant"),
            },
        );
        return Err(vec![match known.is_empty() {
            true => nothing.help("nobody acts as this application through a credential"),
            false => nothing.help(format!("there are {}", known.join(", "))),
        }]);
    }
    Ok(going)
}

/// What goes, or what of it changes.
pub(super) fn leftover(
    address: Address,
    object: &Object,
    released: Option<FieldChange>,
) -> Option<Leftover> {
    Some(Leftover {
        kind: kinds::of(object.key.kind)?,
        object: object.clone(),
        address,
        owner: None,
        ours: true,
        released,
    })
}

fn absent(root: &Address, declared: bool) -> Diagnostic {
    let absent = match declared {
        true => Diagnostic::error("not-there", format!("`{root}` is not in the tenant")),
        false => Diagnostic::error(
            "unknown-address",
            format!("nothing is declared or left over at `{root}`"),
        ),
    };
    absent.help("`trustform list` shows every address")
}
