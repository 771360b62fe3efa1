//! Judges a tenant by all rules: which ran, which could not and why, what they found. Pure.

pub mod across;
pub mod snapshot;

use std::collections::BTreeSet;

use crate::kinds;
use crate::kinds::rule::{Rule, Scene};
use crate::model::rule::{Finding, Need, Severity, Status};
use crate::model::tenant::Tenant;

/// What is to be judged, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Seconds since 1970.
    pub now: i64,
    /// Only these applications, by client id or object id; all where it is none.
    pub only: Option<BTreeSet<String>>,
    /// Fingerprints that were there before.
    pub baseline: Option<BTreeSet<String>>,
}

/// The verdict.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub tenant_id: String,
    /// Worst first, then by application.
    pub findings: Vec<Finding>,
    /// Identities that were judged.
    pub applications: usize,
    pub credentials: usize,
    pub rules_run: Vec<&'static str>,
    /// Rules that lacked something, and what.
    pub rules_not_run: Vec<(&'static str, String)>,
    /// How many of the baseline's findings are gone.
    pub fixed: Option<usize>,
}

/// Every rule, in the order of the kinds, then those that compare identities.
pub fn rules() -> Vec<&'static Rule> {
    let own = kinds::ALL.iter().flat_map(|kind| kind.rules());
    own.chain(across::ALL).copied().collect()
}

/// Runs the rules.
pub fn run(tenant: &Tenant, options: &Options) -> Report {
    let scene = Scene::of(tenant, options.now);
    let mut report = Report {
        tenant_id: tenant.tenant_id.clone(),
        ..Report::default()
    };
    let mut running = Vec::new();
    for rule in rules() {
        let lacking = rule
            .doc
            .needs
            .iter()
            .find_map(|need| lacking(*need, tenant));
        match lacking {
            None => running.push(rule),
            Some(why) => report.rules_not_run.push((rule.doc.name, why)),
        }
    }
    report.rules_run = running.iter().map(|rule| rule.doc.name).collect();
    for identity in &scene.identities {
        let wanted = options.only.as_ref().is_none_or(|only| {
            only.contains(identity.client_id()) || only.contains(identity.object_id())
        });
        if !wanted {
            continue;
        }
        report.applications += usize::from(identity.application.is_some());
        report.credentials += identity.trusts.len();
        for rule in &running {
            (rule.check)(identity, &scene, &mut report.findings);
        }
    }
    settle(&mut report, options);
    report
}

/// Why a rule's data is not there.
fn lacking(need: Need, tenant: &Tenant) -> Option<String> {
    tenant.unread.get(need.word()).cloned()
}

/// Orders the findings, and marks those that were there before.
fn settle(report: &mut Report, options: &Options) {
    if let Some(known) = &options.baseline {
        let old = report.findings.iter_mut();
        old.filter(|it| known.contains(&it.fingerprint))
            .for_each(|it| it.status = Status::Known);
    }
    report.fixed = options.baseline.as_ref().map(|baseline| {
        let now: BTreeSet<&String> = report.findings.iter().map(|it| &it.fingerprint).collect();
        baseline.iter().filter(|old| !now.contains(old)).count()
    });
    report.findings.sort_by(|a, b| {
        fn key(it: &Finding) -> (std::cmp::Reverse<Severity>, &str, &str, &str, &str) {
            let (severity, name) = (std::cmp::Reverse(it.severity), it.application.as_str());
            (severity, name, &it.client_id, it.rule, &it.part)
        }
        key(a).cmp(&key(b))
    });
}

impl Report {
    /// Whether something is open that is at least so bad.
    pub fn fails(&self, at: Severity) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.counts() && finding.severity >= at)
    }
}
