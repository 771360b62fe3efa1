//! `emulator`: an emulated tenant behind a socket, for other processes and other tools.

use std::sync::Arc;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::{Exit, Failure, World};
use crate::cloud::web;
use crate::emulator::blob::PublicAccess;
use crate::emulator::inprocess::{Emulator, Fetch, new_tenant};
use crate::emulator::server::{self, Options};
use crate::emulator::store::Store;
use crate::emulator::{authority, persist};
use crate::kinds::{self, api};

/// Where resource groups are that are there from the beginning.
const REGION: &str = "westeurope";

/// Serve an emulated tenant on loopback, for other processes and tools.
///
/// Plays Microsoft Graph, the login endpoints, Azure Resource Manager and Blob Storage. `--local` needs no server: it has
/// the same tenant in the process.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<super::mint::EmulatorCommand>,
    /// Where to listen; loopback only.
    #[arg(
        long,
        default_value = "127.0.0.1:8460",
        value_name = "ADDRESS",
        value_parser = address
    )]
    pub listen: std::net::SocketAddr,
    /// The tenant that it plays.
    #[arg(
        long,
        default_value = "11111111-1111-4111-8111-111111111111",
        value_name = "ID"
    )]
    pub tenant: String,
    /// Keep the tenant in this file.
    #[arg(long, value_name = "FILE")]
    pub data: Option<std::path::PathBuf>,
    /// Serve https, with a certificate authority of its own that is written next to the data.
    #[arg(long)]
    pub tls: bool,
    /// Milliseconds that every request takes longer.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency: u64,
    /// Keep to Microsoft Graph's published quotas: 3,000 writes in 150 seconds, 3,500 resource units in 10.
    #[arg(long)]
    pub quota: bool,
    /// Record the traffic in this file, one JSON object a line; tokens are left out.
    #[arg(long, value_name = "FILE")]
    pub record: Option<std::path::PathBuf>,
    /// Fill a new tenant with this many applications: realistic proportions, planted faults, and always the same.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=kinds::populate::MOST as i64))]
    pub seed_tenant: Option<u32>,
    /// Storage accounts and containers that are there from the beginning. May be repeated.
    #[arg(long = "container", value_name = "ACCOUNT/CONTAINER")]
    pub containers: Vec<String>,
    /// Subscriptions and resource groups that are there from the beginning. May be repeated.
    #[arg(long = "resource-group", value_name = "SUBSCRIPTION/NAME")]
    pub groups: Vec<String>,
}

fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    let wrong = |_| "write an address with its port, as in `127.0.0.1:8460`".to_owned();
    text.parse().map_err(wrong)
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let failed =
        |why: String| Failure::plain("emulator", format!("the emulator cannot run: {why}"));
    let now = world.clock.now_ms().unsigned_abs();
    let routes = kinds::emulated();
    let data = args.data.as_ref().map(|file| world.directory.join(file));
    let kept = match &data {
        Some(file) => persist::load(file, &routes).map_err(|error| failed(error.to_string()))?,
        None => None,
    };
    let mut store = match kept {
        Some(store) => store,
        None => {
            let seed = new_tenant(&args.tenant, now).map_err(failed)?;
            let mut store = Store::new(seed, &routes).map_err(failed)?;
            if let Some(count) = args.seed_tenant {
                kinds::populate::populate(&mut store, count as usize, now);
            }
            store
        }
    };
    store.faults.quota |= args.quota;
    for name in &args.containers {
        let (account, container) = name
            .split_once('/')
            .ok_or_else(|| failed(format!("`{name}` is not `ACCOUNT/CONTAINER`")))?;
        if !store.has_container(account, container) {
            store.provision_account(account, true);
            store.provision_container(account, container, PublicAccess::Blob, now);
        }
    }
    for name in &args.groups {
        let (subscription, group) = name
            .split_once('/')
            .filter(|(subscription, group)| api::is_guid(subscription) && !group.is_empty())
            .ok_or_else(|| {
                failed(format!(
                    "`{name}` is not `SUBSCRIPTION/NAME`, with the subscription's id"
                ))
            })?;
        store.azure.provision(subscription, Some((group, REGION)));
    }
    let certificate = match (args.tls, &data) {
        (false, _) => None,
        (true, Some(file)) => {
            Some(authority::certificate(file).map_err(|error| failed(error.to_string()))?)
        }
        (true, None) => {
            return Err(failed(
                "`--tls` keeps its authority beside the data: add `--data FILE`".to_owned(),
            ));
        }
    };
    let tenant = store.tenant.id.clone();
    let clock = world.clock.clone();
    let time = Arc::new(move || clock.now_ms().unsigned_abs());
    let emulator = Emulator::new(store, routes, time, Some(fetch()));
    if let Some(file) = &args.record {
        let file = world.directory.join(file);
        emulator
            .record(&file)
            .map_err(|error| failed(format!("`{}` cannot be written: {error}", file.display())))?;
    }
    let listener = server::listen(args.listen).map_err(|error| failed(error.to_string()))?;
    let address = listener
        .local_addr()
        .map_err(|error| failed(error.to_string()))?;
    let scheme = if certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let mut text = format!("Tenant {tenant} at {scheme}://{address}\n");
    let mut trust = String::new();
    if let (Some(file), true) = (&data, certificate.is_some()) {
        let authority = authority::certificate_path(file);
        let authority = authority.display();
        text.push_str(&format!("Its certificate's authority is `{authority}`\n"));
        trust = format!(" --emulator-ca {authority}");
    }
    text.push_str(&format!(
        "Use it with `trustform plan --emulator {scheme}://{address}{trust}`; Ctrl-C ends it\n"
    ));
    world.print(&text);
    let _ = world.out.flush();
    let options = Options {
        certificate,
        latency: Duration::from_millis(args.latency),
        data,
    };
    let served = super::block_on_many(async {
        let mut interrupt = Interrupt::listen();
        server::serve(emulator, listener, options, async move {
            interrupt.raised().await;
        })
        .await
    })?;
    served.map_err(|error| failed(error.to_string()))?;
    Ok(Exit::Done)
}

/// Issuers outside the tenant: on this machine only, since whoever reaches the emulator chooses the address.
fn fetch() -> Fetch {
    Arc::new(|url: String| {
        Box::pin(async move {
            web::get(&url, true)
                .await
                .map(|page| page.body)
                .map_err(|error| error.message)
        })
    })
}
