//! The audit's rules alone, in this thread.

use std::time::Instant;

use super::client::ticks;

use trustform::audit::snapshot::{self, FORMAT};
use trustform::audit::{Options, run};
use trustform::emulator::inprocess::new_tenant;
use trustform::emulator::session::Session;
use trustform::emulator::store::Store;
use trustform::kinds;
use trustform::model::tenant::Tenant;

/// Milliseconds since 1970: 20 November 2026.
const NOW: u64 = 1_795_168_800_000;

const THREAD: &str = "/proc/thread-self/stat";

/// Applications of a seeded tenant that are judged in a second of this thread's own time, so that a busy machine does
/// not count; the fastest of three.
pub fn per_second(count: usize) -> f64 {
    let tenant = tenant(count);
    let options = Options {
        now: NOW as i64 / 1000,
        ..Options::default()
    };
    let once = || {
        let (begin, before) = (Instant::now(), ticks(THREAD));
        let report = run(&tenant, &options);
        assert!(report.applications == count && !report.findings.is_empty());
        let own = ticks(THREAD)
            .zip(before)
            .map(|(after, before)| after - before);
        own.unwrap_or_else(|| begin.elapsed().as_secs_f64())
    };
    let best = (0..3).map(|_| once()).fold(f64::INFINITY, f64::min);
    count as f64 / best
}

/// What the audit reads of it, as far as the rules are about what an application is and trusts.
fn tenant(count: usize) -> Tenant {
    let routes = kinds::emulated();
    let seed = new_tenant(super::stack::TENANT, NOW).expect("a seed");
    let mut store = Store::new(seed, &routes).expect("a tenant");
    kinds::populate::populate(&mut store, count, NOW);
    let mut session = Session::new(store, routes, NOW).expect("a login");
    let mut all = |path: &str| {
        let mut values = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next.take() {
            let mut page = session
                .graph("GET", &path, &serde_json::Value::Null)
                .value();
            if let Some(items) = page["value"].as_array_mut() {
                values.append(items);
            }
            let link = page["@odata.nextLink"].as_str();
            next = link.and_then(|link| Some(link.split_once("graph.microsoft.com")?.1.to_owned()));
        }
        values
    };
    let applications = all("/beta/applications?$top=999&$expand=federatedIdentityCredentials");
    let principals = all("/v1.0/servicePrincipals?$top=999");
    Tenant {
        format: FORMAT.to_owned(),
        tenant_id: super::stack::TENANT.to_owned(),
        applications: applications.iter().map(snapshot::application).collect(),
        principals: principals.iter().map(snapshot::principal).collect(),
        ..Tenant::default()
    }
}
