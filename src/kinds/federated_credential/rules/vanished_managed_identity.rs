//! A trust names a managed identity that is not in the tenant.

use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "vanished-managed-identity",
        severity: Severity::High,
        needs: &[Need::Principals],
        also: &[Need::Identities],
        what: "A trust names a managed identity that is not in the tenant.",
        why: "The trust outlived its reason, and shows who used to be let in.",
        source: "Microsoft, \"Important considerations and restrictions for federated identity credentials\"",
        example: "subject 3333… is no service principal here",
        fix: "delete it: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`; or name the identity that took its place",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let issuer = &held.credential.issuer;
        let own = issuer
            .to_ascii_lowercase()
            .contains(&scene.tenant.tenant_id.to_ascii_lowercase());
        for subject in held.subjects() {
            if let Subject::ManagedIdentity(id) = parse(issuer, subject)
                && own
                && !scene.principals.contains(id.to_ascii_lowercase().as_str())
            {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    format!("no identity has the object id `{id}`"),
                ));
            }
        }
    }
}
