//! Functions that convert.

use super::Arguments;
use crate::config::context::Eval;
use crate::config::convert::Type;
use crate::config::value::Value;

pub(super) fn tostring(arguments: &Arguments) -> Eval<Value> {
    arguments.converted(0, &Type::String)
}

pub(super) fn tonumber(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    arguments.converted(0, &Type::Number)
}

pub(super) fn tobool(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    arguments.converted(0, &Type::Bool)
}

pub(super) fn tolist(arguments: &Arguments) -> Eval<Value> {
    arguments.converted(0, &Type::List(Box::new(Type::Any)))
}

pub(super) fn toset(arguments: &Arguments) -> Eval<Value> {
    arguments.converted(0, &Type::Set(Box::new(Type::Any)))
}

pub(super) fn tomap(arguments: &Arguments) -> Eval<Value> {
    arguments.converted(0, &Type::Map(Box::new(Type::Any)))
}
