//! The tags that prove an identity ours, and those that protect it.

use crate::kinds::group_member;
use crate::model::credential_name::short_hash;
use crate::model::value::{Map, Value};

/// The tag's name; its value is `<stack>:<8 hex of the hash of stack and id>`: copied to another identity it proves
/// nothing.
pub const NAME: &str = "trustform";

/// Written while `protect = true`, so that deleting the block does not lift the protection.
pub const PROTECT: &str = "trustform-protect";

/// The value of the mark; ids are compared without case.
pub fn value(stack: &str, id: &str) -> String {
    let hash = short_hash(&[stack, &id.to_ascii_lowercase()], 8);
    format!("{stack}:{hash}")
}

/// Our tags for an identity.
pub fn tags(stack: &str, id: &str, protect: bool) -> Map {
    let mut tags = Map::from([(NAME.to_owned(), value(stack, id).into())]);
    if protect {
        tags.insert(PROTECT.to_owned(), "true".into());
    }
    tags
}

/// The tags that are not ours.
pub fn without(tags: &Value) -> Map {
    let tags = shown(tags).into_iter();
    tags.filter(|(name, _)| !name.starts_with(group_member::mark::AZURE))
        .collect()
}

/// The tags that a plan shows: what those of memberships are for is not said elsewhere.
pub fn shown(tags: &Value) -> Map {
    let tags = tags.as_map().cloned().unwrap_or_default();
    tags.into_iter()
        .filter(|(name, _)| name != NAME && name != PROTECT)
        .collect()
}

/// The stack and the proof in the tags of an identity.
pub fn of(tags: Option<&Value>) -> Option<&str> {
    tags?.get(NAME)?.as_str()
}
