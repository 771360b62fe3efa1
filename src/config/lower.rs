//! Declarations to resources: one for each instance, with its address, its checked body and its places.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::check::Check;
use super::context::{Context, Eval};
use super::convert::{Type, convert};
use super::declare::Declaration;
use super::document::Word;
use super::evaluate::{evaluate, no_value};
use super::instances::{self, Instance, Instances, Watch};
use super::scope::Scope;
use super::value::Value;
use super::{locals, modules, node, variables};
use crate::model::address::Address;
use crate::model::desired::{Pending, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// What the declarations mean.
#[derive(Default)]
pub(super) struct Lowered {
    pub resources: BTreeMap<Address, Resource>,
    pub pending: BTreeMap<Address, BTreeSet<Rc<str>>>,
    places: BTreeMap<Address, Span>,
}

/// Lowers every declaration; what is wrong with one does not hide what is wrong with the next.
pub(super) fn lower(context: &Context) -> Lowered {
    let mut lowered = Lowered::default();
    module(context, &mut lowered);
    spread_pending(&mut lowered);
    lowered
}

/// What the stack or an instance of a module declares, and what the modules do that it calls.
fn module(context: &Context, lowered: &mut Lowered) {
    for (kind, labels) in &context.declared.resources {
        for (label, declaration) in labels {
            let made = instances::of_resource(context, kind, label, declaration.label.span);
            let Some(made) = context.settle(made) else {
                continue;
            };
            instances_of(context, &Scope::EMPTY, declaration, &made, lowered);
        }
    }
    for (label, call) in &context.declared.modules {
        let calls = context.settle(modules::calls(context, label, call.label.span));
        let mut left = calls.as_ref().map_or(0, |calls| calls.all().count());
        let mut watch = Watch::new(context);
        for instance in calls.iter().flat_map(|calls| calls.all()) {
            let said = context.said_so_far();
            modules::check_inputs(instance);
            variables::evaluate_inputs(instance);
            locals::evaluate_all(instance);
            module(instance, lowered);
            for (name, block) in &instance.declared.outputs {
                let word = Word {
                    text: name.clone(),
                    span: block.span,
                };
                // What went wrong is said by now.
                drop(modules::output(instance, &word));
            }
            context.of_instance(said, instance.qualified("").trim_end_matches('.'));
            left -= 1;
            if watch.enough(left, &format!("module.{label}"), call.header) {
                break;
            }
        }
    }
}

/// Every instance of a block, until it is clear that they are wrong.
fn instances_of(
    context: &Context,
    scope: &Scope,
    declaration: &Declaration,
    made: &Instances,
    lowered: &mut Lowered,
) {
    let mut watch = Watch::new(context);
    for (at, instance) in made.list.iter().enumerate() {
        resource(context, scope, declaration, instance, lowered);
        let rest = made.list.len() - at - 1;
        let block = format!("{}.{}", declaration.shape.kind, declaration.label.text);
        if watch.enough(rest, &block, declaration.header) {
            break;
        }
    }
}

fn resource(
    context: &Context,
    scope: &Scope,
    declaration: &Declaration,
    instance: &Instance,
    lowered: &mut Lowered,
) {
    let address = &instance.address;
    if let Some(first) = lowered.places.get(address) {
        context.say(
            Diagnostic::error("duplicate", format!("two blocks are `{address}`"))
                .at(declaration.header, "the second")
                .see(*first, "the first"),
        );
        return;
    }
    lowered.places.insert(address.clone(), declaration.header);
    let said = context.said_so_far();
    let mut names = instance.names.clone();
    names.push(("self".into(), Value::Resource(Rc::new(address.clone()))));
    let scope = Scope::new(scope, names);

    let shape = declaration.shape;
    let members = node::members(context, &scope, &declaration.body, shape.fields);
    let mut check = Check::new(context, Some(address));
    let header = declaration.header;
    let body = check.body(shape.kind, header, &members, shape.fields, shape.groups);
    let protect = context.settle(protect(context, &scope, declaration));
    if check.waits || !check.needs.is_empty() {
        lowered.pending.insert(address.clone(), check.needs);
    } else if !check.failed {
        lowered.resources.insert(
            address.clone(),
            Resource {
                address: address.clone(),
                body,
                origin: declaration.header,
                spans: check.spans,
                protect: protect.unwrap_or_default(),
            },
        );
    }
    for child in &declaration.children {
        let made = instances::of_child(context, &scope, address, child);
        if let Some(made) = context.settle(made) {
            instances_of(context, &scope, child, &made, lowered);
        }
    }
    if context.said_so_far() > said {
        context.of_instance(said, &address.to_string());
    }
}

fn protect(context: &Context, scope: &Scope, declaration: &Declaration) -> Eval<bool> {
    let Some(expr) = &declaration.protect else {
        return Ok(false);
    };
    let value = evaluate(context, scope, expr)?;
    match convert(&value, &Type::Bool) {
        Ok(Value::Bool(flag)) => Ok(flag),
        Ok(Value::Null) => Ok(false),
        Ok(Value::Unset(names)) => Err(no_value(names.iter(), expr.span)),
        _ => Err(
            Diagnostic::error("wrong-type", "`protect` is true or false")
                .at(expr.span, format!("this is {}", value.describe()))
                .into(),
        ),
    }
}

/// What nests in a pending resource or refers to one is pending too.
fn spread_pending(lowered: &mut Lowered) {
    while !lowered.pending.is_empty() {
        let waiting: Vec<(Address, BTreeSet<Rc<str>>)> = lowered
            .resources
            .iter()
            .filter_map(|(address, resource)| {
                let holes = resource.body.values().flat_map(|value| value.refs());
                let needed = holes.map(|hole| hole.address.clone());
                let needed = needed.chain(address.parent());
                let mut waits = needed
                    .filter_map(|needed| lowered.pending.get(&needed))
                    .peekable();
                waits.peek()?;
                let names = waits.flatten().cloned().collect();
                Some((address.clone(), names))
            })
            .collect();
        if waiting.is_empty() {
            return;
        }
        for (address, names) in waiting {
            lowered.resources.remove(&address);
            lowered.pending.insert(address, names);
        }
    }
}

impl Lowered {
    pub fn pending(&self) -> Vec<Pending> {
        let pending = self.pending.iter();
        pending
            .map(|(address, needs)| Pending {
                address: address.clone(),
                needs: needs.iter().map(|name| name.to_string()).collect(),
            })
            .collect()
    }
}
