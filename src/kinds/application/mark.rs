//! The tags that prove an application ours, and those that protect it.

use std::collections::BTreeSet;

use crate::model::address::Address;
use crate::model::credential_name::{short_hash, slug};
use crate::model::value::Value;

/// Every mark begins like this.
pub const PREFIX: &str = "trustform:";

/// Written while `protect = true`, so that deleting the block does not lift the protection.
pub const PROTECT: &str = "trustform:protect";

/// `trustform:<stack>:<8 hex of the hash of stack and unique name>`: copied to another object it proves nothing.
pub fn mark(stack: &str, unique_name: &str) -> String {
    format!("{}{}", prefix(stack), short_hash(&[stack, unique_name], 8))
}

/// What every mark of a stack begins with: the filter that finds its applications.
pub fn prefix(stack: &str) -> String {
    format!("{PREFIX}{stack}:")
}

/// The unique name that an address gets: `<stack>.<label>`, with modules and instance keys joined by `.`.
/// Where that has other characters or is too long, a slug and 8 hexadecimal digits stand in for it.
pub fn unique_name(stack: &str, address: &Address) -> String {
    let names = address.modules.iter().chain(&address.segments);
    let plain = std::iter::once(stack.to_owned())
        .chain(names.map(|segment| segment.name()))
        .collect::<Vec<_>>()
        .join(".");
    let fits = plain.len() <= 120
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let mut all = address.modules.iter().chain(&address.segments);
    if fits && !all.any(|segment| segment.key.is_some()) {
        plain
    } else {
        // `x-1` may be a label or an instance: the hash over the address tells them apart.
        let hash = short_hash(&[stack, &address.to_string()], 8);
        format!("{}-{hash}", slug(&plain.replace('.', "-"), 111))
    }
}

/// The tags that are not marks.
pub fn without(tags: &Value) -> BTreeSet<Value> {
    tags.items().filter(|tag| !is_mark(tag)).cloned().collect()
}

pub fn is_mark(tag: &Value) -> bool {
    tag.as_str().is_some_and(|tag| tag.starts_with(PREFIX))
}

/// Whether the tags hold this one.
pub fn has(tags: Option<&Value>, wanted: &str) -> bool {
    tags.is_some_and(|tags| tags.items().any(|tag| tag.as_str() == Some(wanted)))
}
