//! YAML text to a [`Body`]: labelled blocks are maps, repeated unlabelled ones lists, and strings may be
//! templates. The parser stays behind this file.

use serde_saphyr::{Location, Spanned};

use super::convert::{self, number_text};
use super::document::{Attribute, Block, Body, Expr, ExprKind, Word};
use super::hcl::without_bom;
use super::hcl_expression::parse_template;
use super::value::Value;
use super::yaml_error::words;
use super::yaml_node::Yaml;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};
use crate::model::value::Number;

/// How deep a document may nest.
pub(super) const DEPTH: usize = 64;
/// How many nodes a document may have: more than 8 MiB of text can reasonably hold, one for every four bytes.
const NODES: usize = 2_000_000;

/// Where the nodes stand.
pub(super) struct Reader<'a> {
    pub(super) id: SourceId,
    pub(super) text: &'a str,
    pub(super) base: usize,
    said: &'a mut Vec<Diagnostic>,
}

/// `words`: whether `yes`, `off` and their like are booleans, as in YAML 1.1.
fn read(text: &str, words: bool) -> Result<Option<Spanned<Yaml>>, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH,
            max_nodes: NODES,
            max_events: 2 * NODES,
            max_documents: 1,
        },
        strict_booleans: !words,
        reject_unsupported_tags: true,
        with_snippet: false,
        // Said of every number that is not exact.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
    };
    serde_saphyr::from_str_with_options(text, options)
}

/// A text as a value, for `yamldecode`: strings are no templates here, and words are booleans as Terraform has them.
pub(super) fn value(text: &str) -> Result<Value, String> {
    match read(without_bom(text).0, true) {
        Ok(None) if text.lines().all(says_nothing) => Err("there is nothing in it".to_owned()),
        Ok(None) => Ok(Value::Null),
        Ok(Some(node)) => plain(node.value),
        Err(error) => {
            let (_, message) = words(&error);
            Err(match error.location() {
                Some(at) => format!("{message} (line {}, column {})", at.line(), at.column()),
                None => message,
            })
        }
    }
}

fn says_nothing(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn plain(node: Yaml) -> Result<Value, String> {
    Ok(match node {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::Number(number) if !convert::exact(number) => {
            return Err(format!("the number {number} cannot be kept exactly"));
        }
        Yaml::Number(number) => Value::Number(Number(number)),
        Yaml::String(text) => Value::text(text),
        Yaml::List(items) => Value::list(
            items
                .into_iter()
                .map(|item| plain(item.value))
                .collect::<Result<_, _>>()?,
        ),
        Yaml::Map(members) => Value::map(
            members
                .into_iter()
                .map(|(key, item)| Ok((key.value.into(), plain(item.value)?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}

/// Reads a file. On a syntax error the body is empty.
pub(super) fn parse(id: SourceId, text: &str, said: &mut Vec<Diagnostic>) -> Body {
    let (text, base) = without_bom(text);
    let parsed = read(text, false);
    let mut reader = Reader {
        id,
        text,
        base,
        said,
    };
    match parsed {
        Ok(None) => Body::default(),
        Ok(Some(Spanned {
            value: Yaml::Null, ..
        })) => Body::default(),
        Ok(Some(Spanned {
            value: Yaml::Map(members),
            ..
        })) => reader.top(members),
        Ok(Some(other)) => {
            let span = reader.span(&other.defined);
            reader.said.push(
                Diagnostic::error("syntax", "a stack file is a map of blocks")
                    .at(span, "not a map")
                    .help("write `application: { name: { … } }`"),
            );
            Body::default()
        }
        Err(error) => {
            let error = reader.error(&error);
            reader.said.push(error);
            Body::default()
        }
    }
}

impl Reader<'_> {
    /// Where a node or a mistake stands in its source.
    pub(super) fn span(&self, at: &Location) -> Span {
        let limit = self.text.len();
        // A syntax error has only line and column.
        let start = at.span().byte_offset().map(|start| start as usize);
        let start = start.unwrap_or_else(|| self.offset(at.line() as usize, at.column() as usize));
        let length = at.span().byte_len().unwrap_or(1) as usize;
        let start = start.min(limit);
        let text = self.text.get(start..(start + length).min(limit));
        let length = text.map_or(length, |text| text.trim_end().len());
        Span::new(
            self.id,
            self.base + start,
            self.base + start + length.max(1),
        )
    }

    /// Where a line and column, both from 1, begin in the text.
    fn offset(&self, line: usize, column: usize) -> usize {
        let mut lines = self.text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(line.max(1) - 1).map(str::len).sum();
        let within = lines.next().unwrap_or_default().char_indices();
        before + within.map(|(at, _)| at).nth(column.max(1) - 1).unwrap_or(0)
    }

    fn word(&self, key: &Spanned<String>) -> Word {
        Word {
            text: key.value.as_str().into(),
            span: self.span(&key.defined),
        }
    }

    fn top(&mut self, members: Vec<(Spanned<String>, Spanned<Yaml>)>) -> Body {
        let mut body = Body::default();
        for (key, value) in members {
            let word = self.word(&key);
            if word.text.starts_with("x-") {
                continue;
            }
            match value.value {
                Yaml::Map(blocks) if &*word.text != "locals" && labels(&blocks) => {
                    for (label, content) in blocks {
                        let label = self.word(&label);
                        if label.text.starts_with("x-") {
                            continue;
                        }
                        let inner = self.body(content);
                        body.blocks.push(Block {
                            span: label.span,
                            word: word.clone(),
                            labels: vec![label],
                            body: inner,
                        });
                    }
                }
                Yaml::List(blocks) => {
                    for content in blocks {
                        let span = self.span(&content.defined);
                        // What the block lacks without a map is said where it is checked.
                        let inner = match content.value {
                            Yaml::Map(_) => self.body(content),
                            _ => Body::default(),
                        };
                        body.blocks.push(Block {
                            word: word.clone(),
                            labels: Vec::new(),
                            body: inner,
                            span,
                        });
                    }
                }
                map @ Yaml::Map(_) => {
                    let inner = self.body(Spanned {
                        value: map,
                        ..value
                    });
                    body.blocks.push(Block {
                        span: word.span,
                        word,
                        labels: Vec::new(),
                        body: inner,
                    });
                }
                Yaml::Null => {}
                scalar => {
                    let value = self.expression(Spanned {
                        value: scalar,
                        ..value
                    });
                    body.attributes.push(Attribute { name: word, value });
                }
            }
        }
        body
    }

    /// The content of a block: a map of attributes, or nothing.
    fn body(&mut self, content: Spanned<Yaml>) -> Body {
        let members = match content.value {
            Yaml::Map(members) => members,
            Yaml::Null => return Body::default(),
            _ => {
                let span = self.span(&content.defined);
                self.said.push(
                    Diagnostic::error("wrong-type", "a block is a map of its attributes")
                        .at(span, "not a map")
                        .help("write `name: { attribute: value }`"),
                );
                return Body::default();
            }
        };
        let attributes = members
            .into_iter()
            .filter(|(key, _)| !key.value.starts_with("x-"))
            .map(|(key, value)| Attribute {
                name: self.word(&key),
                value: self.expression(value),
            })
            .collect();
        Body {
            attributes,
            blocks: Vec::new(),
        }
    }

    fn expression(&mut self, node: Spanned<Yaml>) -> Expr {
        let span = self.span(&node.defined);
        let kind = match node.value {
            Yaml::Null => ExprKind::Null,
            Yaml::Bool(flag) => ExprKind::Bool(flag),
            Yaml::Number(number) => self.number(number, span),
            Yaml::String(text) if text.contains("${") || text.contains("%{") => {
                return parse_template(&text, span, self.verbatim(&text, span), self.said);
            }
            Yaml::String(text) => ExprKind::String(text.into()),
            Yaml::List(items) => ExprKind::Array(
                items
                    .into_iter()
                    .map(|item| self.expression(item))
                    .collect(),
            ),
            Yaml::Map(members) => ExprKind::Object(
                members
                    .into_iter()
                    .map(|(key, value)| {
                        let Word { text, span } = self.word(&key);
                        let kind = ExprKind::String(text);
                        (Expr { kind, span }, self.expression(value))
                    })
                    .collect(),
            ),
        };
        Expr { kind, span }
    }

    /// A number that is not written as it would print stays text: `1.10` is a version, not 1.1.
    fn number(&mut self, number: f64, span: Span) -> ExprKind {
        if !convert::exact(number) {
            self.said.push(convert::inexact(span));
        }
        // A tag makes a number of a quoted text.
        let written = self.source(span).trim_matches(['"', '\'']);
        if written.is_empty() || written == number_text(Number(number)) {
            return ExprKind::Number(number);
        }
        ExprKind::String(written.into())
    }

    fn source(&self, span: Span) -> &str {
        let range = span.start.saturating_sub(self.base)..span.end.saturating_sub(self.base);
        self.text.get(range).unwrap_or_default().trim()
    }

    /// Where a string's text begins in the source, if it stands there letter by letter.
    fn verbatim(&self, text: &str, span: Span) -> Option<usize> {
        let start = span.start - self.base;
        [start, start + 1]
            .into_iter()
            .find(|start| {
                let rest = self.text.get(*start..).unwrap_or_default();
                rest.starts_with(text)
            })
            .map(|start| start + self.base)
    }
}

/// Whether a map's members are labelled blocks: some are maps themselves, or all of them nothing.
fn labels(members: &[(Spanned<String>, Spanned<Yaml>)]) -> bool {
    let mut values = members.iter().map(|(_, value)| &value.value);
    values.clone().any(|value| matches!(value, Yaml::Map(_)))
        || values.all(|value| matches!(value, Yaml::Null))
}
