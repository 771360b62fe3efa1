//! `audit`: every leftover secret and every trust that should not be there.

mod args;
mod output;
mod read;
mod snapshots;

use std::collections::BTreeSet;

pub use args::Args;

use super::stack::Stack;
use super::{Exit, Failure, World, connect};
use crate::audit::{self, Options};
use crate::model::desired::Desired;
use crate::model::source::Sources;
use crate::model::tenant::Tenant;

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let (tenant, digest) = match &args.from {
        Some(file) => snapshots::load(world, file)?,
        None => {
            let tenant = survey(world, args)?;
            let digest = snapshots::digest(&tenant);
            (tenant, digest)
        }
    };
    if let Some(file) = &args.save {
        snapshots::save(world, file, &tenant)?;
    }
    let now = world.clock.now_ms() / 1000;
    let options = Options {
        now,
        only: match args.application.is_empty() {
            true => None,
            false => Some(args.application.iter().cloned().collect::<BTreeSet<_>>()),
        },
        baseline: baseline(world, args, now)?,
    };
    let mut report = audit::run(&tenant, &options);
    report.snapshot = digest;
    report.scope = match args.application.is_empty() {
        true => "the whole tenant".to_owned(),
        false => format!("application {}", args.application.join(", ")),
    };
    output::output(world, args, &tenant, &report)?;
    Ok(match args.fail_on.severity() {
        Some(at) if report.fails(at) => Exit::Changes,
        _ => Exit::Done,
    })
}

/// Fingerprints of what was found in the snapshot that `--baseline` names.
fn baseline(world: &World, args: &Args, now: i64) -> Result<Option<BTreeSet<String>>, Failure> {
    let Some(file) = &args.baseline else {
        return Ok(None);
    };
    let (before, _) = snapshots::load(world, file)?;
    let options = Options {
        now,
        ..Options::default()
    };
    let findings = audit::run(&before, &options).findings.into_iter();
    Ok(Some(findings.map(|it| it.fingerprint).collect()))
}

/// Reads the tenant that the arguments name.
fn survey(world: &mut World, args: &Args) -> Result<Tenant, Failure> {
    let stack = match &args.tenant_id {
        Some(id) => {
            let mut desired = Desired::default();
            desired.stack.name = "audit".to_owned();
            desired.stack.tenant_id = id.clone();
            Stack {
                directory: world.directory.join(&args.stack.directory),
                desired,
                sources: Sources::default(),
                warnings: Vec::new(),
            }
        }
        None => super::stack::load(world, &args.stack)?,
    };
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let network = !args.no_network && !args.tenant.local;
    let read = async {
        connection
            .check_tenant(&stack.desired.stack.tenant_id)
            .await?;
        let loopback = args.tenant.emulator.is_some();
        read::tenant(&connection.reader, network, loopback).await
    };
    let mut tenant = super::block_on(read)??;
    tenant.tenant_id = stack.desired.stack.tenant_id.clone();
    tenant.read_at = world.clock.now_ms() / 1000;
    connection.save()?;
    Ok(tenant)
}
