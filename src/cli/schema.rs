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
    /// A kind, such as `application`, `language` for the blocks that are no resources, or `plan` for the JSON Schema
    /// of what `plan --format json` prints.
    pub kind: Option<String>,
}

/// The page about the blocks that are no resources.
const LANGUAGE_PAGE: &str = "language";
/// The schema of what `plan --format json` prints.
const PLAN: &str = "plan";

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let shapes = kinds::shapes();
    let Some(topic) = args.kind.as_deref() else {
        world.print_json(&schema::schema(&shapes, LANGUAGE, META));
        return Ok(Exit::Done);
    };
    if topic == LANGUAGE_PAGE {
        world.print(&reference::language(
            LANGUAGE,
            language::functions(),
            language::REFUSED,
        ));
        return Ok(Exit::Done);
    }
    if topic == PLAN {
        world.print_json(&plan_schema::schema());
        return Ok(Exit::Done);
    }
    let Some(kind) = kinds::of(topic) else {
        return Err(unknown(topic));
    };
    let page = reference::kind(kind.shape(), &shapes, kind.example(), META);
    world.print(&page);
    Ok(Exit::Done)
}

fn unknown(topic: &str) -> Failure {
    let topics = || {
        let kinds = kinds::shapes().into_iter().map(|shape| shape.kind);
        kinds.chain([LANGUAGE_PAGE, PLAN])
    };
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
