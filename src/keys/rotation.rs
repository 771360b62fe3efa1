//! Where a key rotation stands, and whether a change of the published keys is safe now, from the live document and its metadata alone.
//!
//! Publish the next key, wait until every cache has it, sign with it, keep the old one until its last token has expired, retire it.
//! The files always say which keys are published; time only vetoes. A change never both adds and retires.

use time::{Duration, OffsetDateTime};

use super::error::{KeyError, shown};

/// How far clocks may disagree: what Entra and most verifiers tolerate.
pub const CLOCK_SKEW: Duration = Duration::minutes(5);

/// The two waits of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From publishing a key until it may sign. Entra's cache time for keys is not documented: 24 hours is an assumption.
    pub publish_wait: Duration,
    /// The longest life of a token that the issuer signs. 24 hours is the default in azure-workload-identity's guide to key rotation.
    pub max_token_lifetime: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            publish_wait: Duration::hours(24),
            max_token_lifetime: Duration::hours(24),
        }
    }
}

/// A key in the live document, with what its metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// Its name.
    pub kid: String,
    /// When it was published.
    pub published_at: OffsetDateTime,
    /// Since when it is known to sign, where someone recorded it.
    pub signing_since: Option<OffsetDateTime>,
}

/// Where a rotation stands. Times are the earliest moment of the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is published: publish the first key.
    Empty,
    /// One key, and no rotation under way: the next step is to publish another.
    Steady,
    /// The newest key is not in every cache yet: wait, then sign with it.
    Publishing {
        /// The newest key.
        kid: String,
        /// From when on it may sign.
        until: OffsetDateTime,
    },
    /// The newest key may sign: let the issuer sign with it, and record that.
    ReadyToSign {
        /// The newest key.
        kid: String,
    },
    /// The newest key signs, and tokens of the older ones are still valid: wait.
    Draining {
        /// From when on the older keys may be retired.
        until: OffsetDateTime,
    },
    /// No valid token of the older keys is left: retire them.
    ReadyToRetire {
        /// The older keys.
        kids: Vec<String>,
    },
}

/// Where the rotation stands at `now`, counted from the newest key.
pub fn phase(published: &[PublishedKey], policy: &Policy, now: OffsetDateTime) -> Phase {
    let Some(newest) = published.iter().max_by_key(|key| key.published_at) else {
        return Phase::Empty;
    };
    if published.len() == 1 {
        return Phase::Steady;
    }
    let ready = later(newest.published_at, policy.publish_wait);
    let Some(since) = newest.signing_since else {
        let kid = newest.kid.clone();
        return match now < ready {
            true => Phase::Publishing { kid, until: ready },
            false => Phase::ReadyToSign { kid },
        };
    };
    let drained = later(since, policy.max_token_lifetime.saturating_add(CLOCK_SKEW));
    if now < drained {
        return Phase::Draining { until: drained };
    }
    let older = published.iter().filter(|key| key.kid != newest.kid);
    Phase::ReadyToRetire {
        kids: older.map(|key| key.kid.clone()).collect(),
    }
}

/// Whether the live set of keys may become the set named by `wanted` at `now`. The error says from when on, if it is time that vetoes.
pub fn permit(
    live: &[PublishedKey],
    wanted: &[&str],
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<(), KeyError> {
    let retired: Vec<_> = live
        .iter()
        .filter(|key| !wanted.contains(&key.kid.as_str()))
        .collect();
    if retired.is_empty() {
        return Ok(());
    }
    let staying: Vec<_> = live
        .iter()
        .filter(|key| wanted.contains(&key.kid.as_str()))
        .collect();
    if let Some(added) = wanted
        .iter()
        .find(|kid| live.iter().all(|key| key.kid != **kid))
    {
        return Err(KeyError::new(
            format!(
                "this publishes key `{}` and retires key `{}` in one change: no cache has the new one yet when the old one is gone",
                shown(added),
                shown(&retired[0].kid)
            ),
            "keep the old key for now: publish the new one, sign with it, and retire the old one in a later change",
        ));
    }
    retired
        .into_iter()
        .try_for_each(|key| may_retire(key, &staying, policy, now))
}

fn may_retire(
    key: &PublishedKey,
    staying: &[&PublishedKey],
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<(), KeyError> {
    // A key that was published a moment ago and may not sign yet can be taken back. The issuer's first key waits for
    // nobody: it may sign from the beginning.
    let first = staying
        .iter()
        .all(|other| other.published_at >= key.published_at);
    let waits = now < later(key.published_at, policy.publish_wait);
    if key.signing_since.is_none() && waits && !first {
        return Ok(());
    }
    let used_from = key.signing_since.unwrap_or(key.published_at);
    let successors = staying
        .iter()
        .filter_map(|next| next.signing_since)
        .filter(|since| *since > used_from);
    let drained = successors
        .min()
        .map(|since| later(since, policy.max_token_lifetime.saturating_add(CLOCK_SKEW)));
    match drained {
        Some(drained) if now >= drained => Ok(()),
        Some(drained) => Err(KeyError::new(
            format!(
                "key `{}` may still be needed: tokens that it signed can be valid until {}",
                shown(&key.kid),
                utc(drained)
            ),
            format!("keep it published, and retire it after {}", utc(drained)),
        )),
        None => Err(KeyError::new(
            format!(
                "key `{}` may be the one that signs: no key that stays is said to sign since a later time",
                shown(&key.kid)
            ),
            "publish the next key first, let the issuer sign with it, and say so in its block: `signs_since = \"…\"`",
        )),
    }
}

/// Saturates at the end of time, so that no policy can make it overflow.
fn later(moment: OffsetDateTime, wait: Duration) -> OffsetDateTime {
    moment.saturating_add(wait)
}

fn utc(moment: OffsetDateTime) -> String {
    use time::format_description::well_known::Rfc3339;
    // A veto at the hour is as good as one at the nanosecond.
    let moment = moment.to_offset(time::UtcOffset::UTC);
    let moment = moment.replace_nanosecond(0).unwrap_or(moment);
    moment
        .format(&Rfc3339)
        .unwrap_or_else(|_| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

    fn key(kid: &str, published: i64, signing: Option<i64>) -> PublishedKey {
        PublishedKey {
            kid: kid.to_owned(),
            published_at: at(published),
            signing_since: signing.map(at),
        }
    }

    fn at(hour: i64) -> OffsetDateTime {
        START + Duration::hours(hour)
    }

    #[test]
    fn the_phases_in_their_order() {
        let policy = Policy::default();
        let old = || key("old", 0, Some(0));
        let phase = |keys: &[PublishedKey], hour| phase(keys, &policy, at(hour));
        assert_eq!(phase(&[], 0), Phase::Empty);
        assert_eq!(phase(&[old()], 1000), Phase::Steady);
        let waiting = [old(), key("new", 1000, None)];
        let kid = || "new".to_owned();
        assert_eq!(
            phase(&waiting, 1001),
            Phase::Publishing {
                kid: kid(),
                until: at(1024)
            }
        );
        assert_eq!(phase(&waiting, 1024), Phase::ReadyToSign { kid: kid() });
        let signing = [old(), key("new", 1000, Some(1030))];
        let drained = at(1054) + CLOCK_SKEW;
        assert_eq!(phase(&signing, 1054), Phase::Draining { until: drained });
        assert_eq!(
            phase(&signing, 1055),
            Phase::ReadyToRetire {
                kids: vec!["old".to_owned()]
            }
        );
    }

    #[test]
    fn vetoes() {
        let policy = Policy::default();
        let live = [key("old", 0, None), key("new", 1000, None)];
        let permit =
            |live: &[PublishedKey], wanted: &[&str], hour| permit(live, wanted, &policy, at(hour));
        assert_eq!(permit(&live, &["old", "new", "next"], 1001), Ok(()));
        assert!(
            permit(&live, &["new", "next"], 9999)
                .unwrap_err()
                .message
                .contains("in one change")
        );
        assert!(
            permit(&live[..1], &["new"], 9999)
                .unwrap_err()
                .message
                .contains("in one change")
        );
        // Nobody said that the next key signs: then the old one may.
        assert!(
            permit(&live, &["new"], 9999)
                .unwrap_err()
                .message
                .contains("may be the one that signs")
        );
        let signing = [key("old", 0, None), key("new", 1000, Some(1024))];
        let early = permit(&signing, &["new"], 1048).unwrap_err();
        assert!(
            early.help.contains("2026-02-13T16:05:00Z"),
            "{}",
            early.help
        );
        assert_eq!(permit(&signing, &["new"], 1049), Ok(()));
        // Taken back before it could sign; afterwards it may be the signer.
        assert_eq!(permit(&live, &["old"], 1023), Ok(()));
        assert!(
            permit(&live, &["old"], 1024)
                .unwrap_err()
                .message
                .contains("may be the one that signs")
        );
        // The first key may sign at once, so it is not taken back like one that waits.
        let young = [key("old", 0, None), key("new", 1, None)];
        assert!(permit(&young, &["new"], 2).is_err());
        assert_eq!(permit(&young, &["old"], 2), Ok(()));
        assert!(permit(&[key("a", 0, None), key("b", 0, None)], &["b"], 2).is_err());
        // An emergency: back to the old key, recorded, and a day later.
        let back = [key("old", 0, Some(1100)), key("new", 1000, Some(1030))];
        assert!(permit(&back, &["old"], 1124).is_err());
        assert_eq!(permit(&back, &["old"], 1125), Ok(()));
        assert!(permit(&live[..1], &[], 9999).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Two years of an operator who follows the phases, who sleeps, and crashes between changing the signer and
        /// recording it: no valid token is ever refused by a verifier whose cache is up to the wait old.
        #[test]
        fn two_years(naps in prop::collection::vec(1i64..90, 400), records in prop::collection::vec(any::<bool>(), 400)) {
            let policy = Policy::default();
            let (wait, life) = (24, 24);
            let mut live = vec![key("0", 0, Some(0))];
            let mut history: Vec<(i64, Vec<String>)> = vec![(-1000, vec!["0".to_owned()])];
            let mut signer = "0".to_owned();
            let mut signed: Vec<(i64, i64, String)> = Vec::new(); // from, to, kid
            let (mut hour, mut since, mut made) = (0i64, 0i64, 0);
            for (nap, record) in naps.into_iter().zip(records) {
                hour += nap;
                if hour > 2 * 365 * 24 {
                    break;
                }
                match phase(&live, &policy, at(hour)) {
                    Phase::Steady => {
                        made += 1;
                        live.push(key(&made.to_string(), hour, None));
                    }
                    Phase::ReadyToSign { kid } => {
                        if signer != kid {
                            signed.push((since, hour, signer.clone()));
                            (signer, since) = (kid.clone(), hour);
                        }
                        if record {
                            live.last_mut().unwrap().signing_since = Some(at(hour));
                        }
                    }
                    Phase::ReadyToRetire { kids } => {
                        let wanted: Vec<_> = live.iter().map(|key| key.kid.clone()).filter(|kid| !kids.contains(kid)).collect();
                        let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
                        prop_assert_eq!(permit(&live, &wanted, &policy, at(hour)), Ok(()));
                        live.retain(|key| !kids.contains(&key.kid));
                    }
                    Phase::Empty | Phase::Publishing { .. } | Phase::Draining { .. } => {}
                }
                history.push((hour, live.iter().map(|key| key.kid.clone()).collect()));
            }
            signed.push((since, hour, signer));
            prop_assert!(signed.len() > 5);
            for (from, to, kid) in signed {
                // Every document that a cache may hold while a token of this key is valid has the key.
                for (index, (begin, kids)) in history.iter().enumerate() {
                    let end = history.get(index + 1).map_or(i64::MAX, |(next, _)| *next);
                    let held = *begin < to + life && end > from - wait;
                    prop_assert!(!held || kids.contains(&kid), "{} is missing at {}", kid, begin);
                }
            }
        }
    }
}
