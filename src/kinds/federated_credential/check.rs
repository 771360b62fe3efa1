//! What Entra takes in a federated credential, checked before anything is contacted.
//!
//! Sources: Microsoft, "Important considerations and restrictions for federated identity credentials" (limits),
//! "Set up a flexible federated identity credential" (issuers, claims, required claims).

use std::collections::BTreeMap;

use super::{KIND, ROOM};
use crate::exchange::pattern::Pattern;
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Complaint;
use crate::model::value::Value;

/// Longest issuer, subject and audience.
const LONGEST: usize = 600;

type Verdict = Result<(), Complaint>;

pub fn issuer(value: &Value) -> Verdict {
    let Some(issuer) = value.as_str() else {
        return Ok(());
    };
    short("issuer", issuer)?;
    if issuer.trim() != issuer {
        return Err(Complaint::new(
            "the issuer begins or ends with white space: no token will match it",
        )
        .help("remove the white space"));
    }
    match url::Url::parse(issuer) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(()),
        Ok(url) if url.scheme() == "http" => Err(Complaint::new(
            "Entra fetches an issuer's keys over https only",
        )
        .help("use the issuer's https URL, exactly as it stands in the `iss` of its tokens")),
        _ => Err(Complaint::new(format!("`{issuer}` is not an https URL"))
            .help("give the issuer exactly as it stands in the `iss` of its tokens")),
    }
}

pub fn subject(value: &Value) -> Verdict {
    let Some(subject) = value.as_str() else {
        return Ok(());
    };
    if subject.is_empty() {
        return Err(Complaint::new("the subject is empty")
            .help("write the `sub` of the tokens, exactly; null or a variable without a value leaves the credential pending"));
    }
    short("subject", subject)?;
    if subject.contains('*') {
        return Err(Complaint::new(
            "`*` has no meaning in a subject: it is compared byte for byte",
        )
        .help(
            "use `claims_matching_expression` with `matches`, or one credential for each subject",
        ));
    }
    Ok(())
}

pub fn audience(value: &Value) -> Verdict {
    value.as_str().map_or(Ok(()), |audience| {
        if audience.is_empty() {
            Err(Complaint::new("the audience is empty")
                .help("leave it out for the cloud's default, `api://AzureADTokenExchange`"))
        } else {
            short("audience", audience)
        }
    })
}

fn short(what: &str, text: &str) -> Verdict {
    match text.chars().count() {
        long if long > LONGEST => Err(Complaint::new(format!(
            "the {what} has {long} characters, Entra takes at most {LONGEST}"
        ))),
        _ => Ok(()),
    }
}

/// Issuers that the policy does not allow.
fn issuers(desired: &Desired) -> Vec<Diagnostic> {
    let credentials = desired.of_kind(KIND);
    credentials
        .filter_map(|resource| {
            let issuer = resource.text("issuer")?;
            let mut policies = desired.policy.allowed_issuers.iter();
            let allowed =
                policies.find(|one| !one.globs.iter().any(|glob| allows(glob, issuer)))?;
            let list = allowed.globs.iter().map(|glob| format!("`{glob}`"));
            Some(
                Diagnostic::error(
                    "policy",
                    format!("the policy does not allow the issuer `{issuer}`"),
                )
                .about(&resource.address)
                .at(resource.span("issuer"), "")
                .see(allowed.origin, "the policy")
                .help(match allowed.globs.is_empty() {
                    true => "`policy.allowed_issuers` is empty: it allows none".to_owned(),
                    false => format!(
                        "`policy.allowed_issuers` allows {}",
                        list.collect::<Vec<_>>().join(", ")
                    ),
                }),
            )
        })
        .collect()
}

/// Whether a glob over host and path covers an issuer. A `*` in the host stays in the host.
pub fn allows(glob: &str, issuer: &str) -> bool {
    let parts = |text: &str| -> (String, String) {
        let rest = text.strip_prefix("https://").unwrap_or(text);
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        (host.to_owned(), path.to_owned())
    };
    let ((host, path), (theirs, their_path)) = (parts(glob), parts(issuer));
    Pattern::glob(&host).matches(&theirs) && Pattern::glob(&path).matches(&their_path)
}

/// Rules over all credentials of a parent: one for each content, and at most twenty.
pub fn review(desired: &Desired) -> Vec<Diagnostic> {
    let mut diagnostics = issuers(desired);
    let all: Vec<&Resource> = desired.of_kind(KIND).collect();
    let around = |one: &Resource| one.address.segments.len().saturating_sub(1);
    // In the order of addresses, those of one parent stand side by side.
    let together = |a: &&Resource, b: &&Resource| {
        a.address.modules == b.address.modules
            && a.address.segments[..around(a)] == b.address.segments[..around(b)]
    };
    for credentials in all.chunk_by(together).filter(|some| some.len() > 1) {
        let Some(parent) = credentials.first().and_then(|first| first.address.parent()) else {
            continue;
        };
        let mut credentials = credentials.to_vec();
        // The first is the one that stands first in the files.
        credentials.sort_by_key(|resource| (resource.origin.source, resource.origin.start));
        let mut seen: BTreeMap<(&Value, &Value), &Resource> = BTreeMap::new();
        for resource in credentials.iter() {
            let content = resource
                .at("subject")
                .or_else(|| resource.at("claims_matching_expression"));
            let (Some(issuer), Some(content)) = (resource.at("issuer"), content) else {
                continue;
            };
            if let Some(first) = seen.insert((issuer, content), resource) {
                diagnostics.push(
                    Diagnostic::error("duplicate-credential", "this issuer and subject are trusted twice")
                        .about(&resource.address)
                        .at(resource.origin, "declared again here")
                        .see(first.origin, format!("first declared as `{}`", first.address))
                        .help("Entra takes each combination of issuer and subject once in an application or identity: remove one of the two"),
                );
            }
        }
        if let Some(over) = credentials.get(ROOM) {
            diagnostics.push(
                Diagnostic::error("too-many-credentials", format!("`{parent}` declares {} federated credentials, Entra takes {ROOM}", credentials.len()))
                    .about(parent)
                    .at(over.origin, "the first one too many")
                    .help("let one `claims_matching_expression` stand for several subjects, or spread them over several applications"),
            );
        }
    }
    diagnostics
}
