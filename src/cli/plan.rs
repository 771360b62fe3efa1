//! `plan`: what an apply would do, and nothing is done.

use std::io::Write;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::args::{AllowArgs, ConsentArgs, ReportFormat, StackArgs, TenantArgs, moment};
use super::{Exit, Failure, World, connect, planning, stack};
use crate::model::address::Address;
use crate::model::diagnostic::Level;
use crate::plan::{Allow, Options, saved};
use crate::render::{json, markdown, text};

/// Show what an apply would change, and who gains and loses access.
///
/// Reads the tenant and changes nothing. Next to the changes stands what they mean: who may act as which
/// application afterwards, holding what. Guards that an apply would refuse are shown, too.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// Only this resource and what is in it, as in `application.deployer`.
    #[arg(long, value_name = "ADDRESS")]
    pub only: Option<Address>,
    /// Save the plan, bound to what was read: `trustform apply FILE` refuses if any of it changed.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Rehearse: plan as at this time, such as `2026-12-01T00:00:00Z`. Only waits and ages look at it.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "out")]
    pub now: Option<OffsetDateTime>,
    /// Also print the exact requests that an apply would send.
    #[arg(long)]
    pub requests: bool,
    /// Exit with 2 when there are changes, or credentials that nobody declared; with 4 when a guard would refuse them.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let options = Options {
        only: args.only.clone(),
        allow: allow(&args.allow),
        without_consent: args.consent.without_consent,
        now: args.now,
        ..Options::default()
    };
    let (plan, live) = super::block_on(planning::plan(&stack, &connection, &options))??;
    connection.save()?;
    if let Some(file) = &args.out {
        let directory = args.stack.directory.display().to_string();
        let now = connection.client.clock().now_ms();
        let shown = json::plan(&plan);
        let saved = saved::save(
            &stack.desired,
            &options,
            &plan,
            &live,
            shown,
            &directory,
            now,
        );
        write(
            world,
            file,
            saved.to_text().map_err(|error| error.to_string()),
        )?;
    }
    let style = world.style();
    match args.format {
        ReportFormat::Json => world.print_json(&json::plan(&plan)),
        ReportFormat::Markdown => world.print(&markdown::plan(&plan)),
        ReportFormat::Text => {
            world.print(&text::plan(&plan, style));
            if args.requests && !plan.steps.is_empty() {
                world.print(&format!("\nRequests\n{}", text::requests(&plan)));
            }
            let _ = write!(world.err, "{}", text::refusals(&plan, style));
        }
    }
    // A credential that nobody declared is a difference, too.
    let differs = plan.has_changes() || plan.notes.iter().any(|note| note.level == Level::Warning);
    Ok(match args.detailed_exitcode {
        true if !plan.refusals.is_empty() => Exit::Refused,
        true if differs => Exit::Changes,
        _ => Exit::Done,
    })
}

/// Written beside it first, and then renamed: never half a plan.
fn write(world: &World, file: &Path, text: Result<String, String>) -> Result<(), Failure> {
    let path = world.directory.join(file);
    let directory = path.parent().unwrap_or(Path::new("."));
    let written = text.and_then(|text| {
        // The error names a file of a name that nobody chose.
        let mut temporary =
            tempfile::NamedTempFile::new_in(directory).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => "its directory is not there".to_owned(),
                kind => kind.to_string(),
            })?;
        temporary
            .write_all(text.as_bytes())
            .map_err(|error| error.to_string())?;
        temporary
            .persist(&path)
            .map(drop)
            .map_err(|error| error.error.to_string())
    });
    written.map_err(|why| {
        Failure::plain(
            "unwritable",
            format!("`{}` cannot be written: {why}", file.display()),
        )
    })
}

pub fn allow(args: &AllowArgs) -> Allow {
    Allow {
        most: None,
        deletes: args.allow_deletes,
        gap: args.allow_gap,
        key_retirement: args.allow_key_retirement,
        login: args.allow_self,
        enforcement: args.allow_enforcement,
        owners: args.allow_foreign_owners,
        widening: args.allow_widening.clone(),
    }
}
