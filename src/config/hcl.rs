//! HCL text to a [`Body`]: the structure. Expressions are in `hcl_expression`.

use hcl::edit::structure::{BlockLabel, Body as HclBody, Structure};

use super::document::{Attribute, Block, Body, Word};
use super::hcl_expression::Reader;
use super::hcl_guard::refuse;
use super::hcl_open::{open_part, open_string};
use super::hcl_walk::{Within, is_word};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};

/// Reads a file. On a syntax error the body is empty; other mistakes leave out what they spoil.
pub(super) fn parse(id: SourceId, text: &str, said: &mut Vec<Diagnostic>) -> Body {
    let (text, base) = without_bom(text);
    if let Some(refused) = refuse(id, text, base, Within::Code) {
        said.push(refused);
        return Body::default();
    }
    match hcl::edit::parser::parse_body(text) {
        Ok(body) => {
            let mut reader = Reader {
                id,
                base,
                text,
                said,
            };
            structure(&mut reader, &body)
        }
        Err(error) => {
            said.push(syntax_error(id, text, base, &error));
            Body::default()
        }
    }
}

/// The text after a byte order mark, and how long that mark was.
pub(super) fn without_bom(text: &str) -> (&str, usize) {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, '\u{feff}'.len_utf8()),
        None => (text, 0),
    }
}

/// What the parser expected where a block goes wrong.
const BLOCK: &str = "expected `}`, newline";

/// What the parser says, or, where a string or a template is not closed before that, so: it is what went wrong first.
pub(super) fn syntax_error(
    id: SourceId,
    text: &str,
    base: usize,
    error: &hcl::edit::parser::Error,
) -> Diagnostic {
    let offset = error.location().offset();
    // The parser goes back to where a one-line block begins.
    let rest = text.as_bytes().iter().skip(offset);
    let line = offset + rest.take_while(|byte| **byte != b'\n').count();
    // It goes back to where a block begins, too, if its end is missing.
    let block = error.message().contains(BLOCK);
    let open =
        open_part(text, Within::Code).filter(|open| open.start <= line && (block || !open.at_end));
    if let Some(open) = open {
        return open.diagnostic(id, base);
    }
    let at_line_end = text
        .as_bytes()
        .get(offset)
        .is_none_or(|b| b"\r\n".contains(b));
    let length = usize::from(!at_line_end);
    let span = Span::new(id, base + offset, base + offset + length);
    let mut diagnostic = Diagnostic::error("syntax", format!("syntax error: {}", message(error)));
    if let Some(word) = closes(text, offset) {
        diagnostic = diagnostic.help(format!(
            "if `{word}` is meant to begin a line of the heredoc's text, end the heredoc with another word"
        ));
    }
    match repeated(error.message()) {
        Some(what) => diagnostic.at(span, "the second of this name").help(format!(
            "write {what} once: remove one of the two, or give it another name"
        )),
        // A block on one line ends with its first attribute.
        None if block => diagnostic
            .at(span, "here")
            .help("a block that is written on one line holds one attribute: begin a new line after its `{`"),
        None => diagnostic.at(span, "here"),
    }
}

/// The word that a heredoc ends with, if a line begins with it up to `offset`: the parser ends the text there, although more
/// follows on the line.
fn closes(text: &str, offset: usize) -> Option<&str> {
    let (before, line) = text.get(..offset)?.rsplit_once('\n')?;
    let word = line.trim();
    let openings = [format!("<<{word}"), format!("<<-{word}")];
    let opens = |line: &str| openings.iter().any(|it| line.trim_end().ends_with(it));
    (is_word(word) && before.lines().any(opens)).then_some(word)
}

/// What stands twice, if the parser says that something does.
fn repeated(message: &str) -> Option<&'static str> {
    let what = message.contains("redefined").then_some(message)?;
    Some(match what.contains("object key") {
        true => "the key",
        false => "the attribute",
    })
}

/// What the parser says; of a value that is missing, not every character that it could begin with.
pub(super) fn message(error: &hcl::edit::parser::Error) -> &str {
    match error.message() {
        text if text.starts_with("invalid expression") => "expected a value",
        text if text.contains("nesting depth") => "at most 64 nested levels are read",
        text if repeated(text) == Some("the key") => "this key is in the object already",
        text if repeated(text) == Some("the attribute") => "this attribute is written already",
        text => text,
    }
}

fn structure(reader: &mut Reader<'_>, body: &HclBody) -> Body {
    let mut read = Body::default();
    for part in body {
        match part {
            Structure::Attribute(attribute) => {
                let name = Word {
                    text: attribute.key.as_str().into(),
                    span: reader.span(&attribute.key),
                };
                let value = reader.expression(&attribute.value);
                read.attributes.push(Attribute { name, value });
            }
            Structure::Block(block) => {
                let word = Word {
                    text: block.ident.as_str().into(),
                    span: reader.span(&block.ident),
                };
                let labels: Vec<Word> = block
                    .labels
                    .iter()
                    .map(|label| Word {
                        text: label.as_str().into(),
                        span: match label {
                            BlockLabel::Ident(ident) => reader.span(ident),
                            BlockLabel::String(text) => reader.span(text),
                        },
                    })
                    .collect();
                let span = labels
                    .last()
                    .map_or(word.span, |label| word.span.to(label.span));
                if let Some(open) = labels.iter().find(|label| label.text.contains('\n')) {
                    reader.said.push(open_string(open.span));
                }
                read.blocks.push(Block {
                    word,
                    labels,
                    body: structure(reader, &block.body),
                    span,
                });
            }
        }
    }
    read
}

impl Reader<'_> {
    /// Where a node stands in its source.
    pub(super) fn span(&self, node: &impl hcl::edit::Span) -> Span {
        let range = node.span().unwrap_or_default();
        Span::new(self.id, self.base + range.start, self.base + range.end)
    }
}
