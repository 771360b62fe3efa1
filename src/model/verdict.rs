//! What the token endpoint answers to an exchange: a token, or a refusal with its AADSTS code.

use std::fmt;

/// The decision over one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A token would be issued. `trust` is the index, in the list that was given, of the credential that admitted the assertion.
    Admitted { trust: usize },
    /// No token would be issued.
    Refused(Refusal),
}

/// One refusal, as the endpoint words it, with what we know beyond its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The number after `AADSTS`.
    pub code: u32,
    /// The OAuth `error` member (RFC 6749 section 5.2).
    pub error: &'static str,
    /// The HTTP status of the answer: 401 for `invalid_client`, 400 for the rest.
    pub http_status: u16,
    /// The text after `AADSTS<code>: `, with its placeholders filled; without trace id, correlation id and time.
    pub message: String,
    /// What exactly was wrong, in our words, where the endpoint's text does not say.
    pub detail: Option<String>,
}

impl Refusal {
    /// The same refusal, with our own words on what exactly was wrong.
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// The beginning of the endpoint's `error_description`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AADSTS{}: {}", self.code, self.message)
    }
}
