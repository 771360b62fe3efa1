//! An issuer stands on a tunnel, paste or dynamic-DNS host.

use super::{THROWAWAY, host};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "free-hosting-issuer",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "An issuer stands on a tunnel, paste or dynamic-DNS host.",
        why: "Anyone can take such a name for a while and publish keys there.",
        source: "dirkjanm.io, roadoidc; MITRE ATT&CK T1098.001",
        example: "https://a1b2.ngrok.app",
        fix: "delete it and treat it as an incident: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if let Some(host) = host(&held.credential.issuer)
            .filter(|host| THROWAWAY.iter().any(|end| host.ends_with(end)))
        {
            found.push(identity.about(
                &RULE.doc,
                held,
                format!("anyone can get a name like `{host}`"),
            ));
        }
    }
}
