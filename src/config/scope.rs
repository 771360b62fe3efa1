//! Names that a place binds: `each`, `count`, `self`, and what a `for` goes through.

use std::rc::Rc;

use super::value::Value;

/// Names bound here, and those around them.
pub(super) struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    names: Vec<(Rc<str>, Value)>,
}

impl<'a> Scope<'a> {
    pub const EMPTY: Scope<'static> = Scope {
        outer: None,
        names: Vec::new(),
    };

    pub fn root(names: Vec<(Rc<str>, Value)>) -> Self {
        Self { outer: None, names }
    }

    pub fn new(outer: &'a Scope<'a>, names: Vec<(Rc<str>, Value)>) -> Self {
        Self {
            outer: Some(outer),
            names,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        let here = self.names.iter().rev().find(|(bound, _)| &**bound == name);
        here.map(|(_, value)| value)
            .or_else(|| self.outer?.get(name))
    }
}
