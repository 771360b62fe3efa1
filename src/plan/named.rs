//! Plans of commands that name what they are about: that alone changes, and no guard asks again.

use super::matching::{Leftover, Pair};
use super::{Options, changes, repair};
use crate::kinds::{self, Scene, federated_credential};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::plan::{Change, FieldChange, Reason};
use crate::model::repair::Repair;
use crate::model::step::Step;
use crate::model::words::nearest;

/// What is to happen, to what.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// An application stays and loses our marks; or everything of the stack does.
    Release(Option<Address>),
    /// A credential goes now, declared or not; or all of an application's or managed identity's.
    Revoke(Address),
    /// An application comes back from the recycle bin, as it was.
    Restore(Address),
    /// What an audit found goes, or what a federated credential has made needless. What of it is not there any more is passed over.
    Repair(Vec<Repair>),
}

/// Errors that an order cannot pass over: it would touch what is not what its address says.
const STOPPING: &[&str] = &["foreign-application", "existing-not-found"];

/// What everything is found in.
struct Found<'a> {
    pairs: &'a [Pair],
    leftovers: &'a [Leftover],
    desired: &'a Desired,
    live: &'a Live,
}

impl Order {
    /// The address of the one application or managed identity that it is about.
    fn identity(&self) -> Option<Address> {
        let mut root = match self {
            Order::Release(Some(address)) | Order::Revoke(address) => address.clone(),
            // What is in the recycle bin is there for the order to take out.
            Order::Restore(_) | Order::Release(None) | Order::Repair(_) => return None,
        };
        root.segments.truncate(1);
        Some(root)
    }

    /// What is wrong elsewhere in the stack does not hold an order up.
    pub(super) fn stopped_by(&self, error: &Diagnostic) -> bool {
        STOPPING.contains(&error.code)
            && error.subject.is_some()
            && error.subject == self.identity().map(|it| it.to_string())
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
    let found = Found {
        pairs,
        leftovers,
        desired,
        live,
    };
    let (going, reason) = match order {
        Order::Repair(repairs) => {
            return Ok(repair::drafts(repairs, pairs, desired, live, options));
        }
        Order::Restore(root) => return Ok(found.restored(root, options)),
        Order::Release(None) => (found.released_stack()?, Reason::Released),
        Order::Release(Some(root)) => (found.released(root)?, Reason::Released),
        Order::Revoke(named) => (found.revoked(named)?, Reason::Revoked),
    };
    let draft = |leftover: &Leftover| {
        let (change, steps) = changes::undeclared(leftover, desired, live, options);
        (Change { reason, ..change }, steps)
    };
    Ok(going.iter().map(draft).collect())
}

impl<'a> Found<'a> {
    /// The application or identity at an address.
    fn root(&self, root: &Address) -> Result<&'a Object, Vec<Diagnostic>> {
        let declared = self.pairs.iter().find(|it| it.resource.address == *root);
        let left = self.leftovers.iter().find(|it| it.address == *root);
        declared
            .and_then(|pair| pair.object.as_ref())
            .or(left.map(|leftover| &leftover.object))
            .filter(|object| kinds::is_identity(object.key.kind) && !object.deleted)
            .and_then(|object| self.live.get(&object.key))
            .ok_or_else(|| vec![absent(root, declared.is_some(), self.desired)])
    }

    /// Its credentials, each where it is declared or under what it is called.
    fn credentials(&self, root: &Address, object: &'a Object) -> Vec<(Address, &'a Object)> {
        let Self {
            pairs,
            desired,
            live,
            ..
        } = *self;
        live.children(&object.key, federated_credential::KIND)
            .map(|one| (address(one, root, object, pairs, desired, live), one))
            .collect()
    }

    /// The application and its credentials, as far as they carry marks.
    fn released(&self, root: &Address) -> Result<Vec<Leftover>, Vec<Diagnostic>> {
        let object = self.root(root)?;
        let credentials = self.credentials(root, object);
        let marked = self.marked(std::iter::once((root.clone(), object)).chain(credentials));
        if marked.is_empty() {
            let nothing = Diagnostic::error(
                "nothing-to-release",
                format!("`{}` carries no mark of this stack", object.name),
            );
            let help = "it is not this stack's: there is nothing to let go";
            return Err(vec![nothing.about(root).help(help)]);
        }
        Ok(marked)
    }

    /// Everything that is declared or left over, as far as it carries marks.
    fn released_stack(&self) -> Result<Vec<Leftover>, Vec<Diagnostic>> {
        let declared = self
            .pairs
            .iter()
            .filter_map(|pair| Some((&pair.resource.address, pair.object.as_ref()?)));
        let ours = self.leftovers.iter().filter(|leftover| leftover.ours);
        let left = ours.map(|leftover| (&leftover.address, &leftover.object));
        let live = declared.chain(left).filter_map(|(address, object)| {
            let object = self.live.get(&object.key)?;
            (!object.deleted).then(|| (address.clone(), object))
        });
        let marked = self.marked(live);
        if marked.is_empty() {
            let stack = &self.desired.stack.name;
            let nothing = Diagnostic::error(
                "nothing-to-release",
                format!("nothing in the tenant carries a mark of the stack `{stack}`"),
            );
            return Err(vec![
                nothing.help("`trustform list` shows what is there and what is not"),
            ]);
        }
        Ok(marked)
    }

    fn marked(&self, all: impl Iterator<Item = (Address, &'a Object)>) -> Vec<Leftover> {
        all.filter_map(|(address, object)| {
            let change = kinds::of(object.key.kind)?.released(object, &self.desired.stack)?;
            leftover(address, object, Some(change))
        })
        .collect()
    }

    /// One credential, with all instances of its block, or all.
    fn revoked(&self, named: &Address) -> Result<Vec<Leftover>, Vec<Diagnostic>> {
        let mut root = named.clone();
        root.segments.truncate(1);
        let credentials = self.credentials(&root, self.root(&root)?);
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
                true => nothing.help("nobody acts as it through a credential"),
                false => nothing.help(format!("there are {}", known.join(", "))),
            }]);
        }
        Ok(going)
    }

    /// The application leaves the recycle bin; once it has, nothing is left to do.
    fn restored(&self, root: &Address, options: &Options) -> Vec<(Change, Vec<Step>)> {
        let pair = self.pairs.iter().find(|it| it.resource.address == *root);
        let draft = pair.and_then(|pair| {
            let object = pair.object.as_ref().filter(|object| object.deleted)?;
            let (mut change, steps) = changes::declared(pair, self.desired, self.live, options)?;
            change.remark = Some(format!("`{}`, as it was", object.name));
            Some((change, steps))
        });
        draft.into_iter().collect()
    }
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

fn absent(root: &Address, declared: bool, desired: &Desired) -> Diagnostic {
    if !declared {
        return unknown(root, desired);
    }
    Diagnostic::error("not-there", format!("`{root}` is not in the tenant"))
        .help("`trustform list` shows every address")
}

/// There is nothing at an address. The nearest is one of its kind in the same place, by the label alone.
pub(super) fn unknown(address: &Address, desired: &Desired) -> Diagnostic {
    let beside = desired.resources.keys().filter(|other| {
        other.kind() == address.kind()
            && other.modules == address.modules
            && other.parent() == address.parent()
    });
    let labels: Vec<&str> = beside.map(|other| other.last().label.as_str()).collect();
    let near = nearest(&address.last().label, labels).map(|label| {
        let mut near = address.clone();
        if let Some(last) = near.segments.last_mut() {
            last.label = label.to_owned();
        }
        near
    });
    let diagnostic = Diagnostic::error(
        "unknown-address",
        format!("nothing is declared or left over at `{address}`"),
    );
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("`trustform list` shows every address"),
    }
}
