//! `man`: the manual page of a command, from the same table as its `--help`; as Markdown, for the docs.

use std::fmt::Write;

use clap::{Arg, Command};

use super::args::command;
use super::exit::Exit;
use super::{Failure, World};
use crate::model::diagnostic::Diagnostic;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Roff,
    Markdown,
}

/// Print the manual page of trustform or of a command.
///
/// For example: `trustform man plan | man -l -`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command. Default: the program as a whole.
    pub command: Option<String>,
    /// How the page is printed.
    #[arg(long, value_enum, default_value_t = Format::Roff)]
    pub format: Format,
}

const PROGRAM: &str = "trustform";

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let mut program = command();
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let diagnostic =
                    Diagnostic::error("unknown-command", format!("there is no command `{name}`"));
                return Err(diagnostic.help("`trustform --help` lists them").into());
            }
        },
    };
    match args.format {
        Format::Roff => {
            let mut text = Vec::new();
            let rendered = clap_mangen::Man::new(page).render(&mut text);
            rendered.map_err(|error| Failure::plain("man", error.to_string()))?;
            let _ = world.out.write_all(&text);
        }
        Format::Markdown => world.print(&markdown(page)),
    }
    Ok(Exit::Done)
}

fn markdown(mut page: Command) -> String {
    let name = page.get_bin_name().unwrap_or(PROGRAM).to_owned();
    let about = page.get_long_about().or(page.get_about());
    let mut out = format!("# `{name}`\n");
    if let Some(about) = about {
        let _ = write!(out, "\n{}\n", sentence(&about.to_string()));
    }
    let usage = page.render_usage().to_string();
    let usage = usage.strip_prefix("Usage:").unwrap_or(&usage).trim();
    let _ = write!(out, "\n```text\n{usage}\n```\n");
    arguments(&mut out, "argument", page.get_positionals());
    let options = page.get_arguments().filter(|arg| is_option(arg));
    arguments(&mut out, "option", options);
    let commands = page
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set());
    if name == PROGRAM {
        overview(&mut out, commands);
        exit_codes(&mut out);
        return out;
    }
    for command in commands {
        out.push_str(&format!("\n#{}", markdown(command.clone())));
    }
    out
}

fn overview<'a>(out: &mut String, commands: impl Iterator<Item = &'a Command>) {
    out.push_str("\n| command | |\n|---|---|\n");
    for command in commands {
        let about = command.get_about().map(ToString::to_string);
        let _ = writeln!(
            out,
            "| [`{0}`]({0}.md) | {1} |",
            command.get_name(),
            sentence(&about.unwrap_or_default())
        );
    }
}

/// `--help` and `--version` need no row.
fn is_option(arg: &Arg) -> bool {
    !arg.is_positional() && !matches!(arg.get_id().as_str(), "help" | "version")
}

fn arguments<'a>(out: &mut String, what: &str, arguments: impl Iterator<Item = &'a Arg>) {
    let rows: Vec<String> = arguments
        .filter(|arg| !arg.is_hide_set())
        .map(|arg| {
            let help = arg.get_long_help().or(arg.get_help());
            let mut help = sentence(&help.map(ToString::to_string).unwrap_or_default());
            let words: Vec<String> = arg
                .get_possible_values()
                .iter()
                .filter(|_| arg.get_action().takes_values())
                .map(|word| format!("`{}`", word.get_name()))
                .collect();
            if !words.is_empty() {
                let _ = write!(help, " One of {}.", words.join(", "));
            }
            let defaults: Vec<String> = arg
                .get_default_values()
                .iter()
                .filter(|_| arg.get_action().takes_values())
                .map(|value| format!("`{}`", value.to_string_lossy()))
                .collect();
            if !defaults.is_empty() {
                let _ = write!(help, " Default: {}.", defaults.join(", "));
            }
            let shown = arg.to_string().replace("...", "");
            format!("| `{shown}` | {} |\n", help.trim().replace('|', "\\|"))
        })
        .collect();
    if !rows.is_empty() {
        let _ = write!(out, "\n| {what} | |\n|---|---|\n{}", rows.concat());
    }
}

fn exit_codes(out: &mut String) {
    out.push_str("\n## Exit codes\n\n| code | |\n|---|---|\n");
    for (exit, meaning) in Exit::ALL {
        let _ = writeln!(out, "| {} | {} |", *exit as u8, sentence(meaning));
    }
}

/// On one line, with a full stop: clap cuts it off.
fn sentence(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !line.is_empty() && !line.ends_with(['.', ':', '?']) {
        line.push('.');
    }
    line
}
