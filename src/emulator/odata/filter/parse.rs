//! The parser of `$filter`.

use serde_json::Value;

use super::{Filter, Operator, Path};
use crate::emulator::odata::path::unquote;

/// Longest filter that is parsed, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// Deepest nesting.
const MAX_DEPTH: usize = 32;

/// Parses a filter; `None` when it is not one that is supported.
pub(super) fn parse(text: &str) -> Option<Filter> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
    };
    let filter = parser.or(0)?;
    (parser.at == parser.tokens.len()).then_some(filter)
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Literal(Value),
    Mark(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => {
                let length = quoted_length(rest)?;
                tokens.push(Token::Literal(unquote(&rest[..length])?.into()));
                length
            }
            '(' | ')' | ',' | ':' | '/' => {
                tokens.push(Token::Mark(first));
                1
            }
            c if c.is_alphanumeric() || "_$-.@".contains(c) => {
                let end = |c: char| !(c.is_alphanumeric() || "_$-.@:".contains(c));
                let mut length = rest.find(end).unwrap_or(rest.len());
                // A colon belongs to a time, but after a lambda's variable it is a mark.
                if first.is_alphabetic() {
                    length = rest[..length].find(':').unwrap_or(length);
                }
                tokens.push(word(&rest[..length]));
                length
            }
            _ => return None,
        };
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn word(text: &str) -> Token {
    match text {
        "true" | "false" => Token::Literal(Value::Bool(text == "true")),
        "null" => Token::Literal(Value::Null),
        _ => match text.parse::<i64>() {
            Ok(number) => Token::Literal(number.into()),
            // A time, or a GUID, neither of which is quoted.
            Err(_) if text.starts_with(|c: char| c.is_ascii_digit()) => Token::Literal(text.into()),
            Err(_) if uuid::Uuid::try_parse(text).is_ok() => Token::Literal(text.into()),
            Err(_) => Token::Word(text.to_owned()),
        },
    }
}

fn quoted_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return Some(at + 1),
            _ => at += 1,
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        (self.next()? == Token::Mark(mark)).then_some(())
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(have)) if have.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn skip_mark(&mut self, mark: char) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self, depth: usize) -> Option<Filter> {
        let mut left = self.and(depth)?;
        while self.skip_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Some(left)
    }

    fn and(&mut self, depth: usize) -> Option<Filter> {
        let mut left = self.term(depth)?;
        while self.skip_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.term(depth)?));
        }
        Some(left)
    }

    fn term(&mut self, depth: usize) -> Option<Filter> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.skip_word("not") {
            return Some(Filter::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.skip_mark('(') {
            let inner = self.or(depth + 1)?;
            self.mark(')')?;
            return Some(inner);
        }
        for (function, make) in [
            (
                "startsWith",
                Filter::StartsWith as fn(Path, String) -> Filter,
            ),
            ("endsWith", Filter::EndsWith),
        ] {
            if self.skip_word(function) {
                self.mark('(')?;
                let (path, _) = self.path(depth)?;
                self.mark(',')?;
                let Some(Token::Literal(Value::String(text))) = self.next() else {
                    return None;
                };
                self.mark(')')?;
                return Some(make(path, text));
            }
        }
        match self.path(depth)? {
            (path, Some((variable, inner))) => Some(Filter::Any(path, variable, Box::new(inner))),
            (path, None) => self.comparison(path),
        }
    }

    fn comparison(&mut self, mut path: Path) -> Option<Filter> {
        if self.skip_word("in") {
            self.mark('(')?;
            let mut values = Vec::new();
            loop {
                let Some(Token::Literal(value)) = self.next() else {
                    return None;
                };
                values.push(value);
                if !self.skip_mark(',') {
                    break;
                }
            }
            self.mark(')')?;
            return Some(Filter::In(path, values));
        }
        let Some(Token::Word(operator)) = self.next() else {
            return None;
        };
        let operator = match operator.as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "le" => Operator::Le,
            _ => return None,
        };
        let Some(Token::Literal(value)) = self.next() else {
            return None;
        };
        if path.last().is_some_and(|last| last == "$count") {
            path.pop();
            return Some(Filter::Count(path.join("/"), operator, value.as_i64()?));
        }
        Some(Filter::Compare(path, operator, value))
    }

    /// A path, and the lambda at its end if there is one.
    fn path(&mut self, depth: usize) -> Option<(Path, Option<(String, Filter)>)> {
        let mut path = Path::new();
        loop {
            let Some(Token::Word(name)) = self.next() else {
                return None;
            };
            if name == "any" && !path.is_empty() && self.skip_mark('(') {
                let Some(Token::Word(variable)) = self.next() else {
                    return None;
                };
                self.mark(':')?;
                let inner = self.or(depth + 1)?;
                self.mark(')')?;
                return Some((path, Some((variable, inner))));
            }
            path.push(name);
            if !self.skip_mark('/') {
                return Some((path, None));
            }
        }
    }
}
