//! An issuer is an IP address.

use super::host;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "address-issuer",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "An issuer is an IP address.",
        why: "Addresses are lent: whoever gets it next publishes the keys.",
        source: "Microsoft, \"Prevent dangling DNS entries\"",
        example: "https://203.0.113.7",
        fix: "serve it under a name that you own",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if host(&held.credential.issuer)
            .is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok())
        {
            found.push(identity.about(&RULE.doc, held, "its issuer is an IP address"));
        }
    }
}
