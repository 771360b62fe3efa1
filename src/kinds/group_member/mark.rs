//! Tags of an identity that say which groups this stack put it into: nothing else would, once the block is gone.

use crate::kinds::{application, managed_identity};
use crate::model::credential_name::short_hash;
use crate::model::desired::Stack;
use crate::model::live::Object;

/// What the name of such a tag in Azure begins with.
pub const AZURE: &str = "trustform-member-";

/// `trustform:<stack>:member:<16 hex of the hash of stack, unique name and group>`: copied to another application it
/// proves nothing.
pub fn application(stack: &str, unique_name: &str, group: &str) -> String {
    let hash = short_hash(&[stack, unique_name, group], 16);
    format!("{}member:{hash}", application::mark::prefix(stack))
}

/// Whether a tag of an application is one of these.
pub fn is_one(tag: &str) -> bool {
    tag.starts_with(application::mark::PREFIX) && tag.contains(":member:")
}

/// The name of the tag of a managed identity; ids are compared without case.
pub fn azure(stack: &str, id: &str, group: &str) -> String {
    let hash = short_hash(&[stack, &id.to_ascii_lowercase(), group], 16);
    format!("{AZURE}{hash}")
}

/// Whether an identity says that this stack put it into a group.
pub fn is_on(identity: &Object, group: &str, stack: &Stack) -> bool {
    let tags = identity.body.get("tags");
    if identity.key.kind == managed_identity::KIND {
        let name = azure(&stack.name, &identity.key.id, group);
        return tags.is_some_and(|tags| tags.get(&name).is_some());
    }
    let unique_name = identity
        .outputs
        .get("unique_name")
        .map_or("", String::as_str);
    application::mark::has(tags, &application(&stack.name, unique_name, group))
}

/// Whether an identity says that some stack put it into some group.
pub fn is_marked(identity: &Object) -> bool {
    let Some(tags) = identity.body.get("tags") else {
        return false;
    };
    match tags.as_map() {
        Some(tags) => tags.keys().any(|name| name.starts_with(AZURE)),
        None => tags.items().any(|tag| tag.as_str().is_some_and(is_one)),
    }
}
