//! Leases (learn.microsoft.com, lease-blob): acquire, renew, change, release, break, and what they keep others from.

use serde::{Deserialize, Serialize};

use super::{Call, Failure, INVALID_HEADER, failure};
use crate::emulator::request::Reply;

/// A lease, active or past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    id: String,
    /// Seconds; `None` for ever.
    duration: Option<u64>,
    /// Milliseconds since 1970.
    expires: Option<u64>,
    /// When a break takes effect.
    breaks: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Available,
    Leased,
    Expired,
    Breaking,
    Broken,
}

fn state(lease: Option<&Lease>, now: u64) -> State {
    match lease {
        None => State::Available,
        Some(Lease {
            breaks: Some(at), ..
        }) if *at <= now => State::Broken,
        Some(Lease {
            breaks: Some(_), ..
        }) => State::Breaking,
        Some(Lease {
            expires: Some(at), ..
        }) if *at <= now => State::Expired,
        Some(_) => State::Leased,
    }
}

/// The headers that show a lease.
pub(super) fn headers(lease: Option<&Lease>, now: u64) -> Vec<(&'static str, &'static str)> {
    let (name, locked) = match state(lease, now) {
        State::Available => ("available", false),
        State::Leased => ("leased", true),
        State::Expired => ("expired", false),
        State::Breaking => ("breaking", true),
        State::Broken => ("broken", false),
    };
    let mut headers = vec![
        ("x-ms-lease-state", name),
        (
            "x-ms-lease-status",
            if locked { "locked" } else { "unlocked" },
        ),
    ];
    if name == "leased" {
        let infinite = lease.is_some_and(|lease| lease.duration.is_none());
        headers.push((
            "x-ms-lease-duration",
            if infinite { "infinite" } else { "fixed" },
        ));
    }
    headers
}

/// Checks that a write to an item may pass its lease. A write that passes ends a lease that is over.
pub(super) fn check_write(call: &Call<'_>, lease: &mut Option<Lease>) -> Result<(), Failure> {
    let given = call.request.header("x-ms-lease-id");
    match (state(lease.as_ref(), call.now), given, lease.as_ref()) {
        (State::Leased | State::Breaking, None, _) => Err(failure(
            412,
            "LeaseIdMissing",
            "There is currently a lease on the blob and no lease ID was specified in the request.",
        )),
        (State::Leased | State::Breaking, Some(id), Some(lease))
            if !lease.id.eq_ignore_ascii_case(id) =>
        {
            Err(failure(
                412,
                "LeaseIdMismatchWithBlobOperation",
                "The lease ID specified did not match the lease ID for the blob.",
            ))
        }
        (State::Leased | State::Breaking, Some(_), _) => Ok(()),
        (_, Some(_), _) => Err(failure(
            412,
            "LeaseNotPresentWithBlobOperation",
            "A lease ID was specified, but the lease for the blob has expired.",
        )),
        (_, None, _) => {
            *lease = None;
            Ok(())
        }
    }
}

/// Answers `comp=lease`. `new_id` is used when the client proposes none.
pub(super) fn answer(
    call: &Call<'_>,
    lease: &mut Option<Lease>,
    new_id: String,
) -> Result<Reply, Failure> {
    let given = call
        .request
        .header("x-ms-lease-id")
        .map(str::to_ascii_lowercase);
    let proposed = call
        .request
        .header("x-ms-proposed-lease-id")
        .map(str::to_ascii_lowercase);
    if proposed
        .as_deref()
        .is_some_and(|id| uuid::Uuid::try_parse(id).is_err())
    {
        return Err(INVALID_HEADER);
    }
    let now = call.now;
    let current = state(lease.as_ref(), now);
    match call.request.header("x-ms-lease-action").unwrap_or_default() {
        "acquire" => {
            let duration = match number(call, "x-ms-lease-duration")? {
                Some(-1) => None,
                Some(seconds @ 15..=60) => Some(seconds.unsigned_abs()),
                _ => return Err(INVALID_HEADER),
            };
            let same = lease
                .as_ref()
                .is_some_and(|lease| Some(&lease.id) == proposed.as_ref());
            match current {
                State::Breaking if same => {
                    return Err(failure(
                        409,
                        "LeaseIsBreakingAndCannotBeAcquired",
                        "There is already a breaking lease, and can't be acquired.",
                    ));
                }
                State::Leased if same => {}
                State::Leased | State::Breaking => {
                    return Err(failure(
                        409,
                        "LeaseAlreadyPresent",
                        "There is already a lease present.",
                    ));
                }
                State::Available | State::Expired | State::Broken => {}
            }
            let id = proposed.unwrap_or(new_id);
            *lease = Some(Lease {
                id: id.clone(),
                duration,
                expires: expiry(duration, now),
                breaks: None,
            });
            Ok(Reply::empty(201).with_header("x-ms-lease-id", id))
        }
        "renew" => {
            let held = held(lease, given.as_deref())?;
            if matches!(current, State::Breaking | State::Broken) {
                return Err(failure(
                    409,
                    "LeaseIsBrokenAndCannotBeRenewed",
                    "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
                ));
            }
            held.expires = expiry(held.duration, now);
            Ok(Reply::empty(200).with_header("x-ms-lease-id", held.id.clone()))
        }
        "change" => {
            let proposed = proposed.ok_or(INVALID_HEADER)?;
            let already = lease.as_ref().is_some_and(|lease| lease.id == proposed);
            let held = match already {
                true => lease.as_mut().ok_or(INVALID_HEADER)?,
                false => held(lease, given.as_deref())?,
            };
            if current == State::Breaking {
                return Err(failure(
                    409,
                    "LeaseIsBreakingAndCannotBeChanged",
                    "The lease ID matched, but the lease is currently in breaking state and cannot be changed.",
                ));
            }
            if current != State::Leased {
                return Err(NOT_PRESENT);
            }
            held.id = proposed.clone();
            Ok(Reply::empty(200).with_header("x-ms-lease-id", proposed))
        }
        "release" => {
            held(lease, given.as_deref())?;
            *lease = None;
            Ok(Reply::empty(200))
        }
        "break" => {
            let period = match number(call, "x-ms-lease-break-period")? {
                None => None,
                Some(seconds @ 0..=60) => Some(seconds.unsigned_abs() * 1000),
                Some(_) => return Err(INVALID_HEADER),
            };
            let held = lease.as_mut().ok_or(NOT_PRESENT)?;
            let end = held.breaks.or(held.expires);
            let remaining = end.map(|at| at.saturating_sub(now));
            let wait = match (current, period, remaining) {
                (State::Broken | State::Expired, ..) => 0,
                (_, Some(period), Some(remaining)) => period.min(remaining),
                (_, Some(period), None) => period,
                (_, None, remaining) => remaining.unwrap_or(0),
            };
            held.breaks = Some(now + wait);
            Ok(Reply::empty(202).with_header("x-ms-lease-time", wait.div_ceil(1000).to_string()))
        }
        _ => Err(INVALID_HEADER),
    }
}

const NOT_PRESENT: Failure = failure(
    409,
    "LeaseNotPresentWithLeaseOperation",
    "There is currently no lease on the blob.",
);

fn held<'l>(lease: &'l mut Option<Lease>, given: Option<&str>) -> Result<&'l mut Lease, Failure> {
    let given = given.ok_or(failure(
        400,
        "MissingRequiredHeader",
        "An HTTP header that's mandatory for this request is not specified.",
    ))?;
    let lease = lease.as_mut().ok_or(NOT_PRESENT)?;
    match lease.id == given {
        true => Ok(lease),
        false => Err(failure(
            409,
            "LeaseIdMismatchWithLeaseOperation",
            "The lease ID specified did not match the lease ID for the blob.",
        )),
    }
}

fn expiry(duration: Option<u64>, now: u64) -> Option<u64> {
    duration.map(|seconds| now + seconds * 1000)
}

fn number(call: &Call<'_>, header: &str) -> Result<Option<i64>, Failure> {
    let value = call.request.header(header);
    value
        .map(|value| value.parse().map_err(|_| INVALID_HEADER))
        .transpose()
}
