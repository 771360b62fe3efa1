//! Claims-matching expressions (language version 1): the tree, its text, and whether a token satisfies it.
//!
//! The grammar, from Microsoft's page "Set up a Flexible Federated identity credential" (2026-09-18) and entra-docs
//! `workload-identities-flexible-federated-identity-credentials.md`:
//!
//! ```text
//! expression = clause *( " and " clause )
//! clause     = "claims['" name "']" " " ( "eq" / "matches" ) " '" comparand "'"
//! ```
//!
//! `eq` compares exactly, `matches` knows `*` (any characters) and `?` (one character) and is anchored at both ends; both are
//! case-sensitive. How a quote inside a comparand is written is not documented, so none is allowed here.

mod clause;
mod lex;
mod parse;

use std::fmt;
use std::ops::Range;

use super::claims::Claims;
use super::pattern::Pattern;

/// The `languageVersion` that Graph takes; there is no other.
pub const LANGUAGE_VERSION: u32 = 1;

/// The longest expression that is read, in bytes. Entra's own limit is not documented.
pub const MAX_BYTES: usize = 4096;

/// A conjunction of clauses, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    clauses: Vec<Clause>,
}

/// `claims['name'] operator 'comparand'`. The spans are byte ranges of the text that was parsed; names and comparands without their quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    pub claim: String,
    pub operator: Operator,
    pub comparand: String,
    pub span: Range<usize>,
    pub claim_span: Range<usize>,
    pub operator_span: Range<usize>,
    pub comparand_span: Range<usize>,
}

/// The documented operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    Eq,
    Matches,
}

/// One thing wrong with an expression's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// Bytes of the text.
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Everything that could be found wrong, in the order of the text; never empty.
    pub fn parse(text: &str) -> Result<Self, Vec<ExpressionError>> {
        parse::parse(text).map(|clauses| Self { clauses })
    }

    /// The clauses, in the order of the text; at least one.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Whether every clause holds of these claims.
    pub fn evaluate(&self, claims: &Claims) -> bool {
        self.first_failing(claims).is_none()
    }

    /// The first clause that does not hold of these claims.
    pub fn first_failing(&self, claims: &Claims) -> Option<&Clause> {
        self.clauses.iter().find(|clause| !clause.holds(claims))
    }
}

impl Clause {
    /// Whether the claim is there, has a string form, and satisfies the operator.
    pub fn holds(&self, claims: &Claims) -> bool {
        claims
            .text(&self.claim)
            .is_some_and(|text| match self.operator {
                Operator::Eq => text == self.comparand,
                Operator::Matches => self.pattern().matches(&text),
            })
    }

    /// The set of texts that satisfy the operator.
    pub fn pattern(&self) -> Pattern {
        match self.operator {
            Operator::Eq => Pattern::literal(&self.comparand),
            Operator::Matches => Pattern::glob(&self.comparand),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, clause) in self.clauses.iter().enumerate() {
            let joint = if index == 0 { "" } else { " and " };
            write!(f, "{joint}{clause}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "claims['{}'] {} '{}'",
            self.claim, self.operator, self.comparand
        )
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "eq",
            Self::Matches => "matches",
        })
    }
}

#[cfg(test)]
mod tests;
