//! Audit rules about `federated_credential`.

mod address_issuer;
mod any_context_subject;
mod azure_devops_issuer;
mod boundary_less_subject;
mod branch_wildcard;
mod default_service_account;
mod foreign_tenant_issuer;
mod free_hosting_issuer;
mod gitlab_any_ref;
mod gitlab_group_wildcard;
mod hidden_characters;
mod mutable_subject;
mod never_matching_subject;
mod open;
mod ownerless_subject;
mod private_issuer;
mod pull_request_subject;
mod refused_expression;
mod repository_wildcard;
mod shadowed_trust;
mod system_namespace;
mod tag_wildcard;
mod terraform_any_phase;
mod terraform_any_workspace;
mod unreadable_expression;
mod unusual_audience;
mod vanished_managed_identity;
mod workflow_ref_wildcard;

use crate::kinds::rule::Rule;

/// One file each.
pub static ALL: &[&Rule] = &[
    &address_issuer::RULE,
    &any_context_subject::RULE,
    &azure_devops_issuer::RULE,
    &boundary_less_subject::RULE,
    &branch_wildcard::RULE,
    &default_service_account::RULE,
    &foreign_tenant_issuer::RULE,
    &free_hosting_issuer::RULE,
    &gitlab_any_ref::RULE,
    &gitlab_group_wildcard::RULE,
    &hidden_characters::RULE,
    &mutable_subject::RULE,
    &never_matching_subject::RULE,
    &ownerless_subject::RULE,
    &private_issuer::RULE,
    &pull_request_subject::RULE,
    &refused_expression::RULE,
    &repository_wildcard::RULE,
    &shadowed_trust::RULE,
    &system_namespace::RULE,
    &tag_wildcard::RULE,
    &terraform_any_phase::RULE,
    &terraform_any_workspace::RULE,
    &unreadable_expression::RULE,
    &unusual_audience::RULE,
    &vanished_managed_identity::RULE,
    &workflow_ref_wildcard::RULE,
];

/// Hosts under which anyone gets a name for nothing.
const THROWAWAY: &[&str] = &[
    ".ngrok.app",
    ".ngrok.io",
    ".ngrok-free.app",
    ".ngrok-free.dev",
    ".ngrok.dev",
    ".trycloudflare.com",
    ".loca.lt",
    ".serveo.net",
    ".duckdns.org",
    ".no-ip.org",
    ".ddns.net",
    ".pages.dev",
    ".workers.dev",
    ".netlify.app",
    ".vercel.app",
    ".github.io",
    ".gitlab.io",
    ".herokuapp.com",
    ".onrender.com",
    ".repl.co",
    ".glitch.me",
    ".webhook.site",
    ".nip.io",
    ".sslip.io",
];

/// An issuer's host, in lower case.
fn host(issuer: &str) -> Option<String> {
    let url = url::Url::parse(issuer).ok()?;
    Some(
        url.host_str()?
            .trim_matches(['[', ']'])
            .to_ascii_lowercase(),
    )
}
