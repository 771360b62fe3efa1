//! Accounts and containers as Resource Manager makes, changes and deletes them.

use std::collections::BTreeMap;

use super::Target;
use super::state::PublicAccess;
use crate::emulator::store::Store;

impl Store {
    /// Whether anybody holds the name: it is one for the whole world.
    pub fn has_account(&self, account: &str) -> bool {
        self.blobs.exists(account)
    }

    /// The account's `allowBlobPublicAccess`.
    pub fn allows_public_access(&self, account: &str) -> bool {
        self.blobs.allows_public_access(account)
    }

    /// Removes an account with all that is in it.
    pub fn remove_account(&mut self, account: &str) {
        self.blobs.remove(account);
    }

    /// The names of an account's containers.
    pub fn containers(&self, account: &str) -> Vec<String> {
        let all = self.blobs.containers(account);
        all.map(|(name, _)| name.clone()).collect()
    }

    /// A container's access level and metadata.
    pub fn container(
        &self,
        account: &str,
        name: &str,
    ) -> Option<(PublicAccess, &BTreeMap<String, String>)> {
        let container = self.blobs.container(&target(account, name))?;
        Some((container.access, &container.metadata))
    }

    /// Makes a container, or changes what is given of one that is there.
    pub fn put_container(
        &mut self,
        account: &str,
        name: &str,
        access: Option<PublicAccess>,
        metadata: Option<BTreeMap<String, String>>,
        now: u64,
    ) {
        let etag = self.etag();
        if let Ok(container) = self.blobs.container_mut(&target(account, name)) {
            container.access = access.unwrap_or(container.access);
            container.metadata = metadata.unwrap_or_else(|| container.metadata.clone());
            container.etag = etag;
            container.modified = now;
            return;
        }
        let access = access.unwrap_or_default();
        let metadata = metadata.unwrap_or_default();
        self.blobs
            .put_container(account, name, access, etag, now, metadata);
    }

    /// Removes a container with all that is in it; whether it was there.
    pub fn remove_container(&mut self, account: &str, name: &str) -> bool {
        let there = self.has_container(account, name);
        self.blobs.remove_container(&target(account, name));
        there
    }
}

fn target(account: &str, container: &str) -> Target {
    Target {
        account: account.to_owned(),
        container: container.to_owned(),
        blob: String::new(),
    }
}
