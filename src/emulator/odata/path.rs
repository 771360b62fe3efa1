//! Resource paths: segments, and keys in each of their forms.

use percent_encoding::percent_decode_str;

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `applications`, `microsoft.graph.application`, or an id.
    Name(String),
    /// `(uniqueName='payments.deployer')`.
    Key { property: String, value: String },
}

/// A path after the version, in parts.
pub type Target = Vec<Segment>;

/// Parses a path such as `/applications(appId='…')/owners/$ref`; `None` when a key is not well-formed.
///
/// A key may be doubled in quotes and percent-encoded; `{id}` and `(…)` mean the same. `graph.x` is `microsoft.graph.x`.
pub fn parse(path: &str) -> Option<Target> {
    let mut target = Target::new();
    for part in split(path) {
        let part = percent_decode_str(part).decode_utf8().ok()?;
        match part.split_once('(') {
            Some((name, key)) if !name.is_empty() => {
                target.push(Segment::Name(name.to_owned()));
                let key = key.strip_suffix(')')?;
                if !key.is_empty() {
                    target.push(parse_key(key)?);
                }
            }
            _ => {
                let name = match part.strip_prefix("graph.") {
                    Some(short) => format!("microsoft.graph.{short}"),
                    None => part.into_owned(),
                };
                target.push(Segment::Name(name));
            }
        }
    }
    Some(target)
}

/// Splits at slashes that are not inside a quoted key.
fn split(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'%' if path[at..].starts_with("%27") => quoted = !quoted,
            b'/' if !quoted => {
                parts.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[start..]);
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

fn parse_key(key: &str) -> Option<Segment> {
    match key.split_once('=') {
        Some((property, value)) if !property.contains('\'') => Some(Segment::Key {
            property: property.trim().to_owned(),
            value: unquote(value.trim())?,
        }),
        _ => Some(Segment::Name(match key.starts_with('\'') {
            true => unquote(key)?,
            false => key.to_owned(),
        })),
    }
}

/// The value of a string literal, in which a quote is doubled.
pub fn unquote(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let value = inner.replace("''", "\u{0}");
    match value.contains('\'') {
        true => None,
        false => Some(value.replace('\u{0}', "'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Segment {
        Segment::Name(text.to_owned())
    }

    fn key(property: &str, value: &str) -> Segment {
        Segment::Key {
            property: property.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn keys_come_in_several_forms() {
        let expected = vec![
            name("applications"),
            key("uniqueName", "a'b/c d"),
            name("federatedIdentityCredentials"),
            key("name", "x"),
        ];
        for path in [
            "/applications(uniqueName='a''b/c%20d')/federatedIdentityCredentials(name='x')",
            "/applications(uniqueName=%27a%27%27b%2Fc%20d%27)/federatedIdentityCredentials(name=%27x%27)",
        ] {
            assert_eq!(parse(path), Some(expected.clone()), "{path}");
        }
        assert_eq!(
            parse("/applications('7')/graph.application"),
            Some(vec![
                name("applications"),
                name("7"),
                name("microsoft.graph.application")
            ])
        );
        assert_eq!(parse("/applications(appId='a'b')"), None);
        assert_eq!(parse("/applications(appId='a'"), None);
    }
}
