//! Functions that convert.

use super::Arguments;
use crate::config::context::Eval;
use crate::config::convert::{Type, convert};
use crate::config::value::Value;

/// The first argument in another type.
pub(super) fn to(arguments: &Arguments, ty: &Type) -> Eval<Value> {
    // Each part is looked at, and with the others' types compared.
    let cost = arguments.value(0).size().weight / 4;
    arguments.context.spend(cost, arguments.span)?;
    convert(arguments.value(0), ty).map_err(|why| arguments.wrong(0, why))
}

pub(super) fn tostring(arguments: &Arguments) -> Eval<Value> {
    to(arguments, &Type::String)
}

pub(super) fn tonumber(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    to(arguments, &Type::Number)
}

pub(super) fn tobool(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    to(arguments, &Type::Bool)
}

pub(super) fn tolist(arguments: &Arguments) -> Eval<Value> {
    to(arguments, &Type::List(Box::new(Type::Any)))
}

pub(super) fn toset(arguments: &Arguments) -> Eval<Value> {
    to(arguments, &Type::Set(Box::new(Type::Any)))
}

pub(super) fn tomap(arguments: &Arguments) -> Eval<Value> {
    to(arguments, &Type::Map(Box::new(Type::Any)))
}
