//! Templates of `hcl::edit` to [`Piece`]s, with whitespace stripped as HCL strips it: line by line.
//!
//! `~` takes the whitespace between itself and the line's end or beginning, and no further line's. `<<-` takes from each
//! line as much as the least indented one begins with; a line of nothing but whitespace neither counts nor changes.
//! Source: HCL, "Native Syntax Specification", "Templates"; what it leaves open, as Terraform 1.11 does it.

use hcl::edit::Spanned;
use hcl::edit::template::{Directive, Element, Strip, Template};

use super::document::Piece;
use super::hcl_expression::Reader;
use super::quoted::unescape;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;

/// How the literals of a template were handed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Of a heredoc, a file or YAML: a backslash is a backslash.
    Plain,
    /// Of a heredoc that begins with `<<-`.
    Indented,
    /// Of a quoted string, escapes resolved.
    Resolved,
    /// Of a directive in a quoted string, as they stand.
    Raw,
}

/// A template in one row: what is stripped depends on what stands beside it, whatever it is nested in.
enum Token {
    /// A line of a literal, or all of one that was quoted; and whether it is the literal's last.
    Text { text: String, last: bool },
    /// A value, or one of the marks of a directive.
    Mark(Strip),
}

impl Reader<'_> {
    pub fn template(&mut self, template: &Template, written: Written) -> Vec<Piece> {
        let mut tokens = Vec::new();
        let mut pieces = self.pieces(template, written, &mut tokens);
        strip(&mut tokens);
        if written == Written::Indented {
            unindent(&mut tokens);
        }
        fill(&mut pieces, &mut tokens.into_iter());
        pieces
    }

    /// Whether a heredoc begins with `<<-`.
    pub fn is_indented(&self, heredoc: Span) -> bool {
        let text = self.text.get(heredoc.start - self.base..);
        text.is_some_and(|text| text.trim_start().starts_with("<<-"))
    }

    /// The pieces, whose literals are still empty, and the row.
    fn pieces(
        &mut self,
        template: &Template,
        written: Written,
        tokens: &mut Vec<Token>,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for element in template.iter() {
            pieces.push(match element {
                Element::Literal(literal) => {
                    let text = self.literal(literal, written);
                    tokens.extend(lines(text, written));
                    Piece::Literal("".into())
                }
                Element::Interpolation(part) => {
                    tokens.push(Token::Mark(part.strip));
                    Piece::Value(self.expression(&part.expr))
                }
                Element::Directive(directive) => self.directive(directive, written, tokens),
            });
        }
        pieces
    }

    fn directive(
        &mut self,
        directive: &Directive,
        written: Written,
        tokens: &mut Vec<Token>,
    ) -> Piece {
        let inside = match written {
            Written::Resolved => Written::Raw,
            other => other,
        };
        match directive {
            Directive::If(part) => {
                tokens.push(Token::Mark(part.if_expr.strip));
                let condition = self.expression(&part.if_expr.cond_expr);
                let yes = self.pieces(&part.if_expr.template, inside, tokens);
                let mut no = Vec::new();
                if let Some(part) = &part.else_expr {
                    tokens.push(Token::Mark(part.strip));
                    no = self.pieces(&part.template, inside, tokens);
                }
                tokens.push(Token::Mark(part.endif_expr.strip));
                Piece::If { condition, yes, no }
            }
            Directive::For(part) => {
                tokens.push(Token::Mark(part.for_expr.strip));
                let key = part.for_expr.key_var.as_ref();
                let key = key.map(|key| key.as_str().into());
                let collection = self.expression(&part.for_expr.collection_expr);
                let body = self.pieces(&part.for_expr.template, inside, tokens);
                tokens.push(Token::Mark(part.endfor_expr.strip));
                Piece::For {
                    key,
                    value: part.for_expr.value_var.as_str().into(),
                    collection,
                    body,
                }
            }
        }
    }

    /// A literal's text.
    fn literal(&mut self, literal: &Spanned<String>, written: Written) -> String {
        let text = match written {
            // The parser has taken the indentation away already, by other rules.
            Written::Indented => {
                let span = self.span(literal);
                let raw = self.text.get(span.start - self.base..span.end - self.base);
                let raw = raw.unwrap_or_default();
                raw.replace("$${", "${").replace("%%{", "%{")
            }
            _ => literal.as_str().to_owned(),
        };
        let text = text.replace("\r\n", "\n");
        if written != Written::Raw {
            return text;
        }
        unescape(&text).unwrap_or_else(|| {
            let error = Diagnostic::error("syntax", "syntax error: a quoted string holds no line break, no bare `\"` and no unknown escape")
                .at(self.span(literal), "inside a directive of one");
            self.said.push(error.help("write `\\n` and `\\\"`, or a heredoc for a text over several lines"));
            String::new()
        })
    }
}

fn lines(text: String, written: Written) -> Vec<Token> {
    let lines: Vec<String> = match written {
        Written::Plain | Written::Indented if !text.is_empty() => {
            text.split_inclusive('\n').map(str::to_owned).collect()
        }
        _ => vec![text],
    };
    let last = lines.len() - 1;
    let token = |(at, text)| Token::Text {
        text,
        last: at == last,
    };
    lines.into_iter().enumerate().map(token).collect()
}

/// What `~` takes away.
fn strip(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        let Token::Mark(strip) = tokens[at] else {
            continue;
        };
        if strip.strip_start()
            && let Some(Token::Text { text, .. }) = at.checked_sub(1).map(|at| &mut tokens[at])
        {
            text.truncate(text.trim_end().len());
        }
        if strip.strip_end()
            && let Some(Token::Text { text, .. }) = tokens.get_mut(at + 1)
        {
            text.drain(..text.len() - text.trim_start().len());
        }
    }
}

/// What `<<-` takes away, in characters, from what is left.
fn unindent(tokens: &mut [Token]) {
    let mut begins = true;
    let mut least = None;
    let mut first: Vec<&mut String> = Vec::new();
    for token in tokens {
        let line = std::mem::replace(&mut begins, false);
        let indent = match token {
            Token::Text { text, .. } => {
                begins = text.ends_with('\n');
                if !line || (begins && text.trim().is_empty()) {
                    continue;
                }
                let indent = text.chars().take_while(|c| c.is_whitespace()).count();
                first.push(text);
                indent
            }
            Token::Mark(_) if line => 0,
            Token::Mark(_) => continue,
        };
        least = Some(least.map_or(indent, |least: usize| least.min(indent)));
    }
    for text in first {
        let begin = text.chars().take(least.unwrap_or(0));
        let bytes: usize = begin.map(char::len_utf8).sum();
        text.drain(..bytes);
    }
}

/// Puts the literals' texts into their places.
fn fill(pieces: &mut [Piece], tokens: &mut impl Iterator<Item = Token>) {
    for piece in pieces {
        match piece {
            Piece::Literal(whole) => {
                let mut made = String::new();
                for token in tokens.by_ref() {
                    if let Token::Text { text, last } = token {
                        made.push_str(&text);
                        if last {
                            break;
                        }
                    }
                }
                *whole = made.into();
            }
            Piece::Value(_) => {}
            Piece::If { yes, no, .. } => {
                fill(yes, tokens);
                fill(no, tokens);
            }
            Piece::For { body, .. } => fill(body, tokens),
        }
    }
}
