//! `token verify`: a token as the API that it is for should verify it.

use std::path::PathBuf;

use serde_json::json;

use super::keys::Published;
use crate::cli::args::{Format, StackArgs};
use crate::cli::directory::read_text;
use crate::cli::local::Local;
use crate::cli::{Exit, Failure, World, stack};
use crate::exchange::verify::{Expected, is_key_unknown, verify};
use crate::keys::jwks::MAX_DOCUMENT;
use crate::render::escape::terminal;

/// Verify an access token as the API that it is for should: every step, pass or fail.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    /// The issuer that is trusted; `{tenantid}` in it stands for any tenant that `--tenant` names.
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// Whom the token has to be for. May be repeated.
    #[arg(long, value_name = "AUDIENCE", required = true)]
    pub audience: Vec<String>,
    /// A tenant that is admitted. May be repeated.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenants: Vec<String>,
    /// The issuer's keys in a file, instead of fetching them.
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// Verify with the keys of the emulated tenant of the stack in this directory.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".", conflicts_with = "jwks")]
    pub local: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let jwt = super::token(world, &args.file)?;
    let token = super::parsed(&jwt)?;
    let now = world.clock.now_ms() / 1000;
    let expected = Expected {
        issuer: args.issuer.clone(),
        audiences: args.audience.clone(),
        tenants: args.tenants.clone(),
    };
    let keys = match &args.jwks {
        Some(file) => {
            let text = read_text(&world.directory.join(file), file, MAX_DOCUMENT)?;
            Ok(text.into_bytes())
        }
        None => {
            let local = match &args.local {
                Some(directory) => {
                    let stack = StackArgs {
                        directory: directory.clone(),
                        ..StackArgs::default()
                    };
                    let stack = stack::load(world, &stack)?;
                    Some(Local::open(world, &stack)?)
                }
                None => None,
            };
            let published = match &local {
                Some(local) => Published::Local(local),
                None => Published::Web,
            };
            super::super::block_on(async {
                let first = fetch(&published, &args.issuer).await;
                match first {
                    // Keys roll: one that is not known yet may be by now. Once, so that nobody makes us ask for ever.
                    Ok(keys) if is_key_unknown(&token, &keys) => {
                        fetch(&published, &args.issuer).await
                    }
                    first => first,
                }
            })?
        }
    };
    let keys = keys.as_deref().map_err(String::as_str);
    let steps = verify(&token, &expected, keys, now);
    let passed = steps.iter().all(|step| step.result.is_ok());
    match args.format {
        Format::Json => world.print_json(&json!({
            "format": "trustform-token-verify/1",
            "passed": passed,
            "steps": steps.iter().map(|step| json!({
                "name": step.name, "passed": step.result.is_ok(),
                "text": match &step.result { Ok(text) | Err(text) => text },
            })).collect::<Vec<_>>(),
        })),
        Format::Text => {
            let style = world.style();
            let lines = steps.iter().map(|step| match &step.result {
                Ok(text) => format!("{} {:9} {}\n", style.added("✓"), step.name, terminal(text)),
                Err(why) => format!("{} {:9} {}\n", style.removed("✗"), step.name, terminal(why)),
            });
            let lines: String = lines.collect();
            let verdict = match passed {
                true => "The token is good for this API.",
                false => "Refuse this token.",
            };
            world.print(&format!("{lines}\n{verdict}\n"));
        }
    }
    Ok(if passed { Exit::Done } else { Exit::Error })
}

async fn fetch(published: &Published<'_>, issuer: &str) -> Result<Vec<u8>, String> {
    match issuer.contains("{tenantid}") {
        true => published.keys_of_template(issuer).await,
        false => published.keys(issuer).await,
    }
}
