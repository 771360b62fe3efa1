//! What an entity set is, as a resource kind describes it, and its rows with their recent past.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::odata::cast;
use super::store::{Store, View};

/// One entity. Members whose name begins with `~` are the emulator's own and are never shown.
pub type Entity = Map<String, Value>;

/// Graph's two versions over one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V1,
    Beta,
}

/// An entity set, as its kind describes it.
pub struct Table {
    /// The entity set's name in URLs.
    pub name: &'static str,
    /// The type's name as errors print it: `Application`.
    pub resource: &'static str,
    /// `#microsoft.graph.application`.
    pub odata_type: &'static str,
    /// Whether it is a `directoryObject`: it is soft-deleted and can own things.
    pub directory_object: bool,
    /// Properties with an index, for keys and equality filters.
    pub indexed: &'static [&'static str],
    /// Properties that `$filter` takes without the advanced-query header.
    pub filterable: &'static [&'static str],
    /// Properties returned only when `$select` names them.
    pub select_only: &'static [&'static str],
    /// An entity as one version of the API shows it.
    pub present: fn(&Entity, Version) -> Entity,
    /// The entities behind a navigation property; `None` when there is no such property.
    pub related: fn(View<'_>, &Entity, &str) -> Option<Vec<Related>>,
    /// Called after a restore from the deleted items.
    pub restored: fn(&mut Store, &Entity, u64),
    /// Called after a permanent delete.
    pub purged: fn(&mut Store, &Entity, u64),
    /// How a dump of the tenant shows it; `None` hides it.
    pub dumped: fn(View<'_>, &Entity) -> Option<Dumped>,
}

/// A related entity with the table that describes it.
pub type Related = (&'static Table, Arc<Entity>);

/// One entity in a dump.
pub struct Dumped {
    /// The dump's line for it: `application payments.deployer`.
    pub title: String,
    /// The id of the entity it is shown under.
    pub parent: Option<String>,
    /// What to show, defaults and generated ids left out.
    pub properties: Entity,
}

impl Table {
    /// One that is no directory object: without navigation properties, on which nothing else depends, and hidden in dumps.
    pub const PLAIN: Self = Self {
        name: "",
        resource: "",
        odata_type: "",
        directory_object: false,
        indexed: &[],
        filterable: &[],
        select_only: &[],
        present: Self::as_stored,
        related: |_, _, _| None,
        restored: |_, _, _| {},
        purged: |_, _, _| {},
        dumped: |_, _| None,
    };

    /// The entity without the emulator's own members.
    pub fn as_stored(entity: &Entity, _: Version) -> Entity {
        let mut own = entity.clone();
        own.retain(|name, _| !name.starts_with('~'));
        if let Some(name) = cast::odata_type(entity) {
            own.shift_insert(0, "@odata.type".to_owned(), name.into());
        }
        own
    }
}

#[derive(Clone, Debug)]
struct Past {
    at: u64,
    entity: Option<Arc<Entity>>,
}

/// The versions of one entity that a reader may still see, oldest first.
#[derive(Clone, Debug, Default)]
struct Row {
    versions: Vec<Past>,
}

impl Row {
    fn at(&self, time: u64) -> Option<&Arc<Entity>> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.at <= time)
            .and_then(|version| version.entity.as_ref())
    }
}

/// The rows of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<String, Row>,
    /// Property → value → ids of the rows of which some remembered version has it.
    index: BTreeMap<&'static str, BTreeMap<String, BTreeSet<String>>>,
}

impl Rows {
    pub(super) fn get(&self, id: &str, time: u64) -> Option<&Arc<Entity>> {
        self.rows.get(id)?.at(time)
    }

    /// All rows after an id, in the order of their ids.
    pub(super) fn iter(
        &self,
        after: Option<&str>,
        time: u64,
    ) -> impl Iterator<Item = &Arc<Entity>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        self.rows
            .range::<str, _>((from, Unbounded))
            .filter_map(move |(_, row)| row.at(time))
    }

    /// The ids that an index remembers for a value.
    pub(super) fn indexed(&self, property: &str, value: &str) -> impl Iterator<Item = &String> {
        self.index
            .get(property)
            .and_then(|values| values.get(value))
            .into_iter()
            .flatten()
    }

    /// As if everything had been written at the beginning of time.
    pub(super) fn settle(&mut self) {
        let versions = self.rows.values_mut().flat_map(|row| &mut row.versions);
        versions.for_each(|version| version.at = 0);
    }

    /// Writes a version. Returns whether an older one is still remembered.
    pub(super) fn write(
        &mut self,
        table: &'static Table,
        id: &str,
        entity: Option<Arc<Entity>>,
        now: u64,
        keep: bool,
    ) -> bool {
        if let Some(entity) = &entity {
            for property in table.indexed {
                for value in index_values(entity, property) {
                    self.index
                        .entry(property)
                        .or_default()
                        .entry(value)
                        .or_default()
                        .insert(id.to_owned());
                }
            }
        }
        let row = self.rows.entry(id.to_owned()).or_default();
        let at = row.versions.last().map_or(now, |last| last.at.max(now));
        row.versions.push(Past { at, entity });
        let past = keep && (row.versions.len() > 1 || row.versions[0].entity.is_none());
        if !past {
            self.forget(table, id, u64::MAX);
        }
        past
    }

    /// Drops the versions of a row that nobody who reads at `time` or later can see.
    pub(super) fn forget(&mut self, table: &'static Table, id: &str, time: u64) {
        let Some(row) = self.rows.get_mut(id) else {
            return;
        };
        let last_visible = row
            .versions
            .iter()
            .rposition(|version| version.at <= time)
            .unwrap_or(0);
        let dropped: Vec<Past> = row.versions.drain(..last_visible).collect();
        let mut removed: Vec<Arc<Entity>> = dropped.into_iter().filter_map(|v| v.entity).collect();
        let kept: Vec<Arc<Entity>> = row
            .versions
            .iter()
            .filter_map(|v| v.entity.clone())
            .collect();
        if kept.is_empty() && row.versions.len() <= 1 {
            self.rows.remove(id);
        }
        removed.dedup_by(|a, b| Arc::ptr_eq(a, b));
        for old in removed {
            for property in table.indexed {
                for value in index_values(&old, property) {
                    let still = kept
                        .iter()
                        .any(|entity| index_values(entity, property).contains(&value));
                    if still {
                        continue;
                    }
                    if let Some(values) = self.index.get_mut(property)
                        && let Some(ids) = values.get_mut(&value)
                    {
                        ids.remove(id);
                        if ids.is_empty() {
                            values.remove(&value);
                        }
                    }
                }
            }
        }
    }
}

/// The values under which an index holds an entity: the string itself, or each string of an array.
fn index_values(entity: &Entity, property: &str) -> Vec<String> {
    match entity.get(property) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}
