//! `token exchange`: the real POST, or that of the emulated tenant. Of what comes back only the claims are shown.

use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::inspect;
use crate::cli::args::{Format, StackArgs, TenantArgs};
use crate::cli::connect::Connection;
use crate::cli::stack::Stack;
use crate::cli::{Exit, Failure, World, block_on, connect, explain, planning, stack};
use crate::cloud::endpoints::Endpoints;
use crate::cloud::exchange::{Exchange as Post, exchange};
use crate::kinds::application;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::Service;
use crate::model::value::Ref;
use crate::plan::Options;
use crate::render::escape::terminal;

/// Exchange an outside platform's token at the token endpoint, as a workload does, and say what comes back.
#[derive(Debug, clap::Args)]
pub struct Args {
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
    /// The address that the request is to come from, for the conditional access policies of the emulated tenant. Entra looks
    /// at the connection itself.
    #[arg(long, value_name = "ADDRESS", requires = "local")]
    pub from: Option<IpAddr>,
    /// Print the access token too, alone and last: it is as good as a password for an hour.
    #[arg(long)]
    pub print_token: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let jwt = super::token(world, &args.file)?;
    let stack = stack::load(world, &args.stack)?;
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let client_id = match &args.client_id {
        Some(id) => id.clone(),
        None => client_id(&stack, &connection, args.application.as_deref())?,
    };
    let request = Request {
        client_id: &client_id,
        scope: args.scope.as_deref(),
        jwt: &jwt,
        from: args.from,
    };
    let (status, body) = post(&stack, &connection, &request)?;
    connection.save()?;
    match body["access_token"].as_str().filter(|_| status == 200) {
        Some(token) => issued(world, args, token),
        None => refused(world, args, &stack, status, &body),
    }
}

/// What an application presents.
pub struct Request<'a> {
    pub client_id: &'a str,
    /// Without one, for Microsoft Graph.
    pub scope: Option<&'a str>,
    pub jwt: &'a str,
    /// See [`Post::from`].
    pub from: Option<IpAddr>,
}

/// Presents a token as an application does; status and body of the answer.
pub fn post(
    stack: &Stack,
    connection: &Connection,
    request: &Request,
) -> Result<(u16, Json), Failure> {
    let wanted = &stack.desired.stack;
    let graph = Endpoints::of(wanted.cloud).scope(Service::Graph);
    let post = Post {
        cloud: wanted.cloud,
        tenant: &wanted.tenant_id,
        client_id: request.client_id,
        scope: request.scope.unwrap_or(&graph),
        assertion: request.jwt,
        from: request.from,
    };
    Ok(block_on(exchange(connection.transport(), &post))??)
}

/// The client id that an application has in the tenant.
pub fn client_id(
    stack: &Stack,
    connection: &Connection,
    label: Option<&str>,
) -> Result<String, Failure> {
    let resource = application(stack, label)?;
    let (plan, _) = block_on(planning::plan(stack, connection, &Options::default()))??;
    let reference = Ref {
        address: resource.address.clone(),
        output: "client_id".to_owned(),
    };
    plan.known.get(&reference).cloned().ok_or_else(|| {
        Failure::from(
            Diagnostic::error(
                "not-there",
                format!("`{}` is not in the tenant yet", resource.address),
            )
            .help("apply the stack first, or give `--client-id`"),
        )
    })
}

/// The application that is meant.
fn application<'a>(stack: &'a Stack, label: Option<&str>) -> Result<&'a Resource, Failure> {
    let all: Vec<&Resource> = application::declared(&stack.desired).collect();
    let named = |resource: &&&Resource| match label {
        Some(label) => {
            let address = resource.address.to_string();
            address == label || address == format!("{}.{label}", resource.kind())
        }
        None => true,
    };
    let found: Vec<&&Resource> = all.iter().filter(named).collect();
    let known: Vec<String> = all.iter().map(|one| format!("`{}`", one.address)).collect();
    match (found.as_slice(), label) {
        ([only], _) => Ok(only),
        (_, Some(label)) => Err(Diagnostic::error(
            "unknown-application",
            format!("the stack has no application `{label}`"),
        )
        .help(format!("it has {}", known.join(", ")))
        .into()),
        (_, None) => Err(Diagnostic::error(
            "usage",
            "which application? the stack does not have exactly one",
        )
        .help("name it with `--application LABEL`, or by `--client-id ID`")
        .into()),
    }
}

fn issued(world: &mut World, args: &Args, jwt: &str) -> Result<Exit, Failure> {
    let token = super::parsed(jwt)?;
    let now = world.clock.now_ms() / 1000;
    match args.format {
        Format::Json => {
            let mut report = json!({
                "format": "trustform-token-exchange/1", "issued": true, "header": token.header,
                "claims": inspect::claims(&token),
            });
            if args.print_token {
                report["access_token"] = json!(jwt);
            }
            world.print_json(&report);
        }
        Format::Text => {
            let mut text = "Issued.\n".to_owned();
            for (name, value) in token.claims.iter() {
                let shown = inspect::value_text(value);
                text.push_str(&format!("  {:22} {}\n", terminal(name), terminal(&shown)));
            }
            if let Some(expires) = token.claims.seconds("exp") {
                let words = crate::exchange::inspect::relative(expires, now);
                text.push_str(&format!("It expires {words}.\n"));
            }
            if args.print_token {
                text.push_str(&format!("\n{jwt}\n"));
            }
            world.print(&text);
        }
    }
    Ok(Exit::Done)
}

fn refused(
    world: &mut World,
    args: &Args,
    stack: &Stack,
    status: u16,
    body: &Json,
) -> Result<Exit, Failure> {
    let description = body["error_description"].as_str().unwrap_or_default();
    let reason = reason(body);
    if args.format == Format::Json {
        world.print_json(&json!({
            "format": "trustform-token-exchange/1", "issued": false, "status": status,
            "error": body["error"], "error_codes": body["error_codes"], "error_description": description,
        }));
        return Ok(Exit::Error);
    }
    if reason.is_empty() {
        world.print(&format!(
            "Refused: {status}, and the answer gives no reason: try again later\n"
        ));
        return Ok(Exit::Error);
    }
    let error = body["error"].as_str().unwrap_or_default();
    let head = format!("{status} {}", terminal(error));
    world.print(&format!(
        "Refused: {}\n{}\n\n",
        head.trim_end(),
        terminal(reason)
    ));
    explain::text(world, description, Some(stack));
    Ok(Exit::Error)
}

/// Why a token was refused, as the service says it; empty where it says nothing.
pub fn reason(body: &Json) -> &str {
    let said = body["error_description"].as_str().unwrap_or_default();
    // Trace ids and times are of no use to anyone but Microsoft's support.
    said.split("Trace ID:").next().unwrap_or(said).trim_end()
}
