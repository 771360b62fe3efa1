//! The texts of a new stack.

use super::pipelines::Pipeline;
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
    /// What plans and applies it, with the answers to what that asks beside the platform's own attributes.
    pub pipeline: Option<(&'static Pipeline, Vec<String>)>,
}

impl Answers<'_> {
    /// The answer to one attribute, quoted.
    pub fn quoted(&self, name: &str) -> String {
        quoted(self.value(name))
    }

    pub fn value(&self, name: &str) -> &str {
        let pairs = self.platform.attributes.iter().zip(&self.values);
        let more = self
            .pipeline
            .iter()
            .flat_map(|(pipeline, values)| pipeline.asks.iter().zip(values));
        let mut found = pairs.chain(more).filter(|(one, _)| one.name == name);
        found.next().map_or("", |(_, value)| value)
    }
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
    if let Some((pipeline, _)) = answers.pipeline {
        text.push_str(&(pipeline.identities)(answers));
    }
    text
}
