//! `jwks`: key sets as files, and the rotation of an issuer's keys.

mod build;
mod check;
mod cluster;
mod rotate;

use clap::Subcommand;

use super::{Exit, Failure, World};

/// Make and check key sets, and rotate keys.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Args),
    Check(check::Args),
    Rotate(rotate::Args),
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Build(args) => build::run(world, args),
        Command::Check(args) => check::run(world, args),
        Command::Rotate(args) => rotate::run(world, args),
    }
}

/// The bytes of a file, or of the standard input for `-`; a key set is small, so few are read.
fn read(world: &mut World, name: &str) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    const LIMIT: usize = crate::keys::jwks::MAX_DOCUMENT;
    let unreadable =
        |why: String| Failure::plain("unreadable", format!("`{name}` cannot be read: {why}"));
    let mut bytes = Vec::new();
    let read = match name {
        "-" => (&mut *world.input)
            .take(LIMIT as u64 + 1)
            .read_to_end(&mut bytes),
        name => std::fs::File::open(world.directory.join(name))
            .and_then(|file| file.take(LIMIT as u64 + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() > LIMIT {
        return Err(unreadable(format!("it has more than {LIMIT} bytes")));
    }
    Ok(bytes)
}
