//! Graph's published quotas for one application in one tenant (concepts/throttling-limits.md, identity and access).

use serde::{Deserialize, Serialize};

use super::graph::Failure;
use super::odata::path::{Segment, Target};
use super::request::Request;
use super::store::Store;
use super::token::Caller;

/// Resource units in ten seconds, of a small tenant.
const UNITS: u64 = 3_500;
const UNITS_WINDOW_MS: u64 = 10_000;
/// Writes in two and a half minutes.
const WRITES: u64 = 3_000;
const WRITES_WINDOW_MS: u64 = 150_000;

/// What a tenant's callers have used of their quotas.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    units: std::collections::BTreeMap<String, Window>,
    writes: std::collections::BTreeMap<String, Window>,
    /// By managed identity, and by subscription.
    identities: std::collections::BTreeMap<String, Window>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Window {
    began: u64,
    used: u64,
}

impl Window {
    /// Uses a part of the window; `Err` holds the milliseconds until it ends when nothing is left.
    fn take(&mut self, cost: u64, limit: u64, length: u64, now: u64) -> Result<(), u64> {
        if now >= self.began + length || now < self.began {
            *self = Self {
                began: now,
                used: 0,
            };
        }
        if self.used + cost > limit {
            return Err(self.began + length - now);
        }
        self.used += cost;
        Ok(())
    }
}

/// Charges a request and returns the headers that say so; free while the quota switch is off.
///
/// # Errors
/// 429 when the quota is used up.
pub fn charge(
    store: &mut Store,
    request: &Request,
    target: &Target,
    caller: &Caller,
    now: u64,
) -> Result<Vec<(&'static str, String)>, Failure> {
    if !store.faults.quota {
        return Ok(Vec::new());
    }
    let cost = cost(request, target);
    let tenant = store.tenant.id.clone();
    let too_many = |what: &str, ms: u64| Failure {
        headers: vec![
            ("retry-after", ms.div_ceil(1000).to_string()),
            (
                "x-ms-throttle-scope",
                format!("Tenant_Application/ReadWrite/{}/{tenant}", caller.client_id),
            ),
            ("x-ms-throttle-information", what.to_owned()),
        ],
        ..Failure::new(429, "TooManyRequests", "Too many requests.")
    };
    let units = store
        .usage
        .units
        .entry(caller.client_id.clone())
        .or_default();
    units
        .take(cost, UNITS, UNITS_WINDOW_MS, now)
        .map_err(|ms| too_many("ResourceUnitLimitExceeded", ms))?;
    let share = units.used * 10 / UNITS;
    if request.method != "GET" {
        let writes = store
            .usage
            .writes
            .entry(caller.client_id.clone())
            .or_default();
        writes
            .take(1, WRITES, WRITES_WINDOW_MS, now)
            .map_err(|ms| too_many("WriteLimitExceeded", ms))?;
    }
    let mut headers = vec![("x-ms-resource-unit", cost.to_string())];
    if share >= 8 {
        headers.push((
            "x-ms-throttle-limit-percentage",
            format!("{}.{}", share / 10, share % 10),
        ));
    }
    Ok(headers)
}

/// Writes of managed identities and their credentials: 0.25 a second for each, 2 in a subscription (entra-docs,
/// considerations for federated credentials).
const IDENTITY_WINDOW_MS: u64 = 4_000;
const SUBSCRIPTION_WRITES: u64 = 2;
const SUBSCRIPTION_WINDOW_MS: u64 = 1_000;

/// Charges a request to Resource Manager; free while the quota switch is off.
///
/// # Errors
/// 429 when an identity, or too many of its subscription, were written a moment ago.
pub fn charge_arm(store: &mut Store, request: &Request, now: u64) -> Result<(), Failure> {
    let path = request.path.to_ascii_lowercase();
    let Some((scope, rest)) = path.split_once("/userassignedidentities/") else {
        return Ok(());
    };
    if !store.faults.quota || request.method == "GET" {
        return Ok(());
    }
    let name = rest.split('/').next().unwrap_or_default();
    let subscription: String = scope.split('/').take(3).collect::<Vec<_>>().join("/");
    let windows = [
        (format!("{scope}/{name}"), 1, IDENTITY_WINDOW_MS),
        (subscription, SUBSCRIPTION_WRITES, SUBSCRIPTION_WINDOW_MS),
    ];
    for (of, limit, length) in windows {
        let window = store.usage.identities.entry(of);
        window
            .or_default()
            .take(1, limit, length, now)
            .map_err(|ms| Failure {
                headers: vec![("retry-after", ms.div_ceil(1000).to_string())],
                ..Failure::new(429, "TooManyRequests", "The request is being throttled.")
            })?;
    }
    Ok(())
}

fn cost(request: &Request, target: &Target) -> u64 {
    if request.method != "GET" {
        return 1;
    }
    let last = target.iter().rev().find_map(|segment| match segment {
        Segment::Name(name) => Some(name.as_str()),
        Segment::Key { .. } => None,
    });
    let first = match target.first() {
        Some(Segment::Name(name)) => name.as_str(),
        _ => "",
    };
    let mut cost: i64 = match (first, last) {
        ("applications" | "oauth2PermissionGrants", _) | (_, Some("appRoleAssignments")) => 2,
        _ => 1,
    };
    for (name, value) in request.parameters() {
        match name.as_str() {
            "$select" => cost -= 1,
            "$expand" => cost += 1,
            "$top" if value.parse::<u64>().is_ok_and(|top| top < 20) => cost -= 1,
            _ => {}
        }
    }
    cost.max(1).unsigned_abs()
}
