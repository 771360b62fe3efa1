//! Subjects that belong to another platform than their issuer, or that nobody has completed.

use super::parts::{Subject, parse};
use super::traps::{Field, Trap};
use crate::exchange::platform::{Platform, platform};

/// Words with which GitHub's subjects begin: `repo`, and the claims that an owner may put there (GitHub, "OpenID Connect
/// reference", customising the subject).
const GITHUB_WORDS: &[&str] = &[
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "job_workflow_ref",
    "job_workflow_sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "environment",
    "environment_node_id",
    "context",
    "ref",
    "ref_type",
    "ref_protected",
    "base_ref",
    "head_ref",
    "event_name",
    "actor",
    "actor_id",
    "sha",
    "run_id",
    "run_number",
    "run_attempt",
    "runner_environment",
    "enterprise",
    "enterprise_id",
    "check_run_id",
];

/// Whether GitHub can send this subject at all.
pub fn is_github(subject: &str) -> bool {
    let word = subject.split(':').next().unwrap_or_default();
    subject == "pull_request" || GITHUB_WORDS.contains(&word)
}

/// What no token of this issuer has for a subject, whatever it was meant to be.
pub(super) fn elsewhere(issuer: &str, field: Field, text: &str) -> Option<Trap> {
    let trap = |message: String, help: &str| {
        Some(Trap {
            field,
            message,
            help: help.to_owned(),
            replacement: None,
        })
    };
    if ["<", ">", "${", "{{"]
        .iter()
        .any(|mark| text.contains(mark))
    {
        return trap(
            "a placeholder was left in the subject".to_owned(),
            "write what it stands for",
        );
    }
    let is_pattern = field == Field::Expression;
    let on = platform(issuer);
    let missing = |form: &str| format!("the subjects of this issuer have the form `{form}`");
    match on {
        Platform::GitHub if !is_pattern && !is_github(text.trim()) => trap(
            format!("GitHub sends no subject like `{text}`"),
            "it begins with `repo:`, unless the repository chose other claims",
        ),
        Platform::GitHub | Platform::GitHubEnterprise if text.starts_with("repo:http") => trap(
            "the subject has the repository's address where its name belongs".to_owned(),
            "write `repo:OWNER/REPOSITORY:…`",
        ),
        // The pipeline's own tokens have `p://`.
        Platform::AzureDevOps
            if text.starts_with("sc://") && parse(issuer, text) == opaque(text) =>
        {
            trap(
                missing("sc://ORGANIZATION/PROJECT/CONNECTION"),
                "take the subject from the service connection's page",
            )
        }
        // A token of a Google service account has its number there: Google, "OpenID Connect".
        Platform::Google if text.contains('@') => trap(
            "the subject of a Google service account is its number, not its e-mail address"
                .to_owned(),
            "`gcloud iam service-accounts describe ACCOUNT --format='value(uniqueId)'` prints it",
        ),
        // buildkite/agent#3784
        Platform::Buildkite if text.starts_with("organization:") => trap(
            "Buildkite's default subject ends with the commit and the step: the next build has another one".to_owned(),
            "ask for tokens with `--subject-claim pipeline_id`, and trust that id",
        ),
        Platform::TerraformCloud if !is_pattern && parse(issuer, text) == opaque(text) => trap(
            missing("organization:O:project:P:workspace:W:run_phase:PHASE"),
            "write all four parts; the phase is `plan` or `apply`",
        ),
        Platform::TerraformCloud if phase_is_unknown(issuer, text) => trap(
            "HCP Terraform's runs have the phases `plan` and `apply`, in lower case".to_owned(),
            "let the subject end with `run_phase:plan` or `run_phase:apply`",
        ),
        // CircleCI, "Using OpenID Connect tokens in jobs".
        Platform::CircleCi if !is_circleci(text) => trap(
            missing("org/ORGANIZATION/project/PROJECT/user/USER"),
            "write all three ids: the user who triggers the pipeline is part of the subject",
        ),
        // AWS, "Outbound identity federation".
        Platform::Aws if !text.starts_with("arn:") || text.contains(":assumed-role/") => trap(
            "the subject of an AWS token is the ARN of the role".to_owned(),
            "write `arn:aws:iam::ACCOUNT:role/NAME`: neither the name alone nor a session of it",
        ),
        Platform::Entra if text.starts_with("system:serviceaccount") || text.starts_with("repo:") => {
            trap(
                "Entra sends no such subject: the issuer is another one".to_owned(),
                "write the issuer of the cluster, or of GitHub",
            )
        }
        // Microsoft, "Convert service connections": the subject changes with the issuer.
        Platform::Entra if text.starts_with("sc://") => trap(
            "a service connection of Azure DevOps has another subject with the Entra issuer".to_owned(),
            "paste the subject that the connection's page shows, or write the issuer `https://vstoken.dev.azure.com/ORGANIZATION_ID`",
        ),
        Platform::Other if text.starts_with("system:serviceaccount") && !is_account(text) => trap(
            missing("system:serviceaccount:NAMESPACE:NAME"),
            "write namespace and service account",
        ),
        _ => None,
    }
}

fn opaque(text: &str) -> Subject {
    Subject::Opaque(text.to_owned())
}

fn phase_is_unknown(issuer: &str, text: &str) -> bool {
    match parse(issuer, text) {
        Subject::TerraformCloud { run_phase, .. } => {
            !run_phase.contains(['*', '?']) && !["plan", "apply"].contains(&run_phase.as_str())
        }
        _ => false,
    }
}

fn is_circleci(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    matches!(parts[..], ["org", _, "project", _, "user", _])
}

fn is_account(text: &str) -> bool {
    let rest = text.strip_prefix("system:serviceaccount:");
    rest.and_then(|rest| rest.split_once(':'))
        .is_some_and(|(namespace, name)| {
            !namespace.is_empty() && !name.is_empty() && !name.contains(':')
        })
}
