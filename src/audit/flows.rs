//! Who may reach what: issuer, subject, application, permission. The picture of a report is drawn from it.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::rule::{Identity, Scene};
use crate::model::report::{Flow, Report};
use crate::model::rule::Severity;
use crate::model::tenant::Tenant;

/// The ways of every trust that was judged, the worst first, and at most so many.
pub fn of(tenant: &Tenant, report: &Report, limit: usize) -> Vec<Flow> {
    let mut worst: BTreeMap<(&str, &str), Severity> = BTreeMap::new();
    for finding in report.findings.iter().filter(|it| it.counts()) {
        let place = (finding.object_id.as_str(), finding.part.as_str());
        let severity = worst.entry(place).or_insert(finding.severity);
        *severity = (*severity).max(finding.severity);
    }
    let scene = Scene::of(tenant, tenant.read_at);
    let mut flows: Vec<Flow> = Vec::new();
    for identity in &scene.identities {
        let permissions = permissions(identity, &scene);
        let at = |part: &str| worst.get(&(identity.object_id(), part)).copied();
        for held in &identity.trusts {
            flows.push(Flow {
                severity: at(&held.credential.name).max(at("")),
                issuer: held.credential.issuer.clone(),
                subject: held.admits().to_owned(),
                application: identity.name().to_owned(),
                client_id: identity.client_id().to_owned(),
                permissions: permissions.clone(),
            });
        }
    }
    flows.sort_by(|a, b| (b.severity, &a.issuer, a).cmp(&(a.severity, &b.issuer, b)));
    flows.truncate(limit);
    // What lies together is drawn together.
    flows.sort_by(|a, b| (&a.issuer, &a.subject, a).cmp(&(&b.issuer, &b.subject, b)));
    flows
}

fn permissions(identity: &Identity, scene: &Scene) -> Vec<String> {
    let powers = scene.powers(identity).into_iter();
    let mut names: Vec<String> = powers.map(|power| power.title()).collect();
    names.sort_unstable();
    let roles = identity.principal.map_or(&[][..], |it| &it.roles);
    let mut others: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    others.sort_unstable();
    names.extend(others.into_iter().map(str::to_owned));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
