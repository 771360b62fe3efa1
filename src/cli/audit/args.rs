//! The command line of `audit`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::audit::scope::Scope;
use crate::cli::args::{StackArgs, TenantArgs};
use crate::model::diagnostic::Diagnostic;
use crate::model::rule::Severity;

/// Find leftover secrets, and trusts that should not be there.
///
/// Reads a tenant, or what `--save` kept of it, and judges every application's secrets, trusts, permissions and
/// roles, declared or not. What the login may not read the report names with the rules that lack it. Findings at or
/// above `--fail-on` end with exit code 2.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Audit this tenant; no stack is needed.
    #[arg(long = "tenant", value_name = "ID", value_parser = tenant)]
    pub tenant_id: Option<String>,
    /// Judge the files alone, as if they were applied: no login is needed, and nothing is contacted.
    #[arg(long, conflicts_with_all = ["tenant_id", "save", "from", "local", "emulator", "group", "owner"])]
    pub offline: bool,
    /// Only this application, by client id or object id, or this managed identity, by client id or its id in Azure. May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub application: Vec<String>,
    /// Only the applications that are members of this group, by its name or object id. May be repeated.
    #[arg(long, value_name = "NAME|ID")]
    pub group: Vec<String>,
    /// Only applications with this tag, on themselves or on their service principals. May be repeated.
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Only applications that this owner owns, themselves or their service principals, by object id. May be repeated.
    #[arg(long, value_name = "ID", value_parser = guid)]
    pub owner: Vec<String>,
    /// Only applications that the stack, or one of `--declared`, declares.
    #[arg(long)]
    pub declared_only: bool,
    /// Another stack of the tenant: what it declares is not unmanaged, and its waivers hold. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub declared: Vec<PathBuf>,
    /// Keep what was read in this file.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub save: Option<PathBuf>,
    /// Judge what `--save` kept: no login is needed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["local", "emulator"])]
    pub from: Option<PathBuf>,
    /// Fail only for what is not in this snapshot.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Plan the repairs that need no judgement, and keep the plan in this file: `apply FILE` carries it out.
    ///
    /// Federated credentials that admit nobody or are covered by another one go, and so do passwords and certificates
    /// that are over. One that works goes only where the sign-in logs of the last 30 days show its application logging in
    /// with a federated credential and nobody using the secret, or where `--proven` says so. What is waived, and what is
    /// outside of what is judged, stays.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "offline"])]
    pub fix_plan: Option<PathBuf>,
    /// This application, by client id or object id, logs in with its federated credential: `--fix-plan` removes its
    /// passwords and certificates, whatever the sign-in logs say. May be repeated.
    #[arg(long, value_name = "ID", requires = "fix_plan")]
    pub proven: Vec<String>,
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

impl Args {
    /// Every file that is written.
    pub fn written(&self) -> impl Iterator<Item = &Path> {
        let reports = self.report.iter().map(|file| &file.path);
        let kept = self.save.iter().chain(&self.fix_plan);
        kept.chain(reports).map(PathBuf::as_path)
    }

    /// What clap cannot tell.
    ///
    /// # Errors
    /// One file is to be two things, or a directory is named that nobody looks at.
    pub fn check(&self) -> Result<(), Diagnostic> {
        let read = self.from.iter().chain(&self.baseline);
        let mut paths: BTreeSet<&Path> = read.map(PathBuf::as_path).collect();
        if let Some(twice) = self.written().find(|path| !paths.insert(path)) {
            let message = format!("`{}` is named for two files", twice.display());
            return Err(Diagnostic::error("usage", message)
                .help("give each report, snapshot and plan a file of its own"));
        }
        let directory = &self.stack.directory;
        if self.tenant_id.is_some() && directory != Path::new(".") {
            let directory = directory.display();
            let message =
                format!("with `--tenant` no stack is read: `{directory}` would be passed over");
            return Err(Diagnostic::error("usage", message).help(format!(
                "leave `--tenant` out, or give the stack with `--declared {directory}`"
            )));
        }
        Ok(())
    }

    /// Which applications are judged.
    pub fn scope(&self) -> Scope {
        Scope {
            applications: self.application.clone(),
            groups: self.group.clone(),
            tags: self.tag.clone(),
            owners: self.owner.clone(),
            declared: self.declared_only,
        }
    }
}

/// A domain's name is none: what is compared with the login is the id.
fn tenant(text: &str) -> Result<String, String> {
    let id = uuid::Uuid::try_parse(text).map_err(|_| {
        "it is no tenant id, which `az account show --query tenantId` prints".to_owned()
    })?;
    Ok(id.hyphenated().to_string())
}

/// Object ids go into addresses: nothing else may.
fn guid(text: &str) -> Result<String, String> {
    let id = uuid::Uuid::try_parse(text).map_err(|_| "it is no object id".to_owned())?;
    Ok(id.hyphenated().to_string())
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
