//! Typed builders: each knows its platform's issuer and subjects, and their traps. One file each.
//!
//! To add one: write its file with a `BUILDER`, its `mod` line, and its line in [`ALL`]. The field table of
//! `federated_credential` and its group of alternatives are made from that list.

mod aws;
mod azure_devops;
mod block;
mod buildkite;
mod circleci;
mod github;
mod github_template;
mod gitlab;
mod google;
mod kubernetes;
mod managed_identity;
mod spiffe;
mod terraform_cloud;

#[cfg(test)]
mod tests;

use crate::model::schema::{Compare, Field};
use crate::model::value::{Part, Value};

pub use block::{Block, join};

/// A platform's block: what may stand in it, and what it means.
pub struct Builder {
    /// The block's word.
    pub name: &'static str,
    pub doc: &'static str,
    pub fields: &'static [Field],
    /// What the block means. Nothing is made of a block that it complains about.
    pub build: fn(&mut Block) -> Option<Trusts>,
}

/// What a builder makes: an issuer, and one or more subjects or expressions.
pub struct Trusts {
    pub issuer: Value,
    pub matches: Vec<Match>,
}

/// One subject or expression.
pub struct Match {
    /// An instance key, used where there are several.
    pub key: &'static str,
    /// `subject` or `claims_matching_expression`.
    pub member: &'static str,
    pub text: Value,
}

/// Every builder.
pub const ALL: &[Builder] = &[
    github::BUILDER,
    gitlab::BUILDER,
    azure_devops::BUILDER,
    kubernetes::BUILDER,
    terraform_cloud::BUILDER,
    spiffe::BUILDER,
    managed_identity::BUILDER,
    google::BUILDER,
    aws::BUILDER,
    buildkite::BUILDER,
    circleci::BUILDER,
];

/// `before`, a field for each builder, `after`: a const function, because a field table is a constant.
pub const fn with_fields<const N: usize>(before: &[Field], after: &[Field]) -> [Field; N] {
    let mut fields = [const { Field::bool("", "") }; N];
    let mut at = 0;
    while at < N {
        fields[at] = if at < before.len() {
            before[at]
        } else if at < before.len() + ALL.len() {
            let builder = &ALL[at - before.len()];
            Field::block(builder.name, builder.fields, builder.doc).compare(Compare::Never)
        } else {
            after[at - before.len() - ALL.len()]
        };
        at += 1;
    }
    fields
}

/// `before`, and every builder's name.
pub const fn with_names<const N: usize>(before: &[&'static str]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = if at < before.len() {
            before[at]
        } else {
            ALL[at - before.len()].name
        };
        at += 1;
    }
    names
}

impl Match {
    pub fn subject(text: impl Into<Value>) -> Self {
        Self {
            key: "",
            member: "subject",
            text: text.into(),
        }
    }

    pub fn expression(text: impl Into<Value>) -> Self {
        Self {
            key: "",
            member: "claims_matching_expression",
            text: text.into(),
        }
    }

    pub fn keyed(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }
}

/// Whether a text has one of an expression's wildcards.
pub fn wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// `claims['claim'] eq 'text'`, or `matches` where the text has a wildcard.
pub fn clause(claim: &str, text: &str) -> String {
    let operator = if wild(text) { "matches" } else { "eq" };
    format!("claims['{claim}'] {operator} '{text}'")
}

/// Appends a part to others; literals that meet become one.
fn push(parts: &mut Vec<Part>, part: &Part) {
    match (parts.last_mut(), part) {
        (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(text),
        (_, part) => parts.push(part.clone()),
    }
}
