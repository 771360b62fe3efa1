//! Replies with one entity, or with a page of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::filter::Filter;
use super::options::{After, Options};
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::store::{View, text};
use crate::emulator::table::{Entity, Table};

/// Navigation properties that hold one entity, not many: learn.microsoft.com, unifiedroleassignment.
const SINGLE: &[&str] = &["principal", "roleDefinition"];

/// Most related entities that `$expand` shows of one entity.
const MAX_EXPANDED: usize = 20;

/// A page of a whole table, or of the rows that `keep` lets through.
///
/// # Errors
/// Those of the query options.
pub fn table(
    call: &Call<'_>,
    table: &'static Table,
    keep: impl Fn(&Entity) -> bool,
) -> Result<Reply, Failure> {
    let options = Options::read(call, table, true)?;
    let view = match options.advanced {
        true => call.index_view(),
        false => call.list_view(),
    };
    let context = format!("{}/$metadata#{}", call.root(), table.name);
    let equality = options.filter.as_ref().and_then(Filter::equality);
    let index = equality.and_then(|(property, value)| {
        let indexed = table.indexed.iter().find(|name| **name == property)?;
        Some((*indexed, value.to_owned()))
    });
    match index {
        Some((property, value)) => {
            let rows = view.find(table, property, &value);
            page(
                call,
                view,
                &options,
                &context,
                rows.filter(|row| keep(row)).map(|row| (table, row)),
                false,
            )
        }
        None => {
            // Rows come in the order of their ids, so the rest of an unordered list begins after the last one seen.
            let after = options
                .after
                .as_ref()
                .filter(|after| after.key.is_empty() && !options.count);
            let rows = view.rows(table, after.map(|after| after.id.as_str()));
            page(
                call,
                view,
                &options,
                &context,
                rows.filter(|row| keep(row)).map(|row| (table, row)),
                false,
            )
        }
    }
}

/// A page of rows that were found otherwise, such as the owners of an application.
///
/// # Errors
/// Those of the query options.
pub fn rows(
    call: &Call<'_>,
    view: View<'_>,
    table: &'static Table,
    context: &str,
    rows: &[(&'static Table, Arc<Entity>)],
) -> Result<Reply, Failure> {
    let options = Options::read(call, table, true)?;
    let context = format!("{}/$metadata#{context}", call.root());
    let mut rows: Vec<_> = rows.iter().map(|(table, row)| (*table, row)).collect();
    rows.sort_by(|(_, a), (_, b)| text(a, "id").cmp(text(b, "id")));
    page(call, view, &options, &context, rows.into_iter(), true)
}

fn page<'r>(
    call: &Call<'_>,
    view: View<'_>,
    options: &Options,
    context: &str,
    rows: impl Iterator<Item = (&'static Table, &'r Arc<Entity>)>,
    is_mixed: bool,
) -> Result<Reply, Failure> {
    let passes = |table: &'static Table, row: &Entity| {
        let count = |entity: &Entity, name: &str| {
            (table.related)(view, entity, name).map_or(0, |related| related.len() as i64)
        };
        let filter = options.filter.as_ref();
        let search = options.search.as_ref();
        filter.is_none_or(|filter| filter.passes(row, &count))
            && search.is_none_or(|part| text(row, "displayName").to_lowercase().contains(part))
    };
    let mut rows = rows.filter(|(table, row)| passes(table, row));
    let mut total = None;
    let mut taken: Vec<(&'static Table, &Arc<Entity>)>;
    if options.count || options.order.is_some() {
        let mut all: Vec<_> = rows.collect();
        total = options.count.then_some(all.len());
        let order = options.order.as_ref();
        let key = |row: &Entity| {
            order.map_or(String::new(), |order| {
                text(row, &order.property).to_lowercase()
            })
        };
        all.sort_by(|(_, a), (_, b)| {
            let order = (key(a), text(a, "id")).cmp(&(key(b), text(b, "id")));
            match options.order.as_ref().is_some_and(|order| order.descending) {
                true => order.reverse(),
                false => order,
            }
        });
        let from = options.after.as_ref().map_or(0, |after| {
            let last = all.iter().position(|(_, row)| text(row, "id") == after.id);
            last.map_or(0, |last| last + 1)
        });
        taken = all.into_iter().skip(from).take(options.top + 1).collect();
    } else {
        let after = options.after.as_ref().map_or("", |after| &after.id);
        taken = rows
            .by_ref()
            .filter(|(_, row)| after.is_empty() || text(row, "id") > after)
            .take(options.top + 1)
            .collect();
    }
    let more = taken.len() > options.top;
    taken.truncate(options.top);
    let mut body = Entity::new();
    let selected = match options.select.is_empty() {
        true => String::new(),
        false => format!("({})", options.select.join(",")),
    };
    body.insert(
        "@odata.context".into(),
        format!("{context}{selected}").into(),
    );
    if let Some(total) = total {
        body.insert("@odata.count".into(), total.into());
    }
    if more && let Some((_, last)) = taken.last() {
        body.insert(
            "@odata.nextLink".into(),
            next_link(call, options, last).into(),
        );
    }
    let values: Result<Vec<Value>, Failure> = taken
        .iter()
        .map(|(table, row)| {
            let mut value = shown(call, view, table, row, options, true)?;
            if is_mixed && table.directory_object {
                value
                    .entry("@odata.type")
                    .or_insert_with(|| table.odata_type.into());
            }
            Ok(Value::Object(value))
        })
        .collect();
    body.insert("value".into(), Value::Array(values?));
    Ok(Reply::json(200, &Value::Object(body)))
}

fn next_link(call: &Call<'_>, options: &Options, last: &Entity) -> String {
    let after = After {
        key: options
            .order
            .as_ref()
            .map_or(String::new(), |order| order.property.clone()),
        id: text(last, "id").to_owned(),
    };
    let parameters = call.request.query.split('&');
    let mut kept: Vec<&str> = parameters
        .filter(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            !name.is_empty() && name != "$skiptoken" && name != "%24skiptoken"
        })
        .collect();
    let token = format!("$skiptoken={}", after.token());
    kept.push(&token);
    format!(
        "{}{}?{}",
        call.request.root(),
        call.request.path,
        kept.join("&")
    )
}

/// One entity as the answer to a read of it.
///
/// # Errors
/// Those of the query options.
pub fn entity(
    call: &Call<'_>,
    view: View<'_>,
    table: &'static Table,
    row: &Entity,
    context: &str,
) -> Result<Reply, Failure> {
    let options = Options::read(call, table, false)?;
    let mut body = Entity::new();
    let selected = match options.select.is_empty() {
        true => String::new(),
        false => format!("({})", options.select.join(",")),
    };
    let context = format!("{}/$metadata#{context}{selected}/$entity", call.root());
    body.insert("@odata.context".into(), context.into());
    body.extend(shown(call, view, table, row, &options, false)?);
    Ok(Reply::json(200, &Value::Object(body)))
}

/// One entity as the answer to its creation: everything of it, and where it is.
pub fn created(
    call: &Call<'_>,
    table: &'static Table,
    row: &Entity,
    context: &str,
    path: &str,
) -> Reply {
    let mut body = Entity::new();
    let context = format!("{}/$metadata#{context}/$entity", call.root());
    body.insert("@odata.context".into(), context.into());
    body.extend(hide_unselected(
        table,
        (table.present)(row, call.version),
        &Options::default(),
        false,
    ));
    let location = format!("{}/{path}", call.root());
    Reply::json(201, &Value::Object(body)).with_header("location", location)
}

fn shown(
    call: &Call<'_>,
    view: View<'_>,
    table: &'static Table,
    row: &Entity,
    options: &Options,
    is_list: bool,
) -> Result<Entity, Failure> {
    let presented = (table.present)(row, call.version);
    let mut shown = hide_unselected(table, presented, options, is_list);
    for expand in &options.expand {
        if is_list
            && expand.name == "federatedIdentityCredentials"
            && call.store.faults.expand_refused
        {
            return Err(Failure::unsupported("Unsupported Query."));
        }
        let Some(related) = (table.related)(view, row, &expand.name) else {
            return Err(Failure::bad_request(format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{}' on type '{}'.",
                expand.name,
                table.odata_type.trim_start_matches('#')
            )));
        };
        let inner = Options {
            select: expand.select.clone(),
            ..Options::default()
        };
        let mut values = related.iter().take(MAX_EXPANDED).map(|(other, entity)| {
            let mut value =
                hide_unselected(other, (other.present)(entity, call.version), &inner, true);
            if other.directory_object {
                value
                    .entry("@odata.type")
                    .or_insert_with(|| json!(other.odata_type));
            }
            Value::Object(value)
        });
        let value = match SINGLE.contains(&expand.name.as_str()) {
            true => values.next().unwrap_or_default(),
            false => Value::Array(values.collect()),
        };
        shown.insert(expand.name.clone(), value);
    }
    Ok(shown)
}

fn hide_unselected(table: &Table, mut entity: Entity, options: &Options, is_list: bool) -> Entity {
    if options.select.is_empty() {
        for name in table.select_only {
            entity.shift_remove(*name);
        }
    } else {
        entity.retain(|name, _| name.starts_with('@') || options.selects(name));
    }
    // A key's value is returned only when one entity is read and `keyCredentials` is selected.
    if is_list || !options.selects("keyCredentials") {
        let keys = entity
            .get_mut("keyCredentials")
            .and_then(Value::as_array_mut);
        for key in keys.into_iter().flatten() {
            key["key"] = Value::Null;
        }
    }
    entity
}
