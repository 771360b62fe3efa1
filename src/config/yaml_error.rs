//! What the YAML parser says of a document, in our words, and what to do about it.

use super::yaml::{DEPTH, Reader};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// What to do, by what a message holds.
const HELPS: [(&str, &str); 6] = [
    ("tabs disallowed", "YAML is indented with spaces"),
    (
        "quoted scalar",
        "look for a quote in the lines before that is never closed",
    ),
    ("flow mapping", "inside `{ … }`, put quotes around `${…}`"),
    (
        "unsupported tag",
        "a tag means nothing here: write the value itself, or name a variable that holds it: `${var.name}`",
    ),
    (
        "is written already",
        "a map has each key once: put what they say into one",
    ),
    (
        "did not find expected",
        "look at how the lines after it are indented",
    ),
];

/// What is wrong with a document, in our words: a code, and a sentence without a place.
pub(super) fn words(error: &serde_saphyr::Error) -> (&'static str, String) {
    let text = error.without_snippet().to_string();
    let mut message = text.as_str();
    for separator in ["\n", " at line ", ": line ", ", set DuplicateKeyPolicy"] {
        message = message.split(separator).next().unwrap_or(message);
    }
    if message.starts_with("budget breached: Documents") {
        return ("syntax", "a file is one document".to_owned());
    }
    if message.starts_with("budget breached") || message.contains("recursion limit") {
        return (
            "limit",
            format!(
                "aliases, nesting (at most {DEPTH} levels) or sheer number make this document too large"
            ),
        );
    }
    ("syntax", clear(message))
}

/// The parser's words, where they are about itself rather than the text.
fn clear(message: &str) -> String {
    if let Some(key) = message.strip_prefix("duplicate mapping key: ") {
        return format!("the key `{key}` is written already");
    }
    match message {
        "cannot deserialize tagged scalar into string" => "unsupported tag".to_owned(),
        "invalid u64" | "invalid i64" | "invalid u128" | "invalid i128" => {
            "this is not the whole number that its tag says".to_owned()
        }
        other => other.to_owned(),
    }
}

impl Reader<'_> {
    pub(super) fn error(&self, error: &serde_saphyr::Error) -> Diagnostic {
        let (code, message) = words(error);
        let message = match code {
            "syntax" => format!("syntax error: {message}"),
            _ => message,
        };
        let mut diagnostic = Diagnostic::error(code, &message);
        if let Some((_, help)) = HELPS.iter().find(|(part, _)| message.contains(part)) {
            diagnostic = diagnostic.help(*help);
        }
        match error.location() {
            Some(at) => diagnostic.at(self.tag_before(&message, self.span(&at)), "here"),
            None => diagnostic.at(Span::new(self.id, self.base, self.base), "in this file"),
        }
    }

    /// The tag that a message names, where it stands right before the node; else the node.
    fn tag_before(&self, message: &str, node: Span) -> Span {
        let named = message.split_once("unsupported tag `");
        let tag = named.and_then(|(_, rest)| rest.strip_suffix('`'));
        let before = self.text.get(..node.start - self.base).unwrap_or_default();
        let before = before.trim_end();
        match tag.filter(|tag| before.ends_with(tag)) {
            Some(tag) => {
                let end = self.base + before.len();
                Span::new(self.id, end - tag.len(), end)
            }
            None => node,
        }
    }
}
