//! Kinds whose objects take no tag and no key of ours: their mark stands at the end of the display name, and a list finds
//! it. A plain create is all that Graph has for them, so what a lost answer left behind is looked for before another one
//! is made.

use serde_json::Value as Json;

use super::application::{self, mark::unique_name};
use super::lower::Lowering;
use super::{Claim, Scene, Task, conditional_access_policy, named_location, step};
use crate::model::address::{InstanceKey, Segment};
use crate::model::credential_name::short_hash;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::{Action, FieldChange};
use crate::model::step::{Check, Expect, Lookup, Method, Pattern, Phase, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

/// The field that holds an object's mark, and the one that the mark hides from.
const MARK: &str = "mark";
const NAME: &str = "display_name";

/// The longest display name that leaves room for a mark, in characters.
pub const LONGEST: usize = 256;

/// `[trustform:<stack>.<label>:<8 hex of the hash of stack, kind and that name>]`.
fn mark(stack: &str, kind: &str, name: &str) -> String {
    format!("[trustform:{name}:{}]", short_hash(&[stack, kind, name], 8))
}

/// A display name's own part, and the mark that it ends with.
fn parts(title: &str) -> (&str, Option<&str>) {
    match title.rfind(" [trustform:") {
        Some(at) if title.ends_with(']') => (&title[..at], Some(&title[at + 1..])),
        _ => (title, None),
    }
}

/// The name in a mark that this stack made.
fn own<'a>(mark_text: &'a str, stack: &Stack, kind: &str) -> Option<&'a str> {
    let inner = mark_text.strip_prefix("[trustform:")?.strip_suffix(']')?;
    let (name, _) = inner.rsplit_once(':')?;
    (mark(&stack.name, kind, name) == mark_text).then_some(name)
}

/// Gives a resource its mark.
pub fn lower(resource: &mut Resource, lowering: &mut Lowering) {
    let place = lowering.first_place(resource);
    let stack = &lowering.stack.name;
    let text = mark(stack, resource.kind(), &unique_name(stack, &place));
    let long = resource.text(NAME).unwrap_or_default().chars().count();
    if long + text.chars().count() >= LONGEST {
        lowering.refuse(
            resource,
            NAME,
            "long-name",
            format!(
                "with the mark `{text}` behind it the name would be longer than {LONGEST} characters"
            ),
            "choose a shorter one",
        );
    }
    resource.body.insert(MARK.to_owned(), text.into());
}

/// The purpose of a list that nothing in the files asks for: it shows what was declared once. A plan can do without.
const UNASKED: &str = "unasked";

/// The list of all objects of a kind. Policies and locations name each other, and one permission reads both: where either
/// is declared, or a `removed` block says that it was, a plan needs both.
pub fn list(kind: &'static str, path: &'static str, desired: &Desired) -> Read {
    let kinds = [conditional_access_policy::KIND, named_location::KIND];
    let declared = desired.resources.keys();
    let mut named = declared.chain(desired.removals.iter().map(|removed| &removed.from));
    let wanted = named.any(|address| kinds.contains(&address.kind()));
    Read {
        kind,
        purpose: if wanted { "list" } else { UNASKED },
        request: Request::get(Service::Graph, path),
        about: String::new(),
    }
}

/// Whether a read is such a list.
pub fn is_list(read: &Read) -> bool {
    ["list", UNASKED].contains(&read.purpose)
}

/// Whether a plan can be made without its answer.
pub fn spares(read: &Read) -> bool {
    read.purpose == UNASKED
}

/// Takes a list in: of two with one mark the older one is meant.
pub fn decode(kind: &'static str, list: &Json, body: fn(&Json) -> Map, live: &mut Live) {
    let mut all: Vec<&Json> = list["value"].as_array().into_iter().flatten().collect();
    let text = |json: &Json, name: &str| json[name].as_str().unwrap_or_default().to_owned();
    all.sort_by_key(|json| (text(json, "createdDateTime"), text(json, "id")));
    for json in all.into_iter().rev() {
        let title = text(json, "displayName");
        let (name, marked) = parts(&title);
        let id = text(json, "id");
        let mut body = body(json);
        body.insert(NAME.to_owned(), Value::text(name));
        live.insert(Object {
            key: Key::new(kind, &id),
            parent: None,
            name: name.to_owned(),
            body,
            outputs: [
                ("id", id.as_str()),
                ("object_id", id.as_str()),
                (MARK, marked.unwrap_or_default()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            alternates: marked.map(str::to_owned).into_iter().collect(),
            etag: None,
            deleted: false,
            confirmed: true,
        });
    }
}

pub fn find<'a>(resource: &Resource, live: &'a Live, kind: &'static str) -> Option<&'a Object> {
    live.find(kind, resource.text(MARK)?)
}

/// Ours is what ends with a mark that this stack made. A copy of what stays is, too, as long as it says the very same: it
/// came of a create whose answer was lost. Where nothing stays, nobody can tell a copy from the original.
pub fn claim(object: &Object, scene: &Scene) -> Claim {
    let kind = object.key.kind;
    let desired = scene.desired;
    let text = object.outputs.get(MARK).map_or("", String::as_str);
    let Some(name) = own(text, &desired.stack, kind) else {
        return Claim::Foreign;
    };
    let stack = &desired.stack.name;
    let kept = desired
        .removals
        .iter()
        .filter(|removed| !removed.destroy && removed.from.kind() == kind)
        .any(|removed| unique_name(stack, &removed.from) == name);
    match scene.live.find(kind, text) {
        Some(first)
            if stays(text, scene)
                && first.key != object.key
                && content(first, scene.live) != content(object, scene.live) =>
        {
            Claim::Reported(Box::new(
                Diagnostic::warning(
                    "copied-mark",
                    format!("`{}` (id {}) is a changed copy of what this stack made, with its mark in the name", object.name, object.key.id),
                )
                .about(format!("{kind} {}", object.key.id))
                .help("rename the copy; trustform leaves it alone"),
            ))
        }
        _ if kept => Claim::Released,
        _ => Claim::Ours,
    }
}

/// Whether a block declares what bears the mark, and not everything goes.
fn stays(mark: &str, scene: &Scene) -> bool {
    let mut resources = scene.desired.resources.values();
    !scene.destroy && resources.any(|resource| resource.text(MARK) == Some(mark))
}

/// What an object says, with marks in the place of the ids of marked locations: copies of a policy name copies of those.
fn content(object: &Object, live: &Live) -> Map {
    let marked = |id: &Value| {
        let location = live.get(&Key::new(named_location::KIND, id.as_str()?))?;
        let mark = location.outputs.get(MARK)?;
        (!mark.is_empty()).then(|| Value::text(mark))
    };
    let fields = object.body.iter().map(|(name, value)| {
        let items = value.items();
        let items = items.map(|one| marked(one).unwrap_or_else(|| one.clone()));
        let items: Vec<Value> = items.collect();
        let content = if items.is_empty() {
            value.clone()
        } else {
            Value::set(items)
        };
        (name.clone(), content)
    });
    fields.collect()
}

pub fn released(object: &Object) -> Option<FieldChange> {
    let text = object.outputs.get(MARK).filter(|mark| !mark.is_empty())?;
    Some(FieldChange {
        path: NAME.to_owned(),
        before: Some(format!("{} {text}", object.name).into()),
        after: Some(object.name.as_str().into()),
    })
}

/// The label that the mark tells of; for a hash over something else the name by which people know it.
pub fn segment(object: &Object, scene: &Scene) -> Segment {
    let kind = object.key.kind;
    let stack = &scene.desired.stack;
    let text = object.outputs.get(MARK).map_or("", String::as_str);
    own(text, stack, kind)
        .and_then(|name| application::mark::segment(kind, &stack.name, name))
        .unwrap_or_else(|| Segment::new(kind, "").keyed(InstanceKey::Name(object.name.clone())))
}

/// The members that every object of such a kind has, and its mark.
fn title(resource: &Resource) -> Option<Value> {
    let name = resource.text(NAME)?;
    Some(format!("{name} {}", resource.text(MARK)?).into())
}

/// The requests of a change. `body` gives the members that a resource asks for beside its name, `proven` those of them
/// that reads must show, `gone` the phase in which one goes.
pub fn steps(
    task: &Task,
    path: &'static str,
    body: fn(&Resource) -> Map,
    proven: fn(&Resource) -> Map,
    gone: Phase,
) -> Vec<Step> {
    let step = match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) => create(task, path, resource, body, proven),
        (Action::Update, Some(object), Some(resource)) => {
            update(task, path, object, resource, body, proven)
        }
        (Action::Update, Some(object), None) => {
            let name = Map::from([("displayName".to_owned(), Value::text(object.name.as_str()))]);
            Some(patch(task, path, object, name.clone(), name))
        }
        (Action::Delete, Some(object), _) => {
            let path = format!("{path}/{}", object.key.id);
            Some(Step {
                check: Some(Check {
                    read: Request::get(Service::Graph, path.clone()),
                    expect: Expect::Absent,
                }),
                // Gone already, or known only to another replica: the check says which.
                done_if: vec![Pattern::new(404, "")],
                // Its trust went a moment ago.
                retry_if: vec![Pattern::new(400, "is trusted")],
                // Nothing that reads showed names it.
                stale_if: vec![Pattern::new(400, "is referenced by")],
                ..step(
                    task,
                    gone,
                    Request::new(Service::Graph, Method::Delete, path),
                )
            })
        }
        _ => None,
    };
    step.into_iter().collect()
}

fn create(
    task: &Task,
    path: &'static str,
    resource: &Resource,
    body: fn(&Resource) -> Map,
    proven: fn(&Resource) -> Map,
) -> Option<Step> {
    let title = title(resource)?;
    let named = |mut members: Map| {
        members.insert("displayName".to_owned(), title.clone());
        Value::Map(members)
    };
    let own = Value::reference(task.address.clone(), "id");
    let Value::Text(id) = own else { return None };
    let mut one = vec![Part::Literal(format!("{path}/"))];
    one.extend(id);
    Some(Step {
        fills: ["id", "object_id"]
            .map(|name| (name.to_owned(), "/id".to_owned()))
            .into(),
        check: Some(Check {
            read: Request::get(Service::Graph, "").with_path(one),
            expect: Expect::Present(named(proven(resource))),
        }),
        stale_if: vec![unknown()],
        lookup: Some(Lookup {
            read: Request::get(Service::Graph, path),
            members: named(Map::new()),
        }),
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::Graph, Method::Post, path).body(named(body(resource))),
        )
    })
}

/// What was made a moment ago, conditional access may not know yet; or it went, and an old read still showed it.
fn unknown() -> Pattern {
    Pattern::new(400, "does not exist in the directory")
}

fn update(
    task: &Task,
    path: &'static str,
    object: &Object,
    resource: &Resource,
    body: fn(&Resource) -> Map,
    proven: fn(&Resource) -> Map,
) -> Option<Step> {
    let title = title(resource)?;
    let named = |mut members: Map| {
        members.insert("displayName".to_owned(), title.clone());
        members
    };
    Some(patch(
        task,
        path,
        object,
        named(body(resource)),
        named(proven(resource)),
    ))
}

fn patch(task: &Task, path: &'static str, object: &Object, body: Map, proven: Map) -> Step {
    let path = format!("{path}/{}", object.key.id);
    Step {
        check: Some(Check {
            read: Request::get(Service::Graph, path.clone()),
            expect: Expect::Present(Value::Map(proven)),
        }),
        stale_if: vec![unknown(), Pattern::new(404, "")],
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::Graph, Method::Patch, path).body(Value::Map(body)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back() {
        let stack = Stack {
            name: "shop".to_owned(),
            ..Stack::default()
        };
        let text = mark("shop", "named_location", "shop.github");
        let title = format!("GitHub [x] {text}");
        let (name, found) = parts(&title);
        assert_eq!((name, found), ("GitHub [x]", Some(text.as_str())));
        assert_eq!(own(&text, &stack, "named_location"), Some("shop.github"));
        // Of another kind, another stack, or with another name in it, it proves nothing.
        assert_eq!(own(&text, &stack, "conditional_access_policy"), None);
        assert_eq!(
            own(&text.replace("github", "gitlab"), &stack, "named_location"),
            None
        );
        assert_eq!(parts("GitHub"), ("GitHub", None));
    }
}
