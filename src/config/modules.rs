//! Calls of modules: their instances, inputs and outputs.

use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use super::context::{Context, Eval, Failure, Memo};
use super::convert::{Type, convert};
use super::declare::{Call, Repeat};
use super::document::{Step, Word};
use super::evaluate::evaluate;
use super::scope::Scope;
use super::value::Value;
use super::{instances, words};
use crate::model::address::{InstanceKey, Segment};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::words::nearest;

/// Who made an instance of a module, and what its place binds.
pub(super) struct Caller<'a> {
    pub context: Weak<Context<'a>>,
    pub call: &'a Call,
    pub names: Vec<(Rc<str>, Value)>,
}

/// The instances of one call, by key.
pub(super) struct Calls<'a> {
    repeat: &'a Repeat,
    list: Vec<(Option<InstanceKey>, Rc<Context<'a>>)>,
}

impl<'a> Calls<'a> {
    pub fn instance(&self, key: &Option<InstanceKey>) -> Option<Rc<Context<'a>>> {
        let found = self.list.iter().find(|(other, _)| other == key);
        found.map(|(_, context)| context.clone())
    }

    pub fn all(&self) -> impl Iterator<Item = &Rc<Context<'a>>> {
        self.list.iter().map(|(_, context)| context)
    }
}

/// The instances of a call; worked out once.
pub(super) fn calls<'a>(context: &Context<'a>, label: &str, span: Span) -> Eval<Rc<Calls<'a>>> {
    match context.modules.borrow().get(label) {
        Some(Memo::Known(calls)) => return Ok(calls.clone()),
        Some(Memo::Failed) => return Err(Failure::Reported),
        None => {}
    }
    let Some((key, call)) = context.declared.modules.get_key_value(label) else {
        return Err(Failure::Reported);
    };
    let name = format!("module.{label}");
    let made = context.nested(span, || {
        context.resolve(&name, span, || make(context, call))
    });
    let (memo, result) = match made {
        Ok(calls) => {
            let calls = Rc::new(calls);
            (Memo::Known(calls.clone()), Ok(calls))
        }
        Err(failure) => {
            context.report(failure);
            (Memo::Failed, Err(Failure::Reported))
        }
    };
    context.modules.borrow_mut().insert(key.clone(), memo);
    result
}

fn make<'a>(context: &Context<'a>, call: &'a Call) -> Eval<Calls<'a>> {
    let Some(declared) = context.library.get(&call.directory) else {
        return Err(Failure::Reported);
    };
    let list = instances::repetitions(context, &Scope::EMPTY, &call.repeat)?
        .into_iter()
        .map(|repetition| {
            let mut segment = Segment::new("module", &*call.label.text);
            segment.key = repetition.key.clone();
            let caller = Caller {
                context: context.me(),
                call,
                names: repetition.names,
            };
            let made = context.module(declared, segment, call.directory.clone(), caller)?;
            Ok((repetition.key, made))
        })
        .collect::<Eval<_>>()?;
    Ok(Calls {
        repeat: &call.repeat,
        list,
    })
}

/// What `module.label…` stands for, and the steps that are left.
pub(super) fn reference<'s>(
    context: &Context,
    scope: &Scope,
    word: &Word,
    rest: &'s [Step],
) -> Eval<(Value, &'s [Step])> {
    if !context.declared.modules.contains_key(&word.text) {
        let names = || context.declared.modules.keys().map(|name| &**name);
        return Err(Failure::undeclared(
            Diagnostic::error(
                "unknown-reference",
                format!("no module is called `{}`", word.text),
            )
            .at(word.span, "not declared")
            .help(match nearest(&word.text, names()) {
                Some(near) => format!("did you mean `module.{near}`?"),
                None => format!("the modules are {}", words::list(names(), "none")),
            }),
        ));
    }
    let calls = calls(context, &word.text, word.span)?;
    // Only the output that is named is worked out: others may need what this one is needed for.
    let (instance, rest) = match (calls.repeat, rest) {
        (Repeat::Once, rest) => (calls.instance(&None), rest),
        (repeat, [Step::Index(index), after @ ..]) => {
            let key = evaluate(context, scope, index)?;
            let key = match (repeat, &key) {
                (Repeat::Count(_), _) => match convert(&key, &Type::Number) {
                    Ok(Value::Number(number)) if number.0 >= 0.0 => {
                        Some(InstanceKey::Index(number.0 as usize))
                    }
                    _ => None,
                },
                (_, Value::Text(text)) => Some(InstanceKey::Name(text.to_string())),
                _ => None,
            };
            match calls.instance(&key) {
                Some(instance) => (Some(instance), after),
                // The whole collection says what its keys are.
                None => (None, rest),
            }
        }
        (_, rest) => (None, rest),
    };
    match (instance, rest) {
        (Some(instance), [Step::Attribute(name), after @ ..]) => {
            Ok((output(&instance, name)?, after))
        }
        (Some(instance), rest) => Ok((outputs(&instance, word.span)?, rest)),
        (None, rest) => Ok((collection(&calls, word.span)?, rest)),
    }
}

/// Every instance's outputs, by key.
fn collection(calls: &Calls, span: Span) -> Eval<Value> {
    if let Repeat::Count(_) = calls.repeat {
        let all = calls.all().map(|instance| outputs(instance, span));
        return all.collect::<Eval<_>>().map(Value::list);
    }
    let members = calls.list.iter().filter_map(|(key, instance)| match key {
        Some(InstanceKey::Name(name)) => Some((Rc::from(name.as_str()), instance)),
        _ => None,
    });
    members
        .map(|(name, instance)| Ok((name, outputs(instance, span)?)))
        .collect::<Eval<_>>()
        .map(Value::map)
}

fn outputs(instance: &Context, span: Span) -> Eval<Value> {
    let mut made = BTreeMap::new();
    for name in instance.declared.outputs.keys() {
        let word = Word {
            text: name.clone(),
            span,
        };
        made.insert(name.clone(), output(instance, &word)?);
    }
    Ok(Value::map(made))
}

/// One output of an instance; worked out once.
pub(super) fn output(instance: &Context, word: &Word) -> Eval<Value> {
    match instance.outputs.borrow().get(&word.text) {
        Some(Memo::Known(value)) => return Ok(value.clone()),
        Some(Memo::Failed) => return Err(Failure::Reported),
        None => {}
    }
    let Some(block) = instance.declared.outputs.get(&word.text) else {
        let names = || instance.declared.outputs.keys().map(|name| &**name);
        let module = instance
            .caller
            .as_ref()
            .map_or("", |caller| &caller.call.label.text);
        return Err(Diagnostic::error(
            "unknown-reference",
            format!("the module `{module}` has no output `{}`", word.text),
        )
        .at(word.span, "not an output of it")
        .help(match nearest(&word.text, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its outputs are {}", words::list(names(), "none")),
        })
        .into());
    };
    let made = instance.nested(word.span, || {
        let name = format!("output.{}", word.text);
        instance.resolve(&name, word.span, || {
            super::stack::output_value(instance, block)
        })
    });
    let (memo, result) = match made {
        Ok(value) => (Memo::Known(value.clone()), Ok(value)),
        Err(failure) => {
            instance.report(failure);
            (Memo::Failed, Err(Failure::Reported))
        }
    };
    instance
        .outputs
        .borrow_mut()
        .insert(word.text.clone(), memo);
    result
}

/// What is said of an input that the module has no variable for.
pub(super) fn check_inputs(instance: &Context) {
    let Some(caller) = &instance.caller else {
        return;
    };
    for input in &caller.call.inputs {
        if instance.declared.variables.contains_key(&input.name.text)
            || input.name.text.starts_with("x-")
        {
            continue;
        }
        let names: Vec<&str> = instance
            .declared
            .variables
            .keys()
            .map(|name| &**name)
            .collect();
        instance.say(
            Diagnostic::error(
                "unknown-attribute",
                format!(
                    "the module `{}` has no variable `{}`",
                    caller.call.label.text, input.name.text
                ),
            )
            .at(input.name.span, "not one of its variables")
            .help(words::help(&input.name.text, &names, "the module")),
        );
    }
}
