//! `jwks rotate`: where an issuer's rotation stands, and the next change of the file. It writes nothing.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::super::args::TenantArgs;
use super::super::issuer::{IssuerArgs, chosen};
use super::super::{Exit, Failure, World, block_on, connect, planning, stack};
use super::read;
use crate::keys::rotation::{Phase, permit, phase};
use crate::keys::{input, strength};
use crate::kinds::document;
use crate::kinds::oidc_issuer::rotation;
use crate::model::diagnostic::Diagnostic;
use crate::model::value::Value;
use crate::plan::Options;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: IssuerArgs,
    #[command(flatten)]
    tenant: TenantArgs,
    /// The next public key: its block for the file is printed.
    #[arg(long, value_name = "FILE")]
    public_key: Option<String>,
    /// Rehearse: what would be said at this time, such as `2026-12-01T00:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<OffsetDateTime>,
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "write a time as `2026-12-01T00:00:00Z`".to_owned())
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
    let (_, live) = block_on(planning::plan(&stack, &connection, &options))??;
    connection.save()?;
    let Some(path) = document::jwks_path(&stack.desired, issuer) else {
        let message = format!(
            "the documents of `{}` are hosted elsewhere, and when they were published is not known",
            issuer.address
        );
        return Err(Failure::plain("external-issuer", message));
    };
    let keys = live
        .find(document::KIND, path)
        .map(rotation::published)
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
    text.push_str("\nNext: ");
    text.push_str(&match phase(&keys, &policy, now) {
        _ if differs => "`trustform apply`: the file names other keys than the published ones\n".to_owned(),
        Phase::Empty => "`trustform apply`: nothing is published\n".to_owned(),
        Phase::Steady => match &args.public_key {
            None => "add the next public key as a second `signing_key` block, and apply (`--public-key FILE` prints the block)\n".to_owned(),
            Some(file) => {
                let bytes = read(world, file)?;
                format!("add this to `{}`, and apply; keep the other blocks\n\n{}", issuer.address, block(file, &bytes, now)?)
            }
        },
        Phase::Publishing { kid, until } => format!("wait until {}: then the issuer may sign with `{kid}`\n", utc(until)),
        Phase::ReadyToSign { kid } => {
            let older: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).filter(|old| *old != kid).collect();
            match permit(&keys, &[kid.as_str()], &policy, now) {
                Ok(()) => format!(
                    "if the issuer has signed with `{kid}` for {} hours, remove the `signing_key` blocks of {}, and apply\n",
                    policy.max_token_lifetime.whole_hours(), older.join(", ")
                ),
                Err(_) => format!(
                    "let the issuer sign with `{kid}`; keep {} published until {} hours and 5 minutes after it began to\n",
                    older.join(", "), policy.max_token_lifetime.whole_hours()
                ),
            }
        }
        Phase::Draining { until } => format!("wait until {}: tokens of the older keys are valid\n", utc(until)),
        Phase::ReadyToRetire { kids } => format!("remove the `signing_key` blocks of {}, and apply\n", kids.join(", ")),
    });
    world.print(&text);
    Ok(Exit::Done)
}

/// The block that publishes a key, as the file would have it.
fn block(file: &str, bytes: &[u8], now: OffsetDateTime) -> Result<String, Failure> {
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
    let label = format!("{:04}-{:02}", now.year(), u8::from(now.month()));
    Ok(format!(
        "signing_key \"{label}\" {{\n  public_key = file(\"{file}\")\n}}\n"
    ))
}

fn utc(moment: OffsetDateTime) -> String {
    let moment = moment.replace_nanosecond(0).unwrap_or(moment);
    moment
        .format(&Rfc3339)
        .unwrap_or_else(|_| moment.to_string())
}
