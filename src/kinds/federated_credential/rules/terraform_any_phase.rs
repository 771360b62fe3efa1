//! Both the plan and the apply phase of a workspace are admitted.

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
    for held in &identity.trusts {
        if held.expression().is_none()
            || platform(&held.credential.issuer) != Platform::TerraformCloud
        {
            continue;
        }
        for subject in held.subjects() {
            let open = match parse(&held.credential.issuer, subject) {
                Subject::TerraformCloud { run_phase, .. } => run_phase.contains('*'),
                _ => subject.ends_with('*'),
            };
            if open {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    "plans may act as it as well as applies",
                ));
            }
        }
    }
}
