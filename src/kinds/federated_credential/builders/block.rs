//! A builder's block while it is read: its values, and what there is to say of them.

use super::push;
use crate::model::desired::Stack;
use crate::model::schema::Complaint;
use crate::model::value::Value;

/// A block, what stands around it, and what is said of it.
pub struct Block<'a> {
    value: &'a Value,
    /// The `issuer` that stands beside the block.
    issuer: Option<&'a Value>,
    pub stack: &'a Stack,
    /// What is wrong, by the path of the member; the empty path is the whole block.
    pub complaints: Vec<(&'static str, Complaint)>,
    /// What is right and worth knowing.
    pub notes: Vec<(&'static str, Complaint)>,
}

impl<'a> Block<'a> {
    pub fn new(value: &'a Value, issuer: Option<&'a Value>, stack: &'a Stack) -> Self {
        Self {
            value,
            issuer: issuer.filter(|issuer| !issuer.is_empty()),
            stack,
            complaints: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A member that has a value.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_empty())
    }

    /// A member's text, where it is known.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name).and_then(Value::as_str)
    }

    /// Which of these are given; a switch that is off is not.
    pub fn given(&self, names: &[&'static str]) -> Vec<&'static str> {
        let given = |name: &&'static str| {
            self.value(name)
                .is_some_and(|value| *value != Value::Bool(false))
        };
        names.iter().copied().filter(given).collect()
    }

    pub fn complain(
        &mut self,
        path: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.complaints
            .push((path, Complaint::new(message).help(help)));
    }

    pub fn note(
        &mut self,
        path: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.notes.push((path, Complaint::new(message).help(help)));
    }

    /// Every one of these must be known now: it decides what is made.
    pub fn known(&mut self, names: &[&'static str]) {
        for name in names.iter().copied() {
            if self.value(name).is_some_and(|value| !value.is_known()) {
                self.complain(
                    name,
                    format!(
                        "`{name}` is known only after an apply, and this subject cannot wait for it"
                    ),
                    "give it as a literal or a variable",
                );
            }
        }
    }

    /// A member that must be a GUID, where it is given and known.
    pub fn guid(&mut self, name: &'static str, help: &str) {
        if let Some(text) = self.text(name)
            && !crate::kinds::api::is_guid(text)
        {
            self.complain(name, format!("`{text}` is not a GUID"), help);
        }
    }

    /// A member that must be digits alone.
    pub fn digits(&mut self, name: &'static str, help: &str) {
        if let Some(text) = self.text(name)
            && !text.chars().all(|c| c.is_ascii_digit())
        {
            self.complain(name, format!("`{text}` is not a numeric id"), help);
        }
    }

    /// A host without scheme, path or port.
    pub fn host(&mut self, name: &'static str, example: &str) {
        if let Some(text) = self.text(name)
            && (!text.contains('.')
                || text.contains(['/', ':', '*', '?', '@'])
                || text != text.trim())
        {
            self.complain(
                name,
                format!("`{text}` is not a host"),
                format!("give the host alone, without `https://`, port or path, as in `{example}`"),
            );
        }
    }

    /// Characters that would end the text inside an expression.
    pub fn quotes(&mut self, names: &[&'static str]) {
        for name in names.iter().copied() {
            if let Some(text) = self.text(name)
                && text.contains(['\'', '\n', '\r'])
            {
                self.complain(
                    name,
                    format!("`{name}` holds a quote or a line break"),
                    "no platform's names have one: how to escape it in an expression is not documented",
                );
            }
        }
    }

    /// The issuer: in the block, beside it, or the platform's.
    pub fn issuer(&mut self, default: &str) -> Value {
        let inside = self.value("issuer");
        if let (Some(inside), Some(beside)) = (inside, self.issuer)
            && inside != beside
        {
            self.complain(
                "issuer",
                "there is another `issuer` beside the block",
                "keep one of the two",
            );
        }
        inside
            .or(self.issuer)
            .cloned()
            .unwrap_or_else(|| default.into())
    }

    /// Says that an issuer beside the block has no place there.
    pub fn own_issuer(&mut self, why: &str) {
        if self.issuer.is_some() {
            self.complain(
                "",
                format!("an `issuer` stands beside the block: {why}"),
                "remove it",
            );
        }
    }
}

/// Text pieces joined, holes and all.
pub fn join<'a>(pieces: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut parts = Vec::new();
    for piece in pieces {
        if let Value::Text(piece) = piece {
            piece.iter().for_each(|part| push(&mut parts, part));
        }
    }
    Value::Text(parts)
}
