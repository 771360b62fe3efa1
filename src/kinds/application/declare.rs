//! From a live application back to the block that declares it as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{APPLICATION, Form, check, mark, offers};
use crate::kinds::api::{self, Class};
use crate::kinds::codec::key;
use crate::kinds::{app_role_assignment, delegated_permission_grant, service_principal};
use crate::model::live::{Live, Object};
use crate::model::schema::{Compare, Field, Type};
use crate::model::value::{Map, Value};

/// Tags are looked at without marks.
const APART: &[&str] = &["tags"];

/// The attributes and nested blocks of an application's block. Defaults are left out; `left` gets the paths of what
/// no file can say, and why.
pub fn declare(object: &Object, live: &Live, left: &mut Vec<(String, String)>) -> Map {
    let form = Form::of(object.key.kind).unwrap_or(&APPLICATION);
    let mut body = attributes(form.shape.fields, &object.body, "", left);
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
            body.insert(form.principal.to_owned(), Value::Bool(false));
        }
        Some(principal) => {
            let mut theirs = principal.body.clone();
            theirs.remove("client_id");
            let table = form.shape.fields.iter();
            let table = table.filter(|field| field.name == form.principal);
            let table = table.filter_map(Field::nested).next().unwrap_or_default();
            let block = attributes(table, &theirs, &format!("{}.", form.principal), left);
            if !block.is_empty() {
                body.insert(form.principal.to_owned(), Value::Map(block));
            }
        }
    }
    offers::declare(object, &mut body, left);
    let asked = object.body.get("required_resource_access");
    if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
        match permissions(asked, live) {
            Some(mut blocks) => {
                if let Some(principal) = service_principal::of_application(object, live) {
                    consented(&mut blocks, asked, principal, live);
                }
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

/// `admin_consent = true` for every API of which exactly what is asked for was granted.
fn consented(blocks: &mut Map, asked: &Value, principal: &Object, live: &Live) {
    let mut apis: BTreeMap<&str, BTreeSet<(Class, String)>> = BTreeMap::new();
    for one in asked.items().filter_map(Value::as_str) {
        if let [app_id, class, id] = one.split('/').collect::<Vec<_>>()[..] {
            let asked = apis.entry(app_id).or_default();
            asked.insert((Class::from_wire(class), id.to_owned()));
        }
    }
    for (app_id, asked) in apis {
        let api = live.find(service_principal::KIND, &key("appId", app_id));
        let Some(api) = api.map(|api| api.key.id.as_str()) else {
            continue;
        };
        let of_api = |grant: &&Object| {
            let resource = grant.body.get("resource_id").and_then(Value::as_str);
            resource == Some(api)
        };
        let roles = live
            .children(&principal.key, app_role_assignment::KIND)
            .filter(of_api)
            .filter_map(|grant| grant.body.get("role_id")?.as_str())
            .map(|role| (Class::Application, role.to_owned()));
        let scopes = live
            .children(&principal.key, delegated_permission_grant::KIND)
            .filter(of_api)
            .flat_map(|grant| grant.body.get("scopes").into_iter().flat_map(Value::items))
            .filter_map(|scope| {
                let scope = scope.as_str()?;
                service_principal::permission(live, app_id, Class::Delegated, scope).ok()
            })
            .map(|id| (Class::Delegated, id.to_owned()));
        let granted: BTreeSet<(Class, String)> = roles.chain(scopes).collect();
        if granted == asked
            && let Some(Value::Map(block)) = blocks.get_mut(&label(app_id))
        {
            block.insert("admin_consent".to_owned(), Value::Bool(true));
        }
    }
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
