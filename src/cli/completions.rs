//! `completions`: what a shell needs to complete a command line.

use super::{Exit, Failure, World, args};

/// Print a shell's completion script.
///
/// For bash: `trustform completions bash > ~/.local/share/bash-completion/completions/trustform`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    pub shell: clap_complete::Shell,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    clap_complete::generate(args.shell, &mut args::command(), "trustform", world.out);
    Ok(Exit::Done)
}
