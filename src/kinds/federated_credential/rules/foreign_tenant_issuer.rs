//! A trust names the issuer of another Entra tenant.

use crate::exchange::platform::{Platform, platform};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "foreign-tenant-issuer",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "A trust names the issuer of another Entra tenant.",
        why: "Administrators of that tenant decide who has the subject: cross-tenant take-over.",
        source: "dirkjanm.io, \"Persisting with federated credentials\"",
        example: "https://login.microsoftonline.com/<another tenant>/v2.0",
        fix: "delete it unless the partner is known: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`; else write the reason down in a `waiver` with an end",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let issuer = &held.credential.issuer;
        let own = issuer
            .to_ascii_lowercase()
            .contains(&scene.tenant.tenant_id.to_ascii_lowercase());
        if platform(issuer) == Platform::Entra && !own && !scene.tenant.tenant_id.is_empty() {
            found.push(identity.about(&RULE.doc, held, "it trusts another tenant's identities"));
        }
    }
}
