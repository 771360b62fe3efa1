//! Blob Storage.

use serde::{Deserialize, Serialize};

use super::request::{Reply, Request};
use super::store::Store;

/// The tenant's storage accounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Accounts {}

impl Accounts {
    pub(super) fn dump(&self) -> String {
        String::new()
    }
}

/// The account of a blob endpoint's host.
pub fn account_of_host(host: &str) -> Option<&str> {
    [
        ".blob.core.windows.net",
        ".blob.core.usgovcloudapi.net",
        ".blob.core.chinacloudapi.cn",
    ]
    .iter()
    .find_map(|suffix| host.strip_suffix(suffix))
}

pub(super) fn busy(_now: u64, _seed: u64) -> Reply {
    Reply::empty(503)
}

pub(super) fn answer(_store: &mut Store, _request: &Request, _now: u64, _seed: u64) -> Reply {
    Reply::empty(404)
}
