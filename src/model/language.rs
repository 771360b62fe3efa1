//! The blocks of the language itself, as the reference and the JSON Schema show them.

use super::schema::Field;

/// A block that is no resource.
pub struct LanguageBlock {
    pub word: &'static str,
    pub doc: &'static str,
    pub stands: Stands,
    pub attributes: Attributes,
}

/// How a block is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// With a name.
    Named,
    /// Without a name, once.
    Alone,
    /// Without a name, as often as wanted.
    Repeated,
}

/// What a block of the language takes.
pub enum Attributes {
    /// As a resource's: a field table.
    Fields(&'static [Field]),
    /// Attributes with rules of their own.
    Own(&'static [Attribute]),
    /// The same, and any name with any value beside them.
    Open(&'static [Attribute]),
    /// Any name, any value.
    Free,
}

/// An attribute of a block of the language.
#[derive(Clone, Copy)]
pub struct Attribute {
    pub name: &'static str,
    pub takes: Takes,
    pub required: bool,
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Bool,
    Text,
    /// A value of any type.
    Any,
    /// A type expression, such as `list(string)`.
    TypeExpression,
}

impl Attribute {
    pub const fn new(name: &'static str, takes: Takes, doc: &'static str) -> Self {
        Self {
            name,
            takes,
            required: false,
            doc,
        }
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// An expression that has another answer than in Terraform.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    pub expression: &'static str,
    /// What Terraform 1.11 says, in JSON or in words.
    pub terraform: &'static str,
    /// The answer here, in JSON; or the error.
    pub here: &'static str,
    pub why: &'static str,
}
