//! Logging in without a secret: workload identity federation, managed identity or `az`. A client secret or certificate
//! is not an option.
//!
//! Everything comes in as data. azure_identity is given the authority, tenant, client and file explicitly; the one thing
//! it reads from the environment behind our back is the managed identity's endpoint, for which it has no option.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::ClientOptions;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use tokio::sync::Mutex;

use super::oidc::JobToken;
use super::session::Fresh;
use super::transport::Transport;
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;

/// What the environment offers for logging in. Plain data: the command line fills it.
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    /// The stack's tenant.
    pub tenant_id: String,
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub github: Option<(String, Secret)>,
    /// `SYSTEM_OIDCREQUESTURI` and `SYSTEM_ACCESSTOKEN`.
    pub pipelines: Option<(String, Secret)>,
    /// `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`, which the AzureCLI and AzurePowerShell tasks set.
    pub service_connection_id: Option<String>,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub federated_token_file: Option<PathBuf>,
    /// Whether `IDENTITY_ENDPOINT` or `MSI_ENDPOINT` is set: then a managed identity comes before `az`.
    pub managed_identity: bool,
    /// Variables that are set and offer a secret (`AZURE_CLIENT_SECRET`, `AZURE_CLIENT_CERTIFICATE_PATH`, `ARM_CLIENT_SECRET`).
    pub secrets: Vec<String>,
    /// The emulator's own first login. Where it is given, nothing else is tried.
    pub emulator: Option<EmulatorLogin>,
}

/// The client that an emulator lets in with a fixed assertion, because a new tenant has no trust yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatorLogin {
    pub client_id: String,
    pub assertion: String,
}

/// A credential for the first way of logging in that the environment is set up for.
///
/// Errors: `secret-login` where the environment offers a secret. Whether a login works shows when a token is asked for.
pub fn credential(
    options: LoginOptions,
    cloud: Cloud,
    transport: &Transport,
) -> Result<Arc<dyn TokenCredential>, Diagnostic> {
    if options.emulator.is_none() && !options.secrets.is_empty() {
        let names = options.secrets.join("`, `");
        return Err(Diagnostic::error(
            "secret-login",
            format!("`{names}` offers a secret, and trustform has no login with one"),
        )
        .help(format!("unset `{names}`"))
        .help("let the workload log in with its own token: a federated credential on the application, with `AZURE_CLIENT_ID` set"));
    }
    let ways = Way::all(&options);
    Ok(Arc::new(Login {
        cloud,
        transport: transport.clone(),
        options,
        ways,
        chosen: Mutex::new(None),
    }))
}

/// Why nobody is logged in: what each way said.
#[derive(Debug)]
pub(super) struct NoLogin(Vec<(Way, String)>);

impl NoLogin {
    pub(super) fn diagnostic(&self) -> Diagnostic {
        let nothing = Diagnostic::error("no-login", "no way of logging in worked");
        self.0.iter().fold(nothing, |diagnostic, (way, why)| {
            diagnostic.help(format!("{}: {why}", way.name()))
        })
    }
}

impl fmt::Display for NoLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no way of logging in worked")
    }
}

impl std::error::Error for NoLogin {}

/// The ways, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Emulator,
    GitHub,
    Pipelines,
    WorkloadIdentity,
    ManagedIdentity,
    AzureCli,
}

impl Way {
    fn all(options: &LoginOptions) -> Vec<Self> {
        use Way::*;
        if options.emulator.is_some() {
            return vec![Emulator];
        }
        let mut ways = vec![GitHub, Pipelines, WorkloadIdentity];
        // A virtual machine's metadata endpoint shows itself only by a timeout, so `az` goes first there.
        ways.extend(if options.managed_identity {
            [ManagedIdentity, AzureCli]
        } else {
            [AzureCli, ManagedIdentity]
        });
        ways
    }

    fn name(self) -> &'static str {
        match self {
            Way::Emulator => "the emulator",
            Way::GitHub => "GitHub Actions",
            Way::Pipelines => "Azure Pipelines",
            Way::WorkloadIdentity => "workload identity",
            Way::ManagedIdentity => "managed identity",
            Way::AzureCli => "`az`",
        }
    }

    /// Whether a refusal ends the search: the environment named this identity, and another one must not step in for it.
    fn is_definite(self, options: &LoginOptions) -> bool {
        match self {
            Way::AzureCli => false,
            Way::ManagedIdentity => options.managed_identity,
            _ => true,
        }
    }
}

/// Tries each way once and stays with the one that worked.
struct Login {
    cloud: Cloud,
    transport: Transport,
    options: LoginOptions,
    ways: Vec<Way>,
    chosen: Mutex<Option<(Way, Arc<dyn TokenCredential>)>>,
}

/// A way that is not set up, and what is missing.
type Opened = Result<azure_core::Result<Arc<dyn TokenCredential>>, &'static str>;

impl Login {
    fn open(&self, way: Way) -> Opened {
        let options = &self.options;
        let transport = &self.transport;
        let audience = self.cloud.exchange_audience();
        Ok(match way {
            Way::Emulator => {
                let login = options.emulator.as_ref().ok_or("there is none")?;
                let assertion = Fixed(Secret::new(login.assertion.clone()));
                self.assertion(login.client_id.clone(), assertion, transport.options())
            }
            Way::GitHub => {
                let (url, bearer) = options.github.clone().ok_or(
                    "`ACTIONS_ID_TOKEN_REQUEST_URL` is not set (a job needs `permissions: id-token: write`)",
                )?;
                let client = self.client()?;
                JobToken::github(&url, bearer, audience, transport.login_options())
                    .and_then(|token| self.assertion(client, token, transport.login_options()))
            }
            Way::Pipelines => {
                let (url, bearer) = options.pipelines.clone().ok_or(
                    "`SYSTEM_OIDCREQUESTURI` and `SYSTEM_ACCESSTOKEN` are not set (map the latter with `env:` in the step)",
                )?;
                let connection = options
                    .service_connection_id
                    .as_deref()
                    .ok_or("`AZURESUBSCRIPTION_SERVICE_CONNECTION_ID` is not set (the tasks AzureCLI and AzurePowerShell set it; other steps need the service connection's id with `env:`)")?;
                let client = self.client()?;
                JobToken::pipelines(&url, bearer, connection, transport.login_options())
                    .and_then(|token| self.assertion(client, token, transport.login_options()))
            }
            Way::WorkloadIdentity => {
                let file = options
                    .federated_token_file
                    .clone()
                    .ok_or("`AZURE_FEDERATED_TOKEN_FILE` is not set")?;
                let client = self.client()?;
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions {
                        client_options: self.authority(transport.login_options()),
                    },
                    client_id: Some(client),
                    tenant_id: Some(options.tenant_id.clone()),
                    token_file_path: Some(file),
                }))
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
            Way::ManagedIdentity => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: options.client_id.clone().map(UserAssignedId::ClientId),
                    client_options: transport.metadata_options(),
                }))
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
            Way::AzureCli => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: Some(options.tenant_id.clone()),
                ..AzureCliCredentialOptions::default()
            }))
            .map(|credential| credential as Arc<dyn TokenCredential>),
        })
    }

    fn client(&self) -> Result<String, &'static str> {
        let client = self.options.client_id.clone();
        client.ok_or("`AZURE_CLIENT_ID` is not set (the client id of the application or managed identity to log in as)")
    }

    fn assertion<A: ClientAssertion + 'static>(
        &self,
        client: String,
        assertion: A,
        options: ClientOptions,
    ) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let options = ClientAssertionCredentialOptions {
            client_options: self.authority(options),
        };
        let tenant = self.options.tenant_id.clone();
        ClientAssertionCredential::new(tenant, client, assertion, Some(options))
            .map(|credential| credential as Arc<dyn TokenCredential>)
    }

    /// The authority is named here because azure_identity would take it from `AZURE_AUTHORITY_HOST`.
    fn authority(&self, options: ClientOptions) -> ClientOptions {
        let mut custom = CustomConfiguration::default();
        custom.authority_host = self.cloud.login().to_owned();
        ClientOptions {
            cloud: Some(Arc::new(custom.into())),
            ..options
        }
    }
}

#[async_trait]
impl TokenCredential for Login {
    async fn get_token(
        &self,
        scopes: &[&str],
        asked: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let asked = asked.unwrap_or_default();
        let mut chosen = self.chosen.lock().await;
        if let Some((way, credential)) = chosen.as_mut() {
            // azure_identity keeps tokens and cannot forget one, so a refused token takes its credential with it.
            if asked.method_options.context.value::<Fresh>().is_some()
                && let Ok(Ok(fresh)) = self.open(*way)
            {
                *credential = fresh;
            }
            return credential.get_token(scopes, Some(asked)).await;
        }
        let mut tried = Vec::new();
        for way in self.ways.iter().copied() {
            let answer = match self.open(way) {
                Err(missing) => {
                    tried.push((way, format!("not set up: {missing}")));
                    continue;
                }
                Ok(Err(error)) => Err(error),
                Ok(Ok(credential)) => credential
                    .get_token(scopes, Some(asked.clone()))
                    .await
                    .map(|token| (token, credential)),
            };
            match answer {
                Ok((token, credential)) => {
                    *chosen = Some((way, credential));
                    return Ok(token);
                }
                Err(error) => tried.push((way, words(&error))),
            }
            if way.is_definite(&self.options) {
                break;
            }
        }
        Err(azure_core::Error::new(
            ErrorKind::Credential,
            NoLogin(tried),
        ))
    }
}

/// What a credential said, on one line, without its own name and its pointer to a troubleshooting page.
pub(super) fn words(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let text = text.split("\nTo troubleshoot").next().unwrap_or_default();
    let said = text.split_once(" authentication failed. ");
    let text = said.map_or(text, |(_, said)| said);
    // azure_identity reads no description with an escape in it, and repeats it when it says so.
    let unread = text
        .strip_prefix("invalid type: string \"")
        .and_then(|rest| rest.split_once("\", expected a borrowed string"));
    if let Some((description, _)) = unread {
        let escapes = [("\\r", " "), ("\\n", " "), ("\\\"", "\""), ("\\'", "'")];
        let plain = |text: String, (escape, meant): (&str, &str)| text.replace(escape, meant);
        return super::explain::clean(&escapes.into_iter().fold(description.to_owned(), plain));
    }
    let first = std::error::Error::source(error);
    if std::iter::successors(first, |cause| cause.source())
        .any(|cause| cause.is::<serde_json::Error>())
    {
        return "the login service answered with something that is not JSON: a proxy or captive portal in between is the usual reason".to_owned();
    }
    super::explain::clean(text)
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("ways", &self.ways)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Fixed(Secret);

#[async_trait]
impl ClientAssertion for Fixed {
    async fn secret(
        &self,
        _: Option<azure_core::http::ClientMethodOptions<'_>>,
    ) -> azure_core::Result<String> {
        Ok(self.0.secret().to_owned())
    }
}
