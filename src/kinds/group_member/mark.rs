//! Tags of an identity that say which groups this stack put it into: nothing else would, once the block is gone.
//!
//! A mark comes before its membership and goes after it. A list that does not show the membership proves nothing, and the
//! run that took it out may have died before it took the mark off. So whoever takes a mark off takes the membership out
//! before, shown or not: where there is none, that says the service.

use std::collections::BTreeSet;

use super::{KIND, wire};
use crate::kinds::{Task, application, managed_identity, role_assignment};
use crate::model::credential_name::short_hash;
use crate::model::desired::Stack;
use crate::model::live::{Live, Object};
use crate::model::plan::FieldChange;
use crate::model::step::Step;
use crate::model::value::{Map, Value};

/// What the name of such a tag in Azure begins with.
pub const AZURE: &str = "trustform-member-";

/// `trustform:<stack>:member:<group>:<16 hex of the hash of stack, unique name and group>`: copied to another application
/// it proves nothing.
pub fn application(stack: &str, unique_name: &str, group: &str) -> String {
    let hash = short_hash(&[stack, unique_name, group], 16);
    format!("{}member:{group}:{hash}", application::mark::prefix(stack))
}

/// Whether a tag of an application is one of these.
pub fn is_one(tag: &str) -> bool {
    tag.starts_with(application::mark::PREFIX) && tag.contains(":member:")
}

/// The tag of a managed identity: its name is a hash of stack, id and group, its value the group; ids are compared without
/// case.
pub fn azure(stack: &str, id: &str, group: &str) -> (String, Value) {
    let hash = short_hash(&[stack, &id.to_ascii_lowercase(), group], 16);
    (format!("{AZURE}{hash}"), group.into())
}

/// Whether an identity says that this stack put it into a group.
pub fn is_on(identity: &Object, group: &str, stack: &Stack) -> bool {
    let tags = identity.body.get("tags");
    tags.is_some_and(|tags| groups(identity, tags, stack).contains(group))
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

/// The groups of which an identity's tags say that this stack put it there.
fn groups(identity: &Object, tags: &Value, stack: &Stack) -> BTreeSet<String> {
    let named: Vec<&str> = match tags.as_map() {
        Some(tags) => {
            let ours = tags.iter().filter(|(name, _)| name.starts_with(AZURE));
            ours.filter_map(|(_, group)| group.as_str()).collect()
        }
        None => {
            let ours = format!("{}member:", application::mark::prefix(&stack.name));
            let texts = tags.items().filter_map(Value::as_str);
            texts
                .filter_map(|tag| Some(tag.strip_prefix(&ours)?.split_once(':')?.0))
                .collect()
        }
    };
    let proven = |group: &&str| has(tags, &tag(identity, group, stack));
    named
        .into_iter()
        .filter(proven)
        .map(str::to_owned)
        .collect()
}

/// The mark of an identity for a group, as the tags that hold nothing else.
fn tag(identity: &Object, group: &str, stack: &Stack) -> Value {
    if identity.key.kind == managed_identity::KIND {
        return Value::Map(Map::from([azure(&stack.name, &identity.key.id, group)]));
    }
    let unique_name = identity.outputs.get("unique_name");
    let unique_name = unique_name.map_or("", String::as_str);
    Value::set([application(&stack.name, unique_name, group).into()])
}

fn has(tags: &Value, tag: &Value) -> bool {
    match (tags, tag) {
        (Value::Map(tags), Value::Map(tag)) => tag
            .iter()
            .all(|(name, value)| tags.get(name) == Some(value)),
        _ => tag
            .items()
            .all(|one| tags.items().any(|other| other == one)),
    }
}

fn with(tags: &Value, more: Value) -> Value {
    match (tags.clone(), more) {
        (Value::Map(mut tags), Value::Map(more)) => {
            tags.extend(more);
            Value::Map(tags)
        }
        (tags, more) => Value::set(tags.items().chain(more.items()).cloned()),
    }
}

/// The marks of an identity whose principal no read shows: whether there are memberships, it cannot be asked. They stay.
pub fn unsure(identity: &Object, live: &Live, stack: &Stack) -> Option<Value> {
    let tags = identity.body.get("tags")?;
    let unseen = role_assignment::principal(identity, live).is_none();
    let marks = groups(identity, tags, stack)
        .into_iter()
        .map(|group| tag(identity, &group, stack));
    marks.filter(|_| unseen).reduce(|all, one| with(&all, one))
}

/// What the write of an identity's tags has to mind, because marks go with it.
pub struct Leaving {
    /// Takes the identity out of groups that no read shows it in; those that one shows are changes of their own.
    pub steps: Vec<Step>,
    /// What else changes of the tags: the marks stay until reads agree that the memberships are gone.
    pub before: Option<FieldChange>,
    /// The marks go.
    pub after: FieldChange,
}

/// What goes with an identity's new tags; nothing where no mark does, or where the identity is let go with its memberships.
pub fn leaving(task: &Task) -> Option<Leaving> {
    let (identity, _) = task.object.zip(task.resource)?;
    let after = task.fields.iter().find(|field| field.path == "tags")?;
    let (old, new) = (after.before.as_ref()?, after.after.as_ref()?);
    let principal = role_assignment::principal(identity, task.live)?;
    let (ours, stay) = [old, new]
        .map(|tags| groups(identity, tags, task.stack))
        .into();
    let going: Vec<&String> = ours.difference(&stay).collect();
    let until = going.iter().fold(new.clone(), |tags, group| {
        with(&tags, tag(identity, group, task.stack))
    });
    let shown = |group: &str| {
        let mut shown = task.live.children(&identity.key, KIND);
        shown.any(|membership| wire::group(membership) == group)
    };
    let unseen = going.iter().filter(|group| !shown(group));
    (!going.is_empty()).then(|| Leaving {
        steps: unseen
            .map(|group| wire::take_out(task, group, &principal))
            .collect(),
        before: (until != *old).then(|| FieldChange {
            after: Some(until.clone()),
            ..after.clone()
        }),
        after: FieldChange {
            before: Some(until.clone()),
            ..after.clone()
        },
    })
}
