//! `export`: live applications and managed identities as the files that would declare them.

mod azure;
mod declare;
mod hcl;
mod read;
mod terraform;
mod yaml;

use std::collections::BTreeSet;

use super::args::TenantArgs;
use super::connect::connect;
use super::stack::Stack;
use super::{Exit, Failure, World};
use crate::kinds::{self, federated_credential};
use crate::model::credential_name::slug;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Object;
use crate::model::schema::Field;
use crate::model::source::Sources;
use crate::model::value::Map;
use crate::render::diagnostic;

/// Write a stack that declares live applications and managed identities as they are.
///
/// Prints it, or writes it to `--out`. With `apply` in its directory the applications become the stack's: name and marks
/// are added, and nothing else changes. Managed identities stand as `existing`: their credentials and Azure roles are
/// declared, and they themselves are left alone. Credentials stand as builders where a builder makes exactly that. What no
/// file can say is named. For example: `trustform export --tenant ID --stack payments --tag team:payments`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Client ids of applications, blueprints and managed identities; or resource ids in Azure, of managed identities or
    /// of a resource group for all in it.
    #[arg(value_name = "ID", required_unless_present_any = ["tag", "filter", "owner"])]
    pub ids: Vec<String>,
    /// Applications with this tag, too.
    #[arg(long)]
    pub tag: Option<String>,
    /// Applications that Graph's `$filter` finds, too, as in `startsWith(displayName,'payments')`.
    #[arg(long, value_name = "ODATA")]
    pub filter: Option<String>,
    /// Applications with this owner's object id, too.
    #[arg(long, value_name = "ID")]
    pub owner: Option<String>,
    /// A subscription in which the Azure roles of what is chosen are looked up. May be repeated; those that the managed
    /// identities are in count too.
    #[arg(long = "subscription", value_name = "ID", value_parser = subscription)]
    pub subscriptions: Vec<String>,
    /// The tenant's id.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenant_id: String,
    /// The name of the stack that is written.
    #[arg(long, value_name = "NAME", default_value = "exported")]
    pub stack: String,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// What is written: a stack, or Terraform's azuread and azurerm resources with import blocks.
    #[arg(long, value_enum, default_value_t = Language::Hcl)]
    pub format: Language,
    /// Write to this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub out: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    Hcl,
    Yaml,
    Terraform,
}

/// One block, and those in it by label, each with what it declares.
pub struct Declared<'a> {
    pub kind: &'static str,
    pub label: String,
    pub object: &'a Object,
    pub principal: Option<&'a Object>,
    pub body: Map,
    pub credentials: Vec<(String, Map, &'a Object)>,
    pub roles: Vec<(String, Map, &'a Object)>,
}

/// The service principal of an application that is in another tenant.
pub struct Principal {
    pub id: String,
    pub client_id: String,
    pub name: String,
}

fn subscription(text: &str) -> Result<String, String> {
    match kinds::api::is_guid(text) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a subscription's id is a GUID: `az account list` shows them".to_owned()),
    }
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let mut stack = Stack {
        directory: world.directory.clone(),
        desired: Desired::default(),
        sources: Sources::default(),
        warnings: Vec::new(),
    };
    stack.desired.stack.name = args.stack.clone();
    stack.desired.stack.tenant_id = args.tenant_id.clone();
    let connection = connect(world, &args.tenant, &stack)?;
    let read = read::read(&connection, args, &mut stack.desired);
    let (live, principals) = super::block_on(read)??;
    connection.save()?;
    let (all, mut left) = declare::declare(&stack.desired, &live);
    let text = match args.format {
        Language::Hcl => hcl::stack(&args.stack, &args.tenant_id, &all),
        Language::Yaml => yaml::stack(&args.stack, &args.tenant_id, &all),
        Language::Terraform => terraform::resources(&all, &principals, &live, &mut left),
    };
    if args.format != Language::Terraform {
        left.extend(principals.iter().map(elsewhere));
    }
    let text = text
        .map_err(|why| Failure::plain("unwritable", format!("the text cannot be made: {why}")))?;
    let said = diagnostic::text(&left, &stack.sources, world.style());
    let _ = write!(world.err, "{said}");
    match &args.out {
        None => world.print(&text),
        Some(file) => {
            let made = std::fs::File::create_new(world.directory.join(file));
            made.and_then(|mut made| std::io::Write::write_all(&mut made, text.as_bytes()))
                .map_err(|error| {
                    let shown = file.display();
                    Failure::plain(
                        "unwritable",
                        format!("`{shown}` cannot be written: {error}"),
                    )
                })?;
        }
    }
    Ok(Exit::Done)
}

fn elsewhere(principal: &Principal) -> Diagnostic {
    let (name, client_id) = (&principal.name, &principal.client_id);
    let why =
        "its application is in another tenant, and no block declares a service principal alone";
    let message = format!("`{name}` (client id {client_id}) is left out: {why}");
    Diagnostic::warning("left-out", message)
        .help("`--format terraform` writes it as `azuread_service_principal`")
}

/// A label that nothing else has: a word of the language in any case.
fn label(name: &str, otherwise: &str, taken: &mut BTreeSet<String>) -> String {
    let word: String = slug(&name.to_ascii_lowercase(), 60)
        .trim_matches('-')
        .replace('-', "_");
    let word = match word.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => word,
        _ => format!("{otherwise}_{word}")
            .trim_end_matches('_')
            .to_owned(),
    };
    let mut label = word.clone();
    let mut next = 2;
    while !taken.insert(label.clone()) {
        label = format!("{word}_{next}");
        next += 1;
    }
    label
}

/// One credential's block, as it stands in its parent.
pub fn credential_hcl(label: &str, body: &Map) -> Result<String, String> {
    let fields = fields(federated_credential::KIND);
    let block = ::hcl::Block::builder(federated_credential::KIND)
        .add_label(label)
        .add_structures(hcl::body(fields, body, true))
        .build();
    hcl::print(&::hcl::Body::builder().add_block(block).build())
}

/// The same as a member of its parent's `federated_credential`.
pub fn credential_yaml(label: &str, body: &Map) -> Result<String, String> {
    yaml::credential(label, body)
}

fn fields(kind: &str) -> &'static [Field] {
    kinds::of(kind).map_or(&[], |kind| kind.shape().fields)
}
