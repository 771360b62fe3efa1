//! Both the plan and the apply phase of a workspace are admitted.

use super::open;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "terraform-any-phase",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "Both the plan and the apply phase of a workspace are admitted.",
        why: "A speculative plan of a pull request runs code that nobody reviewed with the rights of an apply.",
        source: "HashiCorp, \"Dynamic provider credentials\"",
        example: "`…:run_phase:*`",
        fix: "use one application for `run_phase:plan` that can read, and another for `run_phase:apply`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    open::check(&RULE.doc, identity, found, |issuer, subject| {
        if platform(issuer) != Platform::TerraformCloud {
            return None;
        }
        let open = match parse(issuer, subject) {
            Subject::TerraformCloud { run_phase, .. } => run_phase.contains('*'),
            _ => subject.ends_with('*'),
        };
        open.then(|| "plans may act as it as well as applies".to_owned())
    });
}
