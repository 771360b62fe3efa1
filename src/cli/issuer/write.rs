//! `issuer write`: an issuer's two documents as files.

use std::path::{Path, PathBuf};

use super::super::args::StackArgs;
use super::super::{Exit, Failure, World, stack};
use super::chosen;
use super::place::{self, PlaceArgs};
use crate::keys::discovery::{DISCOVERY_PATH, JWKS_PATH};
use crate::kinds::oidc_issuer;

/// Write an issuer's documents into a directory, to be served from elsewhere.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write; below it are the paths that have to be served below the issuer's URL.
    #[arg(value_name = "DIRECTORY")]
    to: PathBuf,
    #[command(flatten)]
    stack: IssuerArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Which issuer of which stack.
#[derive(Debug, clap::Args)]
pub struct IssuerArgs {
    /// The stack's directory.
    #[arg(long = "stack", value_name = "DIRECTORY", default_value = ".")]
    pub directory: PathBuf,
    /// The issuer's label, where the stack declares several.
    #[arg(long, value_name = "LABEL")]
    pub issuer: Option<String>,
    /// A variable's value. May be repeated; later ones win.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
}

impl IssuerArgs {
    pub fn stack(&self) -> StackArgs {
        StackArgs {
            directory: self.directory.clone(),
            variables: self.variables.clone(),
            ..StackArgs::default()
        }
    }
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack.stack())?;
    stack.warn(world);
    let issuer = chosen(&stack, args.stack.issuer.as_deref())?;
    let url = place::url(world, &stack, issuer, &args.place)?;
    let Some((discovery, jwks)) = oidc_issuer::documents(issuer, &url) else {
        let message = format!("the keys of `{}` are not known yet", issuer.address);
        return Err(Failure::plain("unknown-issuer", message));
    };
    // The keys first: a discovery document never points to a set that is not there.
    for (path, text) in [(JWKS_PATH, jwks), (DISCOVERY_PATH, discovery)] {
        let file = args.to.join(path);
        put(&world.directory.join(&file), &text).map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", file.display());
            Failure::plain("unwritable", message)
        })?;
        let served = format!("{}/{path}", url.trim_end_matches('/'));
        world.print(&format!("{} → {served}\n", file.display()));
    }
    world.print("\nServe both with the content type `application/json`, over https, to everyone; then `trustform issuer check`.\n");
    Ok(Exit::Done)
}

fn put(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(file, text)
}
