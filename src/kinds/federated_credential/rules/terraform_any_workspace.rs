//! An expression for HCP Terraform admits every workspace.

use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "terraform-any-workspace",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "An expression for HCP Terraform admits every workspace.",
        why: "Whoever may create a workspace, or run one for tests, gets the rights of production.",
        source: "HashiCorp, \"Dynamic provider credentials\": the subject names organization, project, workspace and phase",
        example: "`organization:o:project:p:workspace:*:run_phase:apply`",
        fix: "name the workspace, or give each workspace an application of its own",
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
                Subject::TerraformCloud { workspace, .. } => workspace.contains('*'),
                _ => subject.ends_with('*'),
            };
            if open {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    "any workspace that fits may act as it",
                ));
            }
        }
    }
}
