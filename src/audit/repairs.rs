//! Which findings a plan can repair, and why it leaves the others to people.
//!
//! It takes away only what nobody needs, as far as that can be told: a federated credential that admits nobody or whose
//! tokens another one admits, a password or certificate that is over, and one that works where federation is proven: by
//! sign-ins, or by somebody's word.

use std::collections::{BTreeMap, BTreeSet};

use crate::exchange::language::Language;
use crate::kinds::rule::{Held, Identity, Place, Scene, day, is_valid};
use crate::model::repair::{Manual, Part, Repair, Repairs};
use crate::model::report::Report;
use crate::model::rule::{Finding, Severity, Status};
use crate::model::tenant::{Secret, Tenant};

/// Repairs of one plan: the rest waits for the next.
pub const MOST: usize = 1_000;

/// Rules whose finding is a trust that admits nobody who is meant.
const BROKEN: &[&str] = &[
    "dangling-issuer",
    "vanished-managed-identity",
    "never-matching-subject",
    "private-issuer",
];
const SHADOWED: &str = "shadowed-trust";
/// Rules beside [`BROKEN`] after which a trust is no proof that anybody logs in with it.
const DOUBTFUL: &[&str] = &["refused-expression", "unreadable-expression"];
/// Rules about passwords and certificates that are over, that federation has replaced, or that nobody uses.
const SECRETS: &[&str] = &[
    "expired-secret",
    "leftover-secret",
    "leftover-certificate",
    "principal-credential",
    "first-party-credential",
    UNUSED,
];
const UNUSED: &str = "unused-secret";
/// Seconds for which a use of a password or certificate shows that something needs it: what Graph keeps of its sign-in
/// logs. Source: Microsoft, "Microsoft Entra data retention".
pub const RECENT: i64 = 30 * 86_400;

/// What the caller knows.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Seconds since 1970.
    pub now: i64,
    /// Applications, by client id or object id, whose federated credentials are known to work.
    pub proven: BTreeSet<String>,
    /// What the sign-in logs show of applications, by client id.
    pub seen: BTreeMap<String, Seen>,
    /// The client id of the login that the plan is for: nothing of it goes.
    pub login: Option<String>,
}

/// What the sign-in logs show of one application: times in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Last successful sign-ins by the ids of federated credentials.
    pub trusts: BTreeMap<String, i64>,
    /// The same by the key ids of passwords and certificates.
    pub secrets: BTreeMap<String, i64>,
    /// Why there is nothing to see.
    pub unread: Option<String>,
}

/// Sorts what was found.
pub fn repairs(tenant: &Tenant, report: &Report, terms: &Terms) -> Repairs {
    let mut found: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let mut others: BTreeMap<&'static str, usize> = BTreeMap::new();
    for finding in &report.findings {
        found.entry(&finding.object_id).or_default().push(finding);
        let repairable = [BROKEN, SECRETS, &[SHADOWED]]
            .iter()
            .any(|rules| rules.contains(&finding.rule));
        if !repairable && !matches!(finding.status, Status::Waived(_)) {
            *others.entry(finding.rule).or_default() += 1;
        }
    }
    let mut repairs = Repairs {
        others: others.into_iter().collect(),
        ..Repairs::default()
    };
    let scene = Scene::of(tenant, terms.now);
    for identity in &scene.identities {
        if let Some(findings) = found.get(identity.object_id()) {
            let mut judge = Judge {
                identity,
                findings,
                terms,
                going: BTreeSet::new(),
                repairs: &mut repairs,
            };
            judge.broken();
            judge.shadowed();
            judge.secrets();
        }
    }
    repairs
}

/// One application.
struct Judge<'a> {
    identity: &'a Identity<'a>,
    findings: &'a [&'a Finding],
    terms: &'a Terms,
    /// Names of the trusts that go.
    going: BTreeSet<&'a str>,
    repairs: &'a mut Repairs,
}

impl<'a> Judge<'a> {
    /// Findings of these rules that nobody answers for, nor for another one about the same part.
    fn of(&self, rules: &'static [&'static str]) -> Vec<&'a Finding> {
        let waived = |part: &str| {
            let waived = |it: &&&Finding| matches!(it.status, Status::Waived(_));
            self.findings
                .iter()
                .filter(waived)
                .any(|it| it.part == part)
        };
        let mut parts = BTreeSet::new();
        self.findings
            .iter()
            .copied()
            .filter(|it| rules.contains(&it.rule) && !waived(&it.part))
            .filter(|it| parts.insert(it.part.as_str()))
            .collect()
    }

    /// One that admits nobody goes, but not the last one, and one at a time: the guard over lost trust says so.
    fn broken(&mut self) {
        for finding in self.of(BROKEN) {
            let Some(held) = self.trust(finding) else {
                continue;
            };
            if self.identity.trusts.len() == 1 {
                self.manual(finding, "it is the application's only trust");
            } else if !self.going.is_empty() {
                self.manual(
                    finding,
                    "one trust of an application goes at a time: audit again after this plan",
                );
            } else {
                self.take(finding, Part::Trust(held.credential.name.clone()), &[]);
            }
        }
    }

    /// One whose tokens another one admits goes, if that one is as it should be.
    fn shadowed(&mut self) {
        for finding in self.of(&[SHADOWED]) {
            let Some(held) = self.trust(finding) else {
                continue;
            };
            if self.going.contains(held.credential.name.as_str()) {
                continue;
            }
            let Some(wide) = self.covering(held) else {
                self.manual(finding, "what covers it goes in this plan");
                continue;
            };
            let bad = self
                .findings
                .iter()
                .any(|it| it.part == wide && it.severity >= Severity::High && it.rule != SHADOWED);
            match bad {
                true => self.manual(
                    finding,
                    &format!("`{wide}`, which covers it, is itself found too wide: remove or narrow that one"),
                ),
                false => self.take(finding, Part::Trust(held.credential.name.clone()), &[wide]),
            }
        }
    }

    /// A wider trust that stays.
    fn covering(&self, held: &Held) -> Option<&'a str> {
        let narrow = Language::of(held.trust.as_ref()?);
        let identity = self.identity;
        let others = identity.trusts.iter().filter(|other| {
            let name = other.credential.name.as_str();
            name != held.credential.name && !self.going.contains(name)
        });
        others
            .filter(|other| {
                let wide = other.trust.as_ref().map(Language::of);
                wide.is_some_and(|wide| wide.includes(&narrow) == Ok(true))
            })
            .map(|other| other.credential.name.as_str())
            .next()
    }

    /// The trust that a finding is about, if a plan may take it away.
    fn trust(&mut self, finding: &'a Finding) -> Option<&'a Held<'a>> {
        let identity = self.identity;
        let held = identity
            .trusts
            .iter()
            .find(|held| held.credential.name == finding.part)?;
        let tags = identity.application.map_or(&[][..], |it| &it.tags);
        let ours = |tag: &String| tag.starts_with("trustform:");
        if held.credential.declared_at.is_some() {
            self.manual(
                finding,
                "a file declares it, and the next apply would bring it back",
            );
        } else if identity.declared_at().is_none() && tags.iter().any(ours) {
            self.manual(
                finding,
                "a stack manages the application: give its directory with `--declared`",
            );
        } else {
            return Some(held);
        }
        None
    }

    fn secrets(&mut self) {
        let all = self.identity.secrets();
        let working = self.working();
        // The last one of an application that has nothing else stays, even if it is over. What one that is registered
        // elsewhere has there is not known here.
        let last = match working.is_empty() && self.identity.application.is_some() {
            true => all.iter().max_by_key(|(.., it)| it.end.unwrap_or(i64::MAX)),
            false => None,
        };
        let last = last.map(|(.., it)| it.key_id.as_str());
        for finding in self.of(SECRETS) {
            let found = all.iter().find(|(.., it)| it.key_id == finding.part);
            let Some((place, kind, secret)) = found else {
                continue;
            };
            let id = secret.key_id.clone();
            let part = match (place, *kind) {
                (Place::Application, _) => Part::Secret(id),
                (Place::Principal, "password") => Part::PrincipalSecret(id),
                _ => {
                    let why = "a certificate of a service principal may be what signs for SAML";
                    self.manual(finding, why);
                    continue;
                }
            };
            if last == Some(secret.key_id.as_str()) {
                self.manual(finding, "it is the application's last credential");
            } else if !is_valid(secret, self.terms.now) {
                self.take(finding, part, &[]);
            } else {
                match self.spare(secret, &working, &all) {
                    Ok(beside) => self.take(finding, part, &beside),
                    Err(why) => self.manual(finding, &why),
                }
            }
        }
    }

    /// The trusts that make a password or certificate needless that works; or why it has to stay.
    fn spare(
        &mut self,
        secret: &Secret,
        working: &[&'a str],
        all: &[(Place, &str, &Secret)],
    ) -> Result<Vec<&'a str>, String> {
        let (identity, terms) = (self.identity, self.terms);
        let client_id = identity.client_id();
        let proven = &terms.proven;
        if proven.contains(client_id) || proven.contains(identity.object_id()) {
            return match working.is_empty() && identity.application.is_some() {
                true => Err(self.no_other()),
                false => Ok(working.to_vec()),
            };
        }
        let word = format!("add `--proven {client_id}`");
        let seen = terms.seen.get(client_id);
        let used = |secret: &Secret| {
            let logged = seen.and_then(|seen| seen.secrets.get(&secret.key_id).copied());
            let last = secret.last_used.max(logged);
            last.filter(|last| terms.now - last < RECENT)
        };
        if let Some(last) = used(secret) {
            let day = day(last);
            return Err(format!(
                "it was used on {day}: move what uses it to the federated credential; to remove it all the same, {word}"
            ));
        }
        let unused = self
            .findings
            .iter()
            .any(|it| it.rule == UNUSED && it.part == secret.key_id);
        let other = |it: &&Secret| it.key_id != secret.key_id && used(it).is_some();
        if unused && all.iter().map(|(.., it)| *it).any(|it| other(&it)) {
            return Ok(Vec::new());
        }
        if working.is_empty() {
            return Err(match identity.application {
                Some(_) => self.no_other(),
                None => format!(
                    "its application is not registered in this tenant, so what else logs in as it is not known: to remove it all the same, {word}"
                ),
            });
        }
        let Some(seen) = seen else {
            if !self.repairs.unproven.iter().any(|it| it == client_id) {
                self.repairs.unproven.push(client_id.to_owned());
            }
            return Err(format!(
                "nothing proves that the application logs in with its federated credential: audit it alone, with `--application {client_id}`, or {word}"
            ));
        };
        let trusts = identity.trusts.iter().map(|held| held.credential);
        let proofs: Vec<(&str, i64)> = trusts
            .filter(|it| working.contains(&it.name.as_str()))
            .filter_map(|it| Some((it.name.as_str(), *seen.trusts.get(&it.id)?)))
            .collect();
        let Some((name, at)) = proofs.iter().max_by_key(|(_, at)| *at) else {
            return Err(match &seen.unread {
                Some(why) => format!(
                    "the sign-in logs cannot be read ({why}): once the application logs in with its federated credential, {word}"
                ),
                None => format!(
                    "the sign-in logs of the last 30 days show no login with its federated credential: audit again once there is one, or {word}"
                ),
            });
        };
        let line = format!(
            "{client_id} logged in with its federated credential `{name}` on {}",
            day(*at)
        );
        if !self.repairs.proofs.contains(&line) {
            self.repairs.proofs.push(line);
        }
        Ok(proofs.iter().map(|(name, _)| *name).collect())
    }

    /// Why nothing can take the place of a password or certificate of an application of this tenant.
    fn no_other(&self) -> String {
        match self.identity.trusts.is_empty() {
            true => "it has no federated credential that could take its place",
            false => "none of its federated credentials can work: put one right first",
        }
        .to_owned()
    }

    /// Names of the trusts that stay and in which nothing was found that keeps them from working.
    fn working(&self) -> Vec<&'a str> {
        let broken = |name: &str| {
            self.findings.iter().any(|it| {
                it.part == name && (BROKEN.contains(&it.rule) || DOUBTFUL.contains(&it.rule))
            })
        };
        let identity = self.identity;
        let held = identity.trusts.iter().filter(|held| held.trust.is_some());
        held.map(|held| held.credential.name.as_str())
            .filter(|name| !self.going.contains(name) && !broken(name))
            .collect()
    }

    fn take(&mut self, finding: &'a Finding, part: Part, beside: &[&str]) {
        let login = self.terms.login.as_deref();
        if login.is_some_and(|login| login.eq_ignore_ascii_case(&finding.client_id)) {
            return self.manual(finding, "this run logs in as the application");
        }
        if self.repairs.repairs.len() == MOST {
            let why = format!("a plan has at most {MOST} repairs: audit again after this one");
            return self.manual(finding, &why);
        }
        if let Part::Trust(_) = part {
            self.going.insert(&finding.part);
        }
        self.repairs.repairs.push(Repair {
            client_id: finding.client_id.clone(),
            identity: self.identity.managed.map(|it| it.id.clone()),
            part,
            rule: finding.rule.to_owned(),
            beside: beside.iter().map(|name| (*name).to_owned()).collect(),
        });
    }

    fn manual(&mut self, finding: &Finding, why: &str) {
        self.repairs.manual.push(Manual {
            application: finding.application.clone(),
            client_id: finding.client_id.clone(),
            rule: finding.rule,
            part: finding.part.clone(),
            why: why.to_owned(),
            fix: match &finding.declared_at {
                Some(place) => format!("{} ({place})", finding.fix),
                None => finding.fix.clone(),
            },
        });
    }
}

#[cfg(test)]
mod tests;
