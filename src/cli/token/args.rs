//! The command line of `token`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::{Format, StackArgs, TenantArgs};

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Say what kind of token it is, whose, and for how long. Nothing is verified.
    Inspect(Inspect),
    /// Try a token against every credential of a stack, and its key against its issuer's.
    ///
    /// For each credential the first thing that differs is said. Without `--live`, `--local` or `--emulator` the
    /// stack's files decide and no tenant is asked. Exits with 1 if the token would be refused everywhere.
    Check(Check),
    /// Verify an access token as the API that it is for should: every step, pass or fail.
    Verify(Verify),
    /// Exchange an outside platform's token at the token endpoint, as a workload does, and say what comes back.
    Exchange(Exchange),
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Check against the credentials that the stack's applications have in the tenant, declared or not.
    #[arg(long)]
    pub live: bool,
    /// Ask nobody: the keys are those that the stack declares, if it does.
    #[arg(long, conflicts_with_all = ["live", "local", "emulator"])]
    pub offline: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    /// The issuer that is trusted; `{tenantid}` in it stands for any tenant that `--tenant` names.
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// Whom the token has to be for. May be repeated.
    #[arg(long, value_name = "AUDIENCE", required = true)]
    pub audience: Vec<String>,
    /// A tenant that is admitted. May be repeated.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenants: Vec<String>,
    /// The issuer's keys in a file, instead of fetching them.
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// Verify with the keys of the emulated tenant of the stack in this directory.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".", conflicts_with = "jwks")]
    pub local: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Exchange {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// The application to act as, by its label. Default: the stack's only one.
    #[arg(long, value_name = "LABEL", conflicts_with = "client_id")]
    pub application: Option<String>,
    /// The application to act as, by its client id: then nothing else is asked of the tenant.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// What the access token is for. Default: Microsoft Graph.
    #[arg(long, value_name = "SCOPE")]
    pub scope: Option<String>,
    /// Print the access token too, alone and last: it is as good as a password for an hour.
    #[arg(long)]
    pub print_token: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
