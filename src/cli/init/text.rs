//! The texts of a new stack.

use super::platforms::Platform;
use crate::cli::hcl_text::{label, quoted};

/// What the texts are made of.
pub struct Answers<'a> {
    pub stack: String,
    pub tenant_id: Option<String>,
    pub application: String,
    pub platform: &'a Platform,
    /// In the order of the platform's attributes.
    pub values: Vec<String>,
    pub bootstrap: bool,
}

/// Stands in the file until somebody says which tenant it is.
pub const NO_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// What a repository need not keep.
pub const GITIGNORE: &str = "\
# The emulated tenant of `--local`
.trustform/
# Saved plans
*.tfplan.json
";

/// `trust.hcl`.
pub fn stack(answers: &Answers) -> String {
    let Answers {
        platform,
        application,
        ..
    } = answers;
    let tenant = match &answers.tenant_id {
        Some(tenant) => quoted(tenant),
        None => format!("{} # az account show --query tenantId", quoted(NO_TENANT)),
    };
    let width = platform.attributes.iter().map(|one| one.name.len()).max();
    let width = width.unwrap_or_default();
    let pairs = platform.attributes.iter().zip(&answers.values);
    let attributes: String = pairs
        .map(|(one, value)| format!("      {:width$} = {}\n", one.name, quoted(value)))
        .collect();
    let mut text = format!(
        r#"stack {stack} {{
  tenant_id = {tenant}
}}

policy {{
  # Trusts that somebody adds by hand go with the next apply.
  unmanaged_credentials = "delete"
}}

application "{label}" {{
  display_name = {name}

  # {hint}
  federated_credential "{platform}" {{
    {platform} = {{
{attributes}    }}
  }}
}}

output "client_id" {{
  description = "Whoever logs in needs it, and the tenant's id. It is no secret."
  value       = application.{label}.client_id
}}
"#,
        stack = quoted(&answers.stack),
        label = label(application),
        name = quoted(application),
        hint = platform.hint,
        platform = platform.name,
    );
    if answers.bootstrap {
        text.push_str(&bootstrap(answers));
    }
    text
}

/// The identities that the pipeline logs in with.
fn bootstrap(answers: &Answers) -> String {
    let value = |name: &str| {
        let mut pairs = answers.platform.attributes.iter().zip(&answers.values);
        let found = pairs.find(|(one, _)| one.name == name);
        quoted(found.map_or("", |(_, value)| value))
    };
    format!(
        r#"
# The pipeline's own identities. Protect the environment `trustform-apply`: who gets past its reviewers changes all of
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

application "trustform_reader" {{
  display_name = {reader}
  protect      = true

  permissions "microsoft_graph" {{
    application   = ["Application.Read.All"]
    admin_consent = true
  }}
  federated_credential "plan" {{
    github = merge(local.pipeline, {{ environment = "trustform-plan" }})
  }}
}}

# Changes what it owns, and nothing else. Granting permissions is left to an administrator: see --without-consent.
application "trustform_writer" {{
  display_name = {writer}
  protect      = true

  permissions "microsoft_graph" {{
    application   = ["Application.Read.All", "Application.ReadWrite.OwnedBy"]
    admin_consent = true
  }}
  federated_credential "apply" {{
    github = merge(local.pipeline, {{ environment = "trustform-apply" }})
  }}
}}

output "reader_client_id" {{
  description = "AZURE_CLIENT_ID of the environment trustform-plan."
  value       = application.trustform_reader.client_id
}}

output "writer_client_id" {{
  description = "AZURE_CLIENT_ID of the environment trustform-apply."
  value       = application.trustform_writer.client_id
}}
"#,
        owner = value("owner"),
        owner_id = value("owner_id"),
        repository = value("repository"),
        repository_id = value("repository_id"),
        reader = quoted(&format!("{}-trustform-reader", answers.stack)),
        writer = quoted(&format!("{}-trustform-writer", answers.stack)),
    )
}

/// The pipeline: plans a pull request, applies what was merged; one run at a time.
pub fn workflow(answers: &Answers, directory: &str) -> String {
    let pairs = answers.platform.attributes.iter().zip(&answers.values);
    let branch = pairs
        .filter(|(one, _)| one.name == "branch")
        .map(|(_, value)| value.as_str())
        .next()
        .unwrap_or("main");
    let group = format!("trustform-{}", answers.stack);
    // JSON's strings are YAML's.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        r#"# The first apply makes the identities that this logs in with: an administrator runs it once, logged in with `az`.
# Then the environments `trustform-plan` and `trustform-apply` need the variables AZURE_CLIENT_ID and AZURE_TENANT_ID.
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
      AZURE_TENANT_ID: ${{{{ vars.AZURE_TENANT_ID }}}}
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
      AZURE_TENANT_ID: ${{{{ vars.AZURE_TENANT_ID }}}}
    steps:
      - uses: actions/checkout@v4
      # Bring trustform here as your organisation installs its tools.
      - run: trustform apply --auto-approve --without-consent
"#,
        branch = text(branch),
        group = text(&group),
        directory = text(directory),
    )
}
