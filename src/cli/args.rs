//! The command line, as clap parses it. Terraform's single-dash long options are accepted, too.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

use super::exit::Exit;
use crate::model::address::Address;

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
    /// Write a new stack.
    ///
    /// Asks which platform's tokens are to be trusted, and writes a stack that validates, and a `.gitignore`. Nothing is
    /// overwritten. Without a terminal `--platform` chooses, and the stack has names to replace.
    Init(super::init::Args),
    /// Check a stack's files without contacting anything.
    ///
    /// Reads the files, evaluates them and checks them against what Entra takes. All errors are shown
    /// together, each with its place and what to do. No login is needed. With `-` instead of a directory, the
    /// text comes from standard input, as an editor gives it.
    Validate(super::validate::Args),
    /// Put HCL files into their canonical layout.
    ///
    /// Two spaces a level, `=` and comments of neighbouring lines aligned, as `terraform fmt` does it. Names the
    /// files that it changes. Comments, blank lines and line ends stay; YAML is left alone.
    Fmt(Fmt),
    /// Ask the declared credentials whom they let in.
    ///
    /// Checks every `expect` block without contacting anything, and says of each failure which credential did or
    /// did not admit the token, why, and what to change.
    Test(Test),
    /// Show what an apply would change, and who gains and loses access.
    ///
    /// Reads the tenant and changes nothing. Next to the changes stands what they mean: who may act as which
    /// application afterwards, holding what. Guards that an apply would refuse are shown, too.
    Plan(Plan),
    /// Show what a change of the files means, with no tenant and no login.
    ///
    /// Compares the stack's files with those of a git commit, or of another directory: what is declared, and who
    /// may act as which application before and after. For pull requests, also those of forks: nothing is contacted.
    /// Exits with 2 when there are changes.
    Diff(super::diff::Args),
    /// Make the tenant as the files say.
    ///
    /// Plans, shows the plan, asks, sends its requests and reads back what they made: success is said only
    /// then. What stopped half-way goes on from there when it is run again. Instead of a directory a file may be
    /// given that `plan --out` saved: then exactly that plan is applied, or nothing.
    Apply(Apply),
    /// Delete what the stack made.
    ///
    /// Deletes what is provably this stack's: trusts before applications, issuers last. Applications stay in the
    /// recycle bin for 30 days, and an apply restores them, unless `--purge` deletes them for good.
    Destroy(Destroy),
    Adopt(super::adopt::Args),
    Handover(super::handover::Args),
    Restore(super::restore::Args),
    Release(super::release::Args),
    Revoke(super::revoke::Args),
    Migrate(super::migrate::Args),
    Export(super::export::Args),
    /// Print the stack's outputs, with the tenant's values.
    ///
    /// For example `trustform output`, `trustform output client_id --format raw` or `trustform output client_id
    /// environments/prod`. Where every output is known from the files alone, nothing is contacted.
    Output(Output),
    /// List what the stack declares, and what is there of it.
    List(List),
    /// Tools for one token: what it says, whom it would be accepted from, what it is exchanged for.
    Token {
        #[command(subcommand)]
        command: super::token::TokenCommand,
    },
    /// Explain an AADSTS code, a whole error text, a token or a kind.
    ///
    /// The text may come from azure/login, az, azwi, MSAL or a pod's log. Beside a stack, the line of its files that the
    /// error is about is shown, and the change. For example: `kubectl logs pod | trustform explain -`
    Explain(super::explain::Args),
    /// Find leftover secrets, and trusts that should not be there.
    ///
    /// Reads a tenant, or what `--save` kept of it, and judges every application's secrets, trusts and
    /// permissions, declared or not. Findings at or above `--fail-on` end with exit code 2.
    Audit(super::audit::Args),
    /// Make and check key sets, and rotate keys.
    Jwks(super::jwks::Args),
    /// Check, write and use an issuer's documents.
    Issuer(super::issuer::Args),
    /// Serve an emulated tenant on loopback, for other processes and tools.
    ///
    /// Plays Microsoft Graph, the login endpoints and Blob Storage. `--local` needs no server: it has the same
    /// tenant in the process.
    Emulator(super::emulator::Args),
    /// Write a stack from what another tool knows.
    ///
    /// Reads a Terraform state and prints the stack that adopts its applications, with their permissions and federated
    /// credentials, and the federated credentials of its managed identities. Secrets are left out and counted; the
    /// state is not changed.
    Convert(super::convert::Args),
    Doctor(super::doctor::Args),
    /// Print the JSON Schema of stack files, or the reference of one kind.
    ///
    /// The schema lets an editor complete and check `trust.yaml`. With a kind, such as `application`, its
    /// reference page is printed: attributes, defaults, what an undeclared attribute means, outputs.
    Schema(Schema),
    /// Print a shell's completion script.
    ///
    /// For bash: `trustform completions bash > ~/.local/share/bash-completion/completions/trustform`
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page of trustform or of a command.
    ///
    /// For example: `trustform man plan | man -l -`
    Man(Man),
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    Text,
    Json,
    /// One output's text alone, for scripts.
    Raw,
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
    /// Let a signing key be retired at once, though tokens that it signed may be valid.
    #[arg(long)]
    pub allow_key_retirement: bool,
    /// Let the run delete what it logs in with: the application, or a trust or permission of it.
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

#[derive(Debug, Args)]
pub struct Fmt {
    /// Files, directories with a stack's files, or `-` for standard input.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Change nothing; exit with 2 if something would change.
    #[arg(long)]
    pub check: bool,
    /// Show what changes.
    #[arg(long)]
    pub diff: bool,
    /// Also the directories below, modules for example.
    #[arg(long)]
    pub recursive: bool,
}

#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    pub stack: StackArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Plan {
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

#[derive(Debug, Args)]
pub struct Apply {
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
    /// Do not ask for confirmation.
    #[arg(long)]
    pub auto_approve: bool,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Apply exactly the plan that was reviewed: without a question if the plan still has this digest, else not at
    /// all (exit code 3). A plan prints its digest.
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// With an emulator that keeps no quota: write as fast as it answers. Else 3,000 writes go to Graph in 150 seconds.
    #[arg(long, requires = "emulator")]
    pub no_pacing: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Destroy {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub auto_approve: bool,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Let the run delete what it logs in with.
    #[arg(long)]
    pub allow_self: bool,
    /// Delete for good: applications do not stay in the recycle bin for 30 days.
    #[arg(long)]
    pub purge: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Output {
    /// One output alone; a name that is a directory is the stack's.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// A kind, such as `application`, `language` for the blocks that are no resources, or `plan` for the JSON Schema
    /// of what `plan --format json` prints.
    pub kind: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ManFormat {
    Roff,
    Markdown,
}

#[derive(Debug, Args)]
pub struct Man {
    /// A command. Default: the program as a whole.
    pub command: Option<String>,
    /// How the page is printed.
    #[arg(long, value_enum, default_value_t = ManFormat::Roff)]
    pub format: ManFormat,
}
