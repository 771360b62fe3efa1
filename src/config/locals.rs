//! `locals`: worked out once, when they are first named, in the order that they need each other.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::context::{Context, Eval, Failure, Memo};
use super::document::Word;
use super::evaluate::evaluate;
use super::scope::Scope;
use super::value::Value;
use super::words;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::words::nearest;

/// Works out every local, those first that others need: so a long chain does not nest.
pub(super) fn evaluate_all(context: &Context) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for name in context.declared.locals.keys() {
        // Depth first without recursion; a name is on the stack once to be opened and once to be closed.
        let mut stack: Vec<(Rc<str>, bool)> = vec![(name.clone(), false)];
        while let Some((name, needs_are_done)) = stack.pop() {
            let Some((key, (span, expr))) = context.declared.locals.get_key_value(&name) else {
                continue;
            };
            if needs_are_done {
                let known = local(context, &name, *span);
                // What went wrong is said by now.
                drop(known);
            } else if done.insert(key) {
                stack.push((name, true));
                let mut needs = Vec::new();
                expr.mentions("local", &mut needs);
                stack.extend(needs.into_iter().map(|need| (need, false)));
            }
        }
    }
}

/// The value of `local.name`.
pub(super) fn get(context: &Context, word: &Word) -> Eval<Value> {
    if context.declared.locals.contains_key(&word.text) {
        return local(context, &word.text, word.span);
    }
    let names = || context.declared.locals.keys().map(|name| &**name);
    Err(Failure::undeclared(
        Diagnostic::error(
            "unknown-reference",
            format!("no local `{}` is declared", word.text),
        )
        .at(word.span, "not declared")
        .help(match nearest(&word.text, names()) {
            Some(near) => format!("did you mean `local.{near}`?"),
            None => format!("the locals are {}", words::list(names(), "none")),
        }),
    ))
}

fn local(context: &Context, name: &Rc<str>, span: Span) -> Eval<Value> {
    match context.locals.borrow().get(name) {
        Some(Memo::Known(value)) => return Ok(value.clone()),
        Some(Memo::Failed) => return Err(Failure::Reported),
        None => {}
    }
    let Some((_, expr)) = context.declared.locals.get(name) else {
        return Err(Failure::Reported);
    };
    let result = context.resolve(&format!("local.{name}"), span, || {
        evaluate(context, &Scope::EMPTY, expr)
    });
    let (memo, result) = match result {
        Ok(value) => (Memo::Known(value.clone()), Ok(value)),
        Err(failure) => {
            context.report(failure);
            (Memo::Failed, Err(Failure::Reported))
        }
    };
    context.locals.borrow_mut().insert(name.clone(), memo);
    result
}
