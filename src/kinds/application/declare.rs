//! From a live application back to the block that declares it as it is.

use std::collections::BTreeMap;

use super::{check, fields, mark, offers};
use crate::kinds::api::{self, Class};
use crate::kinds::service_principal;
use crate::model::live::{Live, Object};
use crate::model::schema::{Compare, Field, Type};
use crate::model::value::{Map, Value};

/// Owners stay as they are where nothing is said of them; tags are looked at without marks.
const APART: &[&str] = &["owners", "tags"];

/// The attributes and nested blocks of an application's block. Defaults are left out; `left` gets the paths of what
/// no file can say, and why.
pub fn declare(object: &Object, live: &Live, left: &mut Vec<(String, String)>) -> Map {
    let mut body = attributes(fields::SHAPE.fields, &object.body, "", left);
    let output = |name: &str| object.outputs.get(name).map_or("", String::as_str);
    let unique_name = output("unique_name");
    let mut adopt = vec![("client_id", Value::text(output("client_id")))];
    adopt.extend(stack(object, unique_name).map(|from| ("from", from)));
    body.insert("adopt".to_owned(), Value::map(adopt));
    if !unique_name.is_empty() {
        body.insert("unique_name".to_owned(), unique_name.into());
    }
    let tags = object.body.get("tags").map(mark::without);
    if let Some(tags) = tags.filter(|tags| !tags.is_empty()) {
        let tags = Value::Set(tags);
        match check::tags(&tags) {
            Ok(()) => drop(body.insert("tags".to_owned(), tags)),
            Err(complaint) => left.push(("tags".to_owned(), complaint.message)),
        }
    }
    match service_principal::of_application(object, live) {
        None => {
            body.insert("service_principal".to_owned(), Value::Bool(false));
        }
        Some(principal) => {
            let mut theirs = principal.body.clone();
            theirs.remove("client_id");
            let block = attributes(
                service_principal::FIELDS,
                &theirs,
                "service_principal.",
                left,
            );
            if !block.is_empty() {
                body.insert("service_principal".to_owned(), Value::Map(block));
            }
        }
    }
    offers::declare(object, &mut body, left);
    let asked = object.body.get("required_resource_access");
    if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
        match permissions(asked, live) {
            Some(blocks) => {
                body.insert("permissions".to_owned(), Value::Map(blocks));
            }
            None => left.push((
                "permissions".to_owned(),
                "it asks for a permission that its API does not publish".to_owned(),
            )),
        }
    }
    body
}

/// The APIs of which an application asks something, as labels of `permissions` blocks.
pub fn asks(object: &Object) -> Vec<String> {
    let asked = object.body.get("required_resource_access");
    let mut labels: Vec<String> = asked
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|one| Some(label(one.as_str()?.split('/').next()?)))
        .collect();
    labels.sort();
    labels.dedup();
    labels
}

/// The stack that an application belongs to, if its mark proves it.
fn stack(object: &Object, unique_name: &str) -> Option<Value> {
    let tags = object.body.get("tags")?;
    tags.items().filter_map(Value::as_str).find_map(|tag| {
        let (stack, _) = tag.strip_prefix(mark::PREFIX)?.rsplit_once(':')?;
        (tag == mark::mark(stack, unique_name)).then(|| stack.into())
    })
}

/// What is not the default, of what a file may say.
fn attributes(table: &[Field], live: &Map, prefix: &str, left: &mut Vec<(String, String)>) -> Map {
    let mut body = Map::new();
    for field in table.iter().filter(|field| !field.computed) {
        let Some(value) = live.get(field.name) else {
            continue;
        };
        let path = format!("{prefix}{}", field.name);
        if let (Type::Block(nested), Value::Map(inner)) = (field.ty, value) {
            let inner = attributes(nested, inner, &format!("{path}."), left);
            if !inner.is_empty() {
                body.insert(field.name.to_owned(), Value::Map(inner));
            }
            continue;
        }
        let default = field.default.value().unwrap_or(Value::Null);
        let unset = *value == default || (value.is_empty() && !matches!(value, Value::Bool(_)));
        if unset || field.compare == Compare::Never || APART.contains(&field.name) {
            continue;
        }
        let word = value
            .as_str()
            .is_none_or(|text| field.words.is_empty() || field.words.contains(&text));
        match field.check.map_or(Ok(()), |check| check(value)) {
            Ok(()) if word => {
                body.insert(field.name.to_owned(), value.clone());
            }
            Ok(()) => left.push((path, "it has a value that no file takes".to_owned())),
            Err(complaint) => left.push((path, complaint.message)),
        }
    }
    body
}

fn label(app_id: &str) -> String {
    let known = api::WELL_KNOWN.iter().find(|api| api.app_id == app_id);
    known.map_or(app_id, |api| api.name).to_owned()
}

/// `permissions` blocks; none where one of the permissions cannot be named.
fn permissions(asked: &Value, live: &Live) -> Option<Map> {
    let mut blocks: BTreeMap<(String, Class), Vec<Value>> = BTreeMap::new();
    for one in asked.items().filter_map(Value::as_str) {
        let [app_id, class, id] = one.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        let class = Class::from_wire(class);
        let is = |name: &str| {
            service_principal::permission(live, app_id, class, name).is_ok_and(|found| found == id)
        };
        let name = service_principal::permission_name(live, app_id, class, id);
        let name = [name.as_str(), id]
            .into_iter()
            .find(|name| is(name))?
            .to_owned();
        blocks
            .entry((label(app_id), class))
            .or_default()
            .push(name.into());
    }
    let mut map = Map::new();
    for ((label, class), names) in blocks {
        let block = map.entry(label).or_insert_with(|| Value::Map(Map::new()));
        if let Value::Map(block) = block {
            block.insert(class.word().to_owned(), Value::set(names));
        }
    }
    Some(map)
}
