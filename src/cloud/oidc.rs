//! The identity tokens that CI platforms give their jobs, as client assertions.
//!
//! Sources: GitHub, "OpenID Connect reference" (methods for requesting the OIDC token); Microsoft, "Oidctoken - Create"
//! of the Azure DevOps REST API. azure_identity has no credential for GitHub, and its one for Azure Pipelines reads the
//! request's URL from the environment.

use std::fmt;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::error::ErrorKind;
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::{
    ClientMethodOptions, ClientOptions, Method, Pipeline, PipelineSendOptions, Request, Url,
};
use azure_identity::ClientAssertion;

/// Asks the platform for a token each time one is needed: they live for minutes.
pub(super) struct JobToken {
    url: Url,
    method: Method,
    bearer: Secret,
    /// The answer's member that holds the token.
    member: &'static str,
    pipeline: Pipeline,
}

impl JobToken {
    /// GitHub Actions: `ACTIONS_ID_TOKEN_REQUEST_URL` and `…_TOKEN`.
    pub(super) fn github(
        url: &str,
        bearer: Secret,
        audience: &str,
        options: ClientOptions,
    ) -> azure_core::Result<Self> {
        let mut url = checked("ACTIONS_ID_TOKEN_REQUEST_URL", url)?;
        url.query_pairs_mut().append_pair("audience", audience);
        Ok(Self::new(url, Method::Get, bearer, "value", options))
    }

    /// Azure Pipelines: `SYSTEM_OIDCREQUESTURI`, `SYSTEM_ACCESSTOKEN` and the service connection's id.
    pub(super) fn pipelines(
        url: &str,
        bearer: Secret,
        service_connection: &str,
        options: ClientOptions,
    ) -> azure_core::Result<Self> {
        let mut url = checked("SYSTEM_OIDCREQUESTURI", url)?;
        url.query_pairs_mut()
            .append_pair("api-version", "7.1")
            .append_pair("serviceConnectionId", service_connection);
        Ok(Self::new(url, Method::Post, bearer, "oidcToken", options))
    }

    fn new(
        url: Url,
        method: Method,
        bearer: Secret,
        member: &'static str,
        options: ClientOptions,
    ) -> Self {
        let pipeline = Pipeline::new(
            Some(env!("CARGO_PKG_NAME")),
            Some(env!("CARGO_PKG_VERSION")),
            options,
            Vec::new(),
            Vec::new(),
            None,
        );
        Self {
            url,
            method,
            bearer,
            member,
            pipeline,
        }
    }
}

/// The job's own token goes to this address, so it has to be an encrypted one.
fn checked(variable: &str, text: &str) -> azure_core::Result<Url> {
    let refused = |why: String| said(format!("`{variable}` is not a usable address: {why}"));
    if !text.starts_with("https://") {
        return Err(refused("it does not begin with `https://`".to_owned()));
    }
    Url::parse(text).map_err(|error| refused(error.to_string()))
}

fn said(message: String) -> azure_core::Error {
    azure_core::Error::with_message(ErrorKind::Credential, message)
}

#[async_trait]
impl ClientAssertion for JobToken {
    async fn secret(&self, options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut request = Request::new(self.url.clone(), self.method);
        request.insert_header(AUTHORIZATION, format!("Bearer {}", self.bearer.secret()));
        request.insert_header("accept", "application/json");
        // Without it Azure DevOps answers a bad token with a redirect to its login page.
        request.insert_header("x-tfs-fedauthredirect", "Suppress");
        let options = options.unwrap_or_default();
        let unchecked = PipelineSendOptions {
            skip_checks: true,
            ..PipelineSendOptions::default()
        };
        let answer = self
            .pipeline
            .send(&options.context, &mut request, Some(unchecked))
            .await?;
        let host = self.url.host_str().unwrap_or_default();
        if !answer.status().is_success() {
            let status = u16::from(answer.status());
            return Err(said(format!(
                "{host} answered {status} when asked for the job's identity token"
            )));
        }
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        body[self.member]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| said(format!("{host} answered without an identity token")))
    }
}

impl fmt::Debug for JobToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobToken")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}
