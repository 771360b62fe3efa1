//! An issuer that the policy does not allow.

use crate::kinds::federated_credential;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unlisted-issuer",
        severity: Severity::High,
        needs: &[Need::Policy],
        also: &[Need::Identities],
        what: "A trust names an issuer that `policy.allowed_issuers` does not allow.",
        why: "A rogue issuer is a back door that survives the rotation of every secret.",
        source: "Dirk-jan Mollema, ROADtools: persisting with federated credentials",
        example: "the issuer `https://a1b2.ngrok.app`, where only GitHub is allowed",
        fix: "add the issuer to `policy.allowed_issuers`, or delete the trust: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    let Some(lists) = &scene.tenant.allowed_issuers else {
        return;
    };
    for held in &identity.trusts {
        let allowed = |list: &Vec<String>| {
            let issuer = &held.credential.issuer;
            list.iter()
                .any(|glob| federated_credential::allows(glob, issuer))
        };
        if !lists.iter().all(allowed) {
            let message = format!("the policy does not allow `{}`", held.credential.issuer);
            found.push(identity.about(&RULE.doc, held, message));
        }
    }
}
