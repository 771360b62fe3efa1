//! Client secrets make room for a federated credential.

use super::edit::{Edit, Place};
use super::gate::{Gate, Tenant};
use super::{Common, Files, Proposal, Stage, carry};
use crate::cli::applying::{Terms, carry_out};
use crate::cli::args::Format;
use crate::cli::connect::Connection;
use crate::cli::repairs::resources;
use crate::cli::stack::Stack;
use crate::cli::{Exit, Failure, World, block_on, living};
use crate::exchange::trust::Matcher;
use crate::kinds::{application, federated_credential};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::repair::{Part, Repair};
use crate::model::source::Sources;
use crate::model::step::{Request, Service};
use crate::plan::{Options, Order};
use crate::render::escape::terminal;

/// The audit's name for a secret beside a federated credential.
const LEFTOVER: &str = "leftover-secret";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application.
    pub address: Address,
    #[command(flatten)]
    pub common: Common,
    /// The issuer of the tokens that are trusted from now on.
    #[arg(long, value_name = "URL", requires = "subject")]
    pub issuer: Option<String>,
    /// Their subject.
    #[arg(long, value_name = "TEXT", requires = "issuer")]
    pub subject: Option<String>,
    /// The label of the new block.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub label: String,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Delete the secrets without a question if the plan has this digest, else not at all (exit code 3).
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    living::application(&args.address)?;
    let files = Files::load(world, &args.common)?;
    files.blocks(&args.address)?;
    let resource = &files.stack.desired.resources[&args.address];
    if application::is_existing(resource) {
        return Err(files.fail(
            Diagnostic::error(
                "not-ours",
                format!(
                    "`{}` says `existing`: someone else manages it",
                    args.address
                ),
            )
            .about(&args.address)
            .at(resource.span("existing"), "")
            .help("its secrets are not this stack's to delete"),
        ));
    }
    if let Some(edit) = wanted(&files, args)? {
        let proposal = Proposal {
            identity: args.address.clone(),
            stage: Stage::Add(vec![edit]),
            remarks: Vec::new(),
        };
        return carry(world, &args.common, &files, proposal);
    }
    let stack = &files.stack;
    let tenant = Tenant::read(world, &args.common, stack)?;
    let new: Vec<Address> = files
        .trusts(&args.address)
        .into_iter()
        .map(|(it, _)| it.address.clone())
        .collect();
    let gate = Gate {
        identity: &args.address,
        new: &new,
    };
    gate.present(&tenant.plan)?;
    let object = application::found(resource, &tenant.live);
    let secrets = match object {
        Some(object) => block_on(secrets(&tenant.connection, &object.key.id))??,
        None => Vec::new(),
    };
    if secrets.is_empty() {
        world.print("The application has no client secret: nothing is left to migrate.\n");
        return Ok(Exit::Done);
    }
    if args.common.check {
        world.print("These client secrets are left:\n");
        for secret in &secrets {
            world.print(&format!("  {}\n", terminal(&secret.name)));
        }
        return Ok(Exit::Changes);
    }
    gate.pass(world, args.common.confirm, stack, &tenant)?;
    let Some(object) = object else {
        return Ok(Exit::Done);
    };
    let repairs = repairs(&files, args, object, &tenant.live, &secrets);
    let root = |_: &str| args.address.clone();
    let desired = Desired {
        stack: stack.desired.stack.clone(),
        resources: resources(&repairs, root),
        ..Desired::default()
    };
    let stack = &Stack {
        directory: stack.directory.clone(),
        desired,
        sources: Sources::default(),
        warnings: Vec::new(),
    };
    let options = Options {
        order: Some(Order::Repair(repairs)),
        ..Options::default()
    };
    let terms = Terms {
        question: "Delete these secrets? Whoever still uses one is locked out at once.",
        approved: args.common.auto_approve,
        expect: args.expect.as_deref(),
        saved: None,
        lock_timeout: args.lock_timeout,
        format: Format::Text,
    };
    carry_out(world, stack, &tenant.connection, &options, &terms)
}

/// Every secret goes, because the declared credentials are there.
fn repairs(
    files: &Files,
    args: &Args,
    object: &Object,
    live: &Live,
    secrets: &[Secret],
) -> Vec<Repair> {
    let declared: Vec<_> = files.trusts(&args.address);
    let beside: Vec<String> = live
        .children(&object.key, federated_credential::KIND)
        .filter(|credential| {
            let trust = federated_credential::trust(&credential.body);
            declared.iter().any(|(_, it)| Some(it) == trust.as_ref())
        })
        .map(|credential| credential.name.clone())
        .collect();
    let repair = |secret: &Secret| Repair {
        client_id: object.outputs["client_id"].clone(),
        identity: None,
        part: Part::Secret(secret.key_id.clone()),
        rule: LEFTOVER.to_owned(),
        beside: beside.clone(),
    };
    secrets.iter().map(repair).collect()
}

/// The credential that is to come, unless it is declared.
fn wanted(files: &Files, args: &Args) -> Result<Option<Edit>, Failure> {
    let trusts = files.trusts(&args.address);
    let (Some(issuer), Some(subject)) = (&args.issuer, &args.subject) else {
        return match trusts.is_empty() {
            false => Ok(None),
            true => Err(files.fail(
                Diagnostic::error(
                    "no-credential",
                    format!("`{}` declares no credential that takes the secret's place", args.address),
                )
                .help("say whose tokens are to be trusted, with `--issuer` and `--subject`; or write the block"),
            )),
        };
    };
    let declared = trusts.iter().any(|(_, trust)| {
        trust.issuer == *issuer && trust.matcher == Matcher::Subject(subject.clone())
    });
    if declared {
        return Ok(None);
    }
    let last = files.credentials(&args.address).map(|it| it.origin).max();
    let application = files.written[&args.address].origin;
    Ok(Some(Edit::Add {
        place: last.map_or(Place::In(application), Place::After),
        label: files.label(&args.address, &args.label),
        body: federated_credential::exact(issuer, subject, &files.stack.desired.stack),
    }))
}

/// A client secret, by its key id and what people know it by.
struct Secret {
    key_id: String,
    name: String,
}

/// An application's client secrets: ids, names and ends. What they are, Graph never shows again.
async fn secrets(connection: &Connection, id: &str) -> Result<Vec<Secret>, Failure> {
    let path = format!("/applications/{id}?$select=id,passwordCredentials");
    let request = Request::get(Service::Graph, path);
    let mut secrets = Vec::new();
    for answer in connection.reader.read(&[request]).await {
        let reply = answer?;
        for one in reply.body["passwordCredentials"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let text = |name: &str| one[name].as_str().unwrap_or_default();
            let name = match text("displayName") {
                "" => text("keyId"),
                name => name,
            };
            secrets.push(Secret {
                key_id: text("keyId").to_owned(),
                name: format!("{name}, until {}", text("endDateTime")),
            });
        }
    }
    Ok(secrets)
}
