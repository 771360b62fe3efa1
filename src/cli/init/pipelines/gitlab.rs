//! GitLab CI/CD: any branch of the project plans, the protected one applies, and a resource group.
//!
//! Source: GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens", "Resource group". The token is handed over as
//! a file, as workload identity in Kubernetes does it.

use super::{Pipeline, Trusts, lock, yaml};
use crate::cli::init::platforms::Attribute;
use crate::cli::init::text::Answers;

pub const PIPELINE: Pipeline = Pipeline {
    platform: "gitlab",
    file: ".gitlab/trustform.yml",
    asks: &[Attribute {
        name: "project_id",
        example: "1234567",
    }],
    next: "Add `include: [{ local: .gitlab/trustform.yml }]` to `.gitlab-ci.yml`.\n",
    identities,
    text,
};

fn identities(answers: &Answers) -> String {
    let before = r#"# The pipeline's own identities. Protect the branch that applies: who may push to it changes all of the above. The
# pipeline of any branch plans: Entra takes the pattern only with the project's id beside it.
"#;
    super::identities(
        answers,
        &Trusts {
            before: before.trim_end().to_owned(),
            plan: format!(
                "gitlab = {{ project_path = {}, project_id = {}, ref_type = \"branch\", ref = \"*\" }}",
                answers.quoted("project_path"),
                answers.quoted("project_id")
            ),
            apply: format!(
                "gitlab = {{ project_path = {}, ref_type = {}, ref = {} }}",
                answers.quoted("project_path"),
                answers.quoted("ref_type"),
                answers.quoted("ref")
            ),
            reader: "The CI/CD variable TRUSTFORM_READER.",
            writer: "The CI/CD variable TRUSTFORM_WRITER.",
        },
    )
}

fn text(answers: &Answers, directory: &str) -> String {
    let applies = match answers.value("ref_type") {
        "tag" => "CI_COMMIT_TAG",
        _ => "CI_COMMIT_BRANCH",
    };
    format!(
        r#"# The first apply makes the identities that this logs in with: an administrator runs it once, logged in with `az`.
# Then the project needs the CI/CD variables TRUSTFORM_READER and TRUSTFORM_WRITER: their client ids.
.trustform:
  # One at a time: the next one waits.
  resource_group: {group}
  id_tokens:
    ENTRA_TOKEN:
      aud: api://AzureADTokenExchange
  before_script:
    # Bring trustform here as your organisation installs its tools.
    - export AZURE_FEDERATED_TOKEN_FILE="$(mktemp)"
    - printf %s "$ENTRA_TOKEN" > "$AZURE_FEDERATED_TOKEN_FILE"
    - {enter}
trustform-plan:
  extends: .trustform
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    AZURE_CLIENT_ID: $TRUSTFORM_READER
  script:
    - trustform plan
trustform-apply:
  extends: .trustform
  rules:
    - if: {rule}
  variables:
    AZURE_CLIENT_ID: $TRUSTFORM_WRITER
  script:
    - trustform apply --auto-approve --without-consent
"#,
        group = yaml(&lock(answers)),
        enter = yaml(&format!("cd {}", shell(directory))),
        rule = yaml(&format!(
            "$CI_PIPELINE_SOURCE == \"push\" && ${applies} == {}",
            yaml(answers.value("ref"))
        )),
    )
}

/// One word of a shell.
fn shell(text: &str) -> String {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
    match plain {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
