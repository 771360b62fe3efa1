//! `restore`: an application comes back from the recycle bin, and is put right; without a stack, as it was.

use super::applying::carry_out;
use super::args::{AllowArgs, StackArgs};
use super::connect::Connection;
use super::living::{self, Common};
use super::{Exit, Failure, World, block_on, connect, planning, stack};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::plan::Action;
use crate::model::step::{Request, Service};
use crate::plan::{Options, Order};
use crate::render::escape::terminal;

/// Take an application out of the recycle bin, and put it right.
///
/// Trusts that it brings back and that nobody declares go as the block says. Without a stack, give the tenant and the
/// client id: the application comes back as it was, and what may act as it again is listed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's block.
    #[arg(required_unless_present = "tenant_id", conflicts_with = "tenant_id")]
    pub address: Option<Address>,
    #[command(flatten)]
    pub stack: StackArgs,
    /// Without a stack: the tenant.
    #[arg(long = "tenant", value_name = "ID", requires = "client_id")]
    pub tenant_id: Option<String>,
    /// Without a stack: the application's client id.
    #[arg(long, value_name = "ID", requires = "tenant_id")]
    pub client_id: Option<String>,
    #[command(flatten)]
    pub allow: AllowArgs,
    #[command(flatten)]
    pub common: Common,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    match (&args.tenant_id, &args.client_id, &args.address) {
        (Some(tenant), Some(client_id), _) => alone(world, args, tenant, client_id),
        (_, _, Some(address)) => declared(world, args, address),
        _ => Err(Failure::plain("usage", "no application is named")),
    }
}

fn declared(world: &mut World, args: &Args, address: &Address) -> Result<Exit, Failure> {
    living::application(address)?;
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let connection = connect::connect(world, &args.common.tenant, &stack)?;
    let options = Options {
        only: Some(address.clone()),
        allow: super::plan::allow(&args.allow),
        ..Options::default()
    };
    let (plan, _) = block_on(planning::plan(&stack, &connection, &options))??;
    if plan.count(Action::Restore) == 0 {
        return Err(nothing(&format!("`{address}`")));
    }
    let terms = args.common.terms("Restore it and put it right?");
    carry_out(world, &stack, &connection, &options, &terms)
}

fn alone(world: &mut World, args: &Args, tenant: &str, client_id: &str) -> Result<Exit, Failure> {
    let (stack, address) = living::alone(world, &args.stack, ("restore", tenant), client_id)?;
    let connection = connect::connect(world, &args.common.tenant, &stack)?;
    let options = Options {
        order: Some(Order::Restore(address)),
        ..Options::default()
    };
    let (plan, _) = block_on(planning::plan(&stack, &connection, &options))??;
    if plan.count(Action::Restore) == 0 {
        return Err(nothing(&format!("the application `{client_id}`")));
    }
    let question = "Restore it? Its secrets and trusts come back with it.";
    let terms = args.common.terms(question);
    let exit = carry_out(world, &stack, &connection, &options, &terms)?;
    if exit == Exit::Done {
        let said = block_on(revived(&connection, tenant, client_id))??;
        args.common.say(world, &said);
    }
    Ok(exit)
}

fn nothing(what: &str) -> Failure {
    let nothing = Diagnostic::error(
        "nothing-to-restore",
        format!("{what} is not in the recycle bin"),
    );
    nothing
        .help("a deleted application stays there for 30 days; `trustform list` shows what is there")
        .into()
}

/// By what the application can be logged in as again.
async fn revived(
    connection: &Connection,
    tenant: &str,
    client_id: &str,
) -> Result<String, Failure> {
    let path = format!("/applications(appId='{client_id}')");
    let select = "$select=id,passwordCredentials,keyCredentials";
    let reads = [
        Request::get(Service::Graph, format!("{path}?{select}")),
        Request::get(
            Service::GraphBeta,
            format!("{path}/federatedIdentityCredentials"),
        ),
    ];
    let mut back = Vec::new();
    for answer in connection.reader.read(&reads).await {
        let body = answer?.body;
        let all = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        let secrets = all("passwordCredentials").len() + all("keyCredentials").len();
        if secrets > 0 {
            back.push(format!("  {secrets} of its secrets and certificates"));
        }
        for one in all("value") {
            let text = |name: &str| terminal(one[name].as_str().unwrap_or_default());
            let expression = one["claimsMatchingExpression"]["value"].as_str();
            let who = expression.map_or_else(|| text("subject"), terminal);
            let (name, issuer) = (text("name"), text("issuer"));
            back.push(format!("  federated credential {name}: {who} of {issuer}"));
        }
    }
    if back.is_empty() {
        return Ok("Nothing can log in as it: it brought back no credential.".to_owned());
    }
    Ok(format!(
        "It can be logged in as again by\n{}\nTo take a federated credential away: `trustform revoke NAME --tenant {tenant} --client-id {client_id}`",
        back.join("\n")
    ))
}
