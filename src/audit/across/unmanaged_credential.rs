//! A credential that no file declares, on an application that one does.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unmanaged-credential",
        severity: Severity::High,
        needs: &[Need::Declared],
        also: &[Need::Identities],
        what: "An application that files declare trusts somebody whom no file declares.",
        why: "Nobody reviewed it; a back door looks the same.",
        source: "Dirk-jan Mollema, ROADtools: persisting with federated credentials",
        example: "the credential `helper` on `payments`, in no file",
        fix: "declare it, or delete it: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let kept = identity.application.is_some_and(|it| it.keeps_unmanaged)
        || identity.managed.is_some_and(|it| it.keeps_unmanaged);
    let Some(place) = identity.declared_at().filter(|_| !kept) else {
        return;
    };
    for held in &identity.trusts {
        if held.credential.declared_at.is_none() {
            let mut finding = identity.about(&RULE.doc, held, "no file declares it");
            finding.declared_at = Some(place.clone());
            found.push(finding);
        }
    }
}
