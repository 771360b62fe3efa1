//! One clause: lookup, operator, comparand.

use std::ops::Range;

use super::lex::{self, Kind, Token};
use super::parse::{Broken, Parser, shorten};
use super::{Clause, Operator};

impl<'a> Parser<'a> {
    pub fn clause(&mut self) -> Result<Clause, Broken> {
        self.prefixes();
        let start = self
            .peek()
            .map_or(self.text.len(), |token| token.span.start);
        let (claim, claim_span) = self.lookup()?;
        self.gap("the operator");
        let (operator, operator_span) = self.operator()?;
        self.gap("the comparand");
        let (comparand, comparand_span) = self.comparand()?;
        Ok(Clause {
            claim,
            operator,
            comparand,
            span: start..self.previous_end(),
            claim_span,
            operator_span,
            comparand_span,
        })
    }

    /// `not`, `!` and `(` before a clause: reported, then read past.
    fn prefixes(&mut self) {
        while let Some(token) = self.peek().cloned() {
            if token.text.eq_ignore_ascii_case("not") || token.text == "!" {
                self.error(
                    token.span,
                    format!("there is no `{}` in expressions", token.text),
                    "say what is admitted, not what is refused",
                );
            } else if token.text == "(" {
                self.error(
                    token.span,
                    "there are no parentheses in expressions",
                    "remove them: clauses are joined by `and` alone",
                );
            } else {
                return;
            }
            self.at += 1;
            self.take(Kind::Space);
        }
    }

    /// `claims['name']`
    fn lookup(&mut self) -> Result<(String, Range<usize>), Broken> {
        const HELP: &str = "write `claims['sub']`, with square brackets and straight single quotes";
        let Some(word) = self.next() else {
            self.error(self.end(), "expected `claims['…']`, found the end", HELP);
            return Err(Broken);
        };
        if word.text != "claims" {
            if let Some(name) = word.text.strip_prefix("claims.") {
                self.error(
                    word.span,
                    format!("a claim is not named by `claims.{name}`"),
                    &format!("write `claims['{name}']`"),
                );
            } else if word.text.eq_ignore_ascii_case("claims") || word.text == "claim" {
                self.error(
                    word.span,
                    format!("`{}` is not a lookup", word.text),
                    "write `claims`, in lower case and in the plural",
                );
            } else {
                self.error(
                    word.span,
                    format!("expected `claims['…']`, found `{}`", shorten(word.text)),
                    HELP,
                );
            }
            return Err(Broken);
        }
        let space = self.take(Kind::Space);
        let bracket = self.peek().map(|token| token.kind);
        if bracket != Some(Kind::Open) {
            let span = self.peek().map_or(self.end(), |token| token.span.clone());
            self.error(span, "expected `[` after `claims`", HELP);
            return Err(Broken);
        }
        if let Some(space) = space {
            self.error(
                space.span,
                "a space between `claims` and its bracket",
                "remove it",
            );
        }
        self.at += 1;
        let Some(name) = self.next_text() else {
            let span = self.peek().map_or(self.end(), |token| token.span.clone());
            self.error(span, "expected the name of a claim in quotes", HELP);
            return Err(Broken);
        };
        let inner = name.inner();
        self.quotes(&name)?;
        if self.take(Kind::Close).is_none() {
            let span = self.peek().map_or(self.end(), |token| token.span.clone());
            self.error(span, "expected `]` after the name of the claim", HELP);
            return Err(Broken);
        }
        let claim = &self.text[inner.clone()];
        if claim.is_empty()
            || claim
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '[' | ']'))
        {
            self.error(
                inner,
                format!("`{}` cannot be the name of a claim", shorten(claim)),
                "name a claim of the token, such as `sub`",
            );
            return Err(Broken);
        }
        Ok((claim.to_owned(), inner))
    }

    fn operator(&mut self) -> Result<(Operator, Range<usize>), Broken> {
        let Some(token) = self.next() else {
            self.error(
                self.end(),
                "expected an operator, found the end",
                "write `eq` or `matches`",
            );
            return Err(Broken);
        };
        let help = match token.text {
            "eq" => return Ok((Operator::Eq, token.span)),
            "matches" => return Ok((Operator::Matches, token.span)),
            "=" | "==" | "===" | "equals" | "equal" | "is" => "write `eq`",
            "like" | "match" | "=~" | "glob" => {
                "write `matches`, with `*` for any characters and `?` for one"
            }
            "startswith" | "startsWith" | "has" | "contains" | "endswith" | "endsWith" => {
                "it is not documented for customers: write `matches`, with `*` for what varies"
            }
            "in" => "it is not documented for customers: write one credential for each value",
            "ne" | "!=" | "<>" => "there is no negation: say what is admitted, not what is refused",
            other if other.eq_ignore_ascii_case("eq") || other.eq_ignore_ascii_case("matches") => {
                "write it in lower case"
            }
            _ => "the operators are `eq` (exactly) and `matches` (with `*` and `?`)",
        };
        self.error(
            token.span.clone(),
            format!("unknown operator `{}`", shorten(token.text)),
            help,
        );
        // The rest of the clause may hold more errors.
        if matches!(token.kind, Kind::Word | Kind::Symbol) {
            self.gap("the comparand");
            self.comparand()?;
        } else {
            self.at -= 1;
        }
        Err(Broken)
    }

    fn comparand(&mut self) -> Result<(String, Range<usize>), Broken> {
        let Some(token) = self.next_text() else {
            match self.next() {
                Some(word) if word.text == "claims" => {
                    self.error(
                        word.span,
                        "a claim cannot be compared with another claim",
                        "compare it with a quoted text",
                    );
                }
                Some(word) => {
                    let message = format!("the comparand `{}` is not quoted", shorten(word.text));
                    self.error(
                        word.span,
                        message,
                        &format!(
                            "write `'{}'`: numbers are compared as text too",
                            shorten(word.text)
                        ),
                    );
                }
                None => self.error(
                    self.end(),
                    "expected a comparand, found the end",
                    "write a text in straight single quotes",
                ),
            }
            return Err(Broken);
        };
        let inner = token.inner();
        self.quotes(&token)?;
        if self
            .peek()
            .is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Text { .. }))
        {
            self.error(
                token.span.end - 1..token.span.end,
                "a quote inside a comparand",
                "how to escape it is not documented: match it with `?` under `matches`",
            );
            return Err(Broken);
        }
        if inner.is_empty() {
            self.error(
                token.span,
                "the comparand is empty",
                "compare with the value that the token carries",
            );
            return Err(Broken);
        }
        Ok((self.text[inner.clone()].to_owned(), inner))
    }

    /// Whether a text has the right quotes around it and none inside.
    fn quotes(&mut self, token: &Token<'a>) -> Result<(), Broken> {
        let Kind::Text { straight, closed } = token.kind else {
            return Ok(());
        };
        let first = token.text.chars().next().unwrap_or('\'');
        let opening = token.span.start..token.span.start + first.len_utf8();
        let before = self.errors.len();
        if !closed {
            self.error(
                opening.clone(),
                format!("the quote `{first}` is never closed"),
                "close it with a straight single quote: `'`",
            );
        }
        if !straight {
            let message = match first {
                '"' => "double quotes".to_owned(),
                '`' => "backticks".to_owned(),
                other => format!("the curly quote `{other}`"),
            };
            let help = "Entra takes straight single quotes only: `'`";
            self.error(
                opening,
                format!("{message} around `{}`", shorten(&self.text[token.inner()])),
                help,
            );
        } else if closed && let Some(at) = self.text[token.inner()].find(lex::is_quote) {
            let at = token.inner().start + at;
            let quote = self.text[at..].chars().next().unwrap_or('\'');
            let message = format!("a quote inside a comparand: `{quote}`");
            self.error(
                at..at + quote.len_utf8(),
                message,
                "how to escape it is not documented: match it with `?` under `matches`",
            );
        }
        if self.errors.len() == before {
            Ok(())
        } else {
            Err(Broken)
        }
    }
}
