//! An issuer's published keys: over the web, from the embedded tenant, or as a stack declares them.

use crate::cli::local::Local;
use crate::cloud::web;
use crate::exchange::signature::check_discovery;
use crate::keys::discovery;
use crate::kinds::document;
use crate::model::desired::Desired;

/// Where documents of issuers are read.
pub enum Published<'a> {
    /// From their URLs, by the rules of [`web`].
    Web,
    /// From the embedded tenant.
    Local(&'a Local),
    /// From what a stack declares; nobody is asked.
    Declared(&'a Desired),
}

impl Published<'_> {
    /// The JWKS of an issuer, found through its discovery document.
    ///
    /// # Errors
    /// Why the token endpoint would not find it either.
    pub async fn keys(&self, issuer: &str) -> Result<Vec<u8>, String> {
        let discovery = self.document(&discovery::url(issuer)).await?;
        let jwks = check_discovery(issuer, &discovery)
            .map_err(|refusal| refusal.detail.unwrap_or(refusal.message))?;
        self.document(&jwks).await
    }

    /// The JWKS of an issuer whose name in the discovery document may be a template, as Entra's for any tenant.
    ///
    /// # Errors
    /// As for [`Self::keys`].
    pub async fn keys_of_template(&self, issuer: &str) -> Result<Vec<u8>, String> {
        let issuer = issuer.replace("{tenantid}", "common");
        let discovery = self.document(&discovery::url(&issuer)).await?;
        let document = discovery::Discovery::parse(&discovery).map_err(|error| error.message)?;
        self.document(&document.jwks_uri).await
    }

    async fn document(&self, url: &str) -> Result<Vec<u8>, String> {
        match self {
            Self::Web => {
                let page = web::get(url, false).await.map_err(|error| error.message)?;
                match page.status {
                    200 => Ok(page.body),
                    status => Err(format!("GET {url} answered {status}")),
                }
            }
            Self::Local(local) => local.document(url).unwrap_or_else(|| {
                Err(format!(
                    "GET {url}: the embedded tenant plays no such issuer"
                ))
            }),
            Self::Declared(desired) => desired
                .of_kind(document::KIND)
                .find(|resource| resource.text("url") == Some(url))
                .and_then(|resource| resource.text("text"))
                .map(|text| text.as_bytes().to_vec())
                .ok_or_else(|| {
                    format!("the stack declares nothing at {url}, and nobody else is asked")
                }),
        }
    }
}
