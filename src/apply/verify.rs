//! Checks that reads must agree on, since Entra's reads lie for minutes after a write.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::step::{Check, Expect, Reply, Request, StepId};
use crate::model::value::Value;

/// How many reads in a row must say the same, over which time in milliseconds.
///
/// An application-only login has no session consistency: any single read may come from a replica that lags
/// (Microsoft, "Microsoft Entra architecture"). hashicorp/azuread waits for five reads, too.
pub const READS: u32 = 5;
pub const SPREAD_MS: i64 = 4_000;

/// Milliseconds until reads that never agree are given up.
pub const DEADLINE_MS: i64 = 10 * 60 * 1000;

/// Milliseconds for which a write may be told that an object, which the plan had read, is not there: replicas are known
/// to lag up to three minutes, and after that somebody has deleted it.
pub const KNOWN_MS: i64 = 4 * 60 * 1000;

/// One window of reads over many checks: equal reads are made once a round.
#[derive(Debug, Default)]
pub struct Window {
    checks: Vec<(StepId, Check)>,
    agreed: Vec<u32>,
    /// What the last read said of a check that did not hold.
    objections: BTreeMap<usize, String>,
    pub started: i64,
    pub next_round: i64,
}

impl Window {
    pub fn new(checks: Vec<(StepId, Check)>, now: i64) -> Self {
        Self {
            agreed: vec![0; checks.len()],
            checks,
            objections: BTreeMap::new(),
            started: now,
            next_round: now,
        }
    }

    /// The reads of the next round: those whose checks have not been agreed on.
    pub fn round(&mut self, now: i64) -> Vec<Request> {
        self.next_round = now + SPREAD_MS / i64::from(READS - 1);
        let mut reads: Vec<Request> = self
            .open()
            .map(|(_, (_, check))| check.read.clone())
            .collect();
        reads.sort();
        reads.dedup();
        reads
    }

    fn open(&self) -> impl Iterator<Item = (usize, &(StepId, Check))> {
        self.checks
            .iter()
            .enumerate()
            .filter(|(index, _)| self.agreed[*index] < READS)
    }

    /// Takes one read's answer in.
    pub fn answer(&mut self, read: &Request, reply: &Reply) {
        for (index, (_, check)) in self.checks.iter().enumerate() {
            if check.read != *read || self.agreed[index] >= READS {
                continue;
            }
            match objection(&check.expect, reply) {
                None => self.agreed[index] += 1,
                Some(objection) => {
                    self.agreed[index] = 0;
                    self.objections.insert(index, objection);
                }
            }
        }
    }

    pub fn agreed(&self) -> bool {
        self.open().next().is_none()
    }

    /// Every step that is checked here.
    pub fn steps(&self) -> impl Iterator<Item = StepId> {
        self.checks.iter().map(|(id, _)| *id)
    }

    /// The steps whose checks do not hold, and what the last read said.
    pub fn disagreements(&self) -> Vec<(StepId, String)> {
        self.open()
            .map(|(index, (step, _))| {
                let objection = self.objections.get(&index).cloned();
                (
                    *step,
                    objection.unwrap_or_else(|| "the reads did not agree".to_owned()),
                )
            })
            .collect()
    }
}

/// Why an answer is not what was expected; none if it is.
fn objection(expect: &Expect, reply: &Reply) -> Option<String> {
    let body = &reply.body;
    let elements = || {
        body["value"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    match expect {
        Expect::Absent if reply.status == 404 => None,
        Expect::Absent => Some("it is still there".to_owned()),
        Expect::NoMember(_) if reply.status == 404 => None,
        _ if !reply.ok() => Some(format!("the read was answered with {}", reply.status)),
        Expect::Present(members) => holds(&members.to_json(), body).err(),
        Expect::Member(members) => {
            let members = members.to_json();
            let found = elements()
                .iter()
                .any(|element| holds(&members, element).is_ok());
            (!found).then(|| "it is not in the list yet".to_owned())
        }
        Expect::NoMember(members) => {
            let members = members.to_json();
            let found = elements()
                .iter()
                .any(|element| holds(&members, element).is_ok());
            found.then(|| "it is still in the list".to_owned())
        }
        Expect::Lacks(list, members) => {
            let members = members.to_json();
            let mut there = body[*list].as_array().into_iter().flatten();
            there
                .any(|element| holds(&members, element).is_ok())
                .then(|| format!("it is still in `{list}`"))
        }
    }
}

/// Whether `actual` has the members of `expected`; lists compare as sets, and an empty value may be left out.
fn holds(expected: &Json, actual: &Json) -> Result<(), String> {
    match (expected, actual) {
        (Json::Object(members), _) => members.iter().try_for_each(|(name, value)| {
            // An annotation is an instruction to the service, not a member.
            if name.starts_with('@') {
                return Ok(());
            }
            holds(value, &actual[name.as_str()]).map_err(|why| match why.is_empty() {
                true => format!("`{name}` is different"),
                false => why,
            })
        }),
        (Json::Array(wanted), Json::Array(there)) => {
            let all = wanted.len() == there.len()
                && wanted
                    .iter()
                    .all(|one| there.iter().any(|other| holds(one, other).is_ok()));
            if all { Ok(()) } else { Err(String::new()) }
        }
        (Json::Array(wanted), Json::Null) if wanted.is_empty() => Ok(()),
        (Json::Bool(false), Json::Null) => Ok(()),
        (Json::String(a), Json::String(b)) if same_text(a, b) => Ok(()),
        (a, b) if a == b => Ok(()),
        _ => Err(String::new()),
    }
}

/// Whether an element of a list has these members.
pub fn is(members: &Json, element: &Json) -> bool {
    holds(members, element).is_ok()
}

/// GUIDs come back in lower case.
fn same_text(a: &str, b: &str) -> bool {
    a == b || (a.len() == 36 && a.eq_ignore_ascii_case(b) && a.matches('-').count() == 4)
}

/// A check with its holes filled.
pub fn filled(
    check: &Check,
    fill: &dyn Fn(&Value) -> Value,
    request: &dyn Fn(&Request) -> Request,
) -> Check {
    let expect = match &check.expect {
        Expect::Present(members) => Expect::Present(fill(members)),
        Expect::Member(members) => Expect::Member(fill(members)),
        Expect::NoMember(members) => Expect::NoMember(fill(members)),
        Expect::Lacks(list, members) => Expect::Lacks(list, fill(members)),
        Expect::Absent => Expect::Absent,
    };
    Check {
        read: request(&check.read),
        expect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::step::Service;

    #[test]
    fn what_no_read_objected_to_and_none_confirmed_is_told() {
        let check = Check {
            read: Request::get(Service::Graph, "/applications/1"),
            expect: Expect::Absent,
        };
        let mut window = Window::new(vec![(StepId(0), check.clone())], 0);
        let said = |window: &Window| window.disagreements().remove(0).1;
        assert_eq!(said(&window), "the reads did not agree");
        let reply = Reply {
            status: 200,
            ..Reply::default()
        };
        window.answer(&check.read, &reply);
        assert_eq!(said(&window), "it is still there");
        let present = Expect::Present(Value::map([("id", "1".into())]));
        let gone = Reply {
            status: 404,
            ..Reply::default()
        };
        assert_eq!(
            objection(&present, &gone).as_deref(),
            Some("the read was answered with 404")
        );
    }
}
