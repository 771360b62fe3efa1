//! `--fix-plan`: the repairs as a saved plan, which `apply FILE` carries out under its guards.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::args::{Args, Form};
use super::{output, proof};
use crate::audit::repairs::{self, Terms};
use crate::cli::repairs::resources;
use crate::cli::stack::Stack;
use crate::cli::{Exit, Failure, World, block_on, connect, planning};
use crate::kinds::application;
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::report::Report;
use crate::model::source::Sources;
use crate::model::tenant::Tenant;
use crate::plan::{Options, Order, saved};
use crate::render::{self, json, text};

/// Whether `--proven` names what is there: a mistake is told before anything else is.
pub fn check(args: &Args, tenant: &Tenant) -> Result<(), Failure> {
    let there = |id: &str| {
        let same = |other: &String| other.eq_ignore_ascii_case(id);
        let mut all = tenant.applications.iter();
        let mut principals = tenant.principals.iter();
        all.any(|it| same(&it.app_id) || same(&it.id))
            || principals.any(|it| same(&it.app_id) || same(&it.id))
    };
    match args.proven.iter().find(|id| !there(id)) {
        None => Ok(()),
        Some(id) => {
            let message = format!("no application has the client id or object id `{id}`");
            let wrong = Diagnostic::error("usage", message);
            let help = "`--proven` names applications of this tenant";
            Err(wrong.help(help).into())
        }
    }
}

/// Plans the repairs of what was found and keeps the plan. An exit code where a guard refuses it: then nothing is kept.
pub fn write(
    world: &mut World,
    args: &Args,
    file: &Path,
    tenant: &Tenant,
    report: &Report,
) -> Result<Option<Exit>, Failure> {
    let mut stack = Stack {
        directory: world.directory.join(&args.stack.directory),
        desired: Desired::default(),
        sources: Sources::default(),
        warnings: Vec::new(),
    };
    stack.desired.stack.name = "audit".to_owned();
    stack.desired.stack.tenant_id.clone_from(&tenant.tenant_id);
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let caller = block_on(connection.check_tenant(&tenant.tenant_id))??;
    let mut terms = Terms {
        now: world.clock.now_ms() / 1000,
        proven: args.proven.iter().map(|id| id.to_lowercase()).collect(),
        seen: BTreeMap::new(),
        login: Some(caller.client_id),
    };
    let mut repairs = repairs::repairs(tenant, report, &terms);
    if !repairs.unproven.is_empty() {
        terms.seen = block_on(proof::seen(
            &connection.reader,
            &repairs.unproven,
            terms.now,
        ))?;
        repairs = repairs::repairs(tenant, report, &terms);
    }
    let shown = render::audit::repairs::text(&repairs, &file.display().to_string());
    if repairs.repairs.is_empty() {
        say(world, args, &shown);
        return Ok(None);
    }
    let root = |client_id: &str| Address::root(application::KIND, client_id);
    stack.desired.resources = resources(&repairs.repairs, root);
    let count = repairs.repairs.len();
    let options = Options {
        order: Some(Order::Repair(repairs.repairs)),
        ..Options::default()
    };
    let (plan, live) = block_on(planning::plan(&stack, &connection, &options))??;
    connection.save()?;
    if plan.changes.len() != count {
        let changed = Diagnostic::error("plan-stale", "the tenant changed while it was audited");
        return Err(Failure::from(changed.help("audit it again")).exit(Exit::Drift));
    }
    if !plan.refusals.is_empty() {
        let refusals = text::refusals(&plan, world.style());
        let _ = write!(world.err, "{refusals}");
        return Ok(Some(Exit::Refused));
    }
    let saved = saved::save(
        &stack.desired,
        &options,
        &plan,
        &live,
        json::plan(&plan),
        &args.stack.directory.display().to_string(),
        connection.client.clock().now_ms(),
    );
    let text = saved
        .to_text()
        .map_err(|error| Failure::plain("unwritable", error.to_string()))?;
    output::write(world, file, |out| out.write_all(text.as_bytes()))?;
    say(world, args, &shown);
    Ok(None)
}

/// Beside a report for machines it is no part of it.
fn say(world: &mut World, args: &Args, text: &str) {
    match args.format {
        Form::Text => world.print(text),
        _ => {
            let _ = world.err.write_all(text.as_bytes());
        }
    }
}
