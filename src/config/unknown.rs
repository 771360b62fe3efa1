//! What is said of words that have no place where they stand.

use super::context::{Context, Failure};
use super::document::{Attribute, Block};
use super::references::Kinds;
use super::words;
use crate::model::diagnostic::Diagnostic;

const LANGUAGE_BLOCKS: [&str; 10] = [
    "stack", "variable", "locals", "output", "module", "policy", "moved", "removed", "approve",
    "waiver",
];

/// What is said of a block that is none.
pub(super) fn unknown_block(block: &Block, kinds: Kinds) -> Diagnostic {
    let word = &*block.word.text;
    let error = |message: String| {
        Diagnostic::error("unknown-block", message).at(block.word.span, "not a block")
    };
    if let Some(shape) = kinds.0.iter().find(|shape| shape.kind == word) {
        let parent = shape.parents.first().unwrap_or(&"another");
        return error(format!("`{word}` is not written as a block of its own"))
            .help(format!("a block of the kind `{parent}` implies it"));
    }
    let valid: Vec<&str> = kinds.top_words().chain(LANGUAGE_BLOCKS).collect();
    let theirs = block.labels.first().filter(|_| word == "resource");
    let message = format!("there is no block `{word}`");
    match theirs.and_then(|theirs| words::translate(&theirs.text, &valid)) {
        Some(ours) => error(message).help(format!("write `{ours} \"name\" {{ … }}`")),
        None => error(message).help(words::help(word, &valid, "a stack file")),
    }
}

/// What is said of an attribute at the top of a file.
pub(super) fn stray_attribute(attribute: &Attribute, kinds: Kinds) -> Diagnostic {
    let word = &*attribute.name.text;
    let valid: Vec<&str> = kinds.top_words().chain(LANGUAGE_BLOCKS).collect();
    let diagnostic = Diagnostic::error(
        "unknown-attribute",
        format!("`{word}` stands outside every block"),
    )
    .at(attribute.name.span, "attributes stand in blocks");
    if valid.contains(&word) {
        diagnostic.help(format!(
            "write `{word} \"name\" {{ … }}`; in YAML: `{word}: {{ name: {{ … }} }}`"
        ))
    } else {
        diagnostic.help(words::help(word, &valid, "a stack file"))
    }
}

/// What is said where a block lacks an attribute; nothing where a misspelt one is said to be that.
pub(super) fn missing(word: &str, block: &Block, name: &str, help: &str) -> Failure {
    let mut written = block.body.attributes.iter();
    if written.any(|attribute| words::meant(&attribute.name.text, &[name]).is_some()) {
        return Failure::Reported;
    }
    Diagnostic::error("missing-attribute", format!("`{word}` needs `{name}`"))
        .at(block.span, format!("`{name}` is not here"))
        .help(help)
        .into()
}

/// Says what a block of the language does not take.
pub(super) fn only(
    context: &Context,
    word: &str,
    block: &Block,
    attributes: &[&str],
    blocks: &[&str],
) {
    let names = block
        .body
        .attributes
        .iter()
        .map(|attribute| &attribute.name);
    let names = names.filter(|name| !attributes.contains(&&*name.text));
    let inner = block.body.blocks.iter().map(|block| &block.word);
    let inner = inner.filter(|name| !blocks.contains(&&*name.text));
    for name in names
        .chain(inner)
        .filter(|name| !name.text.starts_with("x-"))
    {
        let text = &*name.text;
        let diagnostic = if ["sensitive", "ephemeral"].contains(&text) {
            Diagnostic::error("unknown-attribute", "nothing here can be marked as a secret")
                .at(name.span, "leave it out")
                .help("no value here is one: everything that is declared is written to the tenant, where readers of the directory see it")
        } else {
            Diagnostic::error(
                "unknown-attribute",
                format!("`{word}` has no attribute `{text}`"),
            )
            .at(name.span, "not known")
            .help(words::help(text, attributes, &format!("`{word}`")))
        };
        context.say(diagnostic);
    }
}
