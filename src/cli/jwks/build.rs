//! `jwks build`: public keys in any form → the key set that is published.

use std::path::PathBuf;

use super::super::{Exit, Failure, World};
use super::{cluster, read};
use crate::keys::{Jwks, check, input};
use crate::model::diagnostic::{Diagnostic, Level};
use crate::model::source::Sources;
use crate::render::diagnostic;

/// Make a JWKS from public keys, byte for byte as `azwi jwks` makes it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file with public keys: PEM, a DER certificate, a JWK or a JWKS; `-` for the standard input. May be repeated.
    #[arg(
        long = "public-keys",
        value_name = "FILE",
        value_delimiter = ',',
        required_unless_present = "from_cluster"
    )]
    public_keys: Vec<String>,
    /// Also the keys of the cluster that kubectl talks to.
    #[arg(long)]
    from_cluster: bool,
    /// The context of the kubeconfig.
    #[arg(long, value_name = "NAME", requires = "from_cluster")]
    context: Option<String>,
    /// Write to this file. Default: the standard output.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let mut inputs = Vec::new();
    for name in &args.public_keys {
        inputs.push((name.clone(), read(world, name)?));
    }
    if args.from_cluster {
        let bytes = cluster::jwks(world, args.context.as_deref())?;
        inputs.push(("the cluster".to_owned(), bytes));
    }
    let several = inputs.len() > 1;
    let mut jwks = Jwks::default();
    // The place of each key, for what is said of it.
    let mut places = Vec::new();
    for (name, bytes) in inputs {
        let keys = input::keys(&bytes).map_err(|error| {
            let message = match several {
                true => format!("{name}: {}", error.message),
                false => error.message,
            };
            Failure::from(
                Diagnostic::error("public-key", message)
                    .about(&name)
                    .help(error.help),
            )
        })?;
        places.extend(keys.iter().map(|_| name.clone()));
        jwks.keys.extend(keys);
    }
    let mut said = Vec::new();
    for finding in check::check(&jwks) {
        // The set is the user's to publish elsewhere; Entra is not the only verifier.
        let tolerated = matches!(finding.code, "ec-key" | "no-usable-key");
        let place = finding.key.and_then(|key| places.get(key));
        said.push(Diagnostic {
            level: if tolerated {
                Level::Warning
            } else {
                finding.level
            },
            subject: place.cloned(),
            ..Diagnostic::error(
                finding.code,
                match place.filter(|_| several) {
                    Some(place) => format!("{place}: {}", finding.message),
                    None => finding.message,
                },
            )
            .help(finding.help)
        });
    }
    if said.iter().any(Diagnostic::is_error) {
        return Err(Failure::new(said, &Sources::default()));
    }
    let warnings = diagnostic::text(&said, &Sources::default(), world.style());
    let _ = write!(world.err, "{warnings}");
    let text = jwks.text();
    match &args.output_file {
        None => world.print(&text),
        Some(file) => std::fs::write(world.directory.join(file), text).map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", file.display());
            Failure::plain("unwritable", message)
        })?,
    }
    Ok(Exit::Done)
}
