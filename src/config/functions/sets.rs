//! Functions on sets.

use std::collections::BTreeSet;

use super::Arguments;
use crate::config::context::{Eval, Failure};
use crate::config::convert::{Type, type_of, unify};
use crate::config::value::Value;

/// How many combinations `setproduct` makes at most.
const COMBINATIONS: usize = 100_000;

/// Every combination of one element of each: a set of lists where one argument is a set.
pub(super) fn setproduct(arguments: &Arguments) -> Eval<Value> {
    let mut combinations: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..arguments.values.len() {
        let to = match arguments.value(at) {
            Value::Set(_) => Type::Set(Box::new(Type::Any)),
            _ => Type::List(Box::new(Type::Any)),
        };
        let one = arguments.converted(at, &to)?;
        let Some(items) = one.items() else {
            return Err(arguments.wrong(at, "expected a list"));
        };
        let number = combinations.len().saturating_mul(items.len());
        if number > COMBINATIONS {
            return Err(arguments.wrong(at, "more than 100,000 combinations"));
        }
        arguments
            .context
            .spend(number.saturating_mul(at + 1), arguments.span)?;
        combinations = combinations
            .iter()
            .flat_map(|before| {
                items
                    .iter()
                    .map(|item| [before.as_slice(), std::slice::from_ref(item)].concat())
            })
            .collect();
    }
    let lists = combinations.into_iter().map(Value::list);
    if arguments.all().any(|value| matches!(value, Value::Set(_))) {
        return Ok(Value::set(lists));
    }
    Ok(Value::list(lists.collect()))
}

pub(super) fn setunion(arguments: &Arguments) -> Eval<Value> {
    Ok(Value::set(sets(arguments)?.into_iter().flatten()))
}

pub(super) fn setintersection(arguments: &Arguments) -> Eval<Value> {
    known(arguments)?;
    let sets = sets(arguments)?;
    let common = sets.into_iter().reduce(|a, b| &a & &b);
    Ok(Value::set(common.unwrap_or_default()))
}

pub(super) fn setsubtract(arguments: &Arguments) -> Eval<Value> {
    known(arguments)?;
    let sets = sets(arguments)?;
    let left = sets.into_iter().reduce(|a, b| &a - &b);
    Ok(Value::set(left.unwrap_or_default()))
}

fn known(arguments: &Arguments) -> Eval<()> {
    (0..arguments.values.len()).try_for_each(|at| arguments.known(at).map(|_| ()))
}

fn mixed(arguments: &Arguments, at: usize) -> Failure {
    arguments.wrong(at, "all elements must have one type")
}

/// The arguments as sets of one type.
fn sets(arguments: &Arguments) -> Eval<Vec<BTreeSet<Value>>> {
    let mut types = Vec::new();
    // Each argument's first, as Terraform does: the text in a list of mixed elements is text for the others.
    for at in 0..arguments.values.len() {
        let own: Vec<_> = arguments.items(at)?.iter().map(type_of).collect();
        types.push(unify(&own).ok_or_else(|| mixed(arguments, at))?);
    }
    let Some(common) = unify(&types) else {
        return Err(mixed(arguments, 0));
    };
    let to = Type::Set(Box::new(common));
    (0..arguments.values.len())
        .map(|at| {
            let set = arguments.converted(at, &to)?;
            Ok(set.items().unwrap_or_default().iter().cloned().collect())
        })
        .collect()
}
