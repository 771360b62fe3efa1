//! `schema`: what a stack file may hold, for editors and for people.

use super::{Exit, Failure, World};
use crate::config::language::{self, LANGUAGE, META};
use crate::kinds;
use crate::model::diagnostic::Diagnostic;
use crate::model::words::nearest;
use crate::render::{plan_schema, reference, schema};

/// Print the JSON Schema of stack files, or the reference of one kind.
///
/// The schema lets an editor complete and check `trust.yaml`. With a kind, such as `application`, its
/// reference page is printed: attributes, defaults, what an undeclared attribute means, outputs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A kind, such as `application`, a block or builder, such as `policy` or `github`, `language` for all blocks that are no
    /// resources and for the functions, or `plan` for the JSON Schema
    /// of what `plan --format json` prints.
    pub kind: Option<String>,
}

/// What there is to read about.
pub fn topics() -> impl Iterator<Item = &'static str> {
    let kinds = kinds::shapes().into_iter().map(|shape| shape.kind);
    let blocks = LANGUAGE.iter().map(|block| block.word);
    kinds.chain([LANGUAGE_PAGE, FUNCTIONS, PLAN]).chain(blocks)
}

/// The page about the blocks that are no resources.
const LANGUAGE_PAGE: &str = "language";
/// The part of it about functions.
const FUNCTIONS: &str = "functions";
/// The schema of what `plan --format json` prints.
const PLAN: &str = "plan";

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let shapes = kinds::shapes();
    let Some(topic) = args.kind.as_deref() else {
        world.print_json(&schema::schema(&shapes, LANGUAGE, META));
        return Ok(Exit::Done);
    };
    if topic == PLAN {
        world.print_json(&plan_schema::schema());
        return Ok(Exit::Done);
    }
    let page = page(topic).ok_or_else(|| unknown(topic))?;
    world.print(&page);
    Ok(Exit::Done)
}

/// The reference of a kind, of a block of the language or of what nests in a kind's block, such as a builder.
pub fn page(topic: &str) -> Option<String> {
    let blocks = reference::language(
        LANGUAGE,
        language::functions(),
        language::REFUSED,
        language::DIFFERENCES,
    );
    if topic == LANGUAGE_PAGE {
        return Some(blocks);
    }
    if topic == FUNCTIONS || language::functions().any(|function| function == topic) {
        let (_, after) = blocks.split_once("## Functions")?;
        return Some(format!("# Functions{after}"));
    }
    let shapes = kinds::shapes();
    let of_kind = |name: &str| {
        let kind = kinds::of(name)?;
        let page = reference::kind(kind.shape(), &shapes, kind.example(), META);
        Some(page)
    };
    of_kind(topic)
        .or_else(|| section(&blocks, "## ", topic))
        .or_else(|| {
            let pages = shapes
                .iter()
                .filter_map(|shape| Some((shape.kind, of_kind(shape.kind)?)));
            let mut found =
                pages.filter_map(|(kind, page)| Some((kind, section(&page, "### ", topic)?)));
            let (kind, section) = found.next()?;
            Some(format!(
                "{section}\nIt stands in `{kind}`: `trustform explain {kind}`.\n"
            ))
        })
}

/// The part of a page below the heading of a block.
fn section(page: &str, level: &str, block: &str) -> Option<String> {
    let heading = format!("{level}`{block}");
    let is_one = |line: &str| {
        let rest = line.strip_prefix(&heading);
        rest.is_some_and(|rest| rest.starts_with(['`', ' ']))
    };
    let mut lines = page.lines().skip_while(|line| !is_one(line));
    let first = lines.next()?.trim_start_matches('#');
    let body: Vec<&str> = lines.take_while(|line| !line.starts_with("##")).collect();
    Some(format!("#{first}\n{}\n", body.join("\n").trim_end()))
}

fn unknown(topic: &str) -> Failure {
    let diagnostic = Diagnostic::error("unknown-kind", format!("there is no kind `{topic}`"));
    let help = match nearest(topic, topics()) {
        Some(near) => format!("did you mean `trustform schema {near}`?"),
        None => {
            let known: Vec<String> = topics().map(|topic| format!("`{topic}`")).collect();
            format!("there are {}", known.join(", "))
        }
    };
    diagnostic.help(help).into()
}
