//! Audit rules about `application`.

mod application_secret;
mod credential_room;
mod expired_secret;
mod expiring_secret;
mod granted_not_requested;
mod implicit_grant;
mod insecure_redirect_uri;
mod leftover_certificate;
mod leftover_secret;
mod long_lived_secret;
mod multi_tenant_audience;
mod owned_administrator;
mod owners;
mod public_client;
mod requested_not_granted;
mod risky_owner;
mod several_secrets;
mod unlocked_instances;
mod unused_application;
mod unused_secret;
mod unverified_email;

use crate::kinds::rule::{Identity, Place, Rule, day, filled};
use crate::model::rule::{Doc, Finding};
use crate::model::tenant::Secret;

/// One file each.
pub static ALL: &[&Rule] = &[
    &application_secret::RULE,
    &credential_room::RULE,
    &expired_secret::RULE,
    &expiring_secret::RULE,
    &granted_not_requested::RULE,
    &implicit_grant::RULE,
    &insecure_redirect_uri::RULE,
    &leftover_certificate::RULE,
    &leftover_secret::RULE,
    &long_lived_secret::RULE,
    &multi_tenant_audience::RULE,
    &owned_administrator::RULE,
    &public_client::RULE,
    &requested_not_granted::RULE,
    &risky_owner::RULE,
    &several_secrets::RULE,
    &unlocked_instances::RULE,
    &unused_application::RULE,
    &unused_secret::RULE,
    &unverified_email::RULE,
];

/// Days without a sign-in after which something counts as unused. Source: Microsoft Zero Trust Assessment 21770,
/// "Inactive applications don't have highly privileged Microsoft Graph API permissions".
const UNUSED_DAYS: i64 = 90;

/// A repair's command with the words for where a secret sits and what it is.
fn command(fix: &str, place: Place, kind: &str) -> String {
    let fix = match place {
        Place::Application => fix.to_owned(),
        Place::Principal => fix.replace("az ad app credential", "az ad sp credential"),
    };
    match kind == "certificate" && !fix.contains("--cert") {
        true => fix.replace("--key-id <key id>", "--key-id <key id> --cert"),
        false => fix,
    }
}

/// A finding about one password or certificate.
pub(crate) fn of_secret(identity: &Identity, doc: &Doc, secret: &Secret, message: &str) -> Finding {
    let mut finding = identity.finding(doc, &secret.key_id, message);
    if let Some(name) = &secret.name {
        finding.evidence.push(format!("named {name}"));
    }
    let end = match secret.end {
        Some(end) => format!("ends {}", day(end)),
        None => "never ends".to_owned(),
    };
    finding
        .evidence
        .push(format!("key id {}, {end}", secret.key_id));
    if let Some(used) = secret.last_used {
        finding.evidence.push(format!("last used on {}", day(used)));
    }
    let mut secrets = identity.secrets().into_iter();
    let of = secrets.find(|(.., other)| other.key_id == secret.key_id);
    if let Some((place, kind, _)) = of {
        finding.fix = command(&finding.fix, place, kind);
    }
    finding.fix = filled(&finding.fix, "<key id>", &secret.key_id);
    finding
}
