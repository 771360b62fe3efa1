//! Azure Pipelines: a service connection of its own for plan and for apply, and stages that wait for each other.
//!
//! Source: Microsoft, "Azure Pipelines: exclusive lock check" and `lockBehavior`. What a connection sends as its subject
//! only the connection shows, and it is made with the identity's client id: the two credentials are pending until then.

use super::{Pipeline, Trusts, yaml};
use crate::cli::init::text::Answers;

pub const PIPELINE: Pipeline = Pipeline {
    platform: "azure_devops",
    file: "azure-pipelines/trustform.yml",
    asks: &[],
    next: "After the first apply make the service connections `trustform-plan` and `trustform-apply` with the client ids that it prints, write the subjects that they show into `pipeline.auto.vars.hcl`, and apply again.\n",
    identities,
    text,
};

fn identities(answers: &Answers) -> String {
    let before = r#"# The pipeline's own identities. Each logs in through a service connection, which shows its subject once it is made:
# until then its trust is pending. Approvals and an exclusive lock on `trustform-apply` decide who changes the above.
variable "plan_subject" {
  description = "The subject identifier that the service connection trustform-plan shows."
  type        = string
}

variable "apply_subject" {
  description = "The subject identifier that the service connection trustform-apply shows."
  type        = string
}
"#;
    super::identities(
        answers,
        &Trusts {
            before: before.to_owned(),
            plan: "azure_devops = { subject = var.plan_subject }".to_owned(),
            apply: "azure_devops = { subject = var.apply_subject }".to_owned(),
            reader: "The service principal id of the service connection trustform-plan.",
            writer: "The service principal id of the service connection trustform-apply.",
        },
    )
}

fn text(_answers: &Answers, directory: &str) -> String {
    format!(
        r#"# The first apply makes the identities that this logs in with: an administrator runs it once, logged in with `az`.
# Then make the service connections `trustform-plan` and `trustform-apply`, and give the latter the check "Exclusive lock":
# with it and `lockBehavior` one run applies at a time. A branch policy on `main` starts the plan of a pull request.
trigger:
  branches:
    include: [main]
lockBehavior: sequential
pool:
  vmImage: ubuntu-latest
stages:
  - stage: plan
    condition: eq(variables['Build.Reason'], 'PullRequest')
    jobs:
      - job: plan
        steps:
          - checkout: self
          # Bring trustform here as your organisation installs its tools.
          - task: AzureCLI@2
            inputs:
              azureSubscription: trustform-plan
              scriptType: bash
              scriptLocation: inlineScript
              addSpnToEnvironment: true
              workingDirectory: {directory}
              inlineScript: AZURE_CLIENT_ID=$servicePrincipalId trustform plan
            env:
              SYSTEM_ACCESSTOKEN: $(System.AccessToken)
  - stage: apply
    dependsOn: []
    condition: and(ne(variables['Build.Reason'], 'PullRequest'), eq(variables['Build.SourceBranch'], 'refs/heads/main'))
    lockBehavior: sequential
    jobs:
      - job: apply
        steps:
          - checkout: self
          # Bring trustform here as your organisation installs its tools.
          - task: AzureCLI@2
            inputs:
              azureSubscription: trustform-apply
              scriptType: bash
              scriptLocation: inlineScript
              addSpnToEnvironment: true
              workingDirectory: {directory}
              inlineScript: AZURE_CLIENT_ID=$servicePrincipalId trustform apply --auto-approve --without-consent
            env:
              SYSTEM_ACCESSTOKEN: $(System.AccessToken)
"#,
        directory = yaml(directory),
    )
}
