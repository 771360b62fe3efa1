//! Who owns an application (learn.microsoft.com, application-list-owners, -post-owners, -delete-owners).

use std::sync::Arc;

use serde_json::Value;

use super::APPLICATIONS;
use crate::emulator::directory;
use crate::emulator::graph::{Call, Failure, bound_id};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::store::{list as items, text};
use crate::emulator::table::{Entity, Related};

/// `GET …/owners`.
pub(super) fn list_owners(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    let application = call.find(view, &APPLICATIONS, 0)?;
    let owners: Vec<Related> = items(&application, "~owners")
        .iter()
        .filter_map(|id| directory::any(call, view, id.as_str()?))
        .collect();
    list::rows(call, view, &APPLICATIONS, "directoryObjects", &owners)
}

/// `POST …/owners/$ref`.
pub(super) fn add_owner(call: &mut Call<'_>) -> Result<Reply, Failure> {
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
    let id =
        bound_id(&reference).filter(|id| directory::any(call, call.reference_view(), id).is_some());
    let id =
        Value::from(id.ok_or_else(|| Failure::not_found(reference.as_str().unwrap_or_default()))?);
    let mut owners = items(&application, "~owners").to_vec();
    if owners.contains(&id) {
        return Err(Failure::bad_request(
            "One or more added object references already exist for the following modified properties: 'owners'.",
        ));
    }
    owners.push(id);
    set_owners(call, &application, owners);
    Ok(Reply::empty(204))
}

/// `DELETE …/owners/{id}/$ref`.
pub(super) fn remove_owner(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let application = call.find(call.store.primary(), &APPLICATIONS, 0)?;
    call.caller.must_own(&application)?;
    let owner = Value::from(call.key(1).1);
    let mut owners = items(&application, "~owners").to_vec();
    let before = owners.len();
    owners.retain(|id| *id != owner);
    if owners.len() == before {
        return Err(Failure::bad_request(
            "One or more removed object references do not exist for the following modified properties: 'owners'.",
        ));
    }
    set_owners(call, &application, owners);
    Ok(Reply::empty(204))
}

fn set_owners(call: &mut Call<'_>, application: &Entity, owners: Vec<Value>) {
    let mut changed = application.clone();
    changed.insert("~owners".into(), owners.into());
    call.store.put(&APPLICATIONS, changed, call.now);
}
