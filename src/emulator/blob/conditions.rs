//! Conditional headers (learn.microsoft.com, specifying-conditional-headers-for-blob-service-operations).

use super::{Call, Failure, failure};
use crate::emulator::dates;

const MESSAGE: &str = "The condition specified using HTTP conditional header(s) is not met.";

/// Checks a request's conditions against an item; `None` when it does not exist. Times are compared as they are printed,
/// to the second, and only for equality and order of whole headers that this service itself sent.
pub(super) fn check(call: &Call<'_>, item: Option<(&str, u64)>) -> Result<(), Failure> {
    let reads = ["GET", "HEAD"].contains(&call.request.method.as_str());
    let not_met = failure(412, "ConditionNotMet", MESSAGE);
    let unchanged = if reads {
        failure(304, "ConditionNotMet", MESSAGE)
    } else {
        not_met.clone()
    };
    let matches = |header: &str| {
        header.split(',').map(str::trim).any(|wanted| match item {
            Some((etag, _)) => wanted == "*" || wanted.trim_matches('"') == etag.trim_matches('"'),
            None => false,
        })
    };
    if call
        .request
        .header("if-match")
        .is_some_and(|header| !matches(header))
    {
        return Err(not_met);
    }
    if call.request.header("if-none-match").is_some_and(matches) {
        return Err(match call.request.header("if-none-match") {
            // Create-only writes are refused in other words than the rest.
            Some("*") if !reads => failure(
                409,
                "BlobAlreadyExists",
                "The specified blob already exists.",
            ),
            _ => unchanged,
        });
    }
    let modified = item.map(|(_, modified)| dates::http(modified));
    if call.request.header("if-modified-since").is_some()
        && call.request.header("if-modified-since") == modified.as_deref()
    {
        return Err(unchanged);
    }
    Ok(())
}
