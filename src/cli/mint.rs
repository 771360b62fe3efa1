//! `emulator mint`: a token as the platform of a declared credential would send it, to rehearse with.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use clap::{Args, Subcommand};

use super::args::StackArgs;
use super::{Exit, Failure, World, rehearsal, stack};
use crate::exchange::claims::Claims;
use crate::exchange::language::Language;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Context, Subject, parse};
use crate::exchange::trust::{Matcher, Trust};
use crate::keys::{PublicKey, kid};
use crate::kinds::federated_credential;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::words::nearest;
use crate::render::escape::terminal;

/// What `emulator` does beside serving.
#[derive(Debug, Subcommand)]
pub enum EmulatorCommand {
    /// Sign a token as the platform of a declared credential would, to rehearse with `--local`.
    ///
    /// The key is kept in the stack's .trustform directory, and the embedded tenant serves its public half as that of
    /// every outside issuer that the stack trusts. For an issuer that the stack publishes itself, give the private key
    /// with `--key`. Such a token means nothing to anyone but the embedded tenant.
    Mint(Mint),
}

/// The command line of `emulator mint`.
#[derive(Debug, Args)]
pub struct Mint {
    /// The credential: its address, or its label.
    pub credential: String,
    #[command(flatten)]
    pub stack: StackArgs,
    /// Another subject than one that the credential admits.
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Another issuer.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Another audience.
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Option<String>,
    /// A further claim, or another value for one. May be repeated.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub claims: Vec<String>,
    /// Seconds that it lives.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub lifetime: u64,
    /// The private key of an issuer that the stack publishes itself: RSA, in PKCS#8 PEM.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Another name for the key than the one that it is published under.
    #[arg(long, value_name = "KID")]
    pub kid: Option<String>,
    /// Write the token to this file, and say what it is.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub fn run(world: &mut World, args: &Mint) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    let resource = credential(&stack.desired, &args.credential)?;
    let trust = federated_credential::trust(&resource.body).ok_or_else(|| {
        let message = format!(
            "`{}` trusts something that is known only after an apply",
            resource.address
        );
        Failure::from(
            Diagnostic::error("not-known-yet", message)
                .help("name a credential whose issuer and subject stand in the files"),
        )
    })?;
    let now = world.clock.now_ms() / 1000;
    let claims = claims(&trust, args, now)?;
    let (key, key_id) = match &args.key {
        None => {
            let key = rehearsal::key_or_new(&stack.directory)?;
            (key, rehearsal::KEY_ID.to_owned())
        }
        Some(file) => {
            let key = rehearsal::key_from_file(world, file)?;
            let (n, e) = key.public();
            let id = PublicKey::rsa(n, e).map(|public| kid::kubernetes(&public));
            let id = id.map_err(|error| Failure::plain("signing-key", error.message))?;
            (key, id)
        }
    };
    let key_id = args.kid.clone().unwrap_or(key_id);
    let token = key
        .sign_as(&key_id, &Json::Object(claims.clone()))
        .ok_or_else(|| Failure::plain("signing-key", "the key does not sign".to_owned()))?;
    let Some(file) = &args.out else {
        world.print(&format!("{token}\n"));
        return Ok(Exit::Done);
    };
    write(world, file, &token)?;
    let shown = |name: &str| terminal(claims[name].as_str().unwrap_or_default());
    world.print(&format!(
        "A token in `{}`: issuer {}, subject {}, audience {}, for {}.\n",
        file.display(),
        shown("iss"),
        shown("sub"),
        shown("aud"),
        lifetime(args.lifetime)
    ));
    Ok(Exit::Done)
}

fn lifetime(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

fn write(world: &World, file: &Path, token: &str) -> Result<(), Failure> {
    std::fs::write(world.directory.join(file), format!("{token}\n")).map_err(|error| {
        Failure::plain(
            "unwritable",
            format!("`{}` cannot be written: {error}", file.display()),
        )
    })
}

/// The credential that is meant: by its address, or by the end of it.
fn credential<'a>(desired: &'a Desired, name: &str) -> Result<&'a Resource, Failure> {
    let kind = federated_credential::KIND;
    let all: Vec<(String, &Resource)> = desired
        .of_kind(kind)
        .map(|resource| (resource.address.to_string(), resource))
        .collect();
    let fits = |address: &str| address == name || address.ends_with(&format!("/{kind}.{name}"));
    let found: Vec<&(String, &Resource)> =
        all.iter().filter(|(address, _)| fits(address)).collect();
    match found.as_slice() {
        [(_, resource)] => Ok(resource),
        [] => {
            let mut pending = desired.pending.iter();
            if let Some(waits) = pending.find(|one| fits(&one.address.to_string())) {
                let message = format!(
                    "`{}` waits for a value: nobody is trusted by it yet",
                    waits.address
                );
                let needs = waits.needs.first().map_or("name", String::as_str);
                return Err(Diagnostic::error("not-known-yet", message)
                    .help(format!("give it, as in `-var {needs}=…`"))
                    .into());
            }
            let near = nearest(name, all.iter().map(|(address, _)| address.as_str()));
            let help = match (near, all.first()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, Some((first, _))) => format!("write its address, as in `{first}`"),
                (None, None) => "it declares none: write a `federated_credential` first".to_owned(),
            };
            Err(Diagnostic::error(
                "unknown-credential",
                format!("the stack declares no credential `{name}`"),
            )
            .help(help)
            .into())
        }
        several => {
            let all: Vec<String> = several
                .iter()
                .map(|(address, _)| format!("`{address}`"))
                .collect();
            Err(
                Diagnostic::error("usage", format!("`{name}` may be {}", all.join(" or ")))
                    .help("write the whole address")
                    .into(),
            )
        }
    }
}

/// A token that the trust admits, as far as nothing else was asked for.
fn claims(trust: &Trust, args: &Mint, now: i64) -> Result<Map<String, Json>, Failure> {
    let mut claims = Map::new();
    let admitted = match (admitted(trust), &args.subject) {
        // Whoever names the subject gets it, whatever the trust says.
        (Err(_), Some(subject)) => with_subject(trust, subject),
        (admitted, _) => admitted?,
    };
    for (name, value) in admitted.iter() {
        if let crate::exchange::claims::ClaimValue::Text(text) = value {
            claims.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(subject) = &args.subject {
        claims.insert("sub".to_owned(), json!(subject));
    }
    let subject = claims["sub"].as_str().unwrap_or_default().to_owned();
    for (name, value) in of_platform(&trust.issuer, &subject) {
        claims.entry(name).or_insert(value);
    }
    let given = [("iss", &args.issuer), ("aud", &args.audience)];
    for (name, value) in given {
        if let Some(value) = value {
            claims.insert(name.to_owned(), json!(value));
        }
    }
    let lifetime = i64::try_from(args.lifetime).unwrap_or(i64::MAX);
    for (name, time) in [
        ("iat", now),
        ("nbf", now),
        ("exp", now.saturating_add(lifetime)),
    ] {
        claims.insert(name.to_owned(), json!(time));
    }
    for claim in &args.claims {
        let Some((name, value)) = claim.split_once('=') else {
            let message = format!("`--claim {claim}` gives no value: write `--claim name=value`");
            return Err(Failure::plain("usage", message));
        };
        claims.insert(name.to_owned(), json!(value));
    }
    Ok(claims)
}

/// The shortest token that a trust admits.
fn admitted(trust: &Trust) -> Result<Claims, Failure> {
    if let Matcher::Subject(subject) = &trust.matcher {
        return Ok(with_subject(trust, subject));
    }
    let nobody: [&Language; 0] = [];
    match Language::of(trust).minus(nobody).witness() {
        Ok(Some(claims)) => Ok(claims),
        Ok(None) => Err(
            Diagnostic::error("nobody", "the expression admits no token at all")
                .help("no claim can have two values: change the part that contradicts another one")
                .into(),
        ),
        Err(_) => Err(Diagnostic::error(
            "undecided",
            "the expression has too many patterns on one claim to find a token for it",
        )
        .help("give the token's subject with `--subject`, and other claims with `--claim`")
        .into()),
    }
}

fn with_subject(trust: &Trust, subject: &String) -> Claims {
    let claims = [
        ("iss", &trust.issuer),
        ("aud", &trust.audience),
        ("sub", subject),
    ];
    claims.into_iter().collect()
}

/// More claims that the platform's tokens have, as far as the subject tells them (GitHub's and Kubernetes'
/// references of their tokens).
fn of_platform(issuer: &str, subject: &str) -> Vec<(String, Json)> {
    let mut claims: Vec<(String, Json)> = Vec::new();
    let mut add = |name: &str, value: Json| claims.push((name.to_owned(), value));
    match parse(issuer, subject) {
        Subject::GitHub {
            owner,
            repository,
            context,
        } if platform(issuer) == Platform::GitHub => {
            add(
                "repository",
                json!(format!("{}/{}", owner.name, repository.name)),
            );
            add("repository_owner", json!(owner.name));
            for (name, id) in [
                ("repository_owner_id", owner.id),
                ("repository_id", repository.id),
            ] {
                add(name, json!(id.unwrap_or_else(|| "1".to_owned())));
            }
            match context {
                Context::Environment(name) => add("environment", json!(name)),
                Context::PullRequest => add("event_name", json!("pull_request")),
                Context::Branch(name) => add("ref", json!(format!("refs/heads/{name}"))),
                Context::Tag(name) => add("ref", json!(format!("refs/tags/{name}"))),
                Context::Anywhere | Context::Other(_) => {}
            }
        }
        Subject::Kubernetes {
            namespace,
            service_account,
        } => add(
            "kubernetes.io",
            json!({ "namespace": namespace, "serviceaccount": { "name": service_account } }),
        ),
        _ => {}
    }
    claims
}
