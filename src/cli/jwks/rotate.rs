//! `jwks rotate`: where an issuer's rotation stands, and the next change of the file. It writes nothing.

use std::path::{Path, PathBuf};

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::super::args::{TenantArgs, moment};
use super::super::connect::Connection;
use super::super::directory::root;
use super::super::hcl_text;
use super::super::issuer::{IssuerArgs, chosen};
use super::super::stack::Stack;
use super::super::{Exit, Failure, World, block_on, connect, planning, stack, token};
use super::read;
use crate::keys::rotation::{Phase, phase};
use crate::keys::{input, strength};
use crate::kinds::document;
use crate::kinds::oidc_issuer::rotation;
use crate::model::diagnostic::Diagnostic;
use crate::model::value::Value;
use crate::plan::Options;
use crate::render::escape::terminal;

/// Say where an issuer's key rotation stands, and what to change next.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: IssuerArgs,
    #[command(flatten)]
    tenant: TenantArgs,
    /// The next public key: its block for the file is printed.
    #[arg(long, value_name = "FILE")]
    public_key: Option<String>,
    /// A token that the newest key signed. When Entra exchanges it again and again, its caches have the key, and
    /// nothing is waited for any longer.
    #[arg(long, value_name = "FILE", conflicts_with = "now")]
    token: Option<PathBuf>,
    /// The application that the token is for, by its label. Default: the stack's only one.
    #[arg(long, value_name = "LABEL", requires = "token")]
    application: Option<String>,
    /// Rehearse: what would be said at this time, such as `2026-12-01T00:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<OffsetDateTime>,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack.stack())?;
    stack.warn(world);
    let issuer = chosen(&stack, args.stack.issuer.as_deref())?;
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let now = args
        .now
        .unwrap_or_else(|| connection.client.clock().now())
        .to_offset(UtcOffset::UTC);
    let options = Options {
        now: Some(now),
        ..Options::default()
    };
    let proven = match &args.token {
        Some(file) => Some(proven(world, &stack, &connection, file, args)?),
        None => None,
    };
    let (_, live) = block_on(planning::plan(&stack, &connection, &options))??;
    connection.save()?;
    let Some(path) = document::jwks_path(&stack.desired, issuer) else {
        let message = format!(
            "the documents of `{}` are hosted elsewhere, and when they were published is not known",
            issuer.address
        );
        let said = Diagnostic::error("external-issuer", message);
        return Err(said
            .help("`trustform issuer check` says what is published there")
            .into());
    };
    let keys = live
        .find(document::KIND, path)
        .map(|object| rotation::published(object, issuer))
        .unwrap_or_default();
    let policy = rotation::policy(issuer);
    let mut text = format!("{} at {}\n", issuer.address, utc(now));
    for key in &keys {
        text.push_str(&format!(
            "  {}  published {}\n",
            key.kid,
            utc(key.published_at)
        ));
    }
    let declared: Vec<&str> = issuer
        .at("kids")
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str)
        .collect();
    let differs = declared.len() != keys.len()
        || keys.iter().any(|key| !declared.contains(&key.kid.as_str()));
    let at = match phase(&keys, &policy, now) {
        Phase::Publishing { kid, .. } if proven.as_deref() == Some(kid.as_str()) => {
            text.push_str(&format!(
                "\nExchanged {EXCHANGES} times with a token that `{kid}` signed: it is known already.\n"
            ));
            Phase::ReadyToSign { kid }
        }
        phase => phase,
    };
    text.push_str("\nNext: ");
    text.push_str(&match at {
        Phase::Empty => "`trustform apply`: nothing is published\n".to_owned(),
        _ if differs => "`trustform apply`: the file names other keys than the published ones\n".to_owned(),
        Phase::Steady => match &args.public_key {
            None => "add the next public key as a second `signing_key` block, and apply (`--public-key FILE` prints the block)\n".to_owned(),
            Some(file) => {
                let bytes = read(world, file)?;
                let labels = issuer.at("signing_key").and_then(Value::as_map);
                let inside = within(&world.directory.join(file), &stack.directory);
                let block = block(file, inside.as_deref(), &bytes, now, &|label| labels.is_some_and(|labels| labels.contains_key(label)))?;
                format!("add this to `{}`, and apply; keep the other blocks\n\n{block}", issuer.address)
            }
        },
        Phase::Publishing { kid, until } => format!("wait until {}: then the issuer may sign with `{kid}`\n", utc(until)),
        Phase::ReadyToSign { kid } => {
            let older: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).filter(|old| *old != kid).collect();
            format!(
                "let the issuer sign with `{kid}`, and say so in its block: `signs_since = \"{}\"`; keep {} published until {} hours and 5 minutes later\n",
                utc(now), older.join(", "), policy.max_token_lifetime.whole_hours()
            )
        }
        Phase::Draining { until } => format!("wait until {}: tokens of the older keys are valid\n", utc(until)),
        Phase::ReadyToRetire { kids } => format!("remove the `signing_key` blocks of {}, and apply\n", kids.join(", ")),
    });
    world.print(&text);
    Ok(Exit::Done)
}

/// Exchanges that have to succeed one after the other: one may have met the only cache that has the key.
const EXCHANGES: usize = 5;

/// The key of a token that was exchanged so often.
fn proven(
    world: &mut World,
    stack: &Stack,
    connection: &Connection,
    file: &Path,
    args: &Args,
) -> Result<String, Failure> {
    let jwt = token::token(world, file)?;
    let kid = token::parsed(&jwt)?.header.get("kid").cloned();
    let client_id = token::client_id(stack, connection, args.application.as_deref())?;
    let request = token::Request {
        client_id: &client_id,
        scope: None,
        jwt: &jwt,
        from: None,
    };
    for _ in 0..EXCHANGES {
        let (status, body) = token::post(stack, connection, &request)?;
        if status != 200 {
            let said = match token::reason(&body) {
                "" => format!("the answer {status} gives no reason"),
                reason => terminal(reason),
            };
            return Err(Diagnostic::error(
                "not-exchanged",
                format!("the token is not exchanged yet: {said}"),
            )
            .help("`trustform token exchange` explains it; if the key is not known yet, wait and try again")
            .into());
        }
    }
    let kid = kid.as_ref().and_then(|kid| kid.as_str());
    Ok(kid.unwrap_or_default().to_owned())
}

/// The block that publishes a key, as the file would have it.
fn block(
    file: &str,
    inside: Option<&Path>,
    bytes: &[u8],
    now: OffsetDateTime,
    taken: &dyn Fn(&str) -> bool,
) -> Result<String, Failure> {
    let keys = input::keys(bytes).and_then(|keys| {
        for key in &keys {
            strength::accepted_by_entra(&key.public_key()?)?;
        }
        Ok(keys)
    });
    keys.map_err(|error| {
        Failure::from(
            Diagnostic::error("public-key", error.message)
                .about(file)
                .help(error.help),
        )
    })?;
    let month = format!("{:04}-{:02}", now.year(), u8::from(now.month()));
    let again = (2..).map(|count| format!("{month}-{count}"));
    let mut labels = std::iter::once(month.clone()).chain(again);
    let label = labels.find(|label| !taken(label)).unwrap_or(month);
    let Some(path) = inside.map(|path| path.display().to_string()) else {
        return Err(Diagnostic::error(
            "public-key",
            format!("`{file}` is neither in the stack's directory nor in its repository, and `file()` reads nothing else"),
        )
        .help("copy it there: the key is public")
        .into());
    };
    let path = hcl_text::quoted(&path);
    Ok(format!(
        "signing_key \"{label}\" {{\n  public_key = file({path})\n}}\n"
    ))
}

/// The path of a file as the stack's files name it; none where they may not read it.
fn within(file: &Path, directory: &Path) -> Option<PathBuf> {
    let root = root(directory);
    let (file, directory) = (file.canonicalize().ok()?, directory.canonicalize().ok()?);
    if let Ok(below) = file.strip_prefix(&directory) {
        return Some(below.to_path_buf());
    }
    let up = directory.strip_prefix(&root).ok()?.components();
    let beside = file.strip_prefix(&root).ok()?;
    Some(up.map(|_| "..").collect::<PathBuf>().join(beside))
}

fn utc(moment: OffsetDateTime) -> String {
    let moment = moment.replace_nanosecond(0).unwrap_or(moment);
    moment
        .format(&Rfc3339)
        .unwrap_or_else(|_| moment.to_string())
}
