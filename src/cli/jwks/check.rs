//! `jwks check`: what is wrong with a key set, in a file or as it is served.

use super::super::args::Format;
use super::super::issuer::{findings, served};
use super::super::web::Web;
use super::super::{Exit, Failure, World, block_on};
use super::{cluster, read};
use crate::keys::{Jwks, PublicKey, check, input, strength};
use crate::model::diagnostic::Diagnostic;

/// Say everything that is wrong with a JWKS.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, an https URL, or `-` for the standard input.
    #[arg(
        value_name = "FILE|URL",
        required_unless_present = "from_cluster",
        conflicts_with = "from_cluster"
    )]
    source: Option<String>,
    /// The keys of the cluster that kubectl talks to.
    #[arg(long)]
    from_cluster: bool,
    /// The context of the kubeconfig.
    #[arg(long, value_name = "NAME", requires = "from_cluster")]
    context: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let source = args.source.as_deref().unwrap_or("the cluster");
    let mut said = Vec::new();
    let jwks = if args.from_cluster {
        parsed(&cluster::jwks(world, args.context.as_deref())?)?
    } else if source.starts_with("https://") || source.starts_with("http://") {
        let page = block_on(served::document(&Web::Internet, source, &mut said))?;
        page.and_then(|body| served::parsed(Jwks::parse(&body), source, &mut said))
            .unwrap_or_default()
    } else {
        parsed(&read(world, source)?)?
    };
    let unread = said.iter().any(Diagnostic::is_error);
    if !unread {
        said.extend(check::check(&jwks).into_iter().map(findings::of(&jwks)));
    }
    let mut text = String::new();
    for key in &jwks.keys {
        text.push_str(&format!(
            "{}  {}\n",
            findings::name(key.kid.as_deref()),
            kind(key.public_key().ok().as_ref())
        ));
    }
    Ok(findings::show(world, args.format, source, &text, &said))
}

/// JSON is taken as it is, so that private members are found rather than refused.
fn parsed(bytes: &[u8]) -> Result<Jwks, Failure> {
    let set = Jwks::parse(bytes);
    let keys = match set {
        Ok(set) => Ok(set),
        Err(error) => match input::keys(bytes) {
            Ok(keys) => Ok(Jwks { keys }),
            // Of a text that begins like JSON, the set's error says more.
            Err(other) => Err(match bytes.trim_ascii_start().starts_with(b"{") {
                true => error,
                false => other,
            }),
        },
    };
    keys.map_err(|error| {
        Diagnostic::error("unreadable-keys", error.message)
            .help(error.help)
            .into()
    })
}

fn kind(key: Option<&PublicKey>) -> String {
    match key {
        Some(PublicKey::Rsa { n, .. }) => format!("RSA {}", strength::bits(n)),
        Some(PublicKey::Ec { curve, .. }) => format!("EC {}", curve.name()),
        None => "unreadable".to_owned(),
    }
}
