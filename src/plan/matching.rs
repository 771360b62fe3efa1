//! Pairs what is declared with what is there, and finds whose the rest is.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{self, Claim, Kind, Scene};
use crate::model::address::{Address, Segment};
use crate::model::credential_name::slug;
use crate::model::desired::{Desired, Pending, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::FieldChange;
use crate::model::value::{Part, Ref};

/// A declared resource, completed with what the tenant knows, and its object.
pub struct Pair {
    pub kind: &'static dyn Kind,
    pub resource: Resource,
    /// As the diff sees it; none where nothing is there.
    pub object: Option<Object>,
    /// The object of the resource that it nests in.
    pub parent: Option<Key>,
}

/// An object that nothing declares.
pub struct Leftover {
    pub kind: &'static dyn Kind,
    pub object: Object,
    pub address: Address,
    /// The resource that declares the object that it belongs to.
    pub owner: Option<Address>,
    /// Ours, or only unwanted by the file.
    pub ours: bool,
    /// It stays: what of it changes so that it is not ours any more.
    pub released: Option<FieldChange>,
}

pub struct Matched {
    pub pairs: Vec<Pair>,
    pub leftovers: Vec<Leftover>,
    /// What is reported and left alone, and what is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// Matches by natural key, parents first; what no resource describes is asked for its owner.
pub fn matched(desired: &Desired, live: &Live, destroy: bool) -> Matched {
    let scene = |object, parent| Scene {
        desired,
        live,
        object,
        parent,
        destroy,
    };
    let mut pairs = Vec::new();
    let mut diagnostics = Vec::new();
    let mut found: BTreeMap<Address, Key> = BTreeMap::new();
    for (address, resource) in &desired.resources {
        let Some(kind) = kinds::of(resource.kind()).filter(|kind| kind.is_object()) else {
            continue;
        };
        let parent = address.parent().and_then(|parent| found.get(&parent));
        let parent = parent.and_then(|key| live.get(key));
        let mut resource = filled(resource, desired, live);
        let object = kind.find(&resource, parent, live);
        diagnostics.extend(kind.resolve(&mut resource, &scene(object, parent)));
        if let Some(object) = object {
            found.insert(address.clone(), object.key.clone());
        }
        pairs.push(Pair {
            kind,
            resource,
            object: object.map(|object| kind.seen(object, &desired.stack)),
            parent: parent.map(|parent| parent.key.clone()),
        });
    }

    let declared: BTreeSet<&Key> = found.values().collect();
    let owners: BTreeMap<&Key, &Address> =
        found.iter().map(|(address, key)| (key, address)).collect();
    let mut leftovers: Vec<Leftover> = Vec::new();
    let mut lost: BTreeMap<Key, Address> = BTreeMap::new();
    let mut released: BTreeMap<&Key, Address> = BTreeMap::new();
    // Parents come before what belongs to them: `ALL` is in that order.
    for kind in kinds::ALL.iter().filter(|kind| kind.is_object()) {
        for object in live.of_kind(kind.shape().kind) {
            if declared.contains(&object.key) {
                continue;
            }
            let root = root(object, live);
            let owner = owners.get(&root.key).copied();
            let under = owner.or_else(|| lost.get(&root.key));
            if let Some(under) = released.get(&root.key) {
                if let Some(change) = kind.released(object, &desired.stack) {
                    let segment = kind.segment(object, &scene(Some(object), Some(root)));
                    leftovers.push(Leftover {
                        kind: *kind,
                        object: object.clone(),
                        address: under.child(segment),
                        owner: None,
                        ours: true,
                        released: Some(change),
                    });
                }
                continue;
            }
            if object.parent.is_some() && under.is_none() {
                continue;
            }
            let parent = object.parent.as_ref().and_then(|key| live.get(key));
            let scene = scene(Some(object), parent);
            let resource = owner.and_then(|address| desired.resources.get(address));
            let arrives = resource
                .zip(kinds::of(root.key.kind))
                .is_some_and(|(resource, kind)| {
                    let root = kind.seen(root, &desired.stack);
                    !destroy && kind.arrives(resource, &root, &desired.stack)
                });
            let claim = kind.claim(object, resource, &scene);
            let goes = claim != Claim::Released;
            let ours = match claim {
                // The apply that takes something over deletes nothing.
                Claim::Ours | Claim::Unwanted if arrives => {
                    let subject = resource
                        .map(|resource| resource.address.to_string())
                        .unwrap_or_default();
                    diagnostics.push(
                        Diagnostic::warning(
                            "goes-after-adoption",
                            format!(
                                "{} `{}` is not declared: it goes with the next apply",
                                kind.shape().kind,
                                object.name
                            ),
                        )
                        .about(subject)
                        .help("declare it to keep it"),
                    );
                    continue;
                }
                Claim::Ours | Claim::Released => true,
                Claim::Unwanted => false,
                Claim::Reported(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    continue;
                }
                Claim::Foreign => continue,
            };
            let segment = kind.segment(object, &scene);
            let address = match under {
                Some(under) => {
                    declared_as(desired, under, &segment).unwrap_or_else(|| under.child(segment))
                }
                None => Address {
                    modules: Vec::new(),
                    segments: vec![segment],
                },
            };
            // A variable without a value takes nothing away.
            if let Some(pending) = waits(&address, desired) {
                diagnostics.push(
                    Diagnostic::note(
                        "kept-while-pending",
                        "stays as it is while its declaration is pending",
                    )
                    .about(&address)
                    .help(format!("give a value to `{}`", pending.needs.join("`, `"))),
                );
                continue;
            }
            if object.parent.is_none() && goes {
                lost.insert(object.key.clone(), address.clone());
            } else if object.parent.is_none() {
                released.insert(&object.key, address.clone());
            }
            leftovers.push(Leftover {
                kind: *kind,
                object: object.clone(),
                address,
                owner: owner.cloned(),
                ours,
                released: match goes {
                    true => None,
                    false => kind.released(object, &desired.stack),
                },
            });
        }
    }
    let unseen = kinds::ALL
        .iter()
        .flat_map(|kind| kind.unseen(desired, live));
    diagnostics.extend(unseen);
    Matched {
        pairs,
        leftovers,
        diagnostics,
    }
}

/// The declared instance whose label and key, made one name, an object carries: what took its place.
fn declared_as(desired: &Desired, under: &Address, segment: &Segment) -> Option<Address> {
    let within = desired.resources.range(under.clone()..);
    within
        .map(|(address, _)| address)
        .take_while(|address| address.within(under))
        .find(|address| {
            let last = address.last();
            last.key.is_some()
                && last.kind == segment.kind
                && address.parent().as_ref() == Some(under)
                && slug(&last.name(), usize::MAX) == segment.label
        })
        .cloned()
}

/// A resource with the outputs of objects that are there: what it is found by may be another's.
fn filled(resource: &Resource, desired: &Desired, live: &Live) -> Resource {
    let mut resource = resource.clone();
    let tell = |reference: &Ref| {
        let object = locate(&reference.address, desired, live)?;
        let output = object.outputs.get(&reference.output)?;
        Some(Part::Literal(output.clone()))
    };
    for value in resource.body.values_mut() {
        if !value.is_known() {
            *value = value.fill(&tell);
        }
    }
    resource
}

/// The object of a declared resource, from the outside in.
fn locate<'a>(address: &Address, desired: &Desired, live: &'a Live) -> Option<&'a Object> {
    let resource = desired.resources.get(address)?;
    let parent = address
        .parent()
        .and_then(|parent| locate(&parent, desired, live));
    let object = kinds::of(resource.kind())?.find(resource, parent, live)?;
    (!object.deleted).then_some(object)
}

/// The pending declaration that an undeclared object is of, as far as its label tells.
fn waits<'a>(address: &Address, desired: &'a Desired) -> Option<&'a Pending> {
    desired.pending.iter().find(|pending| {
        pending.address.parent() == address.parent()
            && pending.address.kind() == address.kind()
            && slug(&pending.address.last().name(), usize::MAX) == address.last().label
    })
}

/// The outermost object that one belongs to.
fn root<'a>(object: &'a Object, live: &'a Live) -> &'a Object {
    let mut root = object;
    while let Some(parent) = root.parent.as_ref().and_then(|key| live.get(key)) {
        root = parent;
    }
    root
}
