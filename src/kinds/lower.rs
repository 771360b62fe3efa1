//! From blocks as people write them to the resources that they mean.

use std::collections::BTreeMap;

use crate::model::address::{Address, Segment};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::value::{Map, Part, Ref, Value, fill};

/// What one block is lowered with, and to.
pub struct Lowering<'a> {
    pub stack: &'a Stack,
    /// The block that it nests in.
    pub parent: Option<&'a Resource>,
    /// What it means beside itself.
    pub resources: Vec<Resource>,
    pub diagnostics: Vec<Diagnostic>,
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
    } = desired;
    let mut diagnostics: Vec<Diagnostic> = stack_name(&stack).into_iter().collect();
    let mut lowered: BTreeMap<Address, Resource> = BTreeMap::new();
    for (address, mut resource) in resources {
        let Some(kind) = super::of(resource.kind()) else {
            continue;
        };
        let parent = address.parent().and_then(|parent| lowered.get(&parent));
        let mut lowering = Lowering {
            stack: &stack,
            parent,
            resources: Vec::new(),
            diagnostics: Vec::new(),
            drop: false,
        };
        kind.lower(&mut resource, &mut lowering);
        let Lowering {
            resources,
            diagnostics: said,
            drop,
            ..
        } = lowering;
        diagnostics.extend(said);
        if !drop {
            lowered.insert(address, resource);
        }
        for implied in resources {
            lowered.insert(implied.address.clone(), implied);
        }
    }
    let mut desired = Desired {
        stack,
        resources: lowered,
        outputs,
        pending,
        approvals,
    };
    fill_known(&mut desired);
    diagnostics.extend(super::ALL.iter().flat_map(|kind| kind.review(&desired)));
    (desired, diagnostics)
}

/// Fills in outputs that need no reading, everywhere; `x.service_principal.object_id` becomes the output of the
/// service principal that `x` implies.
fn fill_known(desired: &mut Desired) {
    let stack = desired.stack.clone();
    let known: BTreeMap<Ref, Value> = desired
        .resources
        .values()
        .flat_map(|resource| super::known_outputs(resource, &stack))
        .collect();
    let addresses: Vec<Address> = desired.resources.keys().cloned().collect();
    let tell = |reference: &Ref| -> Option<Part> {
        let reference = nested(reference, &addresses);
        match known.get(&reference).and_then(Value::as_str) {
            Some(text) => Some(Part::Literal(text.to_owned())),
            None => Some(Part::Ref(reference)),
        }
    };
    for resource in desired.resources.values_mut() {
        for value in resource.body.values_mut() {
            *value = value.fill(&tell);
        }
    }
    for output in desired.outputs.values_mut() {
        output.value = match &output.value {
            // An output that is a list cannot stand inside a text: it is replaced as a whole.
            Value::Text(parts) => match parts.as_slice() {
                [Part::Ref(reference)] => known
                    .get(&nested(reference, &addresses))
                    .cloned()
                    .unwrap_or_else(|| Value::Text(fill(parts, &tell))),
                parts => Value::Text(fill(parts, &tell)),
            },
            value => value.fill(&tell),
        };
    }
}

/// `application.x` + `service_principal.object_id` → `application.x/service_principal` + `object_id`.
fn nested(reference: &Ref, addresses: &[Address]) -> Ref {
    let Some((kind, output)) = reference.output.split_once('.') else {
        return reference.clone();
    };
    let address = reference.address.child(Segment::new(kind, ""));
    if addresses.binary_search(&address).is_ok() {
        Ref {
            address,
            output: output.to_owned(),
        }
    } else {
        reference.clone()
    }
}

/// The stack's name stands in tags, unique names and hashes.
fn stack_name(stack: &Stack) -> Option<Diagnostic> {
    let fits = (1..=60).contains(&stack.name.len())
        && stack
            .name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let origin = stack.origin?;
    (!fits).then(|| {
        Diagnostic::error(
            "stack-name",
            format!("`{}` cannot be the name of a stack", stack.name),
        )
        .at(origin, "")
        .help("use 1 to 60 letters, digits, `.`, `_` and `-`: it stands in tags and unique names")
    })
}
