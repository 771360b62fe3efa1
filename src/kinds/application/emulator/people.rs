//! Who owns an application, and who sponsors a blueprint (learn.microsoft.com, application-list-owners, -post-owners,
//! -delete-owners; agentidentityblueprint-post-sponsors). The emulated tenant has no people: every id may sponsor.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{APPLICATIONS, principals};
use crate::emulator::directory;
use crate::emulator::graph::{Call, Failure, bound_id};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::store::{View, list as items, text};
use crate::emulator::table::{Entity, Related};

/// Those of a relation, as `$expand` shows them.
pub(super) fn related(view: View<'_>, application: &Entity, relation: &str) -> Vec<Related> {
    let ids = items(application, &format!("~{relation}")).iter();
    ids.filter_map(|id| {
        let id = id.as_str()?;
        principals::related(view, id).or_else(|| person(relation, id))
    })
    .collect()
}

fn person(relation: &str, id: &str) -> Option<Related> {
    let person = json!({"@odata.type": "#microsoft.graph.user", "id": id});
    let person = person.as_object().filter(|_| relation == "sponsors")?;
    Some((&APPLICATIONS, Arc::new(person.clone())))
}

/// Takes in what a create's `owners@odata.bind` names.
pub(super) fn bind(
    call: &Call<'_>,
    body: &Entity,
    relation: &str,
    ids: &mut Vec<Value>,
) -> Result<(), Failure> {
    let references = body.get(&format!("{relation}@odata.bind"));
    let references = references.and_then(Value::as_array);
    for reference in references.into_iter().flatten() {
        let id = named(call, reference, relation)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(())
}

fn named(call: &Call<'_>, reference: &Value, relation: &str) -> Result<Value, Failure> {
    let known = |id: &String| {
        relation == "sponsors" || directory::any(call, call.reference_view(), id).is_some()
    };
    let id = bound_id(reference).filter(known);
    let missing = || Failure::not_found(reference.as_str().unwrap_or_default());
    id.map(Value::from).ok_or_else(missing)
}

/// `GET …/owners`.
pub(super) fn list(call: &mut Call<'_>, relation: &str) -> Result<Reply, Failure> {
    let view = call.list_view();
    let application = call.find(view, &APPLICATIONS, 0)?;
    let people: Vec<Related> = items(&application, &format!("~{relation}"))
        .iter()
        .filter_map(|id| {
            let id = id.as_str()?;
            directory::any(call, view, id).or_else(|| person(relation, id))
        })
        .collect();
    list::rows(call, view, &APPLICATIONS, "directoryObjects", &people)
}

/// `POST …/owners/$ref`.
pub(super) fn add(call: &mut Call<'_>, relation: &str) -> Result<Reply, Failure> {
    let body = call.body()?;
    let application = call.find(call.reference_view(), &APPLICATIONS, 0)?;
    let application = call
        .store
        .primary()
        .get(&APPLICATIONS, text(&application, "id"))
        .map(Arc::clone)
        .unwrap_or(application);
    call.caller.must_own(&application)?;
    let reference = body.get("@odata.id").cloned().unwrap_or_default();
    let id = named(call, &reference, relation)?;
    let mut people = items(&application, &format!("~{relation}")).to_vec();
    if people.contains(&id) {
        return Err(Failure::bad_request(format!(
            "One or more added object references already exist for the following modified properties: '{relation}'."
        )));
    }
    people.push(id);
    set(call, &application, relation, people);
    Ok(Reply::empty(204))
}

/// `DELETE …/owners/{id}/$ref`.
pub(super) fn remove(call: &mut Call<'_>, relation: &str) -> Result<Reply, Failure> {
    let application = call.find(call.store.primary(), &APPLICATIONS, 0)?;
    call.caller.must_own(&application)?;
    let one = Value::from(call.key(1).1);
    let mut people = items(&application, &format!("~{relation}")).to_vec();
    let before = people.len();
    people.retain(|id| *id != one);
    if people.len() == before {
        return Err(Failure::bad_request(format!(
            "One or more removed object references do not exist for the following modified properties: '{relation}'."
        )));
    }
    set(call, &application, relation, people);
    Ok(Reply::empty(204))
}

fn set(call: &mut Call<'_>, application: &Entity, relation: &str, people: Vec<Value>) {
    let mut changed = application.clone();
    changed.insert(format!("~{relation}"), people.into());
    call.store.put(&APPLICATIONS, changed, call.now);
}
