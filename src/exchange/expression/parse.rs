//! The parser of expressions. After an error it goes on at the next `and`, so that one run shows everything that is wrong.

use std::ops::Range;

use super::lex::{self, Kind, Token};
use super::{Clause, ExpressionError, MAX_BYTES};

pub(super) fn parse(text: &str) -> Result<Vec<Clause>, Vec<ExpressionError>> {
    if text.len() > MAX_BYTES {
        let message = format!(
            "the expression has {} bytes: at most {MAX_BYTES} are read",
            text.len()
        );
        return Err(vec![ExpressionError {
            span: 0..0,
            message,
            help: Some("split it into several credentials".to_owned()),
        }]);
    }
    let mut parser = Parser {
        text,
        tokens: lex::tokens(text),
        at: 0,
        errors: Vec::new(),
    };
    let clauses = parser.expression();
    if parser.errors.is_empty() {
        Ok(clauses)
    } else {
        Err(parser.errors)
    }
}

pub(super) struct Parser<'a> {
    pub text: &'a str,
    tokens: Vec<Token<'a>>,
    pub at: usize,
    pub errors: Vec<ExpressionError>,
}

/// A clause could not be read; the reason is among the errors.
pub(super) struct Broken;

impl<'a> Parser<'a> {
    fn expression(&mut self) -> Vec<Clause> {
        let mut clauses = Vec::new();
        if self.text.trim().is_empty() {
            self.error(
                0..self.text.len(),
                "the expression is empty",
                "write `claims['sub'] matches 'repo:OWNER/REPOSITORY:*'`",
            );
            return clauses;
        }
        if let Some(space) = self.take(Kind::Space) {
            self.error(
                space.span,
                "the expression begins with a space",
                "remove it",
            );
        }
        loop {
            match self.clause() {
                Ok(clause) => clauses.push(clause),
                Err(Broken) => self.skip_to_connective(),
            }
            if !self.connective() {
                return clauses;
            }
        }
    }

    /// Whether another clause follows.
    fn connective(&mut self) -> bool {
        while let Some(close) = self.take_symbol(")") {
            self.error(
                close.span,
                "there are no parentheses in expressions",
                "remove them: clauses are joined by `and` alone",
            );
        }
        let Some(token) = self.peek().cloned() else {
            return false;
        };
        if token.kind == Kind::Space && self.at + 1 == self.tokens.len() {
            self.error(token.span, "the expression ends with a space", "remove it");
            return false;
        }
        self.gap("`and`");
        let Some(token) = self.next() else {
            return false;
        };
        match token.text.to_ascii_lowercase().as_str() {
            "and" if token.text == "and" => {}
            "and" | "&&" | "&" | "," => {
                self.error(
                    token.span,
                    format!("`{}` does not join clauses", token.text),
                    "write `and`, in lower case",
                );
            }
            "or" | "||" | "|" => {
                self.error(
                    token.span,
                    format!("there is no `{}` in expressions", token.text),
                    "write one credential for each side: a token needs to satisfy only one of an application's credentials",
                );
            }
            _ => {
                self.error(
                    token.span,
                    format!("expected `and`, found `{}`", shorten(token.text)),
                    "clauses are joined by ` and `",
                );
                self.skip_to_connective();
                return self.peek().is_some() && self.connective();
            }
        }
        if self.peek().is_some() {
            self.gap("the clause");
        }
        if self.peek().is_none() {
            self.error(
                self.end(),
                "the expression ends after `and`",
                "add a clause, or remove the `and`",
            );
            return false;
        }
        true
    }

    /// Exactly one space.
    pub fn gap(&mut self, before: &str) {
        match self.take(Kind::Space) {
            Some(space) if space.text == " " => {}
            Some(space) => {
                let what = match space.text {
                    text if text.contains(['\n', '\r']) => "a line break".to_owned(),
                    text if text.contains('\t') => "a tab".to_owned(),
                    text if text.chars().all(|c| c == ' ') => format!("{} spaces", text.len()),
                    _ => "an unusual space".to_owned(),
                };
                self.error(
                    space.span,
                    format!("{what} before {before}"),
                    "write exactly one space",
                );
            }
            None if self.peek().is_some() => {
                let at = self.previous_end();
                self.error(
                    at..at,
                    format!("no space before {before}"),
                    "write exactly one space",
                );
            }
            None => {}
        }
    }

    fn skip_to_connective(&mut self) {
        while let Some(token) = self.tokens.get(self.at + 1) {
            let joins = ["and", "or", "&&", "||"]
                .iter()
                .any(|word| token.text.eq_ignore_ascii_case(word));
            if joins && self.tokens[self.at].kind == Kind::Space {
                return;
            }
            self.at += 1;
        }
        self.at = self.tokens.len();
    }

    pub fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    pub fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    pub fn take(&mut self, kind: Kind) -> Option<Token<'a>> {
        if self.peek()?.kind == kind {
            self.next()
        } else {
            None
        }
    }

    fn take_symbol(&mut self, text: &str) -> Option<Token<'a>> {
        if self.peek()?.text == text {
            self.next()
        } else {
            None
        }
    }

    pub fn next_text(&mut self) -> Option<Token<'a>> {
        if matches!(self.peek()?.kind, Kind::Text { .. }) {
            self.next()
        } else {
            None
        }
    }

    pub fn previous_end(&self) -> usize {
        self.tokens[..self.at]
            .last()
            .map_or(0, |token| token.span.end)
    }

    pub fn end(&self) -> Range<usize> {
        self.text.len()..self.text.len()
    }

    pub fn error(&mut self, span: Range<usize>, message: impl Into<String>, help: &str) {
        self.errors.push(ExpressionError {
            span,
            message: message.into(),
            help: Some(help.to_owned()),
        });
    }
}

/// At most 40 characters of a text, for a message.
pub(super) fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(39).chain(['…']).collect()
}
