//! The guard over published keys, and the calendar of a rotation.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::guard::Allow;
use super::matching::Pair;
use crate::keys::error::shown;
use crate::keys::rotation::{CLOCK_SKEW, Policy, PublishedKey, permit};
use crate::kinds::{document, oidc_issuer};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::plan::Refusal;
use crate::model::value::Value;

/// Adding and retiring in one write, and retiring while a token may still be valid. Without a `now`, time vetoes nothing.
pub fn refusals(
    pairs: &[Pair],
    desired: &Desired,
    allow: &Allow,
    now: Option<OffsetDateTime>,
) -> Vec<Refusal> {
    if allow.key_retirement {
        return Vec::new();
    }
    let now = now.unwrap_or(time::macros::datetime!(9999-01-01 0:00 UTC));
    key_sets(pairs, desired)
        .filter_map(|set| {
            let wanted: Vec<&str> = set.wanted.iter().map(String::as_str).collect();
            let error = permit(&set.live, &wanted, &set.policy, now).err()?;
            Some(Refusal {
                guard: "publish-and-retire",
                message: format!("`{}`: {}; {}", set.issuer, error.message, error.help),
                lift: "`--allow-key-retirement`, if the key is known to others".to_owned(),
            })
        })
        .collect()
}

/// From when on the newest key may sign, and the ones before it may go.
pub fn calendar(pairs: &[Pair], desired: &Desired) -> Vec<Diagnostic> {
    key_sets(pairs, desired)
        .filter(|set| set.live.len() > 1 || (!set.live.is_empty() && set.added().is_some()))
        .filter_map(|set| {
            let wait = set.policy.publish_wait;
            let drain = set.policy.max_token_lifetime + CLOCK_SKEW;
            let text = match set.added() {
                Some(kid) => format!(
                    "key `{}` may sign {} hours after this is applied, and the keys before it may be retired {} after it began to",
                    shown(kid), wait.whole_hours(), spoken(drain)
                ),
                None => {
                    let newest = set.live.iter().max_by_key(|key| key.published_at)?;
                    match newest.signing_since {
                        Some(since) => format!(
                            "key `{}` signs since {}: the keys before it may be retired from {}",
                            shown(&newest.kid), utc(since), utc(since.saturating_add(drain))
                        ),
                        None => format!(
                            "key `{}` was published {}: it may sign from {}, and the keys before it may be retired {} after it began to",
                            shown(&newest.kid), utc(newest.published_at), utc(newest.published_at.saturating_add(wait)), spoken(drain)
                        ),
                    }
                }
            };
            Some(Diagnostic::note("key-rotation", text).about(&set.issuer))
        })
        .collect()
}

fn spoken(wait: Duration) -> String {
    format!(
        "{} hours and {} minutes",
        wait.whole_hours(),
        wait.whole_minutes() % 60
    )
}

fn utc(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(UtcOffset::UTC);
    moment
        .format(&Rfc3339)
        .unwrap_or_else(|_| moment.to_string())
}

/// The published and the wanted keys of an issuer.
struct KeySet {
    issuer: Address,
    policy: Policy,
    live: Vec<PublishedKey>,
    wanted: Vec<String>,
}

impl KeySet {
    fn added(&self) -> Option<&str> {
        let is_live = |kid: &str| self.live.iter().any(|key| key.kid == kid);
        self.wanted
            .iter()
            .map(String::as_str)
            .find(|kid| !is_live(kid))
    }
}

fn key_sets<'a>(pairs: &'a [Pair], desired: &'a Desired) -> impl Iterator<Item = KeySet> + 'a {
    pairs.iter().filter_map(|pair| {
        let resource = &pair.resource;
        if !document::is_jwks(resource) {
            return None;
        }
        let issuer = desired.parent(resource)?;
        let content = resource.at("content").and_then(Value::as_map)?;
        Some(KeySet {
            issuer: issuer.address.clone(),
            policy: oidc_issuer::rotation::policy(issuer),
            live: oidc_issuer::rotation::published(pair.object.as_ref()?, issuer),
            wanted: content.keys().cloned().collect(),
        })
    })
}
