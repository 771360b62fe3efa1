//! Expressions to values.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::context::{Context, Eval, Failure};
use super::convert::{Type, convert, type_of, unify};
use super::document::{Choice, Expr, ExprKind, For, Piece};
use super::scope::Scope;
use super::value::{TextBuilder, Value};
use super::{functions, operators, traverse};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::value::Number;

pub(super) fn evaluate(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Value> {
    context.spend(1, expr.span)?;
    context.nested(expr.span, || {
        let value = kind(context, scope, expr)?;
        context.admit(value, expr.span)
    })
}

fn kind(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Value> {
    match &expr.kind {
        ExprKind::Null => Ok(Value::Null),
        ExprKind::Bool(flag) => Ok(Value::Bool(*flag)),
        ExprKind::Number(number) => Ok(Value::Number(Number(*number))),
        ExprKind::String(text) => Ok(Value::Text(text.clone())),
        ExprKind::Template(pieces) => template(context, scope, pieces, expr.span),
        ExprKind::Array(items) => items
            .iter()
            .map(|item| evaluate(context, scope, item))
            .collect::<Eval<Vec<_>>>()
            .map(Value::list),
        ExprKind::Object(members) => object(context, scope, members),
        ExprKind::Name(name) => match scope.get(name) {
            Some(value) => Ok(value.clone()),
            None => Err(traverse::unknown_root(context, name, expr.span)),
        },
        ExprKind::Traversal(base, steps) => {
            traverse::traverse(context, scope, base, steps, expr.span)
        }
        ExprKind::Conditional(choice) => conditional(context, scope, choice, expr.span),
        ExprKind::Unary(operator, operand) => operators::unary(context, scope, *operator, operand),
        ExprKind::Binary(operation) => operators::binary(context, scope, operation, expr.span),
        ExprKind::Call(call) => functions::call(context, scope, call, expr.span),
        ExprKind::For(each) => for_expression(context, scope, each, expr.span),
    }
}

fn object(context: &Context, scope: &Scope, members: &[(Expr, Expr)]) -> Eval<Value> {
    let mut made: BTreeMap<Rc<str>, Value> = BTreeMap::new();
    for (key, value) in members {
        let name = key_text(context, scope, key)?;
        let value = evaluate(context, scope, value)?;
        if made.insert(name.clone(), value).is_some() {
            return Err(Diagnostic::error(
                "duplicate",
                format!("the object has the attribute `{name}` twice"),
            )
            .at(key.span, "the second time")
            .into());
        }
    }
    Ok(Value::map(made))
}

/// The text of an object's key.
pub(super) fn key_text(context: &Context, scope: &Scope, key: &Expr) -> Eval<Rc<str>> {
    let value = evaluate(context, scope, key)?;
    match convert(&value, &Type::String) {
        Ok(Value::Text(text)) => Ok(text),
        Ok(Value::Holes(_)) => Err(not_yet("a key", key.span)),
        Ok(Value::Unset(names)) => Err(no_value(names.iter(), key.span)),
        _ => Err(
            Diagnostic::error("wrong-type", "the key of an object must be a string")
                .at(key.span, format!("this is {}", value.describe()))
                .into(),
        ),
    }
}

/// A condition: a bool, or the variables that it waits for.
pub(super) enum Condition {
    Known(bool),
    Unset(Value),
}

pub(super) fn condition(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Condition> {
    let value = evaluate(context, scope, expr)?;
    match convert(&value, &Type::Bool) {
        Ok(Value::Bool(flag)) => Ok(Condition::Known(flag)),
        Ok(Value::Unset(_)) => Ok(Condition::Unset(value)),
        _ if value.has_holes() => Err(not_yet("a condition", expr.span)),
        _ => Err(
            Diagnostic::error("wrong-type", "a condition must be true or false")
                .at(expr.span, format!("this is {}", value.describe()))
                .into(),
        ),
    }
}

fn conditional(context: &Context, scope: &Scope, choice: &Choice, span: Span) -> Eval<Value> {
    let yes = match condition(context, scope, &choice.condition)? {
        Condition::Known(flag) => flag,
        Condition::Unset(value) => return Ok(value),
    };
    // The side that is not taken decides only the type. If it cannot be evaluated, it decides nothing.
    let (taken, other) = if yes {
        (&choice.yes, &choice.no)
    } else {
        (&choice.no, &choice.yes)
    };
    let value = evaluate(context, scope, taken)?;
    let Ok(other) = evaluate(context, scope, other) else {
        return Ok(value);
    };
    if matches!(value, Value::Resource(_)) || matches!(other, Value::Resource(_)) {
        return Ok(value);
    }
    context.spend((value.size().weight + other.size().weight) / 4, span)?;
    let common = unify(&[type_of(&value), type_of(&other)]);
    let Some(common) = common else {
        return Err(Diagnostic::error(
            "wrong-type",
            "the two results of a condition must have one type",
        )
        .at(
            span,
            format!(
                "one is {}, the other {}",
                value.describe(),
                other.describe()
            ),
        )
        .into());
    };
    convert(&value, &common).map_err(|why| {
        Diagnostic::error("wrong-type", why)
            .at(taken.span, "here")
            .into()
    })
}

fn for_expression(context: &Context, scope: &Scope, each: &For, span: Span) -> Eval<Value> {
    let collection = evaluate(context, scope, &each.collection)?;
    let pairs = match pairs(context, &collection, each.collection.span)? {
        Some(pairs) => pairs,
        None => return Ok(collection),
    };
    let mut list = Vec::new();
    let mut map: BTreeMap<Rc<str>, Value> = BTreeMap::new();
    let mut groups: BTreeMap<Rc<str>, Vec<Value>> = BTreeMap::new();
    for (key, value) in pairs {
        context.spend(1, span)?;
        let mut names = vec![(each.value.clone(), value)];
        names.extend(each.key.clone().map(|name| (name, key)));
        let scope = Scope::new(scope, names);
        if let Some(test) = &each.condition {
            match condition(context, &scope, test)? {
                Condition::Known(true) => {}
                Condition::Known(false) => continue,
                Condition::Unset(value) => return Ok(value),
            }
        }
        let Some(key) = &each.result_key else {
            list.push(evaluate(context, &scope, &each.result)?);
            continue;
        };
        let name = key_text(context, &scope, key)?;
        let value = evaluate(context, &scope, &each.result)?;
        if each.grouping {
            groups.entry(name).or_default().push(value);
        } else if map.insert(name.clone(), value).is_some() {
            return Err(Diagnostic::error(
                "duplicate",
                format!("two elements of this `for` have the key `{name}`"),
            )
            .at(key.span, "gives one key twice")
            .help("`...` after the value collects the values of one key in a list")
            .into());
        }
    }
    Ok(match (&each.result_key, each.grouping) {
        (None, _) => Value::list(list),
        (Some(_), false) => Value::map(map),
        (Some(_), true) => {
            let groups = groups.into_iter();
            Value::map(
                groups
                    .map(|(key, items)| (key, Value::list(items)))
                    .collect(),
            )
        }
    })
}

pub(super) type Pairs = Vec<(Value, Value)>;

/// The keys and values of a collection, in order; none where it waits for a variable.
pub(super) fn pairs(context: &Context, collection: &Value, span: Span) -> Eval<Option<Pairs>> {
    let pairs: Pairs = match collection {
        Value::Unset(_) => return Ok(None),
        Value::List(_) => {
            let items = collection.items().unwrap_or_default();
            let indexed = items.iter().enumerate();
            indexed
                .map(|(at, item)| (Value::int(at), item.clone()))
                .collect()
        }
        Value::Set(_) => {
            let items = collection.items().unwrap_or_default();
            items
                .iter()
                .map(|item| (item.clone(), item.clone()))
                .collect()
        }
        Value::Map(_) => {
            let members = collection.members().into_iter().flatten();
            members
                .map(|(key, item)| (Value::Text(key.clone()), item.clone()))
                .collect()
        }
        Value::Holes(_) => return Err(not_yet("what a `for` goes through", span)),
        other => {
            return Err(Diagnostic::error(
                "wrong-type",
                "a `for` or a `dynamic` goes through a list, a set or a map",
            )
            .at(span, format!("this is {}", other.describe()))
            .into());
        }
    };
    context.spend(pairs.len(), span)?;
    Ok(Some(pairs))
}

fn template(context: &Context, scope: &Scope, pieces: &[Piece], span: Span) -> Eval<Value> {
    // A template that is one value and nothing else is that value.
    if let [Piece::Value(expr)] = pieces {
        return evaluate(context, scope, expr);
    }
    let mut text = TextBuilder::default();
    let mut unset = Vec::new();
    push_pieces(context, scope, pieces, &mut text, &mut unset, span)?;
    let made = text.finish();
    Ok(merge_unset(unset).unwrap_or(made))
}

/// One unset value that waits for everything that these wait for; none if they wait for nothing.
pub(super) fn merge_unset(values: impl IntoIterator<Item = Value>) -> Option<Value> {
    let names: std::collections::BTreeSet<Rc<str>> = values
        .into_iter()
        .flat_map(|value| value.unset_variables())
        .collect();
    (!names.is_empty()).then(|| Value::Unset(Rc::new(names)))
}

fn push_pieces(
    context: &Context,
    scope: &Scope,
    pieces: &[Piece],
    text: &mut TextBuilder,
    unset: &mut Vec<Value>,
    span: Span,
) -> Eval<()> {
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => {
                context.produce(literal.len(), span)?;
                text.push(literal);
            }
            Piece::Value(expr) => {
                let value = evaluate(context, scope, expr)?;
                push_text(context, text, &value, expr.span)?;
                if let Value::Unset(_) = value {
                    unset.push(value);
                }
            }
            Piece::If {
                condition: test,
                yes,
                no,
            } => match condition(context, scope, test)? {
                Condition::Known(true) => push_pieces(context, scope, yes, text, unset, span)?,
                Condition::Known(false) => push_pieces(context, scope, no, text, unset, span)?,
                Condition::Unset(value) => unset.push(value),
            },
            Piece::For {
                key,
                value,
                collection,
                body,
            } => {
                let through = evaluate(context, scope, collection)?;
                let Some(pairs) = pairs(context, &through, collection.span)? else {
                    unset.push(through);
                    continue;
                };
                for (key_value, item) in pairs {
                    let mut names = vec![(value.clone(), item)];
                    names.extend(key.clone().map(|name| (name, key_value)));
                    let scope = Scope::new(scope, names);
                    push_pieces(context, &scope, body, text, unset, span)?;
                }
            }
        }
    }
    Ok(())
}

/// Appends a value as text.
pub(super) fn push_text(
    context: &Context,
    text: &mut TextBuilder,
    value: &Value,
    span: Span,
) -> Eval<()> {
    match convert(value, &Type::String) {
        Ok(Value::Text(part)) => {
            context.produce(part.len(), span)?;
            text.push(&part);
        }
        Ok(Value::Holes(parts)) => {
            context.produce(64 * parts.len(), span)?;
            text.push_holes(&parts);
        }
        Ok(Value::Unset(_)) => {}
        Ok(_) => {
            return Err(Diagnostic::error("wrong-type", "text cannot hold null")
                .at(span, "this is null")
                .into());
        }
        Err(why) => return Err(Diagnostic::error("wrong-type", why).at(span, "here").into()),
    }
    Ok(())
}

/// Something needs a value that only an apply makes known.
pub(super) fn not_yet(what: &str, span: Span) -> Failure {
    Diagnostic::error(
        "not-known-yet",
        format!("{what} cannot depend on a value that is known only after an apply"),
    )
    .at(span, "a resource's output")
    .help("outputs can stand in attributes and in templates, as in `\"api://${self.client_id}\"`")
    .into()
}

/// Something needs variables that nobody gave a value.
pub(super) fn no_value<'a>(names: impl Iterator<Item = &'a Rc<str>>, span: Span) -> Failure {
    let names: Vec<&str> = names.map(|name| &**name).collect();
    let (first, quoted) = match names.as_slice() {
        [one] => (*one, format!("variable `{one}`")),
        many => (
            many.first().copied().unwrap_or_default(),
            format!("variables `{}`", many.join("`, `")),
        ),
    };
    Diagnostic::error("no-value", format!("no value for {quoted}"))
        .at(span, "needed here")
        .help(format!(
            "set it with `-var {first}=…`, with `TRUSTFORM_VAR_{first}`, in a `*.auto.vars.hcl` file, or give it a `default`"
        ))
        .into()
}
