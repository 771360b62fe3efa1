//! What a function was given, one by one.

use std::rc::Rc;

use super::super::context::{Eval, Failure};
use super::super::convert::{Type, convert};
use super::super::evaluate::not_yet;
use super::super::value::Value;
use super::Arguments;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// The work of beginning to read a document, in steps.
const READING: usize = 200;

impl Arguments<'_, '_> {
    pub(super) fn value(&self, at: usize) -> &Value {
        self.values.get(at).map_or(&Value::Null, |(value, _)| value)
    }

    pub(super) fn place(&self, at: usize) -> Span {
        self.values.get(at).map_or(self.span, |(_, span)| *span)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().map(|(value, _)| value)
    }

    /// An error about one argument.
    pub(super) fn wrong(&self, at: usize, why: impl std::fmt::Display) -> Failure {
        Diagnostic::error("function", format!("`{}`: {why}", self.name))
            .at(
                self.place(at),
                format!("this is {}", self.value(at).describe()),
            )
            .into()
    }

    /// An argument that must be known now.
    pub(super) fn known(&self, at: usize) -> Eval<&Value> {
        let value = self.value(at);
        if value.has_holes() {
            return Err(self.hidden(at));
        }
        Ok(value)
    }

    pub(super) fn hidden(&self, at: usize) -> Failure {
        not_yet(&format!("what `{}` looks into", self.name), self.place(at))
    }

    /// An argument as known text.
    pub(super) fn text(&self, at: usize) -> Eval<Rc<str>> {
        match convert(self.known(at)?, &Type::String) {
            Ok(Value::Text(text)) => Ok(text),
            Ok(_) => Err(self.wrong(at, "expected a string")),
            Err(why) => Err(self.wrong(at, why)),
        }
    }

    /// An argument as a document that is read now, or as the path of one.
    pub(super) fn document(&self, at: usize) -> Eval<Rc<str>> {
        self.context.spend(READING, self.span)?;
        self.text(at)
    }

    /// An argument as a whole number.
    pub(super) fn whole(&self, at: usize) -> Eval<i64> {
        match convert(self.known(at)?, &Type::Number) {
            Ok(Value::Number(number)) if number.0.fract() == 0.0 => Ok(number.0 as i64),
            _ => Err(self.wrong(at, "expected a whole number")),
        }
    }

    /// An argument's elements: of a list or a set.
    pub(super) fn items(&self, at: usize) -> Eval<&[Value]> {
        let items = self.value(at).items();
        items.ok_or_else(|| self.wrong(at, "expected a list"))
    }

    /// An argument's elements in their order: a set has none.
    pub(super) fn ordered(&self, at: usize) -> Eval<&[Value]> {
        match self.value(at) {
            Value::Set(_) => Err(self.wrong(at, "a set has no order: `tolist` makes a list of it")),
            _ => self.items(at),
        }
    }

    /// An argument in another type: each part is looked at, and its type compared with the others'.
    pub(super) fn converted(&self, at: usize, ty: &Type) -> Eval<Value> {
        let cost = self.value(at).size().weight / 4;
        self.context.spend(cost, self.span)?;
        convert(self.value(at), ty).map_err(|why| self.wrong(at, why))
    }

    /// The first argument as a list whose elements have one type.
    pub(super) fn list_of(&self, element: Type) -> Eval<Vec<Value>> {
        let list = self.converted(0, &Type::List(Box::new(element)))?;
        let items = list.items().map(<[Value]>::to_vec);
        items.ok_or_else(|| self.wrong(0, "expected a list"))
    }

    /// Text as a result.
    pub(super) fn made(&self, text: String) -> Eval<Value> {
        self.context.produce(text.len(), self.span)?;
        Ok(Value::text(text))
    }
}
