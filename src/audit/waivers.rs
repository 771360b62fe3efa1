//! Findings that somebody answers for. A waiver that has ended, or that lasts too long, waives nothing.

use crate::kinds::rule::day;
use crate::model::policy::Waiver;
use crate::model::rule::{Doc, Finding, Status, Waived};

/// A waiver and the objects that it speaks of.
#[derive(Clone, Debug)]
pub struct Waiving {
    pub waiver: Waiver,
    pub whose: Vec<Whose>,
    /// The line that declares it, where that is known.
    pub place: Option<String>,
    /// How many days from now it may last.
    pub days: usize,
}

/// Whose findings are waived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    ClientId(String),
    /// An object id, and one credential's name; all of the object where there is none.
    Object(String, Option<String>),
}

impl Waiving {
    fn is_about(&self, finding: &Finding) -> bool {
        self.waiver.rule == finding.rule
            && self.whose.iter().any(|whose| match whose {
                Whose::ClientId(id) => id.eq_ignore_ascii_case(&finding.client_id),
                Whose::Object(id, part) => {
                    id.eq_ignore_ascii_case(&finding.object_id)
                        && part.as_ref().is_none_or(|part| *part == finding.part)
                }
            })
    }
}

/// What is said of waivers of these rules that are about no finding: nobody would notice them otherwise.
pub fn idle(findings: &[Finding], waivings: &[Waiving], rules: &[&Doc]) -> Vec<String> {
    let idle = waivings.iter().filter(|waiving| {
        let ran = rules.iter().any(|doc| doc.name == waiving.waiver.rule);
        ran && !findings.iter().any(|finding| waiving.is_about(finding))
    });
    idle.map(|Waiving { waiver, place, .. }| {
        let place = place.as_ref().map(|it| format!(" ({it})"));
        format!(
            "the waiver `{}` of {}{} waives nothing: `{}` finds nothing in what it names; remove it, or correct what it names",
            waiver.name,
            waiver.owner,
            place.unwrap_or_default(),
            waiver.rule
        )
    })
    .collect()
}

/// Marks what is waived, and says of what no longer is why. `now` is in seconds since 1970.
pub fn apply(findings: &mut [Finding], waivings: &[Waiving], now: i64) {
    for finding in findings {
        for waiving in waivings {
            if !waiving.is_about(finding) {
                continue;
            }
            let Waiving { waiver, days, .. } = waiving;
            let until = waiver.until.div_euclid(1000);
            let last = now.saturating_add(
                i64::try_from(*days)
                    .unwrap_or(i64::MAX)
                    .saturating_mul(86_400),
            );
            // The end of a day is the first moment of the next.
            let shown = day(until - 1);
            let who = format!("the waiver `{}` of {}", waiver.name, waiver.owner);
            if until <= now {
                let line = format!("{who} ended on {shown}: {}", waiver.reason);
                finding.evidence.push(line);
            } else if until > last {
                let line = format!(
                    "{who} waives nothing: it ends on {shown}, and the policy allows {days} day{} from now",
                    if *days == 1 { "" } else { "s" }
                );
                finding.evidence.push(line);
            } else {
                finding.status = Status::Waived(Waived {
                    reason: waiver.reason.clone(),
                    owner: waiver.owner.clone(),
                    until: shown,
                });
                break;
            }
        }
    }
}
