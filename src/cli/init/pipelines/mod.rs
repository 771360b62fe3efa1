//! The pipelines that `--bootstrap` writes: one identity that plans, one that applies, and one run at a time.

mod azure_devops;
mod github;
mod gitlab;

use super::platforms::Attribute;
use super::text::Answers;
use crate::cli::hcl_text::quoted;

/// One platform's pipeline.
pub struct Pipeline {
    /// The platform's word.
    pub platform: &'static str,
    /// Where its file is, from the repository's root.
    pub file: &'static str,
    /// What it needs to know beside the platform's own attributes.
    pub asks: &'static [Attribute],
    /// What is to be done by hand, as one line.
    pub next: &'static str,
    /// The blocks of the identities that it logs in with.
    pub identities: fn(&Answers) -> String,
    /// Its file, for a stack in this directory of the repository.
    pub text: fn(&Answers, &str) -> String,
}

pub const ALL: &[Pipeline] = &[github::PIPELINE, gitlab::PIPELINE, azure_devops::PIPELINE];

/// What differs between the platforms' identities.
struct Trusts {
    /// Blocks before the identities.
    before: String,
    /// Whose tokens are the reader's and the writer's: the attribute of each credential.
    plan: String,
    apply: String,
    /// Where the client ids belong.
    reader: &'static str,
    writer: &'static str,
}

fn identities(answers: &Answers, trusts: &Trusts) -> String {
    let Trusts {
        before,
        plan,
        apply,
        reader,
        writer,
    } = trusts;
    let named = |role: &str| quoted(&format!("{}-trustform-{role}", answers.stack));
    format!(
        r#"
{before}
application "trustform_reader" {{
  display_name = {reader_name}
  protect      = true

  permissions "microsoft_graph" {{
    application   = ["Application.Read.All"]
    admin_consent = true
  }}
  federated_credential "plan" {{
    {plan}
  }}
}}

# Changes what it owns, and nothing else. Granting permissions is left to an administrator: see --without-consent.
application "trustform_writer" {{
  display_name = {writer_name}
  protect      = true

  permissions "microsoft_graph" {{
    application   = ["Application.Read.All", "Application.ReadWrite.OwnedBy"]
    admin_consent = true
  }}
  federated_credential "apply" {{
    {apply}
  }}
}}

output "reader_client_id" {{
  description = {reader}
  value       = application.trustform_reader.client_id
}}

output "writer_client_id" {{
  description = {writer}
  value       = application.trustform_writer.client_id
}}
"#,
        reader_name = named("reader"),
        writer_name = named("writer"),
        reader = quoted(reader),
        writer = quoted(writer),
    )
}

/// A text in YAML: JSON's strings are YAML's.
fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What holds back every other run of the stack.
fn lock(answers: &Answers) -> String {
    format!("trustform-{}", answers.stack)
}

#[cfg(test)]
mod tests {
    use super::super::platforms;
    use super::*;

    /// Each file is YAML and holds the lock of its platform.
    #[test]
    fn one_run_at_a_time() {
        let locks = [
            "/concurrency/group",
            "/.trustform/resource_group",
            "/lockBehavior",
        ];
        for (pipeline, lock) in ALL.iter().zip(locks) {
            let platform = platforms::ALL
                .iter()
                .find(|one| one.name == pipeline.platform)
                .unwrap();
            let examples =
                |asks: &[Attribute]| asks.iter().map(|one| one.example.to_owned()).collect();
            let answers = Answers {
                stack: "a \"b\": c".to_owned(),
                tenant_id: None,
                application: "x".to_owned(),
                platform,
                values: examples(platform.attributes),
                pipeline: Some((pipeline, examples(pipeline.asks))),
            };
            let text = (pipeline.text)(&answers, "trust \"x\"");
            let yaml: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            let held = yaml.pointer(lock).and_then(serde_json::Value::as_str);
            assert!(
                held.is_some_and(|held| held == "sequential" || held == "trustform-a \"b\": c"),
                "{text}"
            );
        }
    }
}
