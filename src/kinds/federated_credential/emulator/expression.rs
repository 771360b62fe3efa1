//! The rules for claims-matching expressions that are checked when a credential is written.

/// Checks syntax, issuer, claims and, with the gate on, the claims required since July 2026.
///
/// # Errors
/// The rule that is broken, in the service's words where they are known (terraform-provider-azuread#1901).
pub fn check(issuer: &str, expression: &str, gate: bool) -> Result<(), String> {
    let terms = terms(expression).ok_or("The expression could not be parsed.")?;
    let refused = || {
        Err(format!(
            "Expression configured for issuer '{issuer}' either lacks all required claims or contains unallowed claims."
        ))
    };
    let Some((allowed, required)) = rules(issuer) else {
        return refused();
    };
    let known = |(claim, operator): &(&str, &str)| {
        allowed
            .iter()
            .any(|(name, operators)| name == claim && operators.contains(operator))
    };
    if !terms.iter().all(known) {
        return refused();
    }
    let has = |claim: &&str| terms.iter().any(|(name, _)| name == claim);
    match gate && !required.is_empty() && !required.iter().any(has) {
        true => refused(),
        false => Ok(()),
    }
}

type Operators = &'static [&'static str];
const ANY: Operators = &["eq", "matches"];
const EQ: Operators = &["eq"];

/// Allowed claims with their operators, and the claims of which one is required
/// (learn.microsoft.com, set up a flexible federated identity credential, September 2026).
fn rules(
    issuer: &str,
) -> Option<(
    &'static [(&'static str, Operators)],
    &'static [&'static str],
)> {
    let gitlab = issuer == "https://gitlab.com"
        || issuer.strip_prefix("https://gitlab.").is_some_and(|rest| {
            let host = rest
                .strip_suffix(".com")
                .or_else(|| rest.strip_suffix(".ca"));
            host.is_some_and(|host| !host.is_empty() && !host.contains('/'))
        });
    match issuer {
        "https://token.actions.githubusercontent.com" => Some((
            &[
                ("sub", ANY),
                ("job_workflow_ref", ANY),
                ("repository_id", EQ),
                ("repository_owner_id", EQ),
            ],
            &["repository_id", "repository_owner_id"],
        )),
        "https://app.terraform.io" | "https://app.eu.terraform.io" => {
            Some((&[("sub", ANY)], &["sub"]))
        }
        _ if gitlab => Some((
            &[
                ("sub", ANY),
                ("project_id", EQ),
                ("namespace_id", EQ),
                ("user_id", EQ),
            ],
            &["project_id", "namespace_id", "user_id"],
        )),
        _ => None,
    }
}

/// Claim and operator of each term of `claims['sub'] matches 'a*' and claims['x'] eq 'y'`.
fn terms(expression: &str) -> Option<Vec<(&str, &str)>> {
    let mut terms = Vec::new();
    let mut rest = expression;
    loop {
        let (claim, after) = rest.strip_prefix("claims['")?.split_once("'] ")?;
        let (operator, after) = after.split_once(" '")?;
        let (_, after) = after.split_once('\'')?;
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if claim.is_empty() || !claim.chars().all(named) || !ANY.contains(&operator) {
            return None;
        }
        terms.push((claim, operator));
        if after.is_empty() {
            return Some(terms);
        }
        rest = after.strip_prefix(" and ")?;
    }
}
