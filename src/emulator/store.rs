//! The tenant's memory: entities with their recent past, blobs, the signing key and the faults.
//!
//! Writes go to the primary. Reads may be served by a replica that is behind (Microsoft's architecture page of Entra
//! says so of its directory store), so each row remembers its versions for as long as some replica may still show them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::blob::PublicAccess;
use super::fault::Faults;
use super::jwt::SigningKey;
use super::quota::Usage;
use super::route::Routes;
use super::table::{Entity, Rows, Table};

/// What a tenant begins with.
#[derive(Clone, Debug)]
pub struct TenantSeed {
    /// A GUID in lower case; also the seed of every id that the tenant makes.
    pub tenant_id: String,
    /// What errors call the tenant.
    pub display_name: String,
    /// The first is the initial `*.onmicrosoft.com` domain.
    pub domains: Vec<String>,
    /// An RSA private key in PKCS#8 DER, made by the caller because the emulator has no randomness.
    pub signing_key: Vec<u8>,
    /// The present, in milliseconds since 1970.
    pub now: u64,
}

/// Who the tenant is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tenant {
    pub id: String,
    pub display_name: String,
    pub domains: Vec<String>,
}

/// A tenant with everything in it. Cloning is cheap: entities are shared.
#[derive(Clone, Debug)]
pub struct Store {
    pub tenant: Tenant,
    /// What goes wrong, and when.
    pub faults: Faults,
    pub(super) key: SigningKey,
    pub(super) usage: Usage,
    pub(super) blobs: super::blob::Accounts,
    /// Subscriptions and resource groups.
    pub azure: super::azure::Azure,
    /// Documents of issuers outside the tenant that are played here for a rehearsal, by URL. They are not kept.
    pub rehearsed: BTreeMap<String, Vec<u8>>,
    counter: u64,
    tables: BTreeMap<&'static str, Rows>,
    /// Rows that still remember a past: when it was written, where.
    remembered: VecDeque<(u64, &'static Table, String)>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Store {
    /// A fresh tenant with what the kinds seed it with.
    ///
    /// # Errors
    /// When the signing key is not an RSA private key in PKCS#8 DER.
    pub fn new(seed: TenantSeed, routes: &Routes) -> Result<Self, String> {
        let mut store = Self {
            tenant: Tenant {
                id: seed.tenant_id.to_ascii_lowercase(),
                display_name: seed.display_name,
                domains: seed.domains,
            },
            faults: Faults::default(),
            key: SigningKey::new(seed.signing_key)?,
            usage: Usage::default(),
            blobs: super::blob::Accounts::default(),
            azure: super::azure::Azure::default(),
            rehearsed: BTreeMap::new(),
            counter: 0,
            tables: BTreeMap::new(),
            remembered: VecDeque::new(),
        };
        for plant in routes.seeds() {
            plant(&mut store, routes, seed.now);
        }
        // What every tenant has is on all replicas.
        store.tables.values_mut().for_each(Rows::settle);
        Ok(store)
    }

    /// A new id. The n-th id of a tenant is always the same, so that tests can name it.
    pub fn guid(&mut self) -> String {
        self.counter += 1;
        let digest = Sha256::new()
            .chain_update(self.tenant.id.as_bytes())
            .chain_update(self.counter.to_be_bytes())
            .finalize();
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    /// A version tag that no other item ever had.
    pub(super) fn etag(&mut self) -> String {
        self.counter += 1;
        format!("\"0x8DE{:012X}\"", self.counter)
    }

    /// Makes a storage account, or changes its `allowBlobPublicAccess`.
    pub fn provision_account(&mut self, account: &str, allow_public_access: bool) {
        self.blobs.provision(account, allow_public_access);
    }

    pub fn has_container(&self, account: &str, name: &str) -> bool {
        self.blobs.has_container(account, name)
    }

    /// Makes a container, empty, and its account where there is none.
    pub fn provision_container(
        &mut self,
        account: &str,
        name: &str,
        access: PublicAccess,
        now: u64,
    ) {
        let etag = self.etag();
        self.blobs
            .put_container(account, name, access, etag, now, BTreeMap::new());
    }

    /// The newest state.
    pub fn primary(&self) -> View<'_> {
        View {
            store: self,
            at: u64::MAX,
        }
    }

    /// The state that a replica shows which is `lag` milliseconds behind.
    pub fn replica(&self, now: u64, lag: u64) -> View<'_> {
        match lag {
            0 => self.primary(),
            _ => View {
                store: self,
                at: now.saturating_sub(lag),
            },
        }
    }

    /// Writes an entity, new or changed; its member `id` is its key.
    pub fn put(&mut self, table: &'static Table, entity: Entity, now: u64) {
        let id = text(&entity, "id").to_owned();
        self.write(table, id, Some(Arc::new(entity)), now);
    }

    /// Removes an entity for good.
    pub fn remove(&mut self, table: &'static Table, id: &str, now: u64) {
        self.write(table, id.to_owned(), None, now);
    }

    fn write(&mut self, table: &'static Table, id: String, entity: Option<Arc<Entity>>, now: u64) {
        let memory = self.faults.longest_lag();
        let rows = self.tables.entry(table.name).or_default();
        if rows.write(table, &id, entity, now, memory > 0) {
            self.remembered.push_back((now, table, id));
        }
        while let Some((at, table, id)) = self.remembered.front() {
            let horizon = now.saturating_sub(memory);
            if *at > horizon && memory > 0 {
                break;
            }
            if let Some(rows) = self.tables.get_mut(table.name) {
                rows.forget(table, id, horizon);
            }
            self.remembered.pop_front();
        }
    }

    /// The newest state of everything as one JSON document; the past is not kept.
    pub fn to_json(&self) -> Vec<u8> {
        let file = File {
            tenant: self.tenant.clone(),
            signing_key: self.key.pkcs8().to_vec(),
            counter: self.counter,
            faults: self.faults.clone(),
            blobs: self.blobs.clone(),
            azure: self.azure.clone(),
            tables: self
                .tables
                .iter()
                .map(|(name, rows)| {
                    let entities = rows.iter(None, u64::MAX).map(|row| (**row).clone());
                    ((*name).to_owned(), entities.collect())
                })
                .collect(),
        };
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// Reads what [`Store::to_json`] wrote.
    ///
    /// # Errors
    /// When the document is something else.
    pub fn from_json(json: &[u8], routes: &Routes) -> Result<Self, String> {
        let file: File = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let mut store = Self {
            tenant: file.tenant,
            faults: file.faults,
            key: SigningKey::new(file.signing_key)?,
            usage: Usage::default(),
            blobs: file.blobs,
            azure: file.azure,
            rehearsed: BTreeMap::new(),
            counter: file.counter,
            tables: BTreeMap::new(),
            remembered: VecDeque::new(),
        };
        for (name, entities) in file.tables {
            let table = routes
                .table(&name)
                .ok_or_else(|| format!("unknown table: {name}"))?;
            let rows = store.tables.entry(table.name).or_default();
            for entity in entities {
                let id = text(&entity, "id").to_owned();
                rows.write(table, &id, Some(Arc::new(entity)), 0, false);
            }
        }
        Ok(store)
    }
}

#[derive(Serialize, Deserialize)]
struct File {
    tenant: Tenant,
    #[serde(with = "super::jwt::base64_text")]
    signing_key: Vec<u8>,
    counter: u64,
    faults: Faults,
    blobs: super::blob::Accounts,
    #[serde(default)]
    azure: super::azure::Azure,
    tables: BTreeMap<String, Vec<Entity>>,
}

/// The store as one reader sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub store: &'a Store,
    at: u64,
}

impl<'a> View<'a> {
    /// An entity by its id, in whatever case that is written.
    pub fn get(self, table: &'static Table, id: &str) -> Option<&'a Arc<Entity>> {
        let rows = self.store.tables.get(table.name)?;
        rows.get(id, self.at)
            .or_else(|| rows.get(&id.to_ascii_lowercase(), self.at))
    }

    /// The entities whose indexed property is, or contains, a value.
    pub fn find(
        self,
        table: &'static Table,
        property: &'static str,
        value: &str,
    ) -> impl Iterator<Item = &'a Arc<Entity>> + use<'a> {
        let rows = self.store.tables.get(table.name);
        let ids: Vec<&'a String> = rows
            .map(|rows| rows.indexed(property, value).collect())
            .unwrap_or_default();
        let value = value.to_owned();
        ids.into_iter()
            .filter_map(move |id| rows?.get(id, self.at))
            .filter(move |entity| match entity.get(property) {
                Some(Value::String(text)) => *text == value,
                Some(Value::Array(items)) => items.iter().any(|item| *item == value),
                _ => false,
            })
    }

    /// All entities of a table after an id, in the order of their ids.
    pub fn rows(
        self,
        table: &'static Table,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<Entity>> {
        self.store
            .tables
            .get(table.name)
            .into_iter()
            .flat_map(move |rows| rows.iter(after, self.at))
    }
}

/// A member; null when it is missing.
pub fn member<'e>(entity: &'e Entity, name: &str) -> &'e Value {
    entity.get(name).unwrap_or(&Value::Null)
}

/// A member that is a string; empty when it is missing or null.
pub fn text<'e>(entity: &'e Entity, name: &str) -> &'e str {
    entity.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member that is an array; empty when it is missing or null.
pub fn list<'e>(entity: &'e Entity, name: &str) -> &'e [Value] {
    entity
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
