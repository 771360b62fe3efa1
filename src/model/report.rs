//! What an audit says, as data: every output shows the same.

use std::collections::BTreeMap;

use super::rule::{Doc, Finding, Need, Severity, Status};

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
    /// Applications that were judged.
    pub applications: usize,
    /// Managed identities that were judged.
    pub identities: usize,
    /// Service principals that were judged and belong to neither: their applications are registered elsewhere.
    pub principals: usize,
    pub credentials: usize,
    pub rules_run: Vec<&'static Doc>,
    /// Rules that lacked something, and what.
    pub rules_not_run: Vec<(&'static Doc, String)>,
    /// Rules that ran and did not see everything: what they did not see, and why.
    pub rules_partly_run: Vec<(&'static Doc, Need, String)>,
    /// What else is to be said: of waivers that waive nothing.
    pub notes: Vec<String>,
    /// How many of the baseline's findings are gone.
    pub fixed: Option<usize>,
}

/// What some rules did not check, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked<'a> {
    /// What they did not see; nothing of what they judge where it is none.
    pub what: Option<Need>,
    pub why: &'a str,
    pub rules: Vec<&'static str>,
}

impl Unchecked<'_> {
    /// How a line about it begins: `Not checked`, `Managed identities not checked`.
    pub fn title(&self) -> String {
        match self.what {
            None => "Not checked".to_owned(),
            Some(need) => {
                let (first, rest) = need.objects().split_at(1);
                format!("{}{rest} not checked", first.to_uppercase())
            }
        }
    }
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

    /// How findings that do not count stand: `1 new, 2 known, 1 waived, 3 fixed since the baseline`; empty if there are none.
    pub fn aside(&self) -> String {
        let count = |wanted: fn(&Status) -> bool| {
            let all = self.findings.iter();
            all.filter(|it| wanted(&it.status)).count()
        };
        let known = count(|status| *status == Status::Known);
        let waived = count(|status| matches!(status, Status::Waived(_)));
        let mut words = Vec::new();
        if self.fixed.is_some() {
            words.push(format!("{} new", count(|status| *status == Status::Open)));
        }
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

    /// What was not checked, each reason once with the rules that it stopped.
    pub fn not_checked(&self) -> Vec<Unchecked<'_>> {
        let whole = self.rules_not_run.iter();
        let whole = whole.map(|(doc, why)| (doc.name, None, why.as_str()));
        let parts = self.rules_partly_run.iter();
        let parts = parts.map(|(doc, need, why)| (doc.name, Some(*need), why.as_str()));
        let mut found: Vec<Unchecked> = Vec::new();
        let mut places = BTreeMap::new();
        for (rule, what, why) in whole.chain(parts) {
            let at = *places.entry((what, why)).or_insert(found.len());
            match found.get_mut(at) {
                Some(unchecked) => unchecked.rules.push(rule),
                None => found.push(Unchecked {
                    what,
                    why,
                    rules: vec![rule],
                }),
            }
        }
        found
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
