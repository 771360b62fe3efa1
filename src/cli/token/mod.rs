//! `token`: tools for one token. A token itself is never printed, unless that was asked for.

pub mod check;
mod exchange;
mod inspect;
pub mod keys;
mod verify;

use std::io::Read;
use std::path::Path;

use clap::Subcommand;

pub use check::{against, declared};
pub use exchange::{Request, client_id, post, reason};

use super::{Exit, Failure, World};
use crate::exchange::inspect::{Token, read};
use crate::model::diagnostic::Diagnostic;

/// The most that is read of a file with a token, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Tools for one token: what it says, whom it would be accepted from, what it is exchanged for.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Args),
    Check(check::Args),
    Verify(verify::Args),
    Exchange(exchange::Args),
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Inspect(args) => inspect::run(world, args),
        Command::Check(args) => check::run(world, args),
        Command::Verify(args) => verify::run(world, args),
        Command::Exchange(args) => exchange::run(world, args),
    }
}

/// A token from a file, or from the input where the file is `-`.
pub fn token(world: &mut World, file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => world.input.take(LIMIT + 1).read_to_end(&mut bytes),
        false => std::fs::File::open(world.directory.join(file))
            .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)),
    };
    let shown = file.display();
    let failed = |why: String| {
        Failure::from(
            Diagnostic::error("unreadable", format!("`{shown}` cannot be read: {why}"))
                .help("give a file with a token, or `-` and the token on the input"),
        )
    };
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(failed(format!(
            "it has more than {LIMIT} bytes, and a token has a few thousand"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not text".to_owned()))?;
    Ok(within(&text))
}

/// The token in what tools print around it: quotes, `Bearer`, the JSON of `kubectl create token -o json`, of GitHub's
/// token endpoint or of `az account get-access-token`.
pub fn within(text: &str) -> String {
    let text = text.trim();
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let places = [
            "/status/token",
            "/value",
            "/access_token",
            "/accessToken",
            "/oidcToken",
            "/token",
        ];
        let found = places
            .iter()
            .find_map(|place| json.pointer(place)?.as_str());
        if let Some(token) = found.or(json.as_str()) {
            return token.trim().to_owned();
        }
    }
    let text = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
        _ => text,
    };
    text.trim_matches(['"', '\'']).trim().to_owned()
}

/// What a token says, in words; `now` in seconds since 1970.
pub fn inspected(jwt: &str, now: i64) -> Result<String, Failure> {
    Ok(inspect::text(&parsed(jwt)?, now))
}

/// A token taken apart.
pub fn parsed(jwt: &str) -> Result<Token, Failure> {
    read(jwt).map_err(|why| {
        Diagnostic::error("not-a-token", why)
            .help(
                "a token is three parts of base64url with dots between them, and begins with `ey`",
            )
            .into()
    })
}
