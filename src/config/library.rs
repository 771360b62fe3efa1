//! The modules that a stack calls, directly or through others: their files, parsed once for each directory.
//!
//! Sources are directories of the repository. They are plain text, so all files are known before anything is evaluated.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::declare::{self, Call, Declared, Repeat};
use super::document::{Attribute, Block};
use super::functions::clean;
use super::references::Kinds;
use super::{Access, files, hcl, labels, words, yaml};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{Sources, Span};

/// How deep modules may call each other.
const DEEPEST: usize = 32;

/// What each directory declares; the stack's own is `.`.
pub(super) type Library = BTreeMap<Rc<str>, Declared>;

/// A `module` block of the files in `directory`.
pub(super) fn call(block: Block, directory: &str, said: &mut Vec<Diagnostic>) -> Option<Call> {
    let label =
        labels::label(&block, "module", said).filter(|label| labels::is_name(label, said))?;
    if let Some(inner) = block.body.blocks.first() {
        said.push(
            Diagnostic::error("syntax", "`module` holds attributes, no blocks")
                .at(inner.span, "a block")
                .help(format!("write `{} = {{ … }}`", inner.word.text)),
        );
    }
    let mut source = None;
    let mut repeat = Repeat::Once;
    let mut inputs = Vec::new();
    for attribute in block.body.attributes {
        let Attribute { name, value } = &attribute;
        match &*name.text {
            "source" => source = Some((value.literal(), value.span)),
            "for_each" => repeat = Repeat::ForEach(value.clone()),
            "count" => repeat = Repeat::Count(value.clone()),
            "version" | "providers" | "depends_on" => said.push(
                Diagnostic::error("unknown-attribute", format!("a module takes no `{}` here", name.text))
                    .at(name.span, "leave it out")
                    .help(match &*name.text {
                        "version" => "modules are directories of this repository: its own history is their version",
                        "providers" => "there is one tenant: the `stack` block names it",
                        _ => "the order is derived from references: what an attribute refers to is made first",
                    }),
            ),
            _ => inputs.push(attribute),
        }
    }
    let Some((text, span)) = source else {
        // Every other attribute is an input, so that a misspelt source looks like one.
        let near = |input: &&Attribute| words::meant(&input.name.text, &["source"]).is_some();
        let place = match inputs.iter().find(near) {
            Some(near) => (near.name.span, "did you mean `source`?"),
            None => (block.span, "`source` is not here"),
        };
        said.push(
            Diagnostic::error("missing-attribute", "`module` needs `source`")
                .at(place.0, place.1)
                .help("write `source = \"./modules/name\"`"),
        );
        return None;
    };
    let local = text.filter(|text| text.starts_with("./") || text.starts_with("../"));
    let Some(path) = local else {
        said.push(
            Diagnostic::error("invalid-value", "the source of a module is a directory of this repository")
                .at(span, "not a plain path that begins with `./` or `../`")
                .help("nothing is fetched here: copy the module into the repository, and write `source = \"./modules/name\"`"),
        );
        return None;
    };
    Some(Call {
        label,
        header: block.span,
        directory: clean(&format!("{directory}/{path}")).into(),
        source: span,
        repeat,
        inputs,
    })
}

/// Reads every module that the stack reaches. Where a file cannot be understood, the others are still read.
pub(super) fn gather(
    root: Declared,
    access: &Access,
    sources: &mut Sources,
    kinds: Kinds,
    said: &mut Vec<Diagnostic>,
) -> Library {
    let mut gathering = Gathering {
        library: Library::new(),
        access,
        sources,
        kinds,
        said,
        bytes: 0,
    };
    let mut path = vec![root.directory.clone()];
    gathering.follow(&root, &mut path);
    let mut library = gathering.library;
    library.insert(root.directory.clone(), root);
    library
}

struct Gathering<'a> {
    library: Library,
    access: &'a Access<'a>,
    sources: &'a mut Sources,
    kinds: Kinds<'a>,
    said: &'a mut Vec<Diagnostic>,
    bytes: usize,
}

impl Gathering<'_> {
    /// Reads what a directory calls; `path` leads to it.
    fn follow(&mut self, declared: &Declared, path: &mut Vec<Rc<str>>) {
        for call in declared.modules.values() {
            if let Some(from) = path.iter().position(|other| *other == call.directory) {
                self.said.push(
                    Diagnostic::error(
                        "cycle",
                        format!(
                            "the module in `{}` needs itself: {} → {}",
                            call.directory,
                            path[from..].join(" → "),
                            call.directory
                        ),
                    )
                    .at(call.source, "leads back")
                    .help("a module cannot call itself, not even through others"),
                );
                continue;
            }
            if path.len() > DEEPEST {
                self.said.push(
                    Diagnostic::error(
                        "limit",
                        format!("modules call each other more than {DEEPEST} levels deep"),
                    )
                    .at(call.source, "one too many"),
                );
                continue;
            }
            path.push(call.directory.clone());
            // What was read before leads nowhere new, and not back to here.
            if !self.library.contains_key(&call.directory) {
                let made = self.read(call);
                self.follow(&made, path);
                self.library.insert(call.directory.clone(), made);
            }
            path.pop();
        }
    }

    fn read(&mut self, call: &Call) -> Declared {
        let entries = match (self.access.list)(&call.directory) {
            Ok(entries) => entries,
            Err(error) => {
                let mut diagnostic = Diagnostic::error(
                    "file",
                    format!(
                        "cannot read the module `{}`: {}",
                        call.directory,
                        error.why()
                    ),
                )
                .at(call.source, "this directory");
                diagnostic.help.extend(match error {
                    files::FileError::NotFound => Some(
                        "a source is relative to the directory of the file that names it"
                            .to_owned(),
                    ),
                    _ => error.help(),
                });
                self.said.push(diagnostic);
                return Declared::default();
            }
        };
        let names = || {
            entries
                .iter()
                .filter(|entry| !entry.directory)
                .map(|entry| entry.name.as_str())
        };
        let chosen = files::choose(names()).stack;
        if chosen.is_empty() {
            self.said.push(
                files::nothing_here(&call.directory, names()).at(call.source, "this directory"),
            );
        }
        let mut bodies = Vec::new();
        for name in chosen {
            let path = format!("{}/{name}", call.directory);
            bodies.extend(self.file(&path, call.source));
        }
        declare::declare(bodies, &call.directory, self.kinds, self.said)
    }

    fn file(&mut self, path: &str, from: Span) -> Option<super::document::Body> {
        let text = match (self.access.read)(path) {
            Ok(text) => text,
            Err(error) => {
                self.said.push(
                    Diagnostic::error(
                        "file",
                        format!("cannot read `{path}`: {}", error.of_listed().why()),
                    )
                    .at(from, "in this module"),
                );
                return None;
            }
        };
        self.bytes += text.len();
        if self.bytes > files::TOTAL_LIMIT {
            self.said.push(
                Diagnostic::error(
                    "limit",
                    "the files of all modules are larger than 16 MiB together",
                )
                .at(from, "here they pass the bound")
                .help("split the stack, or let `for_each` make what is alike"),
            );
            return None;
        }
        let id = self.sources.add(path, text.as_str());
        let parse = if files::is_yaml(path) {
            yaml::parse
        } else {
            hcl::parse
        };
        Some(parse(id, &text, self.said))
    }
}
