//! GitHub Actions: environments of their own for plan and apply, and a concurrency group.

use super::{Pipeline, Trusts, lock, yaml};
use crate::cli::init::text::Answers;

pub const PIPELINE: Pipeline = Pipeline {
    platform: "github",
    file: ".github/workflows/trustform.yml",
    asks: &[],
    next: "",
    identities,
    text,
};

fn identities(answers: &Answers) -> String {
    let before = format!(
        r#"# The pipeline's own identities. Protect the environment `trustform-apply`: who gets past its reviewers changes all of
# the above.
locals {{
  pipeline = {{
    owner          = {owner}
    owner_id       = {owner_id}
    repository     = {repository}
    repository_id  = {repository_id}
    subject_format = "both"
  }}
}}
"#,
        owner = answers.quoted("owner"),
        owner_id = answers.quoted("owner_id"),
        repository = answers.quoted("repository"),
        repository_id = answers.quoted("repository_id"),
    );
    let of = |environment: &str| {
        format!("github = merge(local.pipeline, {{ environment = \"{environment}\" }})")
    };
    super::identities(
        answers,
        &Trusts {
            before,
            plan: of("trustform-plan"),
            apply: of("trustform-apply"),
            reader: "AZURE_CLIENT_ID of the environment trustform-plan.",
            writer: "AZURE_CLIENT_ID of the environment trustform-apply.",
        },
    )
}

fn text(answers: &Answers, directory: &str) -> String {
    let branch = match answers.value("branch") {
        "" => "main",
        branch => branch,
    };
    format!(
        r#"# The first apply makes the identities that this logs in with: an administrator runs it once, logged in with `az`.
# Then the environments `trustform-plan` and `trustform-apply` need the variable AZURE_CLIENT_ID, each its own.
name: trustform
on:
  pull_request:
  push:
    branches: [{branch}]
permissions:
  contents: read
  id-token: write
concurrency:
  group: {group}
  cancel-in-progress: false
defaults:
  run:
    working-directory: {directory}
jobs:
  plan:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-latest
    environment: trustform-plan
    env:
      AZURE_CLIENT_ID: ${{{{ vars.AZURE_CLIENT_ID }}}}
    steps:
      - uses: actions/checkout@v4
      # Bring trustform here as your organisation installs its tools.
      - run: trustform plan --format markdown >> "$GITHUB_STEP_SUMMARY"
  apply:
    if: github.event_name == 'push'
    runs-on: ubuntu-latest
    environment: trustform-apply
    env:
      AZURE_CLIENT_ID: ${{{{ vars.AZURE_CLIENT_ID }}}}
    steps:
      - uses: actions/checkout@v4
      # Bring trustform here as your organisation installs its tools.
      - run: trustform apply --auto-approve --without-consent
"#,
        branch = yaml(branch),
        group = yaml(&lock(answers)),
        directory = yaml(directory),
    )
}
