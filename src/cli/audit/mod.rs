//! `audit`: every leftover secret and every trust that should not be there.

mod read;

use std::collections::BTreeSet;
use std::path::Path;

use super::args::{Audit, FailOn, Format};
use super::progress::Bar;
use super::stack::Stack;
use super::{Exit, Failure, World, connect};
use crate::audit::{self, Options, snapshot};
use crate::model::desired::Desired;
use crate::model::rule::Severity;
use crate::model::source::Sources;
use crate::model::tenant::Tenant;
use crate::render;

/// Bytes of a snapshot that is read.
const SNAPSHOT_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

pub fn run(world: &mut World, args: &Audit) -> Result<Exit, Failure> {
    let tenant = match &args.from {
        Some(file) => load(world, file)?,
        None => survey(world, args)?,
    };
    if let Some(file) = &args.save {
        save(world, file, &tenant)?;
    }
    let now = world.clock.now_ms() / 1000;
    let baseline = args
        .baseline
        .as_deref()
        .map(|file| load(world, file))
        .transpose()?
        .map(|before| {
            let options = Options {
                now,
                ..Options::default()
            };
            let report = audit::run(&before, &options);
            report
                .findings
                .into_iter()
                .map(|it| it.fingerprint)
                .collect()
        });
    let only = match args.application.is_empty() {
        true => None,
        false => Some(args.application.iter().cloned().collect::<BTreeSet<_>>()),
    };
    let report = audit::run(
        &tenant,
        &Options {
            now,
            only,
            baseline,
        },
    );
    let view = render::audit::View {
        tenant_id: &report.tenant_id,
        findings: &report.findings,
        applications: report.applications,
        credentials: report.credentials,
        rules_run: &report.rules_run,
        rules_not_run: &report.rules_not_run,
        fixed: report.fixed,
    };
    if args.format == Format::Json {
        world.print_json(&render::audit::json(&view));
    } else {
        let text = render::audit::text(&view, world.style());
        world.print(&text);
    }
    Ok(match severity(args.fail_on) {
        Some(at) if report.fails(at) => Exit::Changes,
        _ => Exit::Done,
    })
}

fn severity(word: FailOn) -> Option<Severity> {
    match word {
        FailOn::Critical => Some(Severity::Critical),
        FailOn::High => Some(Severity::High),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::Low => Some(Severity::Low),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    }
}

/// Reads the tenant that the arguments name.
fn survey(world: &mut World, args: &Audit) -> Result<Tenant, Failure> {
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
    let clock = world.clock.clone();
    let mut bar = Bar::new(world, &clock, 0);
    let read = async {
        connection
            .check_tenant(&stack.desired.stack.tenant_id)
            .await?;
        let loopback = args.tenant.emulator.is_some();
        let mut show = |done, total| bar.step("reading", done, total, "objects");
        read::tenant(&connection.reader, network, loopback, &mut show).await
    };
    let read = super::block_on(read);
    drop(bar);
    let mut tenant = read??;
    tenant.tenant_id = stack.desired.stack.tenant_id.clone();
    tenant.read_at = world.clock.now_ms() / 1000;
    connection.save()?;
    Ok(tenant)
}

fn load(world: &World, file: &Path) -> Result<Tenant, Failure> {
    let path = world.directory.join(file);
    let failed = |why: String| {
        let message = format!("the snapshot `{}` cannot be used: {why}", file.display());
        Failure::plain("unreadable", message)
    };
    let size = std::fs::metadata(&path).map_err(|error| failed(error.to_string()))?;
    if size.len() > SNAPSHOT_LIMIT {
        return Err(failed("it has more than 2 GiB".to_owned()));
    }
    let text = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    snapshot::parse(&text).map_err(failed)
}

fn save(world: &World, file: &Path, tenant: &Tenant) -> Result<(), Failure> {
    let failed = |why: String| {
        let message = format!("`{}` cannot be written: {why}", file.display());
        Failure::plain("unwritable", message)
    };
    let text = serde_json::to_vec(tenant).map_err(|error| failed(error.to_string()))?;
    std::fs::write(world.directory.join(file), text).map_err(|error| failed(error.to_string()))
}
