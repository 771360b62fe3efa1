//! The JSON Schema of stack files: what is published is what the tables say, and it takes what `validate` takes.

use serde_json::{Value as Json, json};

use crate::play::Stage;
use crate::{files, project};

/// The schema that the command prints, the same as in `schemas/`.
fn schema() -> Json {
    let run = Stage::new().run("trustform schema", None);
    assert_eq!((run.err.as_str(), run.exit), ("", 0));
    kept("schemas/trust.schema.json", &run.out);
    serde_json::from_str(&run.out).expect("JSON")
}

/// A generated file holds this text; `UPDATE=1` writes it.
pub fn kept(path: &str, text: &str) {
    let file = project().join(path);
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    // Another test may be reading it: what is right is not written again.
    if there != text && std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
        std::fs::write(&file, text).expect("a file");
        return;
    }
    assert_eq!(
        there, text,
        "`{path}` is generated: run the tests with UPDATE=1"
    );
}

fn validator() -> jsonschema::Validator {
    let schema = schema();
    if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
        panic!("{error}");
    }
    jsonschema::draft202012::new(&schema).expect("a schema that compiles")
}

fn errors(validator: &jsonschema::Validator, instance: &Json) -> Vec<String> {
    let errors = validator.iter_errors(instance);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn yaml(text: &str) -> Json {
    serde_saphyr::from_str(text).expect("YAML")
}

#[test]
fn takes_every_example() {
    let validator = validator();
    let examples = files(&project().join("examples"));
    let yamls: Vec<_> = examples
        .iter()
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    assert!(yamls.len() >= 5);
    for file in yamls {
        let text = std::fs::read_to_string(file).expect("a file");
        assert_eq!(
            errors(&validator, &yaml(&text)),
            [""; 0],
            "{}",
            file.display()
        );
    }
}

/// A file that says something that an evaluation would have to decide is taken.
#[test]
fn takes_expressions_nulls_and_what_converts() {
    let text = r#"
x-anything: [1, 2]
variable:
  names: { type: set(string), default: [a] }
locals: { a: 1 }
stack:
  s: { tenant_id: "${var.tenant}" }
application:
  a:
    display_name: null
    for_each: ${var.names}
    protect: ${true}
    tags: ${toset([])}
    service_principal: false
    api: { requested_access_token_version: "${local.a}", mapped_claims_enabled: "${true}" }
    web: ${local.web}
    permissions: { microsoft_graph: { delegated: "${[]}" } }
    x-note: free
    federated_credential:
      f:
        subject: null
        github: { owner: o, repository: r, owner_id: 5544123, repository_id: "1", pull_request: true, subject_format: any }
      g: { issuer: "${local.i}", subject: "${local.s}", claims_matching_expression: "${local.e}" }
  b:
federated_credential:
  top: { parent: "${application.a}", issuer: https://a, subject: b }
output:
  o: { value: { list: [1] } }
"#;
    assert_eq!(errors(&validator(), &yaml(text)), [""; 0]);
}

#[test]
fn refuses_what_is_wrong_without_an_evaluation() {
    let validator = validator();
    let application = |body: Json| json!({ "application": { "a": body } });
    let credential = |body: Json| application(json!({ "federated_credential": { "f": body } }));
    for wrong in [
        json!({ "applications": {} }),
        json!({ "stack": { "s": {} } }),
        json!({ "stack": { "s": { "tenant_id": "t", "cloud": "mars" } } }),
        json!({ "output": { "o": {} } }),
        application(json!({ "redirect_uris": [] })),
        application(json!({ "tags": "one" })),
        application(json!({ "required_resource_access": [] })),
        application(json!({ "api": { "mapped_claims_enabled": "yes" } })),
        application(json!({ "service_principal": { "account_enabled": 1 } })),
        json!({ "service_principal": { "s": {} } }),
        json!({ "federated_credential": { "f": { "issuer": "https://a", "subject": "b" } } }),
        credential(json!({ "issuer": "https://a" })),
        credential(
            json!({ "issuer": "https://a", "subject": "b", "github": { "owner": "o", "repository": "r" } }),
        ),
        credential(json!({ "github": { "owner": "o" } })),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

/// Every attribute is explained.
#[test]
fn describes_everything() {
    fn walk(path: &str, schema: &Json, bare: &mut Vec<String>) {
        if !schema.is_object() {
            return;
        }
        if let Some(properties) = schema["properties"].as_object() {
            for (name, property) in properties {
                let path = format!("{path}/{name}");
                let literal = property["$ref"] == "#/$defs/literal";
                if !literal && property["description"].as_str().is_none_or(str::is_empty) {
                    bare.push(path.clone());
                }
                walk(&path, property, bare);
            }
        }
        for part in ["additionalProperties", "items"] {
            walk(path, &schema[part], bare);
        }
        for part in schema["anyOf"].as_array().into_iter().flatten() {
            walk(path, part, bare);
        }
    }
    let schema = schema();
    let mut bare = Vec::new();
    walk("", &schema, &mut bare);
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        walk(name, definition, &mut bare);
    }
    assert_eq!(bare, [""; 0]);
}

/// What a plan prints as JSON is what the schema says: one that creates, and one that is refused.
#[test]
fn a_plan_is_as_its_schema_says() {
    let run = Stage::new().run("trustform schema plan", None);
    kept("schemas/plan.schema.json", &run.out);
    let schema: Json = serde_json::from_str(&run.out).expect("JSON");
    if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
        panic!("{error}");
    }
    let validator = jsonschema::draft202012::new(&schema).expect("a schema that compiles");
    let example = project().join("examples/github-actions");
    let stack = example.display().to_string();
    let policy = tempfile::tempdir().expect("a directory");
    let text = "policy {\n  new_identities = \"guard\"\n}\n";
    std::fs::write(policy.path().join("policy.hcl"), text).expect("a file");
    let policy = policy.path().display().to_string();
    for more in [String::new(), format!(" --policy {policy}")] {
        let command = format!("trustform plan {stack} --local --format json{more}");
        let run = Stage::new().run(&command, None);
        let plan: Json = serde_json::from_str(&run.out).expect("JSON");
        assert_eq!(errors(&validator, &plan), [""; 0], "{command}");
        assert!(!plan["requests"].as_array().expect("a list").is_empty());
    }
    let wrong = json!({ "format": "trustform-plan/2" });
    assert!(!validator.is_valid(&wrong));
}
