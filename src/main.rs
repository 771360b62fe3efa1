//! Parse, run, exit code.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use trustform::cli::{World, run};
use trustform::cloud::Clock;
use trustform::cloud::transport::SILENCE;

/// A large stack is millions of small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (mut input, mut out, mut err) = (stdin().lock(), stdout().lock(), stderr());
    let terminal = out.is_terminal() && err.is_terminal();
    let exit = run(World {
        args: std::env::args_os().collect(),
        env: std::env::vars().collect(),
        directory: std::env::current_dir().unwrap_or_default(),
        input: &mut input,
        out: &mut out,
        err: &mut err,
        terminal,
        tenant: None,
        clock: Clock::Real,
        silence: SILENCE,
    });
    ExitCode::from(exit as u8)
}
