//! What evaluation works with: what is declared, what is already known, and what was said.
//!
//! A stack and each instance of a module have a [`Context`] of their own; what they have in common is [`Shared`].

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::{Rc, Weak};

use super::budget::Budget;
use super::declare::Declared;
use super::files::Entry;
use super::instances::Instances;
use super::library::Library;
use super::modules::{Caller, Calls};
use super::references::Kinds;
use super::value::Value;
use super::{Access, FileError};
use crate::model::address::{Address, Segment};
use crate::model::diagnostic::{Diagnostic, MOST};
use crate::model::source::{SourceId, Sources, Span};

/// How many things are said of one load; nobody reads the rest.
const SAID: usize = MOST + 1;
/// Why there is no value.
#[derive(Debug)]
pub(super) enum Failure {
    /// This is to be said, unless somebody recovers from it.
    Said(Box<Diagnostic>),
    /// This is to be said: a name that nothing declares is a mistake, wherever it stands.
    Undeclared(Box<Diagnostic>),
    /// It was said already, where it came from.
    Reported,
}

impl Failure {
    pub fn undeclared(diagnostic: Diagnostic) -> Self {
        Failure::Undeclared(Box::new(diagnostic))
    }
}

pub(super) type Eval<T> = Result<T, Failure>;

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Failure::Said(Box::new(diagnostic))
    }
}

/// A thing that is worked out when it is first named: what came of it, or that it is under way.
pub(super) enum Memo<T> {
    Known(T),
    Failed,
}

/// The stack, or one instance of a module: its own names.
pub(super) struct Context<'a> {
    shared: Rc<Shared<'a>>,
    me: Weak<Context<'a>>,
    pub declared: &'a Declared,
    /// The modules around it.
    pub place: Vec<Segment>,
    /// The directory of its files, from the stack's.
    pub directory: Rc<str>,
    /// Who made it; none for the stack.
    pub caller: Option<Caller<'a>>,
    pub variables: RefCell<BTreeMap<Rc<str>, Memo<Value>>>,
    pub locals: RefCell<BTreeMap<Rc<str>, Memo<Value>>>,
    pub outputs: RefCell<BTreeMap<Rc<str>, Memo<Value>>>,
    pub instances: RefCell<BTreeMap<String, Memo<Rc<Instances>>>>,
    pub modules: RefCell<BTreeMap<Rc<str>, Memo<Rc<Calls<'a>>>>>,
}

/// What all modules of a load have in common.
pub(super) struct Shared<'a> {
    pub kinds: Kinds<'a>,
    pub library: &'a Library,
    access: Access<'a>,
    pub sources: RefCell<&'a mut Sources>,
    files: RefCell<BTreeMap<String, Result<Rc<str>, FileError>>>,
    said: RefCell<Vec<Diagnostic>>,
    /// What is being worked out, to find cycles.
    active: RefCell<Vec<(String, Span)>>,
    pub budget: Budget,
    rendering: Cell<bool>,
}

impl<'a> Deref for Context<'a> {
    type Target = Shared<'a>;

    fn deref(&self) -> &Shared<'a> {
        &self.shared
    }
}

impl<'a> Context<'a> {
    /// The stack's own.
    pub fn root(
        kinds: Kinds<'a>,
        library: &'a Library,
        declared: &'a Declared,
        access: Access<'a>,
        sources: &'a mut Sources,
    ) -> Rc<Self> {
        let shared = Rc::new(Shared {
            kinds,
            library,
            access,
            sources: RefCell::new(sources),
            files: RefCell::default(),
            said: RefCell::default(),
            active: RefCell::default(),
            budget: Budget::default(),
            rendering: Cell::new(false),
        });
        Self::made(shared, declared, Vec::new(), ".".into(), None)
    }

    /// An instance of a module.
    pub fn module(
        &self,
        declared: &'a Declared,
        segment: Segment,
        directory: Rc<str>,
        caller: Caller<'a>,
    ) -> Eval<Rc<Self>> {
        self.call(caller.call.header)?;
        let place = [self.place.as_slice(), &[segment]].concat();
        Ok(Self::made(
            self.shared.clone(),
            declared,
            place,
            directory,
            Some(caller),
        ))
    }

    fn made(
        shared: Rc<Shared<'a>>,
        declared: &'a Declared,
        place: Vec<Segment>,
        directory: Rc<str>,
        caller: Option<Caller<'a>>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            shared,
            me: me.clone(),
            declared,
            place,
            directory,
            caller,
            variables: RefCell::default(),
            locals: RefCell::default(),
            outputs: RefCell::default(),
            instances: RefCell::default(),
            modules: RefCell::default(),
        })
    }

    pub fn me(&self) -> Weak<Context<'a>> {
        self.me.clone()
    }

    /// The module that a resource is declared in.
    pub fn owner(&self, address: &Address) -> Option<Rc<Context<'a>>> {
        let mut at = self.me.upgrade()?;
        if at.place == address.modules {
            return Some(at);
        }
        while let Some(caller) = &at.caller {
            at = caller.context.upgrade()?;
        }
        for segment in &address.modules {
            let inner = match at.modules.borrow().get(segment.label.as_str()) {
                Some(Memo::Known(calls)) => calls.instance(&segment.key),
                _ => None,
            };
            at = inner?;
        }
        Some(at)
    }

    /// What a name is called in messages: with the modules around it.
    pub fn qualified(&self, name: &str) -> String {
        let mut text = String::new();
        for segment in &self.place {
            text.push_str(&format!("{segment}."));
        }
        text + name
    }

    /// Whether something is written in YAML.
    pub fn in_yaml(&self, span: Span) -> bool {
        super::files::is_yaml(&self.sources.borrow().get(span.source).name)
    }

    /// Works out what is called `name`; an error with the path if that needs itself.
    pub fn resolve<T>(&self, name: &str, span: Span, run: impl FnOnce() -> Eval<T>) -> Eval<T> {
        let name = self.qualified(name);
        let cycle = {
            let active = self.active.borrow();
            let from = active.iter().position(|(other, _)| *other == name);
            from.map(|from| cycle(&active[from..], span))
        };
        if let Some(cycle) = cycle {
            return Err(cycle.into());
        }
        self.active.borrow_mut().push((name, span));
        let result = run();
        self.active.borrow_mut().pop();
        result
    }
}

impl Shared<'_> {
    pub fn say(&self, diagnostic: Diagnostic) {
        let mut said = self.said.borrow_mut();
        let failed = said.last().is_some_and(Diagnostic::is_error);
        // One error has to be left, whatever came before it.
        if said.len() < SAID || (diagnostic.is_error() && !failed) {
            said.push(diagnostic);
        } else if failed {
            self.stop();
        }
    }

    /// Says what a failure has to say.
    pub fn report(&self, failure: Failure) {
        match failure {
            Failure::Said(diagnostic) | Failure::Undeclared(diagnostic) => self.say(*diagnostic),
            Failure::Reported => {}
        }
    }

    /// The value, or none once the failure is said.
    pub fn settle<T>(&self, result: Eval<T>) -> Option<T> {
        result.map_err(|failure| self.report(failure)).ok()
    }

    /// How much was said so far.
    pub fn said_so_far(&self) -> usize {
        self.said.borrow().len()
    }

    /// Names the instance that what was said since is about: a line may be wrong for one of many.
    pub fn of_instance(&self, since: usize, place: &str) {
        if place.contains('[') {
            for diagnostic in self.said.borrow_mut().iter_mut().skip(since) {
                diagnostic.subject.get_or_insert_with(|| place.to_owned());
            }
        }
    }

    pub fn finish(&self) -> Vec<Diagnostic> {
        self.said.take()
    }

    /// The text of a file that `file()` names.
    pub fn file(&self, path: &str) -> Result<Rc<str>, FileError> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone();
        }
        let read = (self.access.read)(path).map(|text| Rc::from(text.as_str()));
        self.files
            .borrow_mut()
            .insert(path.to_owned(), read.clone());
        read
    }

    /// What a directory holds.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>, FileError> {
        (self.access.list)(path)
    }

    /// Adds a text that errors may point into.
    pub fn add_source(&self, name: &str, text: &str) -> SourceId {
        self.sources.borrow_mut().add(name, text)
    }

    /// Renders a template; one inside another is refused, so that a template cannot render itself.
    pub fn rendering<T>(&self, span: Span, run: impl FnOnce() -> Eval<T>) -> Eval<T> {
        if self.rendering.replace(true) {
            return Err(
                Diagnostic::error("function", "a template cannot render another template")
                    .at(span, "inside a template")
                    .help("render it where the outer one is rendered, and give it as a name")
                    .into(),
            );
        }
        let result = run();
        self.rendering.set(false);
        result
    }
}

/// `path` leads from the thing named first back to it, at `span`.
fn cycle(path: &[(String, Span)], span: Span) -> Diagnostic {
    let mut names: Vec<&str> = path.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(path.first().map(|(name, _)| name.as_str()));
    let mut diagnostic = Diagnostic::error(
        "cycle",
        format!("`{}` needs itself: {}", names[0], names.join(" → ")),
    )
    .at(span, format!("needs `{}` again", names[0]));
    for (name, place) in path.iter().skip(1) {
        diagnostic = diagnostic.see(*place, format!("needs `{name}`"));
    }
    diagnostic.help("break the circle: one of these has to be written without the others")
}
