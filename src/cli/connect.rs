//! From the command line and the environment to a client.

use std::path::Path;
use std::sync::Arc;

use azure_core::credentials::Secret;

use super::args::TenantArgs;
use super::local::Local;
use super::stack::Stack;
use super::web::Web;
use super::{Failure, World};
use crate::cloud::login::EmulatorLogin;
use crate::cloud::{Caller, Client, Clock, LoginOptions, Reader, Transport, credential};
use crate::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use crate::model::diagnostic::Diagnostic;

/// A login to the stack's tenant.
pub struct Connection {
    pub client: Arc<Client>,
    pub reader: Reader,
    transport: Transport,
    /// Whether writes keep to the services' quotas.
    pub paced: bool,
    /// Where what everyone may read is read.
    pub web: Web,
    /// The embedded tenant, if it is that.
    local: Option<Local>,
}

/// Logs in to nothing yet.
pub fn connect(world: &World, args: &TenantArgs, stack: &Stack) -> Result<Connection, Failure> {
    let wanted = &stack.desired.stack;
    if wanted.name.is_empty() {
        return Err(
            Diagnostic::error("no-stack", "the files have no `stack` block")
                .help("add `stack \"name\" { tenant_id = \"…\" }`")
                .into(),
        );
    }
    let emulated = EmulatorLogin {
        client_id: ADMINISTRATOR_CLIENT_ID.to_owned(),
        assertion: ADMINISTRATOR_ASSERTION.to_owned(),
    };
    let mut options = LoginOptions {
        tenant_id: wanted.tenant_id.clone(),
        ..LoginOptions::default()
    };
    let (transport, clock, local) = if args.local {
        let local = Local::open(world, stack)?;
        options.emulator = Some(emulated);
        (local.transport(), local.clock.clone(), Some(local))
    } else if let Some(url) = &args.emulator {
        let root = args
            .emulator_ca
            .as_deref()
            .map(|file| certificate(world, file))
            .transpose()?;
        options.emulator = Some(emulated);
        (
            Transport::emulator(url, root.as_deref(), world.silence)?,
            world.clock.clone(),
            None,
        )
    } else {
        from_environment(world, &mut options);
        (Transport::real(world.silence)?, world.clock.clone(), None)
    };
    let credential = credential(options, wanted.cloud, &transport)?;
    let web = match args.local || args.emulator.is_some() {
        true => Web::Emulated(transport.clone()),
        false => Web::Internet,
    };
    let seed = seed(&clock);
    let client = Arc::new(Client::new(
        wanted.cloud,
        credential,
        transport.clone(),
        clock,
    ));
    Ok(Connection {
        reader: Reader::new(client.clone(), seed),
        client,
        transport,
        paced: true,
        web,
        local,
    })
}

impl Connection {
    /// Who is logged in. Refuses any other tenant than the one that the stack names.
    pub async fn check_tenant(&self, tenant_id: &str) -> Result<Caller, Diagnostic> {
        let caller = self.client.caller().await?;
        caller.check_tenant(tenant_id)?;
        Ok(caller)
    }

    /// The connection without a login.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The embedded tenant, if it is that.
    pub fn local(&self) -> Option<&Local> {
        self.local.as_ref()
    }

    /// Keeps what an embedded tenant has become.
    pub fn save(&self) -> Result<(), Failure> {
        self.local.as_ref().map_or(Ok(()), Local::save)
    }
}

fn certificate(world: &World, file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(world.directory.join(file)).map_err(|error| {
        Failure::plain(
            "unreadable",
            format!("`{}` cannot be read: {error}", file.display()),
        )
    })
}

/// Runs that start together wait differently.
fn seed(clock: &Clock) -> u64 {
    clock.now_ms().unsigned_abs() ^ u64::from(std::process::id()) << 32
}

/// What the environment offers for logging in, each variable by its documented name.
fn from_environment(world: &World, options: &mut LoginOptions) {
    let get = |name: &str| {
        world
            .env
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    let pair = |url: &str, token: &str| {
        get(url)
            .zip(get(token))
            .map(|(url, token)| (url, Secret::new(token)))
    };
    options.client_id = get("AZURE_CLIENT_ID");
    options.github = pair(
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    );
    options.pipelines = pair("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN");
    options.service_connection_id = get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID");
    options.federated_token_file = get("AZURE_FEDERATED_TOKEN_FILE").map(Into::into);
    options.managed_identity = get("IDENTITY_ENDPOINT")
        .or_else(|| get("MSI_ENDPOINT"))
        .is_some();
    let secrets = [
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "ARM_CLIENT_SECRET",
    ];
    options.secrets = secrets
        .into_iter()
        .filter(|name| get(name).is_some())
        .map(str::to_owned)
        .collect();
}
