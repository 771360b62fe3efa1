//! Times as the services print them. Time itself is a value here: milliseconds since 1970, handed in by the caller.

use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

const ISO: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const ISO_LOCAL: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const ISO_TICKS: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
const SPACED: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
const HTTP: &[FormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

fn at(ms: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn print(ms: u64, format: &[FormatItem<'_>]) -> String {
    at(ms).format(format).unwrap_or_default()
}

/// `2026-11-20T10:00:00Z`, as Graph prints it.
pub fn iso(ms: u64) -> String {
    print(ms, ISO)
}

/// The same without a zone, as in Graph's `innerError.date`.
pub fn iso_without_zone(ms: u64) -> String {
    print(ms, ISO_LOCAL)
}

/// The same with seven digits of a second, as Storage and the token service print it.
pub fn iso_ticks(ms: u64) -> String {
    print(ms, ISO_TICKS)
}

/// `2026-11-20 10:00:00Z`, as in the token service's errors.
pub fn spaced(ms: u64) -> String {
    print(ms, SPACED)
}

/// `Fri, 20 Nov 2026 10:00:00 GMT` (RFC 1123).
pub fn http(ms: u64) -> String {
    print(ms, HTTP)
}
