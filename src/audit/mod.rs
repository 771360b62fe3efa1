//! Judges a tenant by all rules: which ran, which could not and why, what they found. Pure.

pub mod across;
pub mod declared;
pub mod flows;
pub mod repairs;
pub mod roles;
pub mod scope;
pub mod snapshot;
pub mod waivers;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::kinds;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::report::Report;
use crate::model::rule::Severity;
use crate::model::rule::{Finding, Need, Status};
use crate::model::tenant::Tenant;

/// What is to be judged, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Seconds since 1970.
    pub now: i64,
    /// Only these, by client id or object id; all where it is none.
    pub only: Option<BTreeSet<String>>,
    /// What somebody answers for.
    pub waivers: Vec<waivers::Waiving>,
    /// Fingerprints that were there before.
    pub baseline: Option<BTreeSet<String>>,
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
        read_at: tenant.read_at,
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
            Some(why) => report.rules_not_run.push((&rule.doc, why)),
        }
    }
    report.rules_run = running.iter().map(|rule| &rule.doc).collect();
    for doc in &report.rules_run {
        for need in doc.also {
            if let Some(why) = lacking(*need, tenant) {
                report.rules_partly_run.push((doc, *need, why));
            }
        }
    }
    for identity in &scene.identities {
        let wanted = options.only.as_ref().is_none_or(|only| {
            only.contains(identity.client_id()) || only.contains(identity.object_id())
        });
        if !wanted {
            continue;
        }
        report.applications += usize::from(identity.application.is_some());
        report.identities += usize::from(identity.managed.is_some());
        let alone = identity.application.is_none() && identity.managed.is_none();
        report.principals += usize::from(alone);
        report.credentials += identity.trusts.len();
        let before = report.findings.len();
        for rule in &running {
            (rule.check)(identity, &scene, &mut report.findings);
        }
        worsen(identity, &scene, &mut report.findings[before..]);
        report.findings[before..].iter_mut().for_each(trim);
    }
    drop(scene);
    settle(&mut report, options);
    // Of what is not judged, nothing is found.
    if options.only.is_none() {
        report.notes = waivers::idle(&report.findings, &options.waivers, &report.rules_run);
    }
    report
}

/// What is wrong with a trust or a secret is one step worse where whoever gets in is an administrator.
fn worsen(identity: &Identity, scene: &Scene, findings: &mut [Finding]) {
    if findings.is_empty() {
        return;
    }
    let powers = scene.powers(identity);
    let worst = powers.iter().find(|it| it.severity == Severity::Critical);
    let Some(power) = worst else {
        return;
    };
    let secrets = identity.secrets();
    let opens = |part: &str| {
        let mut trusts = identity.trusts.iter();
        trusts.any(|held| held.credential.name == part)
            || secrets.iter().any(|(.., secret)| secret.key_id == part)
    };
    let doors = findings.iter_mut().filter(|it| opens(&it.part));
    for finding in doors.filter(|it| it.severity < Severity::Critical) {
        let was = finding.severity.word();
        finding.severity = finding.severity.worse();
        let line = format!("worse than {was}, because it holds {}", power.words());
        finding.evidence.push(line);
    }
}

/// Gives back the room that texts do not use: of a large tenant there are tens of thousands of findings.
fn trim(finding: &mut Finding) {
    finding.message.shrink_to_fit();
    finding.fix.shrink_to_fit();
    finding.evidence.shrink_to_fit();
}

/// Why a rule's data is not there.
fn lacking(need: Need, tenant: &Tenant) -> Option<String> {
    tenant.unread.get(need.word()).cloned()
}

/// Orders the findings, and marks those that were there before.
fn settle(report: &mut Report, options: &Options) {
    waivers::apply(&mut report.findings, &options.waivers, options.now);
    if let Some(known) = &options.baseline {
        let old = report.findings.iter_mut();
        old.filter(|it| it.counts() && known.contains(&it.fingerprint))
            .for_each(|it| it.status = Status::Known);
    }
    report.fixed = options.baseline.as_ref().map(|baseline| {
        let now: BTreeSet<&String> = report.findings.iter().map(|it| &it.fingerprint).collect();
        baseline.iter().filter(|old| !now.contains(old)).count()
    });
    // In place: a stable sort holds many of them twice.
    report.findings.sort_unstable_by(|a, b| {
        fn key(it: &Finding) -> (Reverse<Severity>, [&str; 5]) {
            let (name, id) = (&it.application, &it.client_id);
            (
                Reverse(it.severity),
                [name, id, it.rule, &it.part, &it.message],
            )
        }
        key(a).cmp(&key(b))
    });
}
