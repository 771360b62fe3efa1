//! `token inspect`: what a token says, in words.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::cli::args::Format;
use crate::cli::{Exit, Failure, World};
use crate::exchange::claims::ClaimValue;
use crate::exchange::inspect::{Token, relative};
use crate::exchange::signature::Algorithm;
use crate::exchange::subject::describe;
use crate::exchange::trust::{Matcher, Trust};
use crate::render::escape::terminal;

/// Say what kind of token it is, whose, and for how long. Nothing is verified.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Claims that are times.
const TIMES: [(&str, &str); 4] = [
    ("iat", "issued"),
    ("nbf", "valid from"),
    ("exp", "expires"),
    ("auth_time", "signed in"),
];

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let jwt = super::token(world, &args.file)?;
    let token = super::parsed(&jwt)?;
    let now = world.clock.now_ms() / 1000;
    match args.format {
        Format::Text => world.print(&text(&token, now)),
        Format::Json => world.print_json(&json!({
            "format": "trustform-token/1", "kind": token.kind(), "header": token.header, "claims": claims(&token),
        })),
    }
    Ok(Exit::Done)
}

/// The whole of it for people.
pub fn text(token: &Token, now: i64) -> String {
    let mut out = format!("This is {}.\n", token.kind());
    let claim = |name: &str| token.claims.text(name).unwrap_or_default().into_owned();
    let trust = Trust {
        issuer: claim("iss"),
        audience: String::new(),
        matcher: Matcher::Subject(claim("sub")),
    };
    if !claim("sub").is_empty() {
        out.push_str(&format!("It speaks for {}.\n", terminal(&describe(&trust))));
    }
    let algorithm = token.header_text("alg").unwrap_or_default();
    out.push_str("\nHeader\n");
    for (name, value) in &token.header {
        out.push_str(&line(name, &plain(value)));
    }
    out.push_str("\nClaims\n");
    for (name, value) in token.claims.iter() {
        let mut shown = value_text(value);
        if let Some((_, what)) = TIMES.iter().find(|(claim, _)| *claim == name)
            && let Some(time) = token.claims.seconds(name)
        {
            shown = format!("{shown}  ({what} {})", relative(time, now));
        }
        out.push_str(&line(name, &shown));
    }
    if Algorithm::from_name(algorithm).is_none() {
        out.push_str(&format!(
            "\nMicrosoft Entra takes no assertion that is signed with `{}`.\n",
            terminal(algorithm)
        ));
    }
    out
}

fn line(name: &str, value: &str) -> String {
    format!("  {:22} {}\n", terminal(name), terminal(value))
}

fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A claim as people read it.
pub fn value_text(value: &ClaimValue) -> String {
    match value {
        ClaimValue::Text(text) | ClaimValue::Number(text) | ClaimValue::Other(text) => text.clone(),
        ClaimValue::Texts(texts) => texts.join(", "),
        ClaimValue::Bool(flag) => flag.to_string(),
    }
}

/// The claims for machines.
pub fn claims(token: &Token) -> Json {
    let parse = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let value = |value: &ClaimValue| match value {
        ClaimValue::Text(text) => json!(text),
        ClaimValue::Texts(texts) => json!(texts),
        ClaimValue::Bool(flag) => json!(flag),
        ClaimValue::Number(text) | ClaimValue::Other(text) => parse(text),
    };
    let claims = token.claims.iter();
    Json::Object(
        claims
            .map(|(name, claim)| (name.to_owned(), value(claim)))
            .collect(),
    )
}
