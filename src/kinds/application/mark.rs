//! The tags that prove an application ours, and those that protect it.

use std::collections::BTreeSet;

use crate::kinds::group_member;
use crate::model::address::{Address, InstanceKey, Segment};
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

/// Where a name that [`unique_name`] made comes from: the label, or the instance whose hash it ends with. None for a
/// hash over something else: a module's instance, or a key that the slug does not tell.
pub fn segment(kind: &str, stack: &str, name: &str) -> Option<Segment> {
    if let Some(label) = name.strip_prefix(&format!("{stack}.")) {
        return Some(Segment::new(kind, label));
    }
    let slug = name.strip_prefix(&format!("{}-", slug(stack, 111)))?;
    let (slug, _) = slug.rsplit_once('-')?;
    let made = |segment: &Segment| {
        let segments = vec![segment.clone()];
        let modules = Vec::new();
        unique_name(stack, &Address { modules, segments }) == name
    };
    let candidates = slug.match_indices('-').flat_map(|(at, _)| {
        let (label, key) = (&slug[..at], &slug[at + 1..]);
        let named = InstanceKey::Name(key.to_owned());
        let index = key.parse().ok().map(InstanceKey::Index);
        let keys = std::iter::once(named).chain(index);
        keys.map(move |key| Segment::new(kind, label).keyed(key))
    });
    candidates.into_iter().find(made)
}

/// The tags that are not marks.
pub fn without(tags: &Value) -> BTreeSet<Value> {
    tags.items().filter(|tag| !is_mark(tag)).cloned().collect()
}

pub fn is_mark(tag: &Value) -> bool {
    tag.as_str().is_some_and(|tag| tag.starts_with(PREFIX))
}

/// Whether a plan shows a mark when it comes or goes: what it is for is not said elsewhere.
pub fn is_shown(tag: &str) -> bool {
    tag == PROTECT || group_member::mark::is_one(tag)
}

/// Whether the tags hold this one.
pub fn has(tags: Option<&Value>, wanted: &str) -> bool {
    tags.is_some_and(|tags| tags.items().any(|tag| tag.as_str() == Some(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_where_they_come_from() {
        let back = |address: &str| {
            let address: Address = address.parse().unwrap();
            let found = segment(
                "application",
                "pay-ments",
                &unique_name("pay-ments", &address),
            );
            found.map(|segment| segment.to_string())
        };
        for address in [
            "application.api",
            "application.team[\"search\"]",
            "application.my-team[\"web-front\"]",
            "application.team[2]",
            "application.team[\"2\"]",
        ] {
            assert_eq!(back(address).as_deref(), Some(address));
        }
        assert_eq!(back("application.team[\"a/b\"]"), None);
        assert_eq!(back("module.m[\"k\"].application.api"), None);
    }
}
