//! Typed builders: each knows its platform's issuer and subjects, and their traps. One file each.

pub mod github;
pub mod kubernetes;
pub mod spiffe;

use crate::model::schema::Complaint;
use crate::model::value::{Part, Value};

/// What a builder makes: an issuer, and one or more subjects or expressions.
pub struct Trusts {
    pub issuer: Value,
    /// An instance key (used when there are several), the member (`subject` or `claims_matching_expression`), its text.
    pub matches: Vec<(&'static str, &'static str, Value)>,
}

/// Complaints about the block's members, by path.
pub type Complaints = Vec<(&'static str, Complaint)>;

/// From a block, and the issuer that stands beside it, to trusts.
pub type Builder = fn(&Value, Option<&str>) -> Result<Trusts, Complaints>;

/// Every builder, by the block's name.
pub static ALL: &[(&str, Builder)] = &[
    ("github", github::build),
    ("kubernetes", kubernetes::build),
    ("spiffe", spiffe::build),
];

/// Text pieces joined, holes and all.
pub fn join<'a>(pieces: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut parts: Vec<Part> = Vec::new();
    for piece in pieces {
        let Value::Text(piece) = piece else { continue };
        for part in piece {
            match (parts.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(text),
                (_, part) => parts.push(part.clone()),
            }
        }
    }
    Value::Text(parts)
}

/// A member of the block that has a value.
pub fn member<'a>(block: &'a Value, name: &str) -> Option<&'a Value> {
    block.get(name).filter(|value| !value.is_empty())
}
