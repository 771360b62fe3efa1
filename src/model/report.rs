//! What an audit says, as data: every output shows the same.

use std::collections::BTreeMap;

use super::rule::{Doc, Finding, Severity, Status};

/// The verdict over a tenant.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub tenant_id: String,
    /// What was judged, in words: `the whole tenant`.
    pub scope: String,
    /// When the tenant was read, in seconds since 1970.
    pub read_at: i64,
    /// SHA-256 of the snapshot that was judged, in hexadecimal.
    pub snapshot: String,
    /// Worst first, then by application.
    pub findings: Vec<Finding>,
    /// Identities that were judged.
    pub applications: usize,
    pub credentials: usize,
    pub rules_run: Vec<&'static Doc>,
    /// Rules that lacked something, and what.
    pub rules_not_run: Vec<(&'static Doc, String)>,
    /// How many of the baseline's findings are gone.
    pub fixed: Option<usize>,
}

/// One way to a permission: who is let in, by which application, to what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// The worst that was found about the trust or the application.
    pub severity: Option<Severity>,
    pub issuer: String,
    /// The subject or the expression.
    pub subject: String,
    pub application: String,
    pub client_id: String,
    /// Application permissions that are held, those that lead to control of the tenant first.
    pub permissions: Vec<String>,
}

impl Report {
    /// Whether something is open that is at least so bad.
    pub fn fails(&self, at: Severity) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.counts() && finding.severity >= at)
    }

    /// Open findings by severity, worst first; severities without one are left out.
    pub fn counts(&self) -> Vec<(Severity, usize)> {
        let of = |severity: &Severity| {
            let mine = |it: &&Finding| it.counts() && it.severity == *severity;
            (*severity, self.findings.iter().filter(mine).count())
        };
        let all = Severity::ALL.iter().map(of);
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// `1 critical, 2 high`, or `none`.
    pub fn summary(&self) -> String {
        let counts = self.counts();
        let words: Vec<String> = counts
            .iter()
            .map(|(severity, count)| format!("{count} {}", severity.word()))
            .collect();
        match words.is_empty() {
            true => "none".to_owned(),
            false => words.join(", "),
        }
    }

    /// How findings that do not count stand: `2 known, 1 waived, 3 fixed since the baseline`; empty if there are none.
    pub fn aside(&self) -> String {
        let count = |wanted: fn(&Status) -> bool| {
            let all = self.findings.iter();
            all.filter(|it| wanted(&it.status)).count()
        };
        let known = count(|status| *status == Status::Known);
        let waived = count(|status| matches!(status, Status::Waived(_)));
        let mut words = Vec::new();
        if self.fixed.is_some() || known > 0 {
            words.push(format!("{known} known"));
        }
        if waived > 0 {
            words.push(format!("{waived} waived"));
        }
        if let Some(fixed) = self.fixed {
            words.push(format!("{fixed} fixed since the baseline"));
        }
        words.join(", ")
    }

    /// Why rules were not run, each reason once with the rules that it stopped.
    pub fn not_checked(&self) -> Vec<(&str, Vec<&'static str>)> {
        let mut order: Vec<&str> = Vec::new();
        let mut rules: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
        for (doc, why) in &self.rules_not_run {
            if !rules.contains_key(why.as_str()) {
                order.push(why);
            }
            rules.entry(why).or_default().push(doc.name);
        }
        let taken = order
            .into_iter()
            .map(|why| (why, rules.remove(why).unwrap_or_default()));
        taken.collect()
    }

    /// Findings by application, in the order of the worst of each.
    pub fn by_application(&self) -> Vec<(&Finding, Vec<&Finding>)> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut groups: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
        for finding in &self.findings {
            let place = *places.entry(&finding.object_id).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, group)) => group.push(finding),
                None => groups.push((finding, vec![finding])),
            }
        }
        groups
    }
}
