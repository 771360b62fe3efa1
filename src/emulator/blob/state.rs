//! Accounts, containers and blobs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::lease::Lease;
use super::{Failure, NO_CONTAINER, Target};
use crate::emulator::dump::print_properties;
use crate::emulator::table::Entity;

/// The tenant's storage accounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Accounts {
    accounts: BTreeMap<String, Account>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Account {
    /// The account's property `allowBlobPublicAccess`.
    allow_public_access: bool,
    containers: BTreeMap<String, Container>,
}

/// What the whole world may read in a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PublicAccess {
    #[default]
    None,
    /// Blobs, but not their list.
    Blob,
    Container,
}

impl PublicAccess {
    /// Reads the header `x-ms-blob-public-access`.
    pub(super) fn parse(header: Option<&str>) -> Option<Self> {
        match header {
            None => Some(Self::None),
            Some("blob") => Some(Self::Blob),
            Some("container") => Some(Self::Container),
            Some(_) => None,
        }
    }

    /// The header's value; `None` for a private container.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Blob => Some("blob"),
            Self::Container => Some("container"),
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Container {
    pub access: PublicAccess,
    pub etag: String,
    pub modified: u64,
    pub metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    pub blobs: BTreeMap<String, Blob>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Blob {
    #[serde(with = "content")]
    pub content: Vec<u8>,
    /// `content-type`, `cache-control` and the like.
    pub headers: BTreeMap<String, String>,
    pub metadata: BTreeMap<String, String>,
    pub etag: String,
    pub created: u64,
    pub modified: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

impl Accounts {
    /// Whether an account has a container of that name.
    pub fn has_container(&self, account: &str, name: &str) -> bool {
        self.accounts
            .get(account)
            .is_some_and(|account| account.containers.contains_key(name))
    }

    /// Makes an account, or changes whether its containers may be public.
    pub(in crate::emulator) fn provision(&mut self, account: &str, allow_public_access: bool) {
        let account = self.accounts.entry(account.to_owned()).or_default();
        account.allow_public_access = allow_public_access;
    }

    pub(super) fn remove(&mut self, account: &str) {
        self.accounts.remove(account);
    }

    pub(super) fn exists(&self, account: &str) -> bool {
        self.accounts.contains_key(account)
    }

    pub(super) fn allows_public_access(&self, account: &str) -> bool {
        self.accounts
            .get(account)
            .is_some_and(|account| account.allow_public_access)
    }

    pub(super) fn containers(&self, account: &str) -> impl Iterator<Item = (&String, &Container)> {
        self.accounts
            .get(account)
            .into_iter()
            .flat_map(|account| &account.containers)
    }

    pub(super) fn container(&self, target: &Target) -> Option<&Container> {
        self.accounts
            .get(&target.account)?
            .containers
            .get(&target.container)
    }

    pub(super) fn container_mut(&mut self, target: &Target) -> Result<&mut Container, Failure> {
        let account = self.accounts.get_mut(&target.account);
        let container = account.and_then(|account| account.containers.get_mut(&target.container));
        container.ok_or(NO_CONTAINER)
    }

    pub(in crate::emulator) fn put_container(
        &mut self,
        account: &str,
        name: &str,
        access: PublicAccess,
        etag: String,
        now: u64,
        metadata: BTreeMap<String, String>,
    ) {
        let container = Container {
            access,
            etag,
            modified: now,
            metadata,
            ..Container::default()
        };
        let account = self.accounts.entry(account.to_owned()).or_default();
        account.containers.insert(name.to_owned(), container);
    }

    pub(super) fn remove_container(&mut self, target: &Target) {
        if let Some(account) = self.accounts.get_mut(&target.account) {
            account.containers.remove(&target.container);
        }
    }

    /// Accounts, containers and blobs with what a reader of them sees.
    pub(in crate::emulator) fn dump(&self) -> String {
        let mut out = String::new();
        for (name, account) in &self.accounts {
            let public = if account.allow_public_access {
                " (public access allowed)"
            } else {
                ""
            };
            out.push_str(&format!("storage_account {name}{public}\n"));
            for (name, container) in &account.containers {
                let access = container.access.name().unwrap_or("private");
                out.push_str(&format!("  container {name} ({access})\n"));
                for (name, blob) in &container.blobs {
                    out.push_str(&format!("    blob {name}\n"));
                    let mut shown: Entity = blob
                        .headers
                        .iter()
                        .map(|(name, value)| (name.clone(), json!(value)))
                        .collect();
                    for (name, value) in &blob.metadata {
                        shown.insert(format!("metadata {name}"), json!(value));
                    }
                    shown.insert("text".into(), json!(String::from_utf8_lossy(&blob.content)));
                    print_properties(&shown, 3, &mut out);
                }
            }
        }
        out
    }
}

/// Text where it is text, base64 otherwise.
mod content {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Content {
        Text(String),
        Base64(#[serde(with = "crate::emulator::jwt::base64_text")] Vec<u8>),
    }

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Content::Text(text.to_owned()),
            Err(_) => Content::Base64(bytes.to_vec()),
        }
        .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Content::deserialize(deserializer)? {
            Content::Text(text) => text.into_bytes(),
            Content::Base64(bytes) => bytes,
        })
    }
}
