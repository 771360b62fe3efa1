//! Names of federated credentials: a hash over what they trust. Fixed for ever.

use sha2::{Digest, Sha256};

use super::value::{Part, Value};

/// What a credential's name is made of. Only the hash proves anything; the label is for people, so that
/// renaming a label changes no identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct NameOf {
    pub stack: String,
    pub label: String,
    pub issuer: Vec<Part>,
    /// The subject, or the text of the claims-matching expression.
    pub subject: Vec<Part>,
    pub expression: bool,
}

/// Longest slug, so that slug, hyphen and hash fit the 120 characters that Entra allows.
const SLUG: usize = 103;

impl NameOf {
    /// The name, once issuer and subject are known.
    pub fn name(&self) -> Option<String> {
        let issuer = Value::Text(self.issuer.clone());
        let subject = Value::Text(self.subject.clone());
        Some(credential_name(
            &self.stack,
            &self.label,
            issuer.as_str()?,
            subject.as_str()?,
            self.expression,
        ))
    }
}

/// `slug(label)-hash`, where the hash is [`proof`].
pub fn credential_name(
    stack: &str,
    label: &str,
    issuer: &str,
    subject: &str,
    expression: bool,
) -> String {
    format!(
        "{}-{}",
        slug(label, SLUG),
        proof(stack, issuer, subject, expression)
    )
}

/// Whether a name proves that `stack` made the credential with this content.
pub fn proves(name: &str, stack: &str, issuer: &str, subject: &str, expression: bool) -> bool {
    name.rsplit_once('-')
        .is_some_and(|(_, hash)| hash == proof(stack, issuer, subject, expression))
}

/// 16 characters of lower-case base32 of SHA-256 over `v1`, the stack, the issuer, `s` or `e`, and the subject or
/// expression, each preceded by its length in bytes as eight big-endian bytes.
fn proof(stack: &str, issuer: &str, subject: &str, expression: bool) -> String {
    let mut hash = Sha256::new();
    for part in [
        "v1",
        stack,
        issuer,
        if expression { "e" } else { "s" },
        subject,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    base32(&hash.finalize()[..10])
}

/// RFC 4648 base32 in lower case, of a multiple of five bytes.
fn base32(bytes: &[u8]) -> String {
    bytes
        .chunks(5)
        .flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |at| {
                char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(bits >> (5 * at) & 31) as usize])
            })
        })
        .collect()
}

/// `text` with only letters, digits, `-` and `_`, beginning with a letter or digit, at most `longest` characters.
pub fn slug(text: &str, longest: usize) -> String {
    let slug: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(longest)
        .collect();
    if slug.is_empty() {
        "x".to_owned()
    } else {
        slug
    }
}

/// The first `digits` hexadecimal digits of SHA-256 over the parts, each preceded by its length.
pub fn short_hash(parts: &[&str], digits: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    hex[..digits.min(64)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_fixed_for_ever() {
        let issuer = "https://token.actions.githubusercontent.com";
        let subject = "repo:contoso/payments:ref:refs/heads/main";
        let name = credential_name("payments", "main", issuer, subject, false);
        assert_eq!(name, "main-xosuoap6kud2pcn5");
        assert!(proves(&name, "payments", issuer, subject, false));
        assert!(proves(
            &name.replace("main", "renamed"),
            "payments",
            issuer,
            subject,
            false
        ));
        assert!(!proves(&name, "billing", issuer, subject, false));
        assert!(!proves(&name, "payments", issuer, subject, true));
    }

    #[test]
    fn slugs_begin_with_a_letter_or_digit_and_fit() {
        assert_eq!(slug("-_é main[\"a b\"]", 120), "main--a-b--");
        assert_eq!(slug("", 120), "x");
        assert_eq!(
            credential_name("s", &"y".repeat(300), "i", "j", true).len(),
            120
        );
    }
}
