//! `doctor`: what this login may do in this tenant, and what the services there really take. Reads only, unless told.

mod checks;
mod policy;
mod probe;
mod report;
mod rights;
mod services;

use super::args::{Format, StackArgs, TenantArgs};
use super::stack::Stack;
use super::{Exit, Failure, World, block_on, connect, stack};
use crate::kinds::api;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::source::Sources;

/// Check this login and tenant: who it is, what it may do, and what the services take.
///
/// Reads only. Each line says whether something is as it should be, in a sentence, and what to do where it is not. With
/// `--write-probe` one throw-away application is made, looked at and deleted for good, also after Ctrl-C. Exits with 2
/// when a check failed, and with 5 when the probe left something behind.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Without a stack: the tenant.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenant_id: Option<String>,
    /// Without a stack: the national cloud, `public`, `usgov`, `usdod` or `china`.
    #[arg(long, value_name = "CLOUD", requires = "tenant_id")]
    pub cloud: Option<String>,
    /// Make one application that nobody can log in with, and delete it for good: shows whether the login becomes its
    /// owner, how late reads are, and whether credentials with expressions are taken.
    #[arg(long)]
    pub write_probe: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    Fail,
    /// It could not be found out, or nothing depends on it.
    Unknown,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// One word; stable.
    pub name: &'static str,
    pub status: Status,
    pub sentence: String,
    pub help: Vec<String>,
}

impl Check {
    fn new(name: &'static str, status: Status, sentence: impl Into<String>) -> Self {
        Self {
            name,
            status,
            sentence: sentence.into(),
            help: Vec::new(),
        }
    }

    fn pass(name: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(name, Status::Pass, sentence)
    }

    fn fail(name: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(name, Status::Fail, sentence)
    }

    fn unknown(name: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(name, Status::Unknown, sentence)
    }

    /// In the words of an error.
    fn refused(name: &'static str, status: Status, error: Diagnostic) -> Self {
        Self {
            help: error.help,
            ..Self::new(name, status, error.message)
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = match &args.tenant_id {
        Some(tenant) => alone(world, args, tenant)?,
        None => stack::load(world, &args.stack)?,
    };
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let examined = block_on(checks::examine(&stack, &connection))?;
    let mut checks = examined.checks;
    let mut partial = false;
    if args.write_probe {
        match &examined.caller {
            Some(caller) => {
                let cloud = stack.desired.stack.cloud;
                let probed = block_on(probe::run(&connection, caller, cloud))?;
                checks.extend(probed.checks);
                partial = probed.partial;
            }
            None => checks.push(Check::unknown(
                "probe",
                "nothing was written: the login is not one to this tenant",
            )),
        }
    }
    connection.save()?;
    report::print(world, args.format, &stack.desired.stack, &checks);
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    Ok(match (partial, failed) {
        (true, _) => Exit::Partial,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    })
}

/// A stack that declares nothing.
fn alone(world: &World, args: &Args, tenant: &str) -> Result<Stack, Failure> {
    let wrong = |message: String, help: &str| {
        Err(Failure::from(
            Diagnostic::error("usage", message).help(help),
        ))
    };
    if !api::is_guid(tenant) {
        let help = "give the directory (tenant) id, a GUID";
        return wrong(format!("`{tenant}` is no tenant id"), help);
    }
    let name = args.cloud.as_deref().unwrap_or(Cloud::Public.name());
    let Some(cloud) = Cloud::parse(name) else {
        let help = "give `public`, `usgov`, `usdod` or `china`";
        return wrong(format!("`{name}` is no national cloud"), help);
    };
    let mut desired = Desired::default();
    desired.stack.name = "doctor".to_owned();
    desired.stack.tenant_id = tenant.to_owned();
    desired.stack.cloud = cloud;
    Ok(Stack {
        directory: world.directory.join(&args.stack.directory),
        desired,
        sources: Sources::default(),
        warnings: Vec::new(),
    })
}
