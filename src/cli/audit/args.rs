//! The command line of `audit`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::args::{StackArgs, TenantArgs};
use crate::model::rule::Severity;

/// The command line of `audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Audit this tenant; no stack is needed.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenant_id: Option<String>,
    /// Only this application, by client id or object id. May be repeated.
    #[arg(long, value_name = "ID")]
    pub application: Vec<String>,
    /// Keep what was read in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub save: Option<PathBuf>,
    /// Judge what `--save` kept: no login is needed.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Fail only for what is not in this snapshot.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Do not ask the issuers.
    #[arg(long)]
    pub no_network: bool,
    /// Exit with 2 from this severity on.
    #[arg(long, value_enum, default_value_t = FailOn::High)]
    pub fail_on: FailOn,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,
    /// Also write a report: its form and where to, as in `sarif=audit.sarif`. May be repeated; the tenant is read once.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = file)]
    pub report: Vec<File>,
}

/// A report's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Text,
    Json,
    /// For job summaries and comments.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for the test reports of pipelines.
    Junit,
    /// One page that stands alone, with a picture of who reaches what.
    Html,
}

/// A report that is written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub form: Form,
    pub path: PathBuf,
}

/// Reads `FORMAT=PATH`.
fn file(text: &str) -> Result<File, String> {
    let example = "write it as in `sarif=audit.sarif`";
    let (form, path) = text
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or_else(|| format!("it names no file: {example}"))?;
    let form = Form::from_str(form, false).map_err(|_| {
        format!("there is no form `{form}`: text, json, markdown, sarif, junit or html; {example}")
    })?;
    Ok(File {
        form,
        path: PathBuf::from(path),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
    Never,
}

impl FailOn {
    /// The mildest severity that fails; none where nothing does.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}
