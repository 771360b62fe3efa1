//! An expression for HCP Terraform admits every workspace.

use super::open;
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
    open::check(&RULE.doc, identity, found, |issuer, subject| {
        if platform(issuer) != Platform::TerraformCloud {
            return None;
        }
        let open = match parse(issuer, subject) {
            Subject::TerraformCloud { workspace, .. } => workspace.contains('*'),
            _ => subject.ends_with('*'),
        };
        open.then(|| "any workspace that fits may act as it".to_owned())
    });
}
