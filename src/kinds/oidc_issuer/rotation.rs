//! When the keys of a live JWKS were published, kept in the blob's own metadata, and the waits of its issuer.

use sha2::{Digest, Sha256};
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{Duration, OffsetDateTime};

use crate::keys::rotation::{Policy, PublishedKey};
use crate::model::desired::Resource;
use crate::model::live::Object;
use crate::model::schema::{Complaint, Field};
use crate::model::value::Value;

/// The blob's metadata with a short hash of each `kid` and the second of its publishing. A key that it does not name
/// was published by the last write: a plan knows no clock, so the next one notes it.
pub const PUBLISHED: &str = "x-ms-meta-published";

pub static FIELDS: &[Field] = &[
    Field::string("publish_wait", "From publishing a key until it may sign. Default: `24h`, an assumption about Entra's caches.").check(duration),
    Field::string("max_token_lifetime", "The longest life of a token that the issuer signs. Default: `24h`.").check(duration),
];

fn duration(value: &Value) -> Result<(), Complaint> {
    match value.as_str() {
        Some(text) if hours(text).is_none() => Err(Complaint::new(format!(
            "`{text}` is not a time of at most a year"
        ))
        .help("write hours or days, such as `24h` or `7d`")),
        _ => Ok(()),
    }
}

fn hours(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok()?;
    let hours = match unit {
        "h" => number,
        "d" => number.checked_mul(24)?,
        _ => return None,
    };
    (0..=365 * 24)
        .contains(&hours)
        .then(|| Duration::hours(hours))
}

/// The waits that an issuer declares.
pub fn policy(issuer: &Resource) -> Policy {
    let default = Policy::default();
    let given = |path: &str| issuer.text(path).and_then(hours);
    Policy {
        publish_wait: given("rotation.publish_wait").unwrap_or(default.publish_wait),
        max_token_lifetime: given("rotation.max_token_lifetime")
            .unwrap_or(default.max_token_lifetime),
    }
}

/// Where a lowered issuer says, by `kid`, since when a key signs.
pub const SIGNING_SINCE: &str = "signing_since";

/// The keys of a live JWKS, with the time of their publishing and what `issuer` declares of their use.
pub fn published(object: &Object, issuer: &Resource) -> Vec<PublishedKey> {
    let since = issuer.body.get(SIGNING_SINCE).and_then(Value::as_map);
    let signs = |kid: &str| OffsetDateTime::parse(since?.get(kid)?.as_str()?, &Rfc3339).ok();
    let mut keys = noted(object);
    for key in &mut keys {
        key.signing_since = signs(&key.kid);
    }
    keys
}

/// The keys of a live JWKS, with the time of their publishing.
fn noted(object: &Object) -> Vec<PublishedKey> {
    let text = |name: &str| {
        object
            .body
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    // Where even this is not known, the key counts as published now and for ever: the answer that waits.
    let written = OffsetDateTime::parse(text("last_modified"), &Rfc2822)
        .unwrap_or(time::macros::datetime!(9000-01-01 0:00 UTC));
    let times: Vec<(&str, &str)> = text("published")
        .split_whitespace()
        .filter_map(|one| one.split_once('='))
        .collect();
    let content = object.body.get("content").and_then(Value::as_map);
    content
        .into_iter()
        .flatten()
        .map(|(kid, _)| {
            let short = short(kid);
            let at = times
                .iter()
                .find(|(name, _)| *name == short)
                .and_then(|(_, at)| OffsetDateTime::from_unix_timestamp(at.parse().ok()?).ok());
            PublishedKey {
                kid: kid.clone(),
                published_at: at.unwrap_or(written),
                signing_since: None,
            }
        })
        .collect()
}

/// The metadata for the next write over `object`: the times of the keys that stay.
pub fn note(object: &Object, kids: &[&str]) -> Option<String> {
    let staying: Vec<String> = noted(object)
        .iter()
        .filter(|key| kids.contains(&key.kid.as_str()))
        .map(|key| format!("{}={}", short(&key.kid), key.published_at.unix_timestamp()))
        .collect();
    (!staying.is_empty()).then(|| staying.join(" "))
}

/// Names of keys are anyone's choice; metadata has room for 8 KiB.
fn short(kid: &str) -> String {
    let hash = Sha256::digest(kid);
    hash.iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::live::Key;

    fn object(kids: &[&str], published: &str, modified: &str) -> Object {
        let content = Value::map(kids.iter().map(|kid| (*kid, Value::text("{}"))));
        let body = [
            ("content", content),
            ("published", published.into()),
            ("last_modified", modified.into()),
        ];
        Object {
            body: body
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            ..Object::new(Key::new("document", "/a/b/jwks"), "")
        }
    }

    #[test]
    fn times_survive_the_next_write() {
        let first = object(&["a", "b"], "", "Fri, 20 Nov 2026 10:00:00 GMT");
        let written = note(&first, &["a", "b", "c"]).unwrap();
        let second = object(&["a", "b", "c"], &written, "Sat, 21 Nov 2026 10:00:00 GMT");
        let hours: Vec<u8> = noted(&second)
            .iter()
            .map(|key| key.published_at.day())
            .collect();
        assert_eq!(hours, [20, 20, 21]);
        assert_eq!(note(&second, &["x"]), None);
        // Without any time, nothing may be retired.
        let unknown = object(&["a"], "", "");
        assert_eq!(noted(&unknown)[0].published_at.year(), 9000);
    }

    #[test]
    fn waits() {
        assert_eq!(hours("24h"), Some(Duration::hours(24)));
        assert_eq!(hours("7d"), Some(Duration::days(7)));
        for wrong in ["", "h", "24", "-1h", "1é", "366d", "99999999999999999999d"] {
            assert_eq!(hours(wrong), None, "{wrong}");
        }
    }
}
