//! What the commands have in common that change one thing and name it.

use super::applying::Terms;
use super::args::{Format, StackArgs, TenantArgs};
use super::stack::Stack;
use super::{Failure, World};
use crate::kinds::{api, application};
use crate::model::address::Address;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{Sources, Span};
use crate::model::value::{Map, Value};
use crate::model::words::nearest_address;

/// Where and on which terms.
#[derive(Debug, clap::Args)]
pub struct Common {
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub auto_approve: bool,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Do it without a question if the plan has this digest, else not at all (exit code 3).
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Common {
    pub fn terms<'a>(&'a self, question: &'a str) -> Terms<'a> {
        Terms {
            question,
            approved: self.auto_approve,
            expect: self.expect.as_deref(),
            saved: None,
            lock_timeout: self.lock_timeout,
            format: self.format,
        }
    }

    /// A last word, for people.
    pub fn say(&self, world: &mut World, text: &str) {
        if self.format == Format::Text {
            world.print(&format!("\n{text}\n"));
        }
    }
}

/// A stack that declares nothing but that an application is there, and the application's address.
pub fn alone(
    world: &World,
    args: &StackArgs,
    (command, tenant): (&str, &str),
    client_id: &str,
) -> Result<(Stack, Address), Failure> {
    if !api::is_guid(client_id) {
        let wrong = Diagnostic::error("usage", format!("`{client_id}` is no client id"));
        return Err(wrong
            .help("give the application (client) id, a GUID")
            .into());
    }
    let client_id = client_id.to_ascii_lowercase();
    let existing = Value::map([("client_id", client_id.as_str().into())]);
    let root = Address::root(application::KIND, client_id);
    let body = [("existing".to_owned(), existing)].into();
    Ok((only(world, args, (command, tenant), &root, body), root))
}

/// A stack with one resource, of which a command line told; the command stands in for its name.
pub fn only(
    world: &World,
    args: &StackArgs,
    (command, tenant): (&str, &str),
    root: &Address,
    body: Map,
) -> Stack {
    let mut desired = Desired::default();
    desired.stack.name = command.to_owned();
    desired.stack.tenant_id = tenant.to_owned();
    let resource = Resource {
        address: root.clone(),
        body,
        origin: Span::default(),
        spans: Default::default(),
        protect: false,
    };
    desired.resources.insert(root.clone(), resource);
    Stack {
        directory: world.directory.join(&args.directory),
        desired,
        sources: Sources::default(),
        warnings: Vec::new(),
    }
}

/// `trust.hcl:12`, where a block begins.
pub fn line(stack: &Stack, span: Span) -> String {
    let (line, _) = stack.sources.position(span);
    format!("{}:{line}", stack.sources.get(span.source).name)
}

/// No application is declared at an address.
pub fn undeclared<'a>(address: &Address, all: impl Iterator<Item = &'a Address>) -> Diagnostic {
    let all: Vec<String> = all.map(ToString::to_string).collect();
    let said = Diagnostic::error(
        "unknown-address",
        format!("no application is declared at `{address}`"),
    );
    match nearest_address(&address.to_string(), all.iter().map(String::as_str)) {
        Some(near) => said.help(format!("did you mean `{near}`?")),
        None => said.help("write its block first: the address is `application.` and its label"),
    }
}

/// The address of an application.
pub fn parsed(text: &str) -> Result<Address, Failure> {
    let address = text.parse().map_err(|_| {
        let wrong = Diagnostic::error("usage", format!("`{text}` is no address"));
        Failure::from(wrong.help("give an address as in `application.deployer`"))
    })?;
    application(&address)?;
    Ok(address)
}

/// Applications only.
pub fn application(address: &Address) -> Result<(), Failure> {
    if crate::kinds::application::is_one(address.kind()) && address.segments.len() == 1 {
        return Ok(());
    }
    let wrong = Diagnostic::error("usage", format!("`{address}` is no application"));
    Err(wrong
        .help("give an address as in `application.deployer`")
        .into())
}
