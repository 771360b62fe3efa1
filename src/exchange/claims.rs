//! The claims of one token: names and values, and the string form that credentials are compared with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// The value of one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimValue {
    Text(String),
    /// A list of strings, as `aud` often is.
    Texts(Vec<String>),
    /// A number, in its JSON spelling.
    Number(String),
    Bool(bool),
    /// An object, or a list with something else than strings in it: its compact JSON.
    Other(String),
}

/// The claims of one token. A claim that is `null` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims(BTreeMap<String, ClaimValue>);

impl Claims {
    /// Reads a token's payload. Of a repeated member the last counts, as in Microsoft's JSON readers.
    ///
    /// # Errors
    /// When the text is not JSON, nests deeper than 128 levels, or is not an object.
    pub fn from_json(payload: &[u8]) -> Result<Self, String> {
        let value = serde_json::from_slice(payload)
            .map_err(|error| format!("the payload is not JSON: {error}"))?;
        let Value::Object(members) = value else {
            return Err("the payload is JSON, but not an object".to_owned());
        };
        let value_of = |value| match value {
            Value::Null => None,
            Value::Bool(bool) => Some(ClaimValue::Bool(bool)),
            Value::Number(number) => Some(ClaimValue::Number(number.to_string())),
            Value::String(text) => Some(ClaimValue::Text(text)),
            Value::Array(items) if items.iter().all(Value::is_string) => Some(ClaimValue::Texts(
                items
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            )),
            other => Some(ClaimValue::Other(other.to_string())),
        };
        Ok(Self(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value_of(value)?)))
                .collect(),
        ))
    }

    /// The value of a claim; names are case-sensitive.
    pub fn get(&self, name: &str) -> Option<&ClaimValue> {
        self.0.get(name)
    }

    /// What `claims['name']` is compared as: the text, or the spelling of a number or boolean. Lists and objects have no such form,
    /// so that a comparison with them fails (the service calls that an evaluation failure, AADSTS700234).
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.get(name)? {
            ClaimValue::Text(text) | ClaimValue::Number(text) => Some(Cow::Borrowed(text)),
            ClaimValue::Bool(bool) => Some(Cow::Borrowed(if *bool { "true" } else { "false" })),
            ClaimValue::Texts(_) | ClaimValue::Other(_) => None,
        }
    }

    /// The values of `aud`, which is a string or a list of them (RFC 7519 section 4.1.3).
    pub fn audiences(&self) -> &[String] {
        match self.0.get("aud") {
            Some(ClaimValue::Text(one)) => std::slice::from_ref(one),
            Some(ClaimValue::Texts(many)) => many,
            _ => &[],
        }
    }

    /// A point in time (`exp`, `nbf`, `iat`) in whole seconds since 1970; fractions are cut.
    pub fn seconds(&self, name: &str) -> Option<i64> {
        let ClaimValue::Number(number) = self.0.get(name)? else {
            return None;
        };
        let whole = number
            .split_once('.')
            .map_or(number.as_str(), |(whole, _)| whole);
        whole.parse().ok()
    }

    pub fn insert(&mut self, name: impl Into<String>, value: ClaimValue) {
        self.0.insert(name.into(), value);
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ClaimValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Claims that are all texts.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Claims {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), ClaimValue::Text(value.into())))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_and_compared_as_text() {
        let claims = Claims::from_json(
            br#"{"sub":"x","aud":["a","b"],"n":456789,"t":true,"none":null,"o":{"k":1},"exp":1795229486.9,"mixed":["a",1]}"#,
        )
        .unwrap();
        assert_eq!(claims.text("sub").as_deref(), Some("x"));
        assert_eq!(claims.text("n").as_deref(), Some("456789"));
        assert_eq!(claims.text("t").as_deref(), Some("true"));
        assert_eq!(claims.text("aud"), None);
        assert_eq!(claims.text("o"), None);
        assert_eq!(claims.get("none"), None);
        assert_eq!(
            claims.get("mixed"),
            Some(&ClaimValue::Other(r#"["a",1]"#.to_owned()))
        );
        assert_eq!(claims.audiences(), ["a", "b"]);
        assert_eq!(claims.seconds("exp"), Some(1_795_229_486));
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        assert!(
            Claims::from_json(b"[]")
                .unwrap_err()
                .contains("not an object")
        );
        assert!(Claims::from_json(b"{").unwrap_err().contains("not JSON"));
        assert!(
            Claims::from_json(&[b'['; 100_000])
                .unwrap_err()
                .contains("recursion")
        );
        assert!(Claims::from_json(&[0xff, 0xfe]).is_err());
    }
}
