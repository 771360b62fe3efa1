//! `export`: live applications as the files that would declare them.

mod hcl;
mod terraform;

use std::collections::BTreeSet;

use super::args::TenantArgs;
use super::connect::{Connection, connect};
use super::stack::Stack;
use super::{Exit, Failure, World};
use crate::kinds::{self, api, application, federated_credential, service_principal};
use crate::model::address::Address;
use crate::model::credential_name::slug;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::schema::Field;
use crate::model::source::{Sources, Span};
use crate::model::step::{Request, Service};
use crate::model::value::{Map, Value};
use crate::observe;
use crate::render::diagnostic;

/// Write a stack that declares live applications as they are.
///
/// Prints it, or writes it to `--out`. With `apply` in its directory the applications become the stack's: name and marks
/// are added, and nothing else changes. Credentials stand as builders where a builder makes exactly that. What no
/// file can say is named. For example: `trustform export --tenant ID --stack payments --tag team:payments`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Client ids of applications.
    #[arg(required_unless_present_any = ["tag", "filter", "owner"])]
    pub client_ids: Vec<String>,
    /// Applications with this tag, too.
    #[arg(long)]
    pub tag: Option<String>,
    /// Applications that Graph's `$filter` finds, too, as in `startsWith(displayName,'payments')`.
    #[arg(long, value_name = "ODATA")]
    pub filter: Option<String>,
    /// Applications with this owner's object id, too.
    #[arg(long, value_name = "ID")]
    pub owner: Option<String>,
    /// The tenant's id.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenant_id: String,
    /// The name of the stack that is written.
    #[arg(long, value_name = "NAME", default_value = "exported")]
    pub stack: String,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// What is written: a stack, or Terraform's azuread resources with import blocks.
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

/// One application's block, and those of its credentials by label.
pub struct Declared<'a> {
    pub label: String,
    pub object: &'a Object,
    pub principal: Option<&'a Object>,
    pub body: Map,
    pub credentials: Vec<(String, Map)>,
    /// The live credentials, in the same order.
    pub live: Vec<&'a Object>,
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
    let live = super::block_on(read(&connection, args, &mut stack))??;
    connection.save()?;
    let (applications, left) = declare(&stack.desired, &live);
    let text = match args.format {
        Language::Hcl => hcl::stack(&args.stack, &args.tenant_id, &applications),
        Language::Yaml => yaml(&args.stack, &args.tenant_id, &applications),
        Language::Terraform => terraform::resources(&applications),
    };
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

/// Reads what was chosen: which applications, what is in them, and what the APIs publish that they ask something of.
async fn read(connection: &Connection, args: &Args, stack: &mut Stack) -> Result<Live, Failure> {
    connection.check_tenant(&args.tenant_id).await?;
    let desired = &mut stack.desired;
    for id in chosen(connection, args).await? {
        let adopt = Value::map([("client_id", id.as_str().into())]);
        let address = Address::root(application::KIND, id);
        let resource = Resource {
            address: address.clone(),
            body: [("adopt".to_owned(), adopt)].into(),
            origin: Span::default(),
            spans: Default::default(),
            protect: false,
        };
        desired.resources.insert(address, resource);
    }
    let all = |said: Vec<Diagnostic>| Failure::new(said, &Sources::default());
    let live = observe::observe(desired, &connection.reader)
        .await
        .map_err(all)?;
    for resource in desired.resources.values_mut() {
        let Some(object) = application::found(resource, &live) else {
            let missing = Diagnostic::error(
                "existing-not-found",
                format!(
                    "no application has the client id `{}`",
                    resource.address.last().label
                ),
            );
            return Err(missing.help("check the id and the tenant").into());
        };
        let labels = application::asks(object).into_iter();
        let blocks = labels.map(|label| (label, Value::Map(Map::new())));
        resource
            .body
            .insert("permissions".to_owned(), Value::map(blocks));
    }
    observe::observe(desired, &connection.reader)
        .await
        .map_err(all)
}

/// The client ids of what was chosen, in order.
async fn chosen(connection: &Connection, args: &Args) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    for id in &args.client_ids {
        if !api::is_guid(id) {
            let wrong = Diagnostic::error("usage", format!("`{id}` is no client id"));
            return Err(wrong
                .help("give the application (client) id, a GUID")
                .into());
        }
        ids.insert(id.to_ascii_lowercase());
    }
    let tag = args
        .tag
        .as_ref()
        .map(|tag| format!("tags/any(t:t eq '{}')", tag.replace('\'', "''")));
    for filter in tag.iter().chain(&args.filter) {
        let filter =
            percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        let query = format!("$filter={filter}&$select=id,appId&$count=true&$top=999");
        ids.extend(list(connection, &query, |_| true).await?);
    }
    if let Some(owner) = &args.owner {
        let owned = |json: &serde_json::Value| {
            let owners = json["owners"].as_array().into_iter().flatten();
            owners
                .filter_map(|one| one["id"].as_str())
                .any(|id| id.eq_ignore_ascii_case(owner))
        };
        let query = "$select=id,appId&$expand=owners($select=id)&$top=999";
        ids.extend(list(connection, query, owned).await?);
    }
    if ids.is_empty() {
        let nothing = Diagnostic::error("nothing-to-export", "no application was found");
        return Err(nothing.help("`trustform audit` shows all of them").into());
    }
    Ok(ids)
}

async fn list(
    connection: &Connection,
    query: &str,
    wanted: impl Fn(&serde_json::Value) -> bool,
) -> Result<Vec<String>, Failure> {
    let request = Request::get(Service::Graph, format!("/applications?{query}"))
        .header("ConsistencyLevel", "eventual");
    let answers = connection.reader.read(&[request]).await;
    let mut found = Vec::new();
    for answer in answers {
        let reply = answer?;
        let all = reply.body["value"].as_array().into_iter().flatten();
        let wanted = all.filter(|json| wanted(json));
        found.extend(wanted.filter_map(|json| Some(json["appId"].as_str()?.to_ascii_lowercase())));
    }
    Ok(found)
}

/// Every application that was found as its block, and what cannot be said.
fn declare<'a>(desired: &Desired, live: &'a Live) -> (Vec<Declared<'a>>, Vec<Diagnostic>) {
    let (mut applications, mut said) = (Vec::new(), Vec::new());
    let mut labels = BTreeSet::new();
    let chosen = desired.of_kind(application::KIND);
    let mut objects: Vec<&Object> = chosen
        .filter_map(|it| application::found(it, live))
        .collect();
    objects.sort_by(|a, b| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
    for object in objects {
        let label = label(&object.name, "application", &mut labels);
        let subject = format!("application.{label}");
        let left_out = |what: &str, why: &str| {
            Diagnostic::warning("left-out", format!("`{what}` is left out: {why}")).about(&subject)
        };
        let mut left = Vec::new();
        let body = application::declare(object, live, &mut left);
        said.extend(left.iter().map(|(path, why)| left_out(path, why)));
        let mut mine: Vec<&Object> = live
            .children(&object.key, federated_credential::KIND)
            .collect();
        mine.sort_by(|a, b| a.name.cmp(&b.name));
        let (mut credentials, mut there, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for credential in mine {
            match federated_credential::declare(credential, &desired.stack) {
                Ok(body) => {
                    credentials.push((
                        self::label(&credential.name, "credential", &mut names),
                        body,
                    ));
                    there.push(credential);
                }
                Err(why) => said.push(left_out(&credential.name, &why)),
            }
        }
        applications.push(Declared {
            label,
            principal: service_principal::of_application(object, live),
            object,
            body,
            credentials,
            live: there,
        });
    }
    (applications, said)
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
    let body = plain(fields(federated_credential::KIND), body);
    serde_saphyr::to_string(&serde_json::json!({ label: body })).map_err(|error| error.to_string())
}

fn fields(kind: &str) -> &'static [Field] {
    kinds::of(kind).map_or(&[], |kind| kind.shape().fields)
}

/// A text in which nothing is a template.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

fn yaml(name: &str, tenant_id: &str, applications: &[Declared]) -> Result<String, String> {
    let mut blocks = serde_json::Map::new();
    for application in applications {
        let mut block = plain(fields(application::KIND), &application.body);
        let credentials = application.credentials.iter();
        let credentials: serde_json::Map<String, serde_json::Value> = credentials
            .map(|(label, body)| {
                let body = plain(fields(federated_credential::KIND), body);
                (label.clone(), serde_json::Value::Object(body))
            })
            .collect();
        if !credentials.is_empty() {
            block.insert(federated_credential::KIND.to_owned(), credentials.into());
        }
        blocks.insert(application.label.clone(), block.into());
    }
    let stack = serde_json::json!({
        "stack": { name: { "tenant_id": tenant_id } },
        "application": blocks,
    });
    serde_saphyr::to_string(&stack).map_err(|error| error.to_string())
}

/// In the order of the field table.
fn plain(fields: &[Field], map: &Map) -> serde_json::Map<String, serde_json::Value> {
    let members = fields.iter().filter_map(|field| {
        let value = map.get(field.name)?;
        let value = match (field.nested(), value) {
            (Some(nested), Value::Map(inner))
                if !matches!(field.ty, crate::model::schema::Type::Labelled(_)) =>
            {
                plain(nested, inner).into()
            }
            (_, value) => escaped(value.to_json()),
        };
        Some((field.name.to_owned(), value))
    });
    members.collect()
}

fn escaped(json: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match json {
        Json::String(text) => Json::String(literal(&text)),
        Json::Array(items) => items.into_iter().map(escaped).collect(),
        Json::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| (name, escaped(value)));
            Json::Object(members.collect())
        }
        other => other,
    }
}
