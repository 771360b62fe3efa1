//! The command line, as clap parses it. Terraform's single-dash long options are accepted, too.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::exit::Exit;

/// Provisions Microsoft Entra workload identity federation from files, without state and without secrets.
///
/// A stack is a directory with `trust.hcl` or `trust.yaml`. It says which applications, permissions and trusts
/// a tenant should hold; `plan` shows what differs, `apply` makes it so. With `--local` all of it happens in an
/// emulated tenant on this machine: try `trustform apply --local`.
#[derive(Debug, Parser)]
#[command(name = "trustform", version, max_term_width = 100)]
pub struct Cli {
    /// Print ids of tenants, applications and principals by their last four digits only: for logs that anybody may
    /// read. Files are written whole.
    #[arg(long, global = true, display_order = 1000)]
    pub redact: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// The command line, with what only other tables know.
pub fn command() -> clap::Command {
    let codes = Exit::ALL
        .iter()
        .map(|(exit, meaning)| format!("\n  {}  {meaning}", *exit as u8));
    Cli::command().after_help(format!("Exit codes:{}", codes.collect::<String>()))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(super::init::Args),
    Validate(super::validate::Args),
    Fmt(super::fmt::Args),
    Test(super::test::Args),
    Plan(super::plan::Args),
    Diff(super::diff::Args),
    Apply(super::apply::Args),
    Destroy(super::destroy::Args),
    Adopt(super::adopt::Args),
    Handover(super::handover::Args),
    Restore(super::restore::Args),
    Release(super::release::Args),
    Revoke(super::revoke::Args),
    Migrate(super::migrate::Args),
    Export(super::export::Args),
    Output(super::output::Args),
    List(super::list::Args),
    Token(super::token::Args),
    Explain(super::explain::Args),
    Audit(super::audit::Args),
    Jwks(super::jwks::Args),
    Issuer(super::issuer::Args),
    Emulator(super::emulator::Args),
    Convert(super::convert::Args),
    Doctor(super::doctor::Args),
    Schema(super::schema::Args),
    Completions(super::completions::Args),
    Man(super::man::Args),
}

/// Which stack, and its variables.
#[derive(Clone, Debug, Default, Args)]
pub struct StackArgs {
    /// The stack's directory: the one with trust.hcl, trust.yaml, *.trust.hcl or *.trust.yaml.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    /// A variable's value: text, or HCL for a type that is not text. May be repeated; later ones win.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// A file with variables' values. May be repeated; `-var` wins.
    #[arg(long = "var-file", value_name = "FILE")]
    pub variable_files: Vec<PathBuf>,
    /// A directory with `policy` and `waiver` blocks of a central team, or of the base branch: of each word the stricter
    /// one counts. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub policy: Vec<PathBuf>,
}

/// Which tenant.
#[derive(Debug, Args)]
pub struct TenantArgs {
    /// Use an emulated tenant of the stack's own instead of the real one; no login is needed. It is kept in the
    /// stack's .trustform directory: remove that to begin anew.
    #[arg(long, conflicts_with = "emulator")]
    pub local: bool,
    /// Use a running emulator: the URL that `trustform emulator` prints. Loopback only.
    #[arg(long, value_name = "URL")]
    pub emulator: Option<String>,
    /// The certificate of an emulator that serves https.
    #[arg(long, value_name = "FILE", requires = "emulator")]
    pub emulator_ca: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// How a plan or a comparison is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    /// For comments on pull requests.
    Markdown,
}

/// What is left to an administrator.
#[derive(Debug, Args)]
pub struct ConsentArgs {
    /// Leave permissions that want an administrator's grant pending, and say how to grant them.
    #[arg(long)]
    pub without_consent: bool,
}

/// What guards may let through.
#[derive(Debug, Args)]
pub struct AllowArgs {
    /// Let up to N trusts or applications go without a replacement.
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<usize>,
    /// Let a trust that is still wanted go before what covers it has come, where there is no room for both.
    #[arg(long)]
    pub allow_gap: bool,
    /// Let a conditional access policy block from its first moment, block more than it did, or block no more.
    #[arg(long)]
    pub allow_enforcement: bool,
    /// Let a signing key be retired at once, though tokens that it signed may be valid.
    #[arg(long)]
    pub allow_key_retirement: bool,
    /// Let the run delete what it logs in with, the application, or a trust or permission of it; or block it elsewhere than
    /// where a conditional access policy says.
    #[arg(long)]
    pub allow_self: bool,
    /// Let an application that is there and that others own get privileged permissions.
    #[arg(long)]
    pub allow_foreign_owners: bool,
    /// Let the access change with this digest through, which the plan printed when it was refused. An `approve` block
    /// in the files does the same, where others can review it.
    #[arg(long, value_name = "DIGEST")]
    pub allow_widening: Option<String>,
}

/// A time of the command line.
pub fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "write a time as `2026-12-01T00:00:00Z`".to_owned())
}
