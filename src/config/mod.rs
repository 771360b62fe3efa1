//! Text to what it declares: files become one document, the document is evaluated, checked against the
//! kinds' field tables and lowered to [`Desired`].
//!
//! Nothing here reads a file, the environment or a clock: the caller brings the texts, and a function
//! for `file()`. The order of the modules is the order of the work.

mod document;

mod hcl_walk;

mod hcl;
mod hcl_expression;
mod hcl_guard;
mod hcl_open;
mod quoted;
mod template;
mod yaml;
mod yaml_error;
mod yaml_node;

mod declare;
mod labels;
mod library;
mod unknown;

mod convert;
mod scope;
mod value;

mod budget;
mod context;
mod dynamic;
mod evaluate;
mod functions;
mod instances;
mod locals;
mod modules;
mod operators;
mod references;
mod traverse;
mod types;
mod variables;

mod check;
mod check_type;
mod check_value;
mod node;

mod approve;
mod central;
mod cycles;
mod lower;
mod policy;
mod stack;
mod waiver;

mod differences;
pub mod language;

mod words;

mod tokens;

pub mod format;
mod format_legacy;
mod format_template;

pub mod files;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use files::{Entry, FileError};

use crate::model::desired::Desired;
use crate::model::diagnostic::{self, Diagnostic};
use crate::model::schema::Shape;
use crate::model::source::{SourceId, Sources, Span};

/// What `file()` reads with: a path as it is written, relative to the stack's directory.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<String, FileError> + 'a;

/// What a directory holds, by a path as for [`ReadFile`].
pub type ListFiles<'a> = dyn Fn(&str) -> Result<Vec<Entry>, FileError> + 'a;

/// How files of the repository are reached: never outside of it, links resolved.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    pub read: &'a ReadFile<'a>,
    pub list: &'a ListFiles<'a>,
}

/// A value that the command line gives.
#[derive(Clone, Debug)]
pub enum Given {
    /// `-var name=value`
    Text { name: String, value: String },
    /// `-var-file`
    File(SourceId),
}

/// Everything that a load may depend on.
pub struct Input<'a> {
    /// The texts, and where to add those of `-var` and the environment, so that errors can show them.
    pub sources: &'a mut Sources,
    /// The stack's files, by their names HCL or YAML.
    pub files: &'a [SourceId],
    /// `TRUSTFORM_VAR_name`, as name and text.
    pub environment: &'a [(String, String)],
    /// `*.auto.vars.hcl`, in the order of names.
    pub automatic: &'a [SourceId],
    /// The files of central policies, directory by directory.
    pub central: &'a [Vec<SourceId>],
    /// `-var` and `-var-file`, in the order of the command line.
    pub given: &'a [Given],
    pub access: Access<'a>,
}

/// What the files declare, as far as they could be understood, and everything that is to be said of them.
#[derive(Debug)]
pub struct Loaded {
    /// Only to be used where no diagnostic is an error.
    pub desired: Desired,
    /// In the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Loads a stack. All errors are collected.
pub fn load(input: Input, shapes: &[&'static Shape]) -> Loaded {
    let Input {
        sources,
        files,
        environment,
        automatic,
        central,
        given,
        access,
    } = input;
    let mut said = Vec::new();
    let given_files = given.iter().filter_map(|given| match given {
        Given::File(id) => Some(id),
        Given::Text { .. } => None,
    });
    let all: Vec<SourceId> = files
        .iter()
        .chain(automatic)
        .chain(given_files)
        .chain(central.iter().flatten())
        .copied()
        .collect();
    check_sizes(sources, &all, &mut said);
    if !said.is_empty() {
        return Loaded {
            desired: Desired::default(),
            diagnostics: said,
        };
    }

    let bodies = parse(files, sources, &mut said);
    // A file that cannot be read may hold whatever the others refer to.
    let unreadable = !said.is_empty();
    let kinds = references::Kinds(shapes);
    let declared = declare::declare(bodies, ".", kinds, &mut said);
    let before = said.len();
    let library = library::gather(declared, &access, sources, kinds, &mut said);
    if unreadable || said.len() > before {
        return finish(Desired::default(), said);
    }

    let Some(declared) = library.get(".") else {
        return finish(Desired::default(), said);
    };
    let context = context::Context::root(kinds, &library, declared, access, sources);
    let values = variables::Values {
        environment,
        automatic,
        given,
    };
    let values = variables::values(&context, declared, &values);
    context.variables.replace(values);
    variables::validate_all(&context);
    locals::evaluate_all(&context);
    let mut lowered = lower::lower(&context);
    let stack = match &declared.stack {
        Some(block) => stack::stack(&context, block),
        None => {
            if let Some(first) = first_resource(declared).filter(|_| !declared.has_stack) {
                context.say(
                    Diagnostic::error("missing-block", "there are resources and no `stack` block")
                        .at(first, "in which tenant?")
                        .help("write `stack \"name\" { tenant_id = \"…\" }`"),
                );
            }
            None
        }
    };
    let outputs = stack::outputs(&context);
    let approvals = approve::approvals(&context);
    let mut policy = policy::policy(&context);
    let mut waivers = waiver::waivers(&context);
    waiver::declared(&context, &waivers, &lowered);
    let (moves, removals) = policy::places(&context);
    said.extend(context.finish());
    for files in central {
        let theirs = central::load(files, sources, kinds, &mut said);
        policy = central::stricter(policy, theirs.policy);
        waivers.extend(theirs.waivers);
    }
    said.extend(cycles::find(&lowered.resources, kinds));
    let desired = Desired {
        stack: stack.unwrap_or_default(),
        pending: lowered.pending(),
        resources: std::mem::take(&mut lowered.resources),
        outputs,
        approvals,
        policy,
        waivers,
        moves,
        removals,
        expectations: Vec::new(),
    };
    finish(desired, said)
}

/// Loads what one directory's files say as a central policy, without a stack: its `policy` and its waivers.
pub fn load_central(
    files: &[SourceId],
    sources: &mut Sources,
    shapes: &[&'static Shape],
) -> Loaded {
    let mut said = Vec::new();
    check_sizes(sources, files, &mut said);
    let central = match said.is_empty() {
        true => central::load(files, sources, references::Kinds(shapes), &mut said),
        false => central::Central::default(),
    };
    let desired = Desired {
        policy: central.policy,
        waivers: central.waivers,
        ..Desired::default()
    };
    finish(desired, said)
}

/// Parses files, by their names as HCL or YAML.
fn parse(files: &[SourceId], sources: &Sources, said: &mut Vec<Diagnostic>) -> Vec<document::Body> {
    let one = |id: &SourceId| {
        let source = sources.get(*id);
        match files::is_yaml(&source.name) {
            true => yaml::parse(*id, &source.text, said),
            false => hcl::parse(*id, &source.text, said),
        }
    };
    files.iter().map(one).collect()
}

fn finish(desired: Desired, mut diagnostics: Vec<Diagnostic>) -> Loaded {
    diagnostics.sort_by_key(|diagnostic| {
        let primary = diagnostic.labels.iter().find(|label| label.primary);
        primary.map(|label| (label.span.source, label.span.start))
    });
    Loaded {
        desired,
        diagnostics: diagnostic::once(diagnostics),
    }
}

fn first_resource(declared: &declare::Declared) -> Option<Span> {
    let all = declared.resources.values().flat_map(BTreeMap::values);
    all.map(|declaration| declaration.header).min()
}

fn check_sizes(sources: &Sources, files: &[SourceId], said: &mut Vec<Diagnostic>) {
    let mut total = 0;
    for id in files {
        let source = sources.get(*id);
        total += source.text.len();
        if source.text.len() > files::FILE_LIMIT {
            said.push(Diagnostic::error(
                "limit",
                format!("`{}` is larger than 8 MiB", source.name),
            ));
        }
    }
    if total > files::TOTAL_LIMIT {
        said.push(
            Diagnostic::error(
                "limit",
                "the files of the stack are larger than 16 MiB together",
            )
            .help("split the stack, or let `for_each` make what is alike"),
        );
    }
}
