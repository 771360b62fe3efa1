//! `$filter`: a parser and an evaluator for the operators that directory objects support.

use serde_json::Value;

use crate::emulator::table::Entity;

mod parse;

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

impl Filter {
    /// Parses a filter; `None` when it is not one that is supported.
    pub fn parse(text: &str) -> Option<Self> {
        parse::parse(text)
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
