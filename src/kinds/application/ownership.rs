//! Whose an application is: marks and unique names prove it, and nothing else does.

use super::{Form, lower, mark};
use crate::kinds::{Claim, Scene, group_member};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Object;
use crate::model::plan::FieldChange;
use crate::model::schema::{Absent, Field};
use crate::model::value::{Map, Value};

/// Whether an object carries the mark that this resource would give it.
pub fn is_marked(resource: &Resource, object: &Object, stack: &Stack) -> bool {
    let unique_name = resource.text("unique_name").unwrap_or_default();
    mark::has(
        object.body.get("tags"),
        &mark::mark(&stack.name, unique_name),
    )
}

/// An object under our unique name that does not carry our mark is somebody else's, and so is one to adopt that
/// another stack marked or that has a unique name already.
pub fn foreign(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    let unique_name = resource.text("unique_name")?;
    if is_marked(resource, object, &scene.desired.stack) {
        return None;
    }
    let client_id = &object.outputs["client_id"];
    if super::is_adopted(resource) {
        let theirs = object.outputs.get("unique_name").map_or("", String::as_str);
        let marks = object.body.get("tags").into_iter().flat_map(Value::items);
        let giver = resource
            .text("adopt.from")
            .map(|from| mark::mark(from, theirs));
        let mut others = marks
            .filter_map(Value::as_str)
            .filter(|tag| tag.starts_with(mark::PREFIX) && *tag != mark::PROTECT);
        let given = |tag: &str| {
            let from = resource.text("adopt.from");
            let theirs =
                |from| group_member::mark::is_one(tag) && tag.starts_with(&mark::prefix(from));
            giver.as_deref() == Some(tag) || from.is_some_and(theirs)
        };
        if others.any(|tag| !given(tag)) {
            return Some(
                Diagnostic::error("foreign-application", format!("`{}` (client id {client_id}) belongs to another stack", object.name))
                    .about(&resource.address)
                    .at(resource.span("adopt"), "would take it over")
                    .help("remove it from the other stack's files and say whose it was, with `from = \"STACK\"` in `adopt` or `trustform handover`; or use `existing` to manage only its credentials"),
            );
        }
        return (!theirs.is_empty() && theirs != unique_name).then(|| {
            Diagnostic::error(
                "unique-name-taken",
                format!(
                    "`{}` has the unique name `{theirs}` already, and Graph never lets it change",
                    object.name
                ),
            )
            .about(&resource.address)
            .at(resource.span("adopt"), "would need another one")
            .help(format!("add `unique_name = \"{theirs}\"`"))
        });
    }
    let noun = Form::of(resource.kind()).map_or("application", |form| form.noun);
    let place = if object.deleted {
        "in the recycle bin "
    } else {
        ""
    };
    Some(
        Diagnostic::error(
            "foreign-application",
            format!("an {noun} {place}has the unique name `{unique_name}` and does not belong to this stack: `{}` (client id {client_id})", object.name),
        )
        .about(&resource.address)
        .at(resource.origin, "would take it over")
        .help(format!("to take it over, add `adopt = {{ client_id = \"{client_id}\" }}`; to manage only its credentials, use `existing`; else give this one another `unique_name`")),
    )
}

/// The tags without this stack's marks, where there are any.
pub fn released(object: &Object, stack: &Stack) -> Option<FieldChange> {
    let before = object.body.get("tags")?;
    let prefix = mark::prefix(&stack.name);
    let ours = |tag: &Value| tag.as_str().is_some_and(|tag| tag.starts_with(&prefix));
    if !before.items().any(ours) {
        return None;
    }
    let stay = before
        .items()
        .filter(|tag| !ours(tag) && tag.as_str() != Some(mark::PROTECT));
    Some(FieldChange {
        path: "tags".to_owned(),
        before: Some(before.clone()),
        after: Some(Value::set(stay.cloned())),
    })
}

/// An application that is declared as being there has to be there.
pub fn missing(resource: &Resource, block: &str, scene: &Scene) -> Vec<Diagnostic> {
    if scene.destroy || scene.object.is_some_and(|object| !object.deleted) {
        return Vec::new();
    }
    let noun = Form::of(resource.kind()).map_or("application", |form| form.noun);
    let (message, help) = match scene.object {
        Some(object) => (
            format!("the {noun} `{}` is in the recycle bin", object.name),
            format!(
                "to take it out: `trustform restore --tenant {} --client-id {}`",
                scene.desired.stack.tenant_id, object.outputs["client_id"]
            ),
        ),
        None => (
            format!("no such {noun} in this tenant"),
            format!(
                "check the id and the tenant; to create an {noun} instead, leave `{block}` out"
            ),
        ),
    };
    vec![
        Diagnostic::error("existing-not-found", message)
            .about(&resource.address)
            .at(resource.span(block), "named here")
            .help(help),
    ]
}

/// What an adopted application has and the file does not mention: said once, in the plan that takes it over.
pub fn undeclared(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    if !super::is_adopted(resource) || is_marked(resource, object, &scene.desired.stack) {
        return None;
    }
    let mut left = Vec::new();
    collect(
        Form::of(resource.kind())?.shape.fields,
        "",
        Some(&resource.body),
        &object.body,
        &mut left,
    );
    (!left.is_empty()).then(|| {
        Diagnostic::note(
            "not-declared-here",
            format!(
                "has values that are not declared and stay as they are: `{}`",
                left.join("`, `")
            ),
        )
        .about(&resource.address)
        .help("declare them to manage them")
    })
}

fn collect(
    table: &[Field],
    prefix: &str,
    declared: Option<&Map>,
    live: &Map,
    left: &mut Vec<String>,
) {
    for field in table
        .iter()
        .filter(|field| field.absent == Absent::Reset || field.nested().is_some())
    {
        let (wanted, there) = (
            declared.and_then(|body| body.get(field.name)),
            live.get(field.name),
        );
        let path = format!("{prefix}{}", field.name);
        if let (Some(nested), Some(Value::Map(there))) = (field.nested(), there) {
            collect(
                nested,
                &format!("{path}."),
                wanted.and_then(Value::as_map),
                there,
                left,
            );
            continue;
        }
        let default = field.default.value().unwrap_or(Value::Null);
        let asks = field.name == "required_resource_access"
            && declared.is_some_and(|body| body.contains_key("permissions"));
        if let Some(there) = there
            && wanted.is_none()
            && !asks
            && !there.is_empty()
            && *there != Value::Bool(false)
            && *there != default
        {
            left.push(path);
        }
    }
}

/// Tags that nobody declared stay; our marks are added to them, and those of the groups that it is put into.
pub fn keep_tags(resource: &mut Resource, scene: &Scene) {
    let unique_name = resource.text("unique_name").unwrap_or_default();
    let stack = &scene.desired.stack.name;
    let member: Vec<Value> = group_member::declared(resource, scene.desired)
        .map(|group| group_member::mark::application(stack, unique_name, group).into())
        .collect();
    if let Some(marks) = resource.body.remove(lower::KEPT) {
        let kept = scene
            .object
            .and_then(|object| object.body.get("tags"))
            .map(mark::without);
        let tags = kept
            .unwrap_or_default()
            .into_iter()
            .chain(marks.items().cloned());
        resource.body.insert("tags".into(), Value::set(tags));
    }
    let unsure = scene
        .object
        .and_then(|object| group_member::mark::unsure(object, scene.live, &scene.desired.stack));
    if let Some(Value::Set(tags)) = resource.body.get_mut("tags") {
        tags.extend(member);
        tags.extend(unsure.iter().flat_map(Value::items).cloned());
    }
}

pub fn claim(object: &Object, desired: &Desired) -> Claim {
    let stack = &desired.stack;
    let unique_name = object.outputs.get("unique_name").map_or("", String::as_str);
    let tags = object.body.get("tags");
    let marked = tags.is_some_and(|tags| {
        let prefix = mark::prefix(&stack.name);
        tags.items()
            .any(|tag| tag.as_str().is_some_and(|tag| tag.starts_with(&prefix)))
    });
    if object.deleted || !marked {
        Claim::Foreign
    } else if mark::has(tags, &mark::mark(&stack.name, unique_name)) {
        let mut removals = desired.removals.iter().filter(|removed| !removed.destroy);
        let kept =
            removals.find(|removed| mark::unique_name(&stack.name, &removed.from) == unique_name);
        match kept {
            None => Claim::Ours,
            Some(_) => Claim::Released,
        }
    } else {
        let noun = Form::of(object.key.kind).map_or("application", |form| form.noun);
        Claim::Reported(Box::new(
            Diagnostic::warning(
                "mark-without-name",
                format!("`{}` carries this stack's mark, but not the unique name that it was made for: somebody copied the tag", object.name),
            )
            .about(format!("{noun} {}", object.outputs["client_id"]))
            .help(format!("remove the tag from it; trustform leaves the {noun} alone")),
        ))
    }
}
