//! Traversals: what a root names, and the attributes, indexes and splats after it.

use std::collections::BTreeMap;

use super::context::{Context, Eval, Failure, Memo};
use super::convert::{Type, convert};
use super::document::{Expr, ExprKind, Step, Word};
use super::evaluate::{evaluate, no_value, not_yet};
use super::scope::Scope;
use super::value::Value;
use super::{locals, modules, references, variables, words};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::words::nearest;

pub(super) fn traverse(
    context: &Context,
    scope: &Scope,
    base: &Expr,
    steps: &[Step],
    span: Span,
) -> Eval<Value> {
    let (value, rest) = match &base.kind {
        ExprKind::Name(name) if scope.get(name).is_none() => {
            root(context, scope, name, base.span, steps)?
        }
        _ => (evaluate(context, scope, base)?, steps),
    };
    apply(context, scope, value, rest, span)
}

/// The value of a root and what follows it.
fn root<'s>(
    context: &Context,
    scope: &Scope,
    name: &str,
    span: Span,
    steps: &'s [Step],
) -> Eval<(Value, &'s [Step])> {
    let Some((Step::Attribute(word), rest)) = steps.split_first() else {
        return Err(unknown_root(context, name, span));
    };
    let value = match name {
        "var" => variable(context, word)?,
        "local" => locals::get(context, word)?,
        "module" => return modules::reference(context, scope, word, rest),
        "path" => path(context, word)?,
        _ if context.kinds.top(name).is_some() => references::resource(context, name, word)?,
        _ => return Err(unknown_root(context, name, span)),
    };
    Ok((value, rest))
}

/// Where files are, from the stack's directory.
fn path(context: &Context, word: &Word) -> Eval<Value> {
    match &*word.text {
        "module" => Ok(Value::Text(context.directory.clone())),
        "root" => Ok(Value::text(".")),
        name => {
            let error =
                Diagnostic::error("unknown-reference", format!("there is no `path.{name}`"))
                    .at(word.span, "not known");
            Err(Failure::undeclared(match name {
                "cwd" => error.help("a plan must say the same wherever it is made: `path.root` is the stack's directory"),
                _ => error.help("there are `path.module` and `path.root`"),
            }))
        }
    }
}

fn variable(context: &Context, word: &Word) -> Eval<Value> {
    match context.variables.borrow().get(&word.text) {
        Some(Memo::Known(value)) => return Ok(value.clone()),
        Some(Memo::Failed) => return Err(Failure::Reported),
        None => {}
    }
    if context.caller.is_some() && context.declared.variables.contains_key(&word.text) {
        return variables::input(context, &word.text, word.span);
    }
    let names = context.declared.variables.keys().map(|name| &**name);
    let diagnostic = Diagnostic::error(
        "unknown-reference",
        format!("no variable `{}` is declared", word.text),
    )
    .at(word.span, "not declared")
    .help(match nearest(&word.text, names) {
        Some(near) => format!("did you mean `var.{near}`?"),
        None => format!("declare it: `variable \"{}\" {{}}`", word.text),
    });
    Err(Failure::undeclared(diagnostic))
}

/// A bare name that nothing binds.
pub(super) fn unknown_root(context: &Context, name: &str, span: Span) -> Failure {
    let error = |message: String, label: &str| {
        Diagnostic::error("unknown-reference", message).at(span, label)
    };
    let missing = |example: &str| {
        error(
            format!("`{name}` alone is not a value"),
            "a name is missing after it",
        )
        .help(format!("write a name after it, as in `{name}.{example}`"))
    };
    let diagnostic = match name {
        "var" | "local" | "module" => missing("name"),
        "path" => missing("module"),
        _ if context.kinds.top(name).is_some() => missing("label"),
        "each" => error(
            "`each` exists only in a block with `for_each`".to_owned(),
            "no `for_each` around it",
        ),
        "count" => error(
            "`count` exists only in a block with `count`".to_owned(),
            "no `count` around it",
        ),
        "self" => error(
            "`self` exists only inside a resource".to_owned(),
            "no resource around it",
        ),
        "data" | "terraform" => error(format!("there is no `{name}` here"), "not known").help(
            match name {
                "data" => "an object that others manage is declared with `existing = { client_id = \"…\" }`",
                _ => "there are no workspaces: a variable says which environment is meant",
            },
        ),
        _ => {
            let roots = ["var", "local", "module", "path", "each", "count", "self"].into_iter();
            let roots = roots.chain(context.kinds.top_words());
            error(format!("nothing is called `{name}`"), "not known").help(
                match nearest(name, roots) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("text stands in quotes: `\"{name}\"`"),
                },
            )
        }
    };
    Failure::undeclared(diagnostic)
}

/// Takes the steps, one after the other.
fn apply(
    context: &Context,
    scope: &Scope,
    value: Value,
    steps: &[Step],
    span: Span,
) -> Eval<Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(value);
    };
    context.spend(1, span)?;
    if let Value::Unset(_) = value {
        return Ok(value);
    }
    match step {
        Step::Attribute(word) => {
            if let Value::Resource(address) = &value {
                let (value, rest) = references::output(context, address, word, rest)?;
                return apply(context, scope, value, rest, span);
            }
            let value = attribute(context, &value, word)?;
            apply(context, scope, value, rest, span)
        }
        Step::Index(key) => {
            let value = index(context, scope, &value, key)?;
            apply(context, scope, value, rest, span)
        }
        Step::Splat(_) => splat(context, scope, value, rest, span),
        Step::AttributeSplat(_) => {
            let attributes = rest
                .iter()
                .take_while(|step| matches!(step, Step::Attribute(_)));
            let (within, rest) = rest.split_at(attributes.count());
            let value = splat(context, scope, value, within, span)?;
            apply(context, scope, value, rest, span)
        }
    }
}

fn splat(
    context: &Context,
    scope: &Scope,
    value: Value,
    steps: &[Step],
    span: Span,
) -> Eval<Value> {
    let items = match &value {
        Value::Null => Vec::new(),
        Value::List(_) | Value::Set(_) => value.items().unwrap_or_default().to_vec(),
        _ => vec![value],
    };
    context.spend(items.len(), span)?;
    items
        .into_iter()
        .map(|item| apply(context, scope, item, steps, span))
        .collect::<Eval<Vec<_>>>()
        .map(Value::list)
}

fn attribute(context: &Context, value: &Value, word: &Word) -> Eval<Value> {
    let name = &word.text;
    if let Some(members) = value.members() {
        if let Some(found) = members.get(name) {
            return Ok(found.clone());
        }
        let names = || members.keys().map(|key| &**key);
        context.spend(members.len(), word.span)?;
        return Err(Diagnostic::error(
            "unknown-reference",
            format!("the object has no attribute `{name}`"),
        )
        .at(word.span, "not there")
        .help(match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => match members.first_key_value() {
                Some((key, Value::Resource(_))) => format!(
                    "with `for_each` each instance has its own: `[\"{}\"].{name}`",
                    key.escape_debug()
                ),
                _ => format!("it has {}", words::list(names(), "no attributes")),
            },
        })
        .into());
    }
    if let Value::Holes(_) = value {
        return Err(not_yet(&format!("the attribute `{name}`"), word.span));
    }
    let diagnostic = Diagnostic::error("wrong-type", format!("`.{name}` needs an object")).at(
        word.span,
        format!("this is an attribute of {}", value.describe()),
    );
    Err(match value {
        Value::List(_) | Value::Set(_) => {
            diagnostic.help(format!("`[*].{name}` takes the attribute of every element"))
        }
        _ => diagnostic,
    }
    .into())
}

fn index(context: &Context, scope: &Scope, value: &Value, key: &Expr) -> Eval<Value> {
    let at = evaluate(context, scope, key)?;
    if let Value::Unset(_) = at {
        return Ok(at);
    }
    if at.has_holes() {
        return Err(not_yet("an index", key.span));
    }
    let missing = |message: String, help: String| {
        Diagnostic::error("unknown-reference", message)
            .at(key.span, "not there")
            .help(help)
    };
    match value {
        Value::Map(_) => {
            let Ok(Value::Text(name)) = convert(&at, &Type::String) else {
                return Err(wrong_index("a string", &at, key.span).into());
            };
            let members = value.members();
            if let Some(found) = members.and_then(|members| members.get(&name)) {
                return Ok(found.clone());
            }
            let names = || members.into_iter().flatten().map(|(key, _)| &**key);
            // The nearest is searched for, also where `can` asks.
            context.spend(members.map_or(0, BTreeMap::len), key.span)?;
            let help = match nearest(&name, names()) {
                Some(near) => format!("did you mean `\"{near}\"`?"),
                None => format!("the keys are {}", words::list(names(), "none")),
            };
            let message = format!("there is no element with the key `{name}`");
            Err(missing(message, help).into())
        }
        Value::List(_) => {
            let items = value.items().unwrap_or_default();
            let Ok(Value::Number(number)) = convert(&at, &Type::Number) else {
                return Err(wrong_index("a whole number", &at, key.span).into());
            };
            let whole = number.0.fract() == 0.0 && number.0 >= 0.0;
            let found = whole.then(|| items.get(number.0 as usize)).flatten();
            found.cloned().ok_or_else(|| {
                missing(
                    format!("there is no element `{number}`"),
                    match items.len() {
                        0 => "the list is empty".to_owned(),
                        many => format!("the elements are 0 to {}", many - 1),
                    },
                )
                .into()
            })
        }
        Value::Set(_) => Err(
            Diagnostic::error("wrong-type", "a set has no order and no index")
                .at(key.span, "an index of a set")
                .help("`tolist(…)` makes a list of it, in the order of its elements")
                .into(),
        ),
        Value::Resource(address) => Err(Diagnostic::error(
            "unknown-reference",
            format!("`{address}` has no instances"),
        )
        .at(key.span, "an instance of it")
        .help("only a block with `for_each` or `count` has instances: leave the index out")
        .into()),
        Value::Unset(names) => Err(no_value(names.iter(), key.span)),
        other => Err(
            Diagnostic::error("wrong-type", "an index needs a list or a map")
                .at(key.span, format!("an index of {}", other.describe()))
                .into(),
        ),
    }
}

fn wrong_index(expected: &str, found: &Value, span: Span) -> Diagnostic {
    Diagnostic::error("wrong-type", format!("the index must be {expected}"))
        .at(span, format!("this is {}", found.describe()))
}
