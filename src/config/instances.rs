//! `for_each` and `count`: the instances of a block.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::context::{Context, Eval, Failure, Memo};
use super::convert::{Type, convert};
use super::declare::{Declaration, Repeat};
use super::document::{Expr, ExprKind};
use super::evaluate::{evaluate, no_value, not_yet};
use super::scope::Scope;
use super::value::Value;
use crate::model::address::{Address, InstanceKey, Segment};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// How many instances one block may have.
const MOST: usize = 10_000;
/// How many faulty instances of one block are shown: more of them only take time.
const FAULTY: usize = 10;
/// How long the key of an instance may be, in bytes.
const LONGEST_KEY: usize = 512;

/// What a block is, or what it is repeated over.
pub(super) struct Instances {
    keyed: Keyed,
    pub list: Vec<Instance>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyed {
    No,
    Names,
    Indexes,
}

pub(super) struct Instance {
    pub address: Address,
    /// What the instance binds: `each`, `count`.
    pub names: Vec<(Rc<str>, Value)>,
}

/// A key and what goes with it.
pub(super) struct Repetition {
    pub key: Option<InstanceKey>,
    pub names: Vec<(Rc<str>, Value)>,
}

impl Instances {
    /// The resource, or its instances by key.
    pub fn value(&self) -> Value {
        let resource = |instance: &Instance| Value::Resource(Rc::new(instance.address.clone()));
        match self.keyed {
            Keyed::No => self.list.first().map_or(Value::Null, resource),
            Keyed::Indexes => Value::list(self.list.iter().map(resource).collect()),
            Keyed::Names => Value::map(
                self.list
                    .iter()
                    .filter_map(|instance| match &instance.address.last().key {
                        Some(InstanceKey::Name(name)) => {
                            Some((Rc::from(name.as_str()), resource(instance)))
                        }
                        _ => None,
                    })
                    .collect::<BTreeMap<_, _>>(),
            ),
        }
    }
}

/// The instances of a resource at the top of a file; worked out once.
pub(super) fn of_resource(
    context: &Context,
    kind: &str,
    label: &str,
    span: Span,
) -> Eval<Rc<Instances>> {
    let name = format!("{kind}.{label}");
    match context.instances.borrow().get(&name) {
        Some(Memo::Known(instances)) => return Ok(instances.clone()),
        Some(Memo::Failed) => return Err(Failure::Reported),
        None => {}
    }
    let declared = context.declared.resources.get(kind);
    let Some(declaration) = declared.and_then(|declared| declared.get(label)) else {
        return Err(Failure::Reported);
    };
    let made = context.nested(span, || {
        context.resolve(&name, span, || root_instances(context, declaration))
    });
    let (memo, result) = match made {
        Ok(instances) => {
            let instances = Rc::new(instances);
            (Memo::Known(instances.clone()), Ok(instances))
        }
        Err(failure) => {
            context.report(failure);
            (Memo::Failed, Err(Failure::Reported))
        }
    };
    context.instances.borrow_mut().insert(name, memo);
    result
}

fn root_instances(context: &Context, declaration: &Declaration) -> Eval<Instances> {
    expand(context, &Scope::EMPTY, &declaration.repeat, |repetition| {
        let segment = segment(declaration, &repetition.key);
        let Some(parent) = &declaration.parent else {
            return Ok(Address {
                modules: context.place.clone(),
                segments: vec![segment],
            });
        };
        let scope = Scope::root(repetition.names.clone());
        match evaluate(context, &scope, parent)? {
            Value::Resource(address) if declaration.shape.nests_in(address.kind()) => {
                Ok(address.child(segment))
            }
            other => {
                let parents = declaration.shape.parents;
                Err(Diagnostic::error(
                    "wrong-type",
                    format!("`parent` must be a whole `{}`", parents.join("` or `")),
                )
                .at(parent.span, format!("this is {}", other.describe()))
                .help(format!(
                    "write a reference without an output, as in `parent = {}.label`",
                    parents.first().copied().unwrap_or_default()
                ))
                .into())
            }
        }
    })
}

/// The instances of a nested block, in its parent's scope.
pub(super) fn of_child(
    context: &Context,
    scope: &Scope,
    parent: &Address,
    declaration: &Declaration,
) -> Eval<Instances> {
    expand(context, scope, &declaration.repeat, |repetition| {
        Ok(parent.child(segment(declaration, &repetition.key)))
    })
}

/// The instances of a nested block that a reference names.
pub(super) fn of_child_reference(
    context: &Context,
    parent: &Address,
    declaration: &Declaration,
    span: Span,
) -> Eval<Instances> {
    let name = parent.child(segment(declaration, &None)).to_string();
    context.nested(span, || {
        context.resolve(&name, span, || {
            let first = &parent.segments[0];
            let owner = context.owner(parent).ok_or(Failure::Reported)?;
            let context = &*owner;
            let roots = of_resource(context, &first.kind, &first.label, span)?;
            let root = roots.list.iter().find(|root| root.address == *parent);
            let names = root.map(|root| root.names.clone()).unwrap_or_default();
            let scope = Scope::root(names);
            of_child(context, &scope, parent, declaration)
        })
    })
}

fn segment(declaration: &Declaration, key: &Option<InstanceKey>) -> Segment {
    let segment = Segment::new(declaration.shape.kind, &*declaration.label.text);
    match key {
        Some(key) => segment.keyed(key.clone()),
        None => segment,
    }
}

fn expand(
    context: &Context,
    scope: &Scope,
    repeat: &Repeat,
    address: impl Fn(&Repetition) -> Eval<Address>,
) -> Eval<Instances> {
    let keyed = match repeat {
        Repeat::Once => Keyed::No,
        Repeat::ForEach(_) => Keyed::Names,
        Repeat::Count(_) => Keyed::Indexes,
    };
    let list = repetitions(context, scope, repeat)?
        .into_iter()
        .map(|repetition| {
            Ok(Instance {
                address: address(&repetition)?,
                names: repetition.names,
            })
        })
        .collect::<Eval<Vec<_>>>()?;
    Ok(Instances { keyed, list })
}

/// What a block is repeated over.
pub(super) fn repetitions(
    context: &Context,
    scope: &Scope,
    repeat: &Repeat,
) -> Eval<Vec<Repetition>> {
    match repeat {
        Repeat::Once => Ok(vec![Repetition {
            key: None,
            names: Vec::new(),
        }]),
        Repeat::ForEach(expr) => for_each(context, scope, expr),
        Repeat::Count(expr) => count(context, scope, expr),
    }
}

fn for_each(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Vec<Repetition>> {
    let mut value = evaluate(context, scope, expr)?;
    // YAML has no other way to write a set.
    if matches!(expr.kind, ExprKind::Array(_)) && context.in_yaml(expr.span) {
        value = match convert(&value, &Type::Set(Box::new(Type::String))) {
            Ok(set) => set,
            Err(_) => value,
        };
    }
    let wrong = |found: &Value| {
        Diagnostic::error("wrong-type", "`for_each` needs a map or a set of strings")
            .at(expr.span, format!("this is {}", found.describe()))
    };
    let pairs: Vec<(Rc<str>, Value)> = match &value {
        Value::Map(_) => {
            let members = value.members().into_iter().flatten();
            members
                .map(|(key, item)| (key.clone(), item.clone()))
                .collect()
        }
        Value::Set(_) => {
            let items = value.items().unwrap_or_default().iter();
            items
                .map(|item| match item {
                    Value::Text(text) => Ok((text.clone(), item.clone())),
                    Value::Unset(names) => Err(no_value(names.iter(), expr.span)),
                    Value::Holes(_) | Value::Resource(_) => {
                        Err(not_yet("the keys of `for_each`", expr.span))
                    }
                    other => Err(wrong(other).into()),
                })
                .collect::<Eval<_>>()?
        }
        Value::Unset(names) => return Err(no_value(names.iter(), expr.span)),
        Value::Holes(_) => return Err(not_yet("`for_each`", expr.span)),
        Value::List(_) => {
            let help = "a list has no keys: `toset(…)` makes a set of it, `{ for item in … : item.name => item }` a map";
            return Err(wrong(&value).help(help).into());
        }
        other => return Err(wrong(other).into()),
    };
    check_count(context, pairs.len(), expr.span)?;
    pairs
        .into_iter()
        .map(|(key, item)| {
            check_key(&key, expr.span)?;
            let each = [
                ("key".into(), Value::Text(key.clone())),
                ("value".into(), item),
            ];
            Ok(Repetition {
                key: Some(InstanceKey::Name(key.to_string())),
                names: vec![("each".into(), Value::map(each.into()))],
            })
        })
        .collect()
}

fn count(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Vec<Repetition>> {
    let value = evaluate(context, scope, expr)?;
    let number = match convert(&value, &Type::Number) {
        Ok(Value::Number(number)) if number.0 >= 0.0 && number.0.fract() == 0.0 => number.0,
        Ok(Value::Unset(names)) => return Err(no_value(names.iter(), expr.span)),
        _ if value.has_holes() => return Err(not_yet("`count`", expr.span)),
        _ => {
            return Err(
                Diagnostic::error("wrong-type", "`count` needs a whole number, 0 or more")
                    .at(expr.span, format!("this is {}", value.describe()))
                    .into(),
            );
        }
    };
    let number = number.min(u32::MAX.into()) as usize;
    check_count(context, number, expr.span)?;
    let repetition = |index| Repetition {
        key: Some(InstanceKey::Index(index)),
        names: vec![(
            "count".into(),
            Value::map([("index".into(), Value::int(index))].into()),
        )],
    };
    Ok((0..number).map(repetition).collect())
}

/// Refuses more instances than one block, or all blocks together, may have.
pub(super) fn check_count(context: &Context, number: usize, span: Span) -> Eval<()> {
    if number > MOST {
        return Err(
            Diagnostic::error("limit", "a block has at most 10,000 instances")
                .at(span, format!("this makes {number}"))
                .into(),
        );
    }
    context.repeat(number, span)
}

/// Watches over the instances of one block while they are looked at.
pub(super) struct Watch<'a, 'c> {
    context: &'a Context<'c>,
    said: usize,
    faulty: usize,
}

impl<'a, 'c> Watch<'a, 'c> {
    pub fn new(context: &'a Context<'c>) -> Self {
        Self {
            context,
            said: context.said_so_far(),
            faulty: 0,
        }
    }

    /// Asked after each instance: whether so many were wrong that the `rest` tells nothing new.
    pub fn enough(&mut self, rest: usize, block: &str, span: Span) -> bool {
        let said = self.context.said_so_far();
        self.faulty += usize::from(said > self.said);
        self.said = said;
        if self.faulty < FAULTY {
            return false;
        }
        if rest > 0 {
            self.context.say(
                Diagnostic::note(
                    "more-instances",
                    format!("{rest} more instances of `{block}` were not looked at"),
                )
                .at(
                    span,
                    format!("{FAULTY} of its instances are wrong, for the reasons given"),
                ),
            );
        }
        true
    }
}

fn check_key(key: &str, span: Span) -> Eval<()> {
    let complaint = if key.is_empty() {
        "is empty"
    } else if key.len() > LONGEST_KEY {
        "is longer than 512 bytes"
    } else if key.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err(
        Diagnostic::error("invalid-value", format!("a key of `for_each` {complaint}"))
            .at(span, "in this collection")
            .into(),
    )
}
