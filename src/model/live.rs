//! What is there: the objects that reads found, and what they proved absent.

use std::collections::{BTreeMap, BTreeSet};

use super::step::Request;
use super::value::Map;

/// An object's identity: its kind and the service's own id for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: &'static str,
    pub id: String,
}

/// One object of the tenant, in the words of its kind's field table.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub key: Key,
    /// The object that contains it.
    pub parent: Option<Key>,
    /// What people call it.
    pub name: String,
    pub body: Map,
    /// What references to it give: `client_id`, `object_id`, …
    pub outputs: BTreeMap<String, String>,
    /// Alternate keys, as they stand in a path: `uniqueName='payments.deployer'`, `appId='…'`.
    pub alternates: Vec<String>,
    pub etag: Option<String>,
    /// In the recycle bin: it holds its names but gives no access.
    pub deleted: bool,
    /// Read by key, not found in a list: lists lag behind.
    pub confirmed: bool,
}

impl Object {
    /// As it is read by key: alone, with nothing known of it yet.
    pub fn new(key: Key, name: impl Into<String>) -> Object {
        Object {
            key,
            parent: None,
            name: name.into(),
            body: Map::new(),
            outputs: BTreeMap::new(),
            alternates: Vec::new(),
            etag: None,
            deleted: false,
            confirmed: true,
        }
    }
}

/// A GET that a kind wants made, and why (the kind's own word, which `decode` gets back).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    pub kind: &'static str,
    pub purpose: &'static str,
    pub request: Request,
    /// Whatever `decode` needs to know to place the answer: an id, an alternate key.
    pub about: String,
}

/// Everything that was read so far.
#[derive(Clone, Debug, Default)]
pub struct Live {
    objects: BTreeMap<Key, Object>,
    alternates: BTreeMap<(&'static str, String), Key>,
    children: BTreeMap<Key, BTreeSet<Key>>,
    /// Alternate keys that a read by key answered with 404.
    absent: BTreeSet<(&'static str, String)>,
    /// Reads that were answered, with the status.
    answered: BTreeMap<(&'static str, &'static str, String), u16>,
}

impl Live {
    /// Adds an object, or replaces what was known of it. A confirmed object is not replaced by a list's word.
    pub fn insert(&mut self, object: Object) {
        let key = object.key.clone();
        if let Some(before) = self.objects.get(&key) {
            if before.confirmed && !object.confirmed {
                return;
            }
            for alternate in before.alternates.clone() {
                self.alternates.remove(&(key.kind, alternate));
            }
        }
        for alternate in &object.alternates {
            self.absent.remove(&(key.kind, alternate.clone()));
            let at = (key.kind, alternate.clone());
            // A soft-deleted object keeps its keys, but a live one of the same key is what they mean.
            let taken = self
                .alternates
                .get(&at)
                .and_then(|other| self.objects.get(other));
            if taken.is_none_or(|other| other.deleted || !object.deleted) {
                self.alternates.insert(at, key.clone());
            }
        }
        if let Some(parent) = &object.parent {
            self.children
                .entry(parent.clone())
                .or_default()
                .insert(key.clone());
        }
        self.objects.insert(key, object);
    }

    /// Forgets an object: a read by key said that it is gone.
    pub fn remove(&mut self, key: &Key) {
        if let Some(object) = self.objects.remove(key) {
            for alternate in object.alternates {
                self.alternates.remove(&(key.kind, alternate));
            }
            if let Some(siblings) = object
                .parent
                .and_then(|parent| self.children.get_mut(&parent))
            {
                siblings.remove(key);
            }
        }
    }

    /// Forgets the children of one kind, before a fresh list of them is taken in.
    pub fn remove_children(&mut self, parent: &Key, kind: &str) {
        let gone: Vec<Key> = self
            .children
            .get(parent)
            .into_iter()
            .flatten()
            .filter(|key| key.kind == kind)
            .cloned()
            .collect();
        gone.iter().for_each(|key| self.remove(key));
    }

    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    pub fn find(&self, kind: &'static str, alternate: &str) -> Option<&Object> {
        self.objects
            .get(self.alternates.get(&(kind, alternate.to_owned()))?)
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects
            .values()
            .filter(move |object| object.key.kind == kind)
    }

    pub fn children<'a>(&'a self, parent: &Key, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.children
            .get(parent)
            .into_iter()
            .flatten()
            .filter(move |key| key.kind == kind)
            .filter_map(|key| self.objects.get(key))
    }

    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    pub fn set_absent(&mut self, kind: &'static str, alternate: impl Into<String>) {
        self.absent.insert((kind, alternate.into()));
    }

    pub fn is_absent(&self, kind: &'static str, alternate: &str) -> bool {
        self.absent.contains(&(kind, alternate.to_owned()))
    }

    pub fn record(&mut self, read: &Read, status: u16) {
        self.answered
            .insert((read.kind, read.purpose, read.about.clone()), status);
    }

    /// The status with which a read was answered, if it was made.
    pub fn answer(&self, kind: &'static str, purpose: &'static str, about: &str) -> Option<u16> {
        self.answered
            .get(&(kind, purpose, about.to_owned()))
            .copied()
    }
}

impl Key {
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }
}
