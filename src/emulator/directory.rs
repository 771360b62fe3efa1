//! Directory objects whatever their kind: by id, and among the deleted items.
//!
//! A deleted object keeps its row, with `deletedDateTime` set, for 30 days (learn.microsoft.com, delete-recover-faq).

use std::sync::Arc;

use serde_json::Value;

use super::graph::{self, Call, Failure, is_deleted};
use super::odata::{cast, list};
use super::request::Reply;
use super::route::Route;
use super::store::{Store, View, text};
use super::table::{Entity, Table};
use super::{dates, table};
use crate::model::graph_permission::{READ_APPLICATIONS as READERS, WRITE_APPLICATIONS as WRITERS};

/// The routes that belong to no single kind.
pub(super) static ROUTES: &[Route] = &[
    Route::new("GET", "/directoryObjects/{object}", READERS, read),
    Route::new(
        "GET",
        "/directory/deletedItems/{object}",
        READERS,
        read_deleted,
    ),
    Route::new(
        "GET",
        "/directory/deletedItems/{type}/$count",
        READERS,
        count_deleted,
    ),
    Route::new("DELETE", "/directory/deletedItems/{object}", WRITERS, purge),
    Route::new(
        "POST",
        "/directory/deletedItems/{object}/restore",
        WRITERS,
        restore,
    ),
];

/// Moves an object to the deleted items.
pub fn soft_delete(store: &mut Store, table: &'static Table, entity: &Entity, now: u64) {
    let mut deleted = entity.clone();
    deleted.insert("deletedDateTime".into(), dates::iso(now).into());
    store.put(table, deleted, now);
}

/// Moves an object back from the deleted items.
pub fn undelete(store: &mut Store, table: &'static Table, entity: &Entity, now: u64) {
    let mut live = entity.clone();
    live.insert("deletedDateTime".into(), Value::Null);
    store.put(table, live, now);
}

/// A directory object of any kind.
pub fn any(call: &Call<'_>, view: View<'_>, id: &str) -> Option<table::Related> {
    let mut tables = call.routes.tables().filter(|table| table.directory_object);
    tables.find_map(|table| {
        view.get(table, id)
            .map(|entity| (table, Arc::clone(entity)))
    })
}

fn deleted(call: &Call<'_>, view: View<'_>) -> Result<table::Related, Failure> {
    let (_, id) = call.key(0);
    any(call, view, id)
        .filter(|(_, entity)| is_deleted(entity))
        .ok_or_else(|| Failure::not_found(id))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let (_, id) = call.key(0);
    let (table, entity) = any(call, view, id)
        .filter(|(_, entity)| !is_deleted(entity))
        .ok_or_else(|| Failure::not_found(id))?;
    typed(call, view, table, &entity)
}

fn typed(
    call: &Call<'_>,
    view: View<'_>,
    table: &'static Table,
    entity: &Entity,
) -> Result<Reply, Failure> {
    let reply = list::entity(call, view, table, entity, "directoryObjects")?;
    let mut body = reply.value();
    body["@odata.type"] = match cast::odata_type(entity) {
        Some(name) => name.into(),
        None => table.odata_type.into(),
    };
    Ok(Reply::json(200, &body))
}

/// The table of a typed segment.
fn of_type<'a>(call: &Call<'a>) -> Option<&'static Table> {
    let wanted = call.key(0).1.strip_prefix("microsoft.graph.")?.to_owned();
    call.routes.tables().find(|table| {
        let name = table.odata_type.trim_start_matches("#microsoft.graph.");
        table.directory_object && name.eq_ignore_ascii_case(&wanted)
    })
}

fn read_deleted(call: &mut Call<'_>) -> Result<Reply, Failure> {
    if let Some(name) = cast::named(call.key(0).1) {
        call.check_type(name)?;
        let set = cast::set_of(name).and_then(|set| call.routes.table(set));
        let table = set.ok_or_else(|| Failure::not_found(name))?;
        let keep = |row: &Entity| is_deleted(row) && cast::of(row) == name;
        return list::table(call, table, keep);
    }
    if call.key(0).1.starts_with("microsoft.graph.") {
        let table = of_type(call).ok_or_else(|| Failure::not_found(call.key(0).1))?;
        return list::table(call, table, is_deleted);
    }
    let view = call.view();
    let (table, entity) = deleted(call, view)?;
    typed(call, view, table, &entity)
}

fn count_deleted(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let table = of_type(call).ok_or_else(|| Failure::not_found(call.key(0).1))?;
    let rows = call.index_view().rows(table, None);
    graph::count(call, rows.filter(|row| is_deleted(row)).count())
}

fn purge(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let (table, entity) = deleted(call, call.store.primary())?;
    call.caller.must_own(&entity)?;
    call.store.remove(table, text(&entity, "id"), call.now);
    (table.purged)(call.store, &entity, call.now);
    Ok(Reply::empty(204))
}

fn restore(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let (table, entity) = deleted(call, call.store.primary())?;
    call.caller.must_own(&entity)?;
    // A service principal that was created again in the meantime.
    let client_id = text(&entity, "appId");
    if graph::lookup(call.store.primary(), table, "appId", client_id).is_some() {
        return Err(Failure::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The object cannot be restored because the name {client_id} is already in use."
            ),
        ));
    }
    undelete(call.store, table, &entity, call.now);
    (table.restored)(call.store, &entity, call.now);
    let view = call.store.primary();
    let live = view.get(table, text(&entity, "id")).cloned();
    typed(call, view, table, live.as_deref().unwrap_or(&entity))
}
