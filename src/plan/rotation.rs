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
use crate::model::plan::{Action, Change, KeyChange, Refusal};
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

/// Says of each key of a set that changes when it was published, and how long ago.
pub fn tell_keys(
    changes: &mut [Change],
    pairs: &[Pair],
    desired: &Desired,
    now: Option<OffsetDateTime>,
) {
    for set in key_sets(pairs, desired) {
        let change = changes.iter_mut().find(|change| {
            change.address == set.document
                && change.action == Action::Update
                && change.fields.iter().any(|field| field.path == "content")
        });
        let Some(change) = change else {
            continue;
        };
        let is_live = |kid: &str| set.live.iter().any(|key| key.kid == kid);
        let come = set.wanted.iter().filter(|kid| !is_live(kid));
        let mut keys: Vec<KeyChange> = come
            .map(|kid| KeyChange {
                kid: kid.clone(),
                action: Some(Action::Create),
                published_at: None,
                signs_since: None,
                age: None,
            })
            .collect();
        keys.extend(set.live.iter().map(|key| {
            let known = key.published_at < NEVER;
            let age = now.filter(|_| known).map(|now| ago(now - key.published_at));
            KeyChange {
                kid: key.kid.clone(),
                action: match set.wanted.contains(&key.kid) {
                    false => Some(Action::Delete),
                    true if set.changed.contains(&key.kid) => Some(Action::Update),
                    true => None,
                },
                published_at: known.then(|| utc(key.published_at)),
                signs_since: key.signing_since.map(utc),
                age,
            }
        }));
        keys.sort_by(|a, b| {
            (a.published_at.is_none(), &a.published_at, &a.kid).cmp(&(
                b.published_at.is_none(),
                &b.published_at,
                &b.kid,
            ))
        });
        change.keys = keys;
    }
}

/// Whoever wrote the document did not say when, and neither does the service.
const NEVER: OffsetDateTime = time::macros::datetime!(9000-01-01 0:00 UTC);

fn ago(age: Duration) -> String {
    let (count, unit) = match age {
        age if age < Duration::hours(1) => (age.whole_minutes().max(0), "minute"),
        age if age < Duration::days(2) => (age.whole_hours(), "hour"),
        age => (age.whole_days(), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
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
    document: Address,
    /// Those that are live and wanted with other members.
    changed: Vec<String>,
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
        let before = pair.object.as_ref()?.body.get("content")?.as_map();
        let changed = content.iter().filter(|(kid, key)| {
            let there = before.and_then(|keys| keys.get(*kid));
            there.is_some_and(|there| there != *key)
        });
        Some(KeySet {
            issuer: issuer.address.clone(),
            document: resource.address.clone(),
            changed: changed.map(|(kid, _)| kid.clone()).collect(),
            policy: oidc_issuer::rotation::policy(issuer),
            live: oidc_issuer::rotation::published(pair.object.as_ref()?, issuer),
            wanted: content.keys().cloned().collect(),
        })
    })
}
