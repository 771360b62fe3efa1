//! Where anonymous documents are fetched from: the internet, or an emulated tenant.

use crate::cloud::Transport;
use crate::cloud::web::{self, Page, WebError};

/// The web as a command sees it.
#[derive(Clone, Debug)]
pub enum Web {
    /// Public addresses only, https only.
    Internet,
    /// The documents of an emulated tenant's storage accounts.
    Emulated(Transport),
}

impl Web {
    /// GETs a document as a verifier of tokens does: without a login, and following no redirect.
    pub async fn get(&self, url: &str) -> Result<Page, WebError> {
        match self {
            Web::Internet => web::get(url, false).await,
            Web::Emulated(transport) => transport.get_document(url).await,
        }
    }
}
