//! What the commands have in common that change one thing and name it.

use super::applying::Terms;
use super::args::{Format, TenantArgs};
use super::stack::Stack;
use super::{Failure, World};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::words::nearest;

/// Where and on which terms.
#[derive(Debug, clap::Args)]
pub struct Common {
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub auto_approve: bool,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Do it without a question if the plan has this digest, else not at all (exit code 3).
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Common {
    pub fn terms<'a>(&'a self, question: &'a str) -> Terms<'a> {
        Terms {
            question,
            approved: self.auto_approve,
            expect: self.expect.as_deref(),
            saved: None,
            lock_timeout: self.lock_timeout,
            format: self.format,
        }
    }

    /// A last word, for people.
    pub fn say(&self, world: &mut World, text: &str) {
        if self.format == Format::Text {
            world.print(&format!("\n{text}\n"));
        }
    }
}

/// `trust.hcl:12`, where a block begins.
pub fn line(stack: &Stack, span: Span) -> String {
    let (line, _) = stack.sources.position(span);
    format!("{}:{line}", stack.sources.get(span.source).name)
}

/// No application is declared at an address.
pub fn undeclared<'a>(address: &Address, all: impl Iterator<Item = &'a Address>) -> Diagnostic {
    let all: Vec<String> = all.map(ToString::to_string).collect();
    let said = Diagnostic::error(
        "unknown-address",
        format!("no application is declared at `{address}`"),
    );
    match nearest(&address.to_string(), all.iter().map(String::as_str)) {
        Some(near) => said.help(format!("did you mean `{near}`?")),
        None => said.help("write its block first: the address is `application.` and its label"),
    }
}

/// Applications only.
pub fn application(address: &Address) -> Result<(), Failure> {
    if crate::kinds::application::is_one(address.kind()) && address.segments.len() == 1 {
        return Ok(());
    }
    let wrong = Diagnostic::error("usage", format!("`{address}` is no application"));
    Err(wrong
        .help("give an address as in `application.deployer`")
        .into())
}
