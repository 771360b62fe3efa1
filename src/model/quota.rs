//! How many writes a service takes: what the engine keeps to, and what a plan says it will take.

use super::step::{Request, Service};

/// At most so many writes in any span of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota {
    /// What it counts for: a service, or one identity.
    pub of: String,
    pub writes: usize,
    /// Milliseconds.
    pub span_ms: i64,
}

/// Of one application in one tenant: 3,000 writes in two and a half minutes (Microsoft Graph, "throttling-limits").
const GRAPH_WRITES: usize = 3_000;
const GRAPH_SPAN_MS: i64 = 150_000;
/// Of user-assigned managed identities and what belongs to them: 0.25 writes a second for each, 2 in a subscription, 10 in a
/// tenant (Microsoft Entra, "workload-identity-federation-considerations").
const IDENTITY_SPAN_MS: i64 = 4_000;
const SECOND_MS: i64 = 1_000;
const SUBSCRIPTION_WRITES: usize = 2;
const TENANT_WRITES: usize = 10;
/// In the path of whatever belongs to such an identity, before its name.
const IDENTITIES: &str = "/userassignedidentities/";

/// The quotas that a write counts for.
pub fn quotas(request: &Request) -> Vec<Quota> {
    match request.service {
        Service::Graph | Service::GraphBeta => vec![Quota {
            of: "Microsoft Graph".to_owned(),
            writes: GRAPH_WRITES,
            span_ms: GRAPH_SPAN_MS,
        }],
        Service::Arm => {
            let path = super::value::Text(&request.path).to_string();
            of_identity(&path.to_ascii_lowercase()).unwrap_or_default()
        }
        Service::Blob => Vec::new(),
    }
}

fn of_identity(path: &str) -> Option<Vec<Quota>> {
    let (scope, rest) = path.split_once(IDENTITIES)?;
    let name = rest.split(['/', '?']).next()?;
    let subscription = scope.split('/').nth(2)?;
    let quota = |of: String, writes, span_ms| Quota {
        of,
        writes,
        span_ms,
    };
    Some(vec![
        // Names are one in a group only.
        quota(
            match scope.split('/').nth(4) {
                Some(group) => format!("the managed identity `{group}/{name}`"),
                None => format!("the managed identity `{name}`"),
            },
            1,
            IDENTITY_SPAN_MS,
        ),
        quota(
            format!("the subscription `{subscription}`'s managed identities"),
            SUBSCRIPTION_WRITES,
            SECOND_MS,
        ),
        quota(
            "the tenant's managed identities".to_owned(),
            TENANT_WRITES,
            SECOND_MS,
        ),
    ])
}

/// Milliseconds that the requests have to wait for the quotas alone, and the quota that they wait for longest.
pub fn wait<'r>(requests: impl Iterator<Item = &'r Request>) -> Option<(i64, Quota)> {
    let mut counts = std::collections::BTreeMap::<Quota, usize>::new();
    for quota in requests.flat_map(quotas) {
        *counts.entry(quota).or_default() += 1;
    }
    let waits = counts.into_iter().map(|(quota, count)| {
        let spans = (count - 1) / quota.writes;
        let spans = i64::try_from(spans).unwrap_or(i64::MAX);
        (spans.saturating_mul(quota.span_ms), quota)
    });
    waits.max_by_key(|(ms, _)| *ms).filter(|(ms, _)| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::step::Method;

    #[test]
    fn what_waits_is_what_is_beyond_a_quota() {
        let graph = Request::new(Service::Graph, Method::Post, "/applications");
        let of = |count| wait(std::iter::repeat_n(&graph, count)).map(|(ms, _)| ms);
        assert_eq!(
            [0, 1, 3_000, 3_001, 6_001].map(of),
            [None, None, None, Some(150_000), Some(300_000)]
        );
        let identity = |name: &str| {
            let path = format!(
                "/subscriptions/s/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}/federatedIdentityCredentials/x?api-version=1"
            );
            Request::new(Service::Arm, Method::Put, path)
        };
        let (a, b) = (identity("A"), identity("b"));
        let mixed = [&a, &b, &a, &a];
        let (ms, quota) = wait(mixed.into_iter()).expect("a wait");
        assert_eq!(
            (ms, quota.of.as_str()),
            (8_000, "the managed identity `g/a`")
        );
        assert_eq!(wait([&a, &b].into_iter()), None);
        let many: Vec<Request> = (0..5).map(|n| identity(&format!("i{n}"))).collect();
        let (ms, quota) = wait(many.iter()).expect("a wait");
        assert_eq!(
            (ms, quota.of.as_str()),
            (2_000, "the subscription `s`'s managed identities")
        );
    }
}
