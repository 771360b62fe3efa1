//! The catalogue of AADSTS codes that an exchange can meet: text, cause, repair and source of each.
//!
//! Microsoft asks programs not to branch on these codes; here they are produced (by the endpoint that we emulate) and explained to people.

mod federation;
mod request;
mod text;

pub use text::{ErrorText, codes_in, read};

use crate::model::verdict::Refusal;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub code: u32,
    /// The OAuth `error` that comes with it.
    pub error: &'static str,
    /// The text after `AADSTS<code>: `, with placeholders in braces.
    pub template: &'static str,
    pub cause: &'static str,
    pub fix: &'static str,
    /// Where the text and its meaning were found.
    pub source: &'static str,
    /// Whether somebody published this very text from the live service. Otherwise it is put together from documentation or by analogy.
    pub confirmed: bool,
}

impl Entry {
    /// 401 for `invalid_client`, else 400 (RFC 6749 section 5.2 allows the former; observed in microsoft/Agents#202); 503 when the
    /// endpoint asks to come back.
    pub fn http_status(&self) -> u16 {
        match self.error {
            "invalid_client" => 401,
            "temporarily_unavailable" => 503,
            _ => 400,
        }
    }

    /// Whether the same request may succeed later, with nothing changed.
    pub fn is_transient(&self) -> bool {
        self.error == "temporarily_unavailable"
    }
}

/// Every entry, by area, then as the endpoint meets them.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    federation::ENTRIES.iter().chain(request::ENTRIES)
}

/// The entry of a code.
pub fn entry(code: u32) -> Option<&'static Entry> {
    all().find(|entry| entry.code == code)
}

/// A refusal with its text filled in: each `{name}` of the template by the value of that name. A placeholder without a value stays, and
/// a code that is not in the catalogue gets a bare text; neither happens from this crate, which a test holds.
pub fn render(code: u32, arguments: &[(&str, &str)]) -> Refusal {
    let Some(entry) = entry(code) else {
        return Refusal {
            code,
            error: "invalid_request",
            http_status: 400,
            message: format!("Error {code}."),
            detail: None,
        };
    };
    let mut message = String::with_capacity(entry.template.len());
    let mut rest = entry.template;
    while let Some((before, name, after)) = placeholder(rest) {
        message.push_str(before);
        match arguments.iter().find(|(argument, _)| *argument == name) {
            Some((_, value)) => message.push_str(value),
            None => message.extend(["{", name, "}"]),
        }
        rest = after;
    }
    message.push_str(rest);
    Refusal {
        code,
        error: entry.error,
        http_status: entry.http_status(),
        message,
        detail: None,
    }
}

/// The text before the first placeholder, its name, and the text after it.
fn placeholder(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_complete() {
        let mut codes: Vec<u32> = all().map(|entry| entry.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for entry in all() {
            assert!(
                !entry.template.is_empty()
                    && !entry.cause.is_empty()
                    && !entry.fix.is_empty()
                    && !entry.source.is_empty(),
                "{}",
                entry.code
            );
            assert_eq!(
                entry.template.matches('{').count(),
                entry.template.matches('}').count(),
                "{}",
                entry.code
            );
        }
    }

    #[test]
    fn placeholders_are_filled_once() {
        let refusal = render(700_213, &[("subject", "repo:{issuer}/x")]);
        assert!(
            refusal
                .message
                .contains("assertion subject 'repo:{issuer}/x'. Check"),
            "{}",
            refusal.message
        );
        assert_eq!(
            (refusal.error, refusal.http_status),
            ("invalid_client", 401)
        );
        assert_eq!(
            render(50_027, &[]).to_string(),
            "AADSTS50027: JWT token is invalid or malformed."
        );
    }
}
