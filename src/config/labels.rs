//! Names of blocks.

use super::document::{Block, Word};
use super::hcl_walk::is_word;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// Two blocks with one name.
pub(super) fn twice(kind: &str, name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        "duplicate",
        match name {
            "" => format!("there are two `{kind}` blocks"),
            name => format!("two blocks are called `{kind}.{name}`"),
        },
    )
    .at(second, "the second")
    .see(first, "the first")
    .help("rename one of them, or put what they say into one")
}

/// The label of a block that has one.
pub(super) fn label(block: &Block, word: &str, said: &mut Vec<Diagnostic>) -> Option<Word> {
    match block.labels.as_slice() {
        [label] => Some(label.clone()),
        [] => {
            said.push(
                Diagnostic::error("syntax", format!("`{word}` needs a name"))
                    .at(block.span, "no name")
                    .help(format!(
                        "write `{word} \"name\" {{ … }}`; in YAML: `{word}: {{ name: {{ … }} }}`"
                    )),
            );
            None
        }
        [_, second, ..] => {
            said.push(
                Diagnostic::error(
                    "syntax",
                    format!("`{word}` has one name, and this is a second"),
                )
                .at(second.span, "one too many")
                .help(format!("write `{word} \"name\" {{ … }}`")),
            );
            None
        }
    }
}

/// Whether a label can stand in a reference.
pub(super) fn is_name(label: &Word, said: &mut Vec<Diagnostic>) -> bool {
    let text = &label.text;
    let good = is_word(text) && text.len() <= 128;
    if !good {
        said.push(
            Diagnostic::error("invalid-value", "this name cannot stand in a reference")
                .at(label.span, "not a name")
                .help("a name begins with a letter and goes on with letters, digits, `_` and `-`, at most 128 bytes"),
        );
    }
    good
}
