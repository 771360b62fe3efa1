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
/// Of one user-assigned managed identity: 0.25 writes a second (Microsoft Entra,
/// "workload-identity-federation-considerations").
const IDENTITY_SPAN_MS: i64 = 4_000;
/// In the path of whatever belongs to such an identity, before its name.
const IDENTITIES: &str = "/userassignedidentities/";

/// The quota that a write counts for.
pub fn quota(request: &Request) -> Option<Quota> {
    match request.service {
        Service::Graph | Service::GraphBeta => Some(Quota {
            of: "Microsoft Graph".to_owned(),
            writes: GRAPH_WRITES,
            span_ms: GRAPH_SPAN_MS,
        }),
        Service::Arm => {
            let path = super::value::Text(&request.path).to_string();
            let path = path.to_ascii_lowercase();
            let (_, rest) = path.split_once(IDENTITIES)?;
            let name = rest.split(['/', '?']).next()?;
            Some(Quota {
                of: format!("the managed identity `{name}`"),
                writes: 1,
                span_ms: IDENTITY_SPAN_MS,
            })
        }
        Service::Blob => None,
    }
}

/// Milliseconds that the requests have to wait for the quotas alone, and the quota that they wait for longest.
pub fn wait<'r>(requests: impl Iterator<Item = &'r Request>) -> Option<(i64, Quota)> {
    let mut counts = std::collections::BTreeMap::<Quota, usize>::new();
    for quota in requests.filter_map(quota) {
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
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}/federatedIdentityCredentials/x?api-version=1"
            );
            Request::new(Service::Arm, Method::Put, path)
        };
        let (a, b) = (identity("A"), identity("b"));
        let mixed = [&a, &b, &a, &a];
        let (ms, quota) = wait(mixed.into_iter()).expect("a wait");
        assert_eq!((ms, quota.of.as_str()), (8_000, "the managed identity `a`"));
        assert_eq!(wait([&a, &b].into_iter()), None);
    }
}
