//! Who owns an application or a service principal, and who sponsors a blueprint (learn.microsoft.com,
//! application-list-owners, -post-owners, -delete-owners, serviceprincipal-post-owners, -delete-owners;
//! agentidentityblueprint-post-sponsors). The emulated tenant has no people: every id may sponsor.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{APPLICATIONS, principals};
use crate::emulator::directory;
use crate::emulator::graph::{Call, Failure, bound_id};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::store::{View, list as items, text};
use crate::emulator::table::{Entity, Related, Table};

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
pub fn list(call: &mut Call<'_>, table: &'static Table, relation: &str) -> Result<Reply, Failure> {
    let view = call.list_view();
    let owned = call.find(view, table, 0)?;
    let people: Vec<Related> = items(&owned, &format!("~{relation}"))
        .iter()
        .filter_map(|id| {
            let id = id.as_str()?;
            directory::any(call, view, id).or_else(|| person(relation, id))
        })
        .collect();
    list::rows(call, view, table, "directoryObjects", &people)
}

/// `POST …/owners/$ref`.
pub fn add(call: &mut Call<'_>, table: &'static Table, relation: &str) -> Result<Reply, Failure> {
    let body = call.body()?;
    let owned = call.find(call.reference_view(), table, 0)?;
    let owned = call
        .store
        .primary()
        .get(table, text(&owned, "id"))
        .map(Arc::clone)
        .unwrap_or(owned);
    call.caller.must_own(&owned)?;
    let reference = body.get("@odata.id").cloned().unwrap_or_default();
    let id = named(call, &reference, relation)?;
    let mut people = items(&owned, &format!("~{relation}")).to_vec();
    if people.contains(&id) {
        return Err(Failure::bad_request(format!(
            "One or more added object references already exist for the following modified properties: '{relation}'."
        )));
    }
    people.push(id);
    set(call, table, &owned, relation, people);
    Ok(Reply::empty(204))
}

/// `DELETE …/owners/{id}/$ref`.
pub fn remove(
    call: &mut Call<'_>,
    table: &'static Table,
    relation: &str,
) -> Result<Reply, Failure> {
    let owned = call.find(call.store.primary(), table, 0)?;
    call.caller.must_own(&owned)?;
    let one = Value::from(call.key(1).1);
    let mut people = items(&owned, &format!("~{relation}")).to_vec();
    let before = people.len();
    people.retain(|id| *id != one);
    if people.len() == before {
        return Err(Failure::bad_request(format!(
            "One or more removed object references do not exist for the following modified properties: '{relation}'."
        )));
    }
    set(call, table, &owned, relation, people);
    Ok(Reply::empty(204))
}

fn set(
    call: &mut Call<'_>,
    table: &'static Table,
    owned: &Entity,
    relation: &str,
    people: Vec<Value>,
) {
    let mut changed = owned.clone();
    changed.insert(format!("~{relation}"), people.into());
    call.store.put(table, changed, call.now);
}
