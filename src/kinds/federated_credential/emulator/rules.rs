//! What the service refuses to store in a federated credential.

use serde_json::json;

use crate::emulator::graph::{Call, Failure};
use crate::emulator::store::{list as items, member, text};
use crate::emulator::table::{Entity, Related};
use crate::exchange::expression::Expression;
use crate::exchange::issuers::{self, Weight};
use crate::exchange::platform::{Platform, platform};

/// The pattern of the service's value errors (azure-workload-identity#434, terraform-provider-azuread#1901).
pub(super) fn value_error(sentence: &str, property: &str, value: &str) -> Failure {
    Failure::new(
        400,
        "InvalidFederatedIdentityCredentialValue",
        format!(
            "{sentence} paramName: FederatedIdentityCredential.{property}, paramValue: {value}, objectType: Microsoft.Online.DirectoryServices.Application"
        ),
    )
}

/// Checks a credential that is about to be stored beside others of the same application.
///
/// # Errors
/// Those of the service where they are known; which code goes with a bad name, two audiences or a long text is not.
pub(super) fn check(
    call: &Call<'_>,
    credential: &Entity,
    others: &[Related],
) -> Result<(), Failure> {
    let name = text(credential, "name");
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !first || !(3..=120).contains(&name.len()) || !name.chars().all(fits) {
        return Err(value_error(
            "The name of the federated identity credential is invalid.",
            "Name",
            name,
        ));
    }
    if others.iter().any(|(_, row)| text(row, "name") == name) {
        return Err(Failure::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!("FederatedIdentityCredential with name {name} already exists."),
        ));
    }
    let issuer = text(credential, "issuer");
    let is_url = url::Url::parse(issuer).is_ok_and(|url| url.has_host());
    if !is_url || issuer.trim() != issuer {
        return Err(value_error(
            "The issuer must be an absolute URL.",
            "Issuer",
            issuer,
        ));
    }
    let audiences = items(credential, "audiences");
    if audiences.len() != 1 || audiences[0].as_str().is_none_or(str::is_empty) {
        return Err(value_error(
            "Federated identity credentials must have exactly one audience.",
            "Audiences",
            &json!(audiences).to_string(),
        ));
    }
    let subject = text(credential, "subject");
    let expression = member(credential, "claimsMatchingExpression");
    let flexible = expression["value"].as_str().unwrap_or_default();
    match (subject.is_empty(), expression.is_null()) {
        (true, true) => return Err(Failure::bad_request("Property 'subject' cannot be empty.")),
        (false, false) => {
            return Err(value_error(
                "Subject and ClaimsMatchingExpression cannot both be set.",
                "Subject",
                subject,
            ));
        }
        (true, false) => {
            if expression["languageVersion"] != 1 {
                let version = expression["languageVersion"].to_string();
                return Err(value_error(
                    "The language version is not supported.",
                    "ClaimsMatchingExpression.LanguageVersion",
                    &version,
                ));
            }
            check_expression(issuer, flexible, call.store.faults.required_claims_gate)?;
        }
        (false, true) => {}
    }
    let same = |row: &Entity| {
        let other = member(row, "claimsMatchingExpression")["value"]
            .as_str()
            .unwrap_or_default();
        text(row, "issuer") == issuer && text(row, "subject") == subject && other == flexible
    };
    // Reported for subjects; whether it holds for expressions too is not known.
    if others.iter().any(|(_, row)| same(row)) {
        let matched = if subject.is_empty() {
            flexible
        } else {
            subject
        };
        let sentence = format!(
            "The combination of issuer and subject must be unique for the application. Issuer {issuer} and Subject: {matched} already exist."
        );
        return Err(value_error(&sentence, "Subject", matched));
    }
    Ok(())
}

/// The rules for expressions when a credential is written.
fn check_expression(issuer: &str, value: &str, gate: bool) -> Result<(), Failure> {
    // Before July 2026 an expression counted as if it held the claims that are required now.
    let added = match platform(issuer) {
        _ if gate => "",
        Platform::GitHub => " and claims['sub'] matches '*' and claims['repository_id'] eq '0'",
        Platform::GitLab => " and claims['sub'] matches '*' and claims['project_id'] eq '0'",
        _ => "",
    };
    // The wording for syntax errors is not known.
    let rule = match Expression::parse(&format!("{value}{added}")) {
        Err(_) => "The expression could not be parsed.".to_owned(),
        Ok(expression) => {
            let problems = issuers::check(issuer, &expression);
            if problems
                .iter()
                .all(|problem| problem.weight != Weight::Refused)
            {
                return Ok(());
            }
            format!(
                "Expression configured for issuer '{issuer}' either lacks all required claims or contains unallowed claims."
            )
        }
    };
    let sentence = format!(
        "The FederatedIdentityCredential.ClaimsMatchingExpression.Value is invalid. Rule exception: {rule}"
    );
    Err(value_error(
        &sentence,
        "ClaimsMatchingExpression.Value",
        value,
    ))
}
