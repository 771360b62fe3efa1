//! A redirect URI is plain http, or has a wildcard.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "insecure-redirect-uri",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A redirect URI is plain http, or has a wildcard.",
        why: "Codes and tokens sent there can be read on the way, or by whoever gets a host under the wildcard.",
        source: "Microsoft, \"Redirect URI (reply URL) best practices and limitations\"",
        example: "http://app.contoso.com/callback",
        fix: "write the exact https URI into `redirect_uris`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for uri in identity.application.map_or(&[][..], |it| &it.redirect_uris) {
        let rest = uri.strip_prefix("http://");
        let host = rest.map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        let plain = host.is_some_and(|host| host != "localhost" && host != "127.0.0.1");
        let wrong = match (plain, uri.contains('*')) {
            (true, _) => "is plain http",
            (false, true) => "has a wildcard",
            (false, false) => continue,
        };
        let message = format!("the redirect URI `{uri}` {wrong}");
        found.push(identity.finding(&RULE.doc, uri, message));
    }
}
