//! From blocks as people write them to the resources that they mean.

use std::collections::{BTreeMap, BTreeSet};

use super::moves::{MOST, Moves};
use crate::model::address::{Address, Segment};
use crate::model::desired::{Desired, Expectation, Resource, Stack};
use crate::model::diagnostic::{Diagnostic, once};
use crate::model::policy::{Policy, UNMANAGED};
use crate::model::value::{Map, Part, Ref, Value, fill};

/// What one block is lowered with, and to.
pub struct Lowering<'a> {
    pub stack: &'a Stack,
    pub policy: &'a Policy,
    pub moves: &'a Moves<'a>,
    /// The block that it nests in.
    pub parent: Option<&'a Resource>,
    /// What it means beside itself.
    pub resources: Vec<Resource>,
    pub diagnostics: Vec<Diagnostic>,
    pub expectations: Vec<Expectation>,
    /// The block itself is not a resource: only what it means is.
    pub drop: bool,
}

impl Lowering<'_> {
    /// Reports a value of `resource` as wrong.
    pub fn refuse(
        &mut self,
        resource: &Resource,
        path: &str,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics.push(
            Diagnostic::error(code, message)
                .about(&resource.address)
                .at(resource.span(path), "")
                .help(help),
        );
    }

    /// Where a resource was before it was moved.
    pub fn first_place(&mut self, resource: &Resource) -> Address {
        if let Some(place) = self.moves.first_place(&resource.address) {
            return place;
        }
        let message = format!("more than {MOST} `moved` blocks lead here");
        let help = "write one `moved` block instead, from the first of those places";
        self.refuse(resource, "", "moved", message, help);
        resource.address.clone()
    }

    /// What becomes of credentials that nobody declared: the resource's own word, else the policy's, and never a
    /// milder one than a central policy's. What others made where others manage is never ours to delete.
    pub fn unmanaged(&mut self, resource: &mut Resource, existing: bool) {
        const FIELD: &str = "unmanaged_credentials";
        let rank = |word: &str| UNMANAGED.iter().position(|known| *known == word);
        let theirs = |word: &String| match word.as_str() {
            "delete" if existing => "report".to_owned(),
            word => word.to_owned(),
        };
        let least = self.policy.unmanaged_at_least.as_ref().map(theirs);
        let own = resource.text(FIELD).map(str::to_owned);
        if let (Some(own), Some(least)) = (&own, &least)
            && rank(own) < rank(least)
        {
            self.diagnostics.push(
                Diagnostic::warning(
                    "policy",
                    format!(
                        "`{FIELD} = \"{own}\"` has no effect: the central policy says `{least}`"
                    ),
                )
                .about(&resource.address)
                .at(resource.span(FIELD), "milder than the policy"),
            );
            resource
                .body
                .insert(FIELD.to_owned(), least.as_str().into());
        }
        if own.is_none()
            && let Some(word) = self.policy.unmanaged_credentials.as_ref().map(theirs)
        {
            resource.body.insert(FIELD.to_owned(), word.as_str().into());
        }
    }

    /// Adds a resource that `resource` implies; what it says is found where `path` stands.
    pub fn imply(&mut self, resource: &Resource, segment: Segment, path: &str, body: Map) {
        self.resources.push(Resource {
            address: resource.address.child(segment),
            body,
            origin: resource.span(path),
            spans: BTreeMap::new(),
            protect: false,
        });
    }
}

/// Lowers every block, then fills in every output that is known without reading anything.
///
/// Parents are lowered before what nests in them. Errors are collected; a block with an error is kept as far
/// as it goes, so that one mistake does not hide another.
pub fn lower(desired: Desired) -> (Desired, Vec<Diagnostic>) {
    let Desired {
        stack,
        resources,
        outputs,
        pending,
        approvals,
        policy,
        waivers,
        moves,
        removals,
        mut expectations,
    } = desired;
    let by_target = Moves::new(&moves);
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut lowered: Vec<(Address, Resource)> = Vec::with_capacity(resources.len());
    // In the order of addresses what a block nests in stands before it: the blocks around this one, by their places.
    let mut around: Vec<usize> = Vec::new();
    for (address, mut resource) in resources {
        let Some(kind) = super::of(resource.kind()) else {
            continue;
        };
        while around
            .last()
            .is_some_and(|at| !address.within(&lowered[*at].0))
        {
            around.pop();
        }
        let nearest = around.last().map(|at| &lowered[*at]);
        let parent = nearest
            .filter(|(parent, _)| parent.segments.len() + 1 == address.segments.len())
            .map(|(_, parent)| parent);
        let mut lowering = Lowering {
            stack: &stack,
            policy: &policy,
            moves: &by_target,
            parent,
            resources: Vec::new(),
            diagnostics: Vec::new(),
            expectations: Vec::new(),
            drop: false,
        };
        kind.lower(&mut resource, &mut lowering);
        let Lowering {
            resources,
            diagnostics: said,
            expectations: expected,
            drop,
            ..
        } = lowering;
        diagnostics.extend(said);
        expectations.extend(expected);
        if !drop {
            around.push(lowered.len());
            lowered.push((address, resource));
        }
        let implied = resources.into_iter();
        lowered.extend(implied.map(|one| (one.address.clone(), one)));
    }
    let mut desired = Desired {
        stack,
        resources: lowered.into_iter().collect(),
        outputs,
        pending,
        approvals,
        policy,
        waivers,
        moves,
        removals,
        expectations,
    };
    fill_known(&mut desired);
    diagnostics.extend(places(&desired));
    // What goes anyway needs no word in the plan, unless the word makes a list one that has to be read.
    let by_list = [
        super::named_location::KIND,
        super::conditional_access_policy::KIND,
    ];
    desired
        .removals
        .retain(|removed| !removed.destroy || by_list.contains(&removed.from.kind()));
    diagnostics.extend(super::ALL.iter().flat_map(|kind| kind.review(&desired)));
    (desired, once(diagnostics))
}

/// What `moved` and `removed` name has to be declared, or not any more.
fn places(desired: &Desired) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    if desired.moves.is_empty() && desired.removals.is_empty() && desired.expectations.is_empty() {
        return said;
    }
    let pending = desired.pending.iter().map(|pending| &pending.address);
    let declared: BTreeSet<&Address> = desired.resources.keys().chain(pending).collect();
    let all = declared.iter().copied().flat_map(Address::places);
    let all: BTreeSet<Address> = all.collect();
    let there = |place: &Address| all.contains(place);
    let left: BTreeSet<&Address> = desired.moves.iter().map(|moved| &moved.from).collect();
    for moved in &desired.moves {
        if there(&moved.from) {
            said.push(
                Diagnostic::error(
                    "moved",
                    format!(
                        "`{}` is still declared, and cannot have moved",
                        place(&moved.from)
                    ),
                )
                .at(moved.origin, "moves it")
                .help("remove the old block, or this one"),
            );
        }
        let onwards = || moved.to.places().iter().any(|place| left.contains(place));
        if !there(&moved.to) && !onwards() {
            said.push(
                Diagnostic::error(
                    "moved",
                    format!("nothing is declared at `{}`", place(&moved.to)),
                )
                .at(moved.origin, "moves something there")
                .help("write the address of the block as it is now"),
            );
        }
    }
    for expectation in &desired.expectations {
        if !declared.contains(&expectation.subject) {
            said.push(
                Diagnostic::error("expect", format!("no `{}` is declared", expectation.subject))
                    .at(expectation.origin, "expects something of it")
                    .help("write a reference to an application, as in `application = application.deployer`"),
            );
        }
    }
    for removed in &desired.removals {
        if there(&removed.from) {
            said.push(
                Diagnostic::error(
                    "removed",
                    format!("`{}` is still declared", place(&removed.from)),
                )
                .at(removed.origin, "says that it is gone")
                .help("remove its block, or this one"),
            );
        }
    }
    said
}

/// An address, or a module's.
pub fn place(address: &Address) -> String {
    let text = address.to_string();
    text.trim_end_matches('.').to_owned()
}

/// Fills in outputs that need no reading, everywhere; `x.service_principal.object_id` becomes the output of the
/// service principal that `x` implies.
fn fill_known(desired: &mut Desired) {
    let known = |reference: &Ref| -> Option<Value> {
        let resource = desired.resources.get(&reference.address)?;
        let outputs = super::of(resource.kind())?.known(resource, &desired.stack);
        let mut outputs = outputs.into_iter();
        let found = outputs.find(|(output, _)| *output == reference.output);
        found.map(|(_, value)| value)
    };
    let tell = |reference: &Ref| -> Option<Part> {
        let reference = nested(reference, &desired.resources);
        match known(&reference) {
            // An output that is another's: of an account that an issuer means.
            Some(Value::Text(parts)) if parts.len() == 1 => parts.into_iter().next(),
            _ => Some(Part::Ref(reference)),
        }
    };
    // Every value is filled from what is there before any is.
    let mut filled: Vec<(usize, String, Value)> = Vec::new();
    for (at, resource) in desired.resources.values().enumerate() {
        let holes = resource.body.iter().filter(|(_, value)| !value.is_plain());
        filled.extend(holes.map(|(name, value)| (at, name.clone(), value.fill(&tell))));
    }
    let outputs: Vec<Value> = desired
        .outputs
        .values()
        .map(|output| match &output.value {
            // An output that is a list cannot stand inside a text: it is replaced as a whole.
            Value::Text(parts) => match parts.as_slice() {
                [Part::Ref(reference)] => known(&nested(reference, &desired.resources))
                    .unwrap_or_else(|| Value::Text(fill(parts, &tell))),
                parts => Value::Text(fill(parts, &tell)),
            },
            value => value.fill(&tell),
        })
        .collect();
    let mut filled = filled.into_iter().peekable();
    for (at, resource) in desired.resources.values_mut().enumerate() {
        while let Some((_, name, value)) = filled.next_if(|(of, ..)| *of == at) {
            resource.body.insert(name, value);
        }
    }
    for (output, value) in desired.outputs.values_mut().zip(outputs) {
        output.value = value;
    }
}

/// `application.x` + `service_principal.object_id` → `application.x/service_principal` + `object_id`.
fn nested(reference: &Ref, resources: &BTreeMap<Address, Resource>) -> Ref {
    let Some((kind, output)) = reference.output.split_once('.') else {
        return reference.clone();
    };
    // A block's word for the service principal that it implies.
    let form = super::application::Form::of(reference.address.kind());
    let kind = match form.is_some_and(|form| form.principal == kind) {
        true => super::service_principal::KIND,
        false => kind,
    };
    let address = reference.address.child(Segment::new(kind, ""));
    if resources.contains_key(&address) {
        Ref {
            address,
            output: output.to_owned(),
        }
    } else {
        reference.clone()
    }
}
