//! Resources that wait for each other: which no order can make.

use std::collections::{BTreeMap, BTreeSet};

use super::references::Kinds;
use crate::model::address::Address;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::When;

type Needs<'a> = BTreeMap<&'a Address, BTreeSet<Address>>;

/// Every cycle once. Attributes that a second request writes wait for nothing.
pub(super) fn find(resources: &BTreeMap<Address, Resource>, kinds: Kinds) -> Vec<Diagnostic> {
    // Nesting alone makes no circle: only what a hole leads to is looked at.
    let mut open: Vec<&Address> = resources
        .iter()
        .filter(|(_, resource)| resource.body.values().any(|value| !value.is_plain()))
        .map(|(address, _)| address)
        .collect();
    let mut needed: Needs = BTreeMap::new();
    while let Some((address, resource)) = open.pop().and_then(|at| resources.get_key_value(at)) {
        if needed.contains_key(address) {
            continue;
        }
        let all = needs(resource, resources, kinds);
        let keys = all.iter().filter_map(|need| resources.get_key_value(need));
        open.extend(keys.map(|(key, _)| key));
        needed.insert(address, all);
    }
    let needs = needed;
    // What can be ordered is taken away; what is left is on a cycle or needs one.
    let mut waiting: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, needs) in &needs {
        waiting.insert(address, needs.len());
        for need in needs {
            needed_by.entry(need).or_default().push(address);
        }
    }
    let mut free: Vec<&Address> = waiting
        .iter()
        .filter_map(|(address, count)| (*count == 0).then_some(*address))
        .collect();
    while let Some(address) = free.pop() {
        waiting.remove(address);
        for other in needed_by.get(address).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(other) {
                *count -= 1;
                if *count == 0 {
                    free.push(other);
                }
            }
        }
    }
    let mut seen: BTreeSet<&Address> = BTreeSet::new();
    let starts: Vec<&Address> = waiting.keys().copied().collect();
    starts
        .into_iter()
        .filter_map(|start| follow(start, &needs, &waiting, &mut seen))
        .map(|path| cycle(&path, resources))
        .collect()
}

fn needs(
    resource: &Resource,
    resources: &BTreeMap<Address, Resource>,
    kinds: Kinds,
) -> BTreeSet<Address> {
    let shape = kinds.of(&resource.address);
    let at_create = |name: &str| {
        shape
            .and_then(|shape| shape.field(name))
            .is_none_or(|field| field.when != When::AfterCreate)
    };
    let values = resource.body.iter().filter(|(name, _)| at_create(name));
    let holes = values.flat_map(|(_, value)| value.refs());
    let parents = holes.map(|hole| nearest(&hole.address, resources));
    let needed = parents.chain([resource.address.parent()]).flatten();
    needed
        .filter(|needed| *needed != resource.address && resources.contains_key(needed))
        .collect()
}

/// The resource that makes the output: implied ones come with their parent.
fn nearest(address: &Address, resources: &BTreeMap<Address, Resource>) -> Option<Address> {
    if resources.contains_key(address) {
        return Some(address.clone());
    }
    address.parent()
}

/// Goes from need to need until something comes again, unless another start went there before.
fn follow<'a>(
    start: &'a Address,
    needs: &'a Needs<'_>,
    waiting: &BTreeMap<&'a Address, usize>,
    seen: &mut BTreeSet<&'a Address>,
) -> Option<Vec<&'a Address>> {
    let mut path = vec![start];
    loop {
        let last = path.last()?;
        if !seen.insert(last) {
            return None;
        }
        let next = needs
            .get(last)?
            .iter()
            .find(|need| waiting.contains_key(need))?;
        if let Some(from) = path.iter().position(|address| *address == next) {
            return Some(path.split_off(from));
        }
        path.push(next);
    }
}

fn cycle(path: &[&Address], resources: &BTreeMap<Address, Resource>) -> Diagnostic {
    let mut names: Vec<String> = path.iter().map(|address| address.to_string()).collect();
    names.extend(path.first().map(|address| address.to_string()));
    let mut diagnostic = Diagnostic::error(
        "cycle",
        format!("resources wait for each other: {}", names.join(" → ")),
    );
    for (at, address) in path.iter().enumerate() {
        let Some(resource) = resources.get(address) else {
            continue;
        };
        let next = path[(at + 1) % path.len()];
        let span = place(resource, next).unwrap_or(resource.origin);
        let label = format!("waits for `{next}`");
        diagnostic = if at == 0 {
            diagnostic.at(span, label)
        } else {
            diagnostic.see(span, label)
        };
    }
    diagnostic.help("break the circle: one of them has to do without the other's output")
}

/// Where a resource refers to another.
fn place(resource: &Resource, to: &Address) -> Option<crate::model::source::Span> {
    let refers = |hole: &Address| hole == to || hole.parent().as_ref() == Some(to);
    let mut body = resource.body.iter();
    let (name, _) =
        body.find(|(_, value)| value.refs().iter().any(|hole| refers(&hole.address)))?;
    Some(resource.span(name))
}
