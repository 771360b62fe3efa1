//! `revoke`: a credential goes now, with or without a stack.

use super::applying::carry_out;
use super::args::StackArgs;
use super::living::{self, Common};
use super::stack::Stack;
use super::{Exit, Failure, World, connect, stack};
use crate::kinds::{self, federated_credential, managed_identity};
use crate::model::address::{Address, Segment};
use crate::model::diagnostic::Diagnostic;
use crate::plan::{Options, Order};

/// Delete a credential now, or all of an application's or managed identity's.
///
/// Names what it deletes: an address as `plan` shows it, declared or not. Without a stack, give the tenant and the
/// client id, or a managed identity's id in Azure. Says how long tokens that were issued already are accepted, and which line of the files would bring
/// the credential back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The credential, as in `application.deployer/federated_credential.main`, or the application or managed identity
    /// for all of its credentials. With `--tenant`: the credential's name, or nothing for all.
    #[arg(required_unless_present = "tenant_id")]
    pub what: Option<String>,
    #[command(flatten)]
    pub stack: StackArgs,
    /// Without a stack: the tenant.
    #[arg(long = "tenant", value_name = "ID", requires = "whose")]
    pub tenant_id: Option<String>,
    /// Without a stack: the application's client id.
    #[arg(long, value_name = "ID", requires = "tenant_id", group = "whose")]
    pub client_id: Option<String>,
    /// Without a stack: the managed identity's resource id in Azure.
    #[arg(long, value_name = "ID", requires = "tenant_id", group = "whose")]
    pub identity: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// What a revocation does not reach. Source: Microsoft, "Configurable token lifetimes" (60 to 90 minutes unless a
/// policy says otherwise) and "Continuous access evaluation for workload identities" (up to 24 hours).
const TOKENS: &str = "Access tokens that were issued before are accepted until they expire: after 60 to 90 minutes as a rule, after up to 24 hours\nwhere the resource evaluates access continuously or a token lifetime policy says so. Nothing that trustform can do ends them earlier.";

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let (stack, address) = match &args.tenant_id {
        Some(tenant) => alone(world, args, tenant)?,
        None => declared(world, args)?,
    };
    let connection = connect::connect(world, &args.common.tenant, &stack)?;
    let options = Options {
        order: Some(Order::Revoke(address.clone())),
        ..Options::default()
    };
    let terms = args
        .common
        .terms("Revoke this? Whoever uses it is locked out at once.");
    let exit = carry_out(world, &stack, &connection, &options, &terms)?;
    if exit == Exit::Done {
        args.common.say(world, TOKENS);
        if args.tenant_id.is_none() {
            still_declared(world, args, &stack, &address);
        }
    }
    Ok(exit)
}

fn declared(world: &mut World, args: &Args) -> Result<(Stack, Address), Failure> {
    let what = args.what.as_deref().unwrap_or_default();
    let usage = |why: String| {
        Failure::from(Diagnostic::error("usage", why).help(
            "give an application or a credential, as in `application.deployer/federated_credential.main`",
        ))
    };
    let address: Address = what
        .parse()
        .map_err(|_| usage(format!("`{what}` is no address")))?;
    let kinds: Vec<&str> = address.segments.iter().map(|it| it.kind.as_str()).collect();
    let fits = match kinds.as_slice() {
        [one] => kinds::is_identity(one),
        [one, last] => kinds::is_identity(one) && *last == federated_credential::KIND,
        _ => false,
    };
    if !fits {
        return Err(usage(format!(
            "`{what}` is no application or managed identity, and no credential of one"
        )));
    }
    Ok((stack::load(world, &args.stack)?, address))
}

/// A stack that declares nothing but that the application or the managed identity is there.
fn alone(world: &World, args: &Args, tenant: &str) -> Result<(Stack, Address), Failure> {
    let (stack, root) = match (&args.client_id, &args.identity) {
        (_, Some(id)) => identity(world, args, tenant, id)?,
        (client_id, None) => {
            let client_id = client_id.as_deref().unwrap_or_default();
            living::alone(world, &args.stack, ("revoke", tenant), client_id)?
        }
    };
    let address = match &args.what {
        Some(name) => root.child(Segment::new(federated_credential::KIND, name.as_str())),
        None => root,
    };
    Ok((stack, address))
}

fn identity(
    world: &World,
    args: &Args,
    tenant: &str,
    id: &str,
) -> Result<(Stack, Address), Failure> {
    let Some([_, _, name]) = managed_identity::parts(id) else {
        let wrong = Diagnostic::error("usage", format!("`{id}` is no id of a managed identity"));
        return Err(wrong
            .help("give its resource id: `az identity show --name NAME --resource-group GROUP --query id`")
            .into());
    };
    let root = Address::root(managed_identity::KIND, name);
    let body = [("existing", id), ("id", id)].map(|(name, id)| (name.to_owned(), id.into()));
    let stack = living::only(world, &args.stack, ("revoke", tenant), &root, body.into());
    Ok((stack, root))
}

/// Where the files would bring it back.
fn still_declared(world: &mut World, args: &Args, stack: &Stack, address: &Address) {
    let credentials = stack.desired.of_kind(federated_credential::KIND);
    let mut lines: Vec<String> = credentials
        .filter(|resource| {
            let mut block = resource.address.clone();
            if let Some(last) = block.segments.last_mut() {
                last.key = None;
            }
            resource.address.within(address) || block == *address
        })
        .map(|resource| living::line(stack, resource.origin))
        .collect();
    lines.dedup();
    if !lines.is_empty() {
        let hint = format!(
            "The files still declare it, and the next apply would make it again. Delete the block at {}.",
            lines.join(", ")
        );
        args.common.say(world, &hint);
    }
}
