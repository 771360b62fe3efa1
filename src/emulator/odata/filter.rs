//! `$filter`: a parser and an evaluator for the operators that directory objects support.

use serde_json::Value;

use super::path::unquote;
use crate::emulator::table::Entity;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// `displayName eq 'x'`
    Compare(Path, Operator, Value),
    /// `appId in ('a', 'b')`
    In(Path, Vec<Value>),
    /// `startsWith(displayName, 'x')`
    StartsWith(Path, String),
    EndsWith(Path, String),
    /// `tags/any(t:t eq 'x')`: collection, variable, condition
    Any(Path, String, Box<Filter>),
    /// `federatedIdentityCredentials/$count ne 0`
    Count(String, Operator, i64),
}

/// Property names from the outside in.
pub type Path = Vec<String>;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Longest filter and deepest nesting that are parsed.
const MAX_LENGTH: usize = 16 * 1024;
const MAX_DEPTH: usize = 32;

impl Filter {
    /// Parses a filter; `None` when it is not one that is supported.
    pub fn parse(text: &str) -> Option<Self> {
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

    /// Whether directory objects take this only as an advanced query (learn.microsoft.com, aad-advanced-queries).
    pub fn is_advanced(&self) -> bool {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.is_advanced() || b.is_advanced(),
            Self::Not(_) | Self::EndsWith(..) | Self::Count(..) => true,
            Self::Compare(_, operator, _) => *operator == Operator::Ne,
            Self::In(..) | Self::StartsWith(..) => false,
            Self::Any(_, _, inner) => inner.is_advanced(),
        }
    }

    /// The outermost properties that the filter reads.
    pub fn properties(&self) -> Vec<&str> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => {
                let mut both = a.properties();
                both.extend(b.properties());
                both
            }
            Self::Not(inner) => inner.properties(),
            Self::Compare(path, ..)
            | Self::In(path, _)
            | Self::StartsWith(path, _)
            | Self::EndsWith(path, _)
            | Self::Any(path, ..) => path.first().map(String::as_str).into_iter().collect(),
            Self::Count(name, ..) => vec![name],
        }
    }

    /// A property and a value that every entity which passes must have; for an index.
    pub fn equality(&self) -> Option<(&str, &str)> {
        match self {
            Self::And(a, b) => a.equality().or_else(|| b.equality()),
            Self::Compare(path, Operator::Eq, Value::String(value)) if path.len() == 1 => {
                Some((&path[0], value))
            }
            Self::Any(path, variable, inner) if path.len() == 1 => match &**inner {
                Self::Compare(inner, Operator::Eq, Value::String(value))
                    if inner.len() == 1 && inner[0] == *variable =>
                {
                    Some((&path[0], value))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an entity passes; `count` says how many entities are behind a navigation property.
    pub fn passes(&self, entity: &Entity, count: &dyn Fn(&Entity, &str) -> i64) -> bool {
        self.holds(
            &Scope {
                entity,
                bound: None,
            },
            count,
        )
    }

    fn holds(&self, scope: &Scope<'_>, count: &dyn Fn(&Entity, &str) -> i64) -> bool {
        match self {
            Self::And(a, b) => a.holds(scope, count) && b.holds(scope, count),
            Self::Or(a, b) => a.holds(scope, count) || b.holds(scope, count),
            Self::Not(inner) => !inner.holds(scope, count),
            Self::Compare(path, operator, value) => compare(scope.value(path), *operator, value),
            Self::In(path, values) => {
                let have = scope.value(path);
                values
                    .iter()
                    .any(|value| compare(have, Operator::Eq, value))
            }
            Self::StartsWith(path, prefix) => scope.text(path).starts_with(&prefix.to_lowercase()),
            Self::EndsWith(path, suffix) => scope.text(path).ends_with(&suffix.to_lowercase()),
            Self::Any(path, variable, inner) => {
                let items = scope.value(path).and_then(Value::as_array);
                items.into_iter().flatten().any(|item| {
                    let bound = Some((variable.as_str(), item));
                    inner.holds(&Scope { bound, ..*scope }, count)
                })
            }
            Self::Count(name, operator, number) => {
                let have = Value::from(count(scope.entity, name));
                compare(Some(&have), *operator, &Value::from(*number))
            }
        }
    }
}

/// What names mean: the entity's properties, and the variable of a lambda.
#[derive(Clone, Copy)]
struct Scope<'a> {
    entity: &'a Entity,
    bound: Option<(&'a str, &'a Value)>,
}

impl<'a> Scope<'a> {
    fn value(&self, path: &[String]) -> Option<&'a Value> {
        let (first, rest) = path.split_first()?;
        let mut value = match self.bound {
            Some((variable, item)) if variable == first => item,
            _ => self.entity.get(first)?,
        };
        for name in rest {
            value = value.get(name)?;
        }
        Some(value)
    }

    /// A string in lower case: the directory compares without regard to case.
    fn text(&self, path: &[String]) -> String {
        let value = self.value(path).and_then(Value::as_str);
        value.unwrap_or_default().to_lowercase()
    }
}

fn compare(have: Option<&Value>, operator: Operator, want: &Value) -> bool {
    use std::cmp::Ordering;
    let have = have.unwrap_or(&Value::Null);
    let order = match (have, want) {
        (Value::String(a), Value::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Value::Number(a), Value::Number(b)) => a.as_i64().zip(b.as_i64()).map(|(a, b)| a.cmp(&b)),
        (a, b) if a == b => Some(Ordering::Equal),
        _ => None,
    };
    match operator {
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Ne => order != Some(Ordering::Equal),
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes(filter: &str) -> bool {
        let entity = json!({
            "displayName": "Payments", "appId": "a1", "tags": ["trustform:pay:1", "x"],
            "info": {"url": null}, "createdDateTime": "2026-01-01T00:00:00Z", "it's": 1,
        });
        let filter = Filter::parse(filter).unwrap_or_else(|| panic!("not parsed: {filter}"));
        filter.passes(entity.as_object().unwrap(), &|_, name| {
            i64::from(name == "federatedIdentityCredentials")
        })
    }

    #[test]
    fn supported_filters() {
        for filter in [
            "displayName eq 'payments'",
            "startsWith(displayName,'Pay') and not(appId eq 'b')",
            "appId in ('b', 'a1')",
            "tags/any(t:t eq 'x')",
            "tags/any(t: startsWith(t, 'trustform:pay:'))",
            "tags/any(t:t ge 'trustform:' and t lt 'trustform;')",
            "federatedIdentityCredentials/$count ne 0",
            "not(federatedIdentityCredentials/$count eq 0)",
            "info/url eq null",
            "(appId eq 'z' or appId eq 'a1') and displayName ne 'O''Hara'",
            "createdDateTime ge 2025-12-31T23:00:00Z",
        ] {
            assert!(passes(filter), "{filter}");
        }
        assert!(!passes("tags/any(t:t eq 'y')"));
        assert!(!passes("owners/$count gt 0"));
    }

    #[test]
    fn others_are_refused() {
        let deep = "not ".repeat(100) + "a eq 1";
        for filter in [
            "",
            "displayName",
            "a eq",
            "a eq 'x",
            "a has 'x'",
            "a eq 1 b",
            &deep,
        ] {
            assert_eq!(Filter::parse(filter), None, "{filter}");
        }
    }
}
