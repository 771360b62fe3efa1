//! `audit`: every leftover secret and every trust that should not be there.

mod activity;
mod args;
mod azure;
mod directory;
mod fix_plan;
mod given;
mod groups;
mod output;
mod owners;
mod proof;
mod read;
mod snapshots;

use std::collections::BTreeSet;
use std::path::Path;

pub use args::Args;

use super::progress::Bar;
use super::stack::Stack;
use super::{Exit, Failure, World, connect};
use crate::audit::{self, Options, declared};
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Sources;
use crate::model::tenant::Tenant;
use given::Given;

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    args.check()?;
    output::check(world, args.written())?;
    let given = Given::load(world, args)?;
    let now = world.clock.now_ms() / 1000;
    // Before the tenant is read, which may take minutes.
    let before = baseline(world, args, &given, now)?;
    let (mut tenant, digest, source) = match &args.from {
        _ if args.offline => of_files(&given, now),
        Some(file) => {
            let (tenant, digest) = snapshots::load(world, file)?;
            same_tenant(file, &tenant.tenant_id, args.tenant_id.as_deref())?;
            (tenant, digest, String::new())
        }
        None => {
            let tenant = survey(world, args, given.stack())?;
            let digest = snapshots::digest(&tenant);
            (tenant, digest, String::new())
        }
    };
    if let (Some(file), Some((id, _))) = (&args.baseline, &before) {
        same_tenant(file, id, Some(&tenant.tenant_id))?;
    }
    if let Some(file) = &args.save {
        snapshots::save(world, file, &tenant)?;
    }
    fix_plan::check(args, &tenant)?;
    let waivers = given.mark(&mut tenant);
    let scope = args.scope();
    let only = scope.select(&tenant);
    let options = Options {
        now,
        only: only.map_err(|why| Failure::plain("nothing-to-judge", why))?,
        waivers,
        baseline: before.map(|(_, fingerprints)| fingerprints),
    };
    let mut report = audit::run(&tenant, &options);
    report.snapshot = digest;
    report.scope = scope.words() + &source;
    report.notes.extend(given.strangers(&tenant.tenant_id));
    output::output(world, args, &tenant, &report)?;
    if let Some(file) = &args.fix_plan {
        let refused = fix_plan::write(world, args, file, &tenant, &report)?;
        if let Some(exit) = refused {
            return Ok(exit);
        }
    }
    Ok(match args.fail_on.severity() {
        Some(at) if report.fails(at) => Exit::Changes,
        _ => Exit::Done,
    })
}

/// What the files alone would make, its hash, and a word about it.
fn of_files(given: &Given, now: i64) -> (Tenant, String, String) {
    let (mut tenant, waiting) = declared::tenant(&given.declarations());
    if let Some(stack) = given.stack() {
        tenant.tenant_id.clone_from(&stack.desired.stack.tenant_id);
    }
    tenant.read_at = now;
    let digest = snapshots::digest(&tenant);
    let mut words = " as the files have it".to_owned();
    if waiting > 0 {
        words += &match waiting {
            1 => ", without 1 credential that waits for a value".to_owned(),
            many => format!(", without {many} credentials that wait for a value"),
        };
    }
    (tenant, digest, words)
}

/// Whether a snapshot is of the tenant that is meant: what is known of another one says nothing about it.
fn same_tenant(file: &Path, id: &str, wanted: Option<&str>) -> Result<(), Failure> {
    let wanted = wanted.unwrap_or_default();
    if id.is_empty() || wanted.is_empty() || id.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let file = file.display();
    let message = format!("the snapshot `{file}` is of the tenant `{id}`, not of `{wanted}`");
    let help = "`trustform audit --save FILE` makes one of the tenant that it reads";
    Err(Diagnostic::error("tenant-mismatch", message)
        .help(help)
        .into())
}

/// The tenant of the snapshot that `--baseline` names, and the fingerprints of what was found in it.
fn baseline(
    world: &World,
    args: &Args,
    given: &Given,
    now: i64,
) -> Result<Option<(String, BTreeSet<String>)>, Failure> {
    let Some(file) = &args.baseline else {
        return Ok(None);
    };
    let (mut before, _) = snapshots::load(world, file)?;
    given.mark(&mut before);
    let options = Options {
        now,
        ..Options::default()
    };
    let findings = audit::run(&before, &options).findings.into_iter();
    let fingerprints = findings.map(|it| it.fingerprint).collect();
    Ok(Some((before.tenant_id, fingerprints)))
}

/// Reads the tenant that the arguments name.
fn survey(world: &mut World, args: &Args, given: Option<&Stack>) -> Result<Tenant, Failure> {
    let named;
    let stack = match (&args.tenant_id, given) {
        (None, Some(stack)) => stack,
        (id, _) => {
            let mut desired = Desired::default();
            desired.stack.name = "audit".to_owned();
            desired.stack.tenant_id = id.clone().unwrap_or_default();
            named = Stack {
                directory: world.directory.join(&args.stack.directory),
                desired,
                sources: Sources::default(),
                warnings: Vec::new(),
            };
            &named
        }
    };
    let connection = connect::connect(world, &args.tenant, stack)?;
    let network = !args.no_network && !args.tenant.local;
    let clock = world.clock.clone();
    let mut bar = Bar::new(world, &clock, 0);
    let read = async {
        connection
            .check_tenant(&stack.desired.stack.tenant_id)
            .await?;
        let loopback = args.tenant.emulator.is_some();
        // A group that is not there is told at once.
        let groups = groups::read(&connection.reader, &args.group).await?;
        let mut show = |done, total| bar.step("reading", done, total, "objects");
        let mut tenant = read::tenant(&connection.reader, network, loopback, &mut show).await?;
        tenant.groups = groups;
        Ok::<_, Diagnostic>(tenant)
    };
    let read = super::block_on(read);
    drop(bar);
    let mut tenant = read??;
    tenant.tenant_id = stack.desired.stack.tenant_id.clone();
    tenant.read_at = world.clock.now_ms() / 1000;
    connection.save()?;
    Ok(tenant)
}
