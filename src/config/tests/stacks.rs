//! Whole stacks: what they mean, in both languages.

use super::{STACK, Stack};
use crate::model::address::Address;
use crate::model::value::{Part, Value};

const HCL: &str = r#"
stack "payments" {
  tenant_id = var.tenant_id
}

variable "tenant_id" {
  type    = string
  default = "AAAAAAAA-0000-0000-0000-000000000001"
}

locals {
  branches = toset(["main", "next"])
  prefix   = "repo:contoso/payments"
}

oidc_issuer "kind" {
  storage_account = "oidc4f1c"
  signing_key "2026-11" {
    public_key = file("key.pem")
  }
}

application "deployer" {
  display_name    = "payments-deployer"
  identifier_uris = ["api://${self.client_id}"]
  description     = null
  owners          = [application.owner, "11111111-0000-0000-0000-000000000001"]
  web {
    redirect_uris = ["https://b.example", "https://a.example"]
  }
  permissions "microsoft_graph" {
    application   = ["Application.Read.All"]
    admin_consent = true
  }
  federated_credential "branch" {
    for_each = local.branches
    issuer   = "https://token.actions.githubusercontent.com"
    subject  = "${local.prefix}:ref:refs/heads/${each.key}"
  }
  federated_credential "kind" {
    issuer  = oidc_issuer.kind.url
    subject = "system:serviceaccount:payments:checkout-sa"
  }
}

application "owner" {
  display_name      = "owner"
  service_principal = false
  protect           = true
}

output "client_id" {
  value       = application.deployer.client_id
  description = "for the pipeline"
}
output "principal" { value = application.deployer.service_principal.object_id }
output "names" { value = [for key, it in application.deployer.federated_credential.branch : "${key}=${it.name}"] }
output "address" { value = application.deployer.federated_credential.branch["main"].address }
"#;

const YAML: &str = r#"
x-note: anything
stack:
  payments:
    tenant_id: ${var.tenant_id}
variable:
  tenant_id:
    type: string
    default: AAAAAAAA-0000-0000-0000-000000000001
locals:
  branches: ${toset(["main", "next"])}
  prefix: repo:contoso/payments
oidc_issuer:
  kind:
    storage_account: oidc4f1c
    signing_key:
      "2026-11":
        public_key: ${file("key.pem")}
application:
  deployer:
    display_name: payments-deployer
    identifier_uris: ["api://${self.client_id}"]
    description: null
    owners:
      - ${application.owner}
      - 11111111-0000-0000-0000-000000000001
    web: &web
      redirect_uris: [https://b.example, https://a.example]
    permissions:
      microsoft_graph:
        application: [Application.Read.All]
        admin_consent: true
    federated_credential:
      branch:
        for_each: ${local.branches}
        issuer: https://token.actions.githubusercontent.com
        subject: "${local.prefix}:ref:refs/heads/${each.key}"
      kind:
        issuer: ${oidc_issuer.kind.url}
        subject: system:serviceaccount:payments:checkout-sa
  owner:
    display_name: owner
    service_principal: false
    protect: true
output:
  client_id:
    value: ${application.deployer.client_id}
    description: for the pipeline
  principal: { value: "${application.deployer.service_principal.object_id}" }
  names:
    value: '${[for key, it in application.deployer.federated_credential.branch : "${key}=${it.name}"]}'
  address:
    value: ${application.deployer.federated_credential.branch["main"].address}
"#;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn both_languages_say_the_same() {
    let hcl = Stack::hcl(HCL).desired();
    let mut yaml = Stack::yaml(YAML).desired();
    yaml.stack.origin = hcl.stack.origin;
    assert_eq!(hcl, yaml);

    assert_eq!(hcl.stack.name, "payments");
    assert_eq!(hcl.stack.tenant_id, "aaaaaaaa-0000-0000-0000-000000000001");
    let addresses: Vec<String> = hcl.resources.keys().map(|it| it.to_string()).collect();
    assert_eq!(
        addresses,
        [
            "application.deployer",
            "application.deployer/federated_credential.branch[\"main\"]",
            "application.deployer/federated_credential.branch[\"next\"]",
            "application.deployer/federated_credential.kind",
            "application.owner",
            "oidc_issuer.kind",
        ]
    );
    let deployer = &hcl.resources[&address("application.deployer")];
    assert_eq!(deployer.at("description"), Some(&Value::Null));
    assert_eq!(
        deployer.at("web.redirect_uris"),
        Some(&Value::texts(["https://a.example", "https://b.example"]))
    );
    assert_eq!(
        deployer.at("identifier_uris"),
        Some(&Value::set([Value::Text(vec![
            Part::Literal("api://".to_owned()),
            Part::Ref(crate::model::value::Ref {
                address: address("application.deployer"),
                output: "client_id".to_owned(),
            }),
        ])]))
    );
    assert_eq!(
        deployer.at("permissions.microsoft_graph.admin_consent"),
        Some(&Value::Bool(true))
    );
    let owner = &hcl.resources[&address("application.owner")];
    assert!(owner.protect);
    assert_eq!(owner.at("service_principal"), Some(&Value::Bool(false)));
    let owners: Vec<_> = deployer.at("owners").unwrap().refs().into_iter().collect();
    assert_eq!(owners[0].address, owner.address);
    assert_eq!(owners[0].output, "id");
    let kind = &hcl.resources[&address("oidc_issuer.kind")];
    assert_eq!(kind.text("signing_key.2026-11.public_key"), Some("PEM\n"));
    assert_eq!(
        hcl.outputs["principal"].value,
        Value::reference(
            address("application.deployer/service_principal"),
            "object_id"
        )
    );
    assert_eq!(
        hcl.outputs["address"].value,
        Value::text("application.deployer/federated_credential.branch[\"main\"]")
    );
    assert_eq!(
        hcl.outputs["client_id"].description.as_deref(),
        Some("for the pipeline")
    );
}

#[test]
fn every_value_knows_its_place() {
    let (loaded, sources) = Stack::hcl(HCL).load();
    let deployer = &loaded.desired.resources[&address("application.deployer")];
    let show = |path: &str| {
        let span = deployer.span(path);
        &sources.get(span.source).text[span.start..span.end]
    };
    assert_eq!(show("display_name"), "\"payments-deployer\"");
    assert_eq!(show("web.redirect_uris.1"), "\"https://a.example\"");
    assert_eq!(
        show("permissions.microsoft_graph"),
        "permissions \"microsoft_graph\""
    );
    assert_eq!(show("nothing"), "application \"deployer\"");

    let (loaded, sources) = Stack::yaml(YAML).load();
    let kind =
        &loaded.desired.resources[&address("application.deployer/federated_credential.kind")];
    let span = kind.span("issuer");
    assert_eq!(
        &sources.get(span.source).text[span.start..span.end],
        "${oidc_issuer.kind.url}"
    );
}

#[test]
fn the_one_line_form_is_a_block() {
    let block = format!(
        "{STACK}application \"a\" {{\n display_name = \"a\"\n web {{ redirect_uris = [\"https://a\"] }}\n permissions \"g\" {{ delegated = [\"x\"] }}\n federated_credential \"c\" {{\n issuer = \"i\"\n subject = \"s\"\n }}\n}}\n"
    );
    let line = format!(
        "{STACK}application \"a\" {{\n display_name = \"a\"\n web = {{ redirect_uris = [\"https://a\"] }}\n permissions = {{ g = {{ delegated = [\"x\"] }} }}\n federated_credential = {{ c = {{ issuer = \"i\", subject = \"s\" }} }}\n}}\n"
    );
    let merged = format!(
        "{STACK}locals {{ web = {{ redirect_uris = [\"https://a\"] }} }}\napplication \"a\" {{\n display_name = \"a\"\n web = merge(local.web, {{}})\n permissions = {{ for api in [\"g\"] : api => {{ delegated = [\"x\"] }} }}\n federated_credential = {{ c = {{ issuer = \"i\", subject = \"s\" }} }}\n}}\n"
    );
    let block = Stack::hcl(block).desired();
    assert_eq!(block, Stack::hcl(line).desired());
    assert_eq!(block.resources, Stack::hcl(merged).desired().resources);
}

#[test]
fn a_credential_waits_for_its_variable() {
    let text = format!(
        "{STACK}variable \"issuer\" {{}}\nvariable \"other\" {{ default = null }}\napplication \"a\" {{\n display_name = \"a\"\n federated_credential \"unset\" {{\n issuer = \"https://${{var.issuer}}\"\n subject = \"s\"\n }}\n federated_credential \"null\" {{\n issuer = var.other\n subject = \"s\"\n }}\n federated_credential \"either\" {{\n issuer = \"i\"\n subject = null\n claims_matching_expression = \"e\"\n }}\n}}\noutput \"name\" {{ value = application.a.federated_credential.unset.name }}\n"
    );
    let desired = Stack::hcl(text.clone()).desired();
    let pending: Vec<(String, Vec<String>)> = desired
        .pending
        .iter()
        .map(|pending| (pending.address.to_string(), pending.needs.clone()))
        .collect();
    assert_eq!(
        pending,
        [
            (
                "application.a/federated_credential.null".to_owned(),
                vec!["other".to_owned()]
            ),
            (
                "application.a/federated_credential.unset".to_owned(),
                vec!["issuer".to_owned()]
            ),
        ]
    );
    assert_eq!(desired.resources.len(), 2);

    let mut stack = Stack::hcl(text);
    stack.variables = vec![("issuer", "x"), ("other", "y")];
    assert_eq!(stack.desired().pending, []);
}

#[test]
fn the_strongest_value_counts() {
    let text = "variable \"a\" { default = \"default\" }\nvariable \"l\" { type = list(number) }\nvariable \"o\" {\n type = object({ x = string, y = optional(bool, true) })\n default = { x = 1 }\n}\noutput \"a\" { value = var.a }\noutput \"l\" { value = var.l }\noutput \"o\" { value = var.o }\n";
    let mut stack = Stack::hcl(text);
    stack.environment = vec![("a", "environment"), ("l", "[\"1\", 2]"), ("unknown", "x")];
    let a = |stack: &Stack| stack.desired().outputs["a"].value.to_json().to_string();
    assert_eq!(a(&stack), "\"environment\"");
    stack.automatic = Some("a = \"automatic\"\n");
    assert_eq!(a(&stack), "\"automatic\"");
    stack.variables = vec![("a", "given")];
    assert_eq!(a(&stack), "\"given\"");
    let outputs = stack.desired().outputs;
    assert_eq!(outputs["l"].value.to_json().to_string(), "[1,2]");
    assert_eq!(
        outputs["o"].value.to_json().to_string(),
        r#"{"x":"1","y":true}"#
    );
}

#[test]
fn instances_have_keys() {
    let text = format!(
        "{STACK}application \"a\" {{\n for_each = {{ x = \"X\", y = \"Y\" }}\n display_name = each.value\n federated_credential \"c\" {{\n count = each.key == \"x\" ? 2 : 0\n issuer = \"i\"\n subject = \"${{each.key}}${{count.index}}\"\n }}\n}}\nfederated_credential \"top\" {{\n parent = application.a[\"y\"]\n issuer = \"i\"\n subject = \"s\"\n}}\noutput \"ids\" {{ value = values(application.a)[*].client_id }}\n"
    );
    let desired = Stack::hcl(text).desired();
    let addresses: Vec<String> = desired.resources.keys().map(|it| it.to_string()).collect();
    assert_eq!(
        addresses,
        [
            "application.a[\"x\"]",
            "application.a[\"x\"]/federated_credential.c[0]",
            "application.a[\"x\"]/federated_credential.c[1]",
            "application.a[\"y\"]",
            "application.a[\"y\"]/federated_credential.top",
        ]
    );
    let second = &desired.resources[&address("application.a[\"x\"]/federated_credential.c[1]")];
    assert_eq!(second.text("subject"), Some("x1"));
    assert_eq!(
        desired.outputs["ids"].value.to_json().to_string(),
        r#"["${application.a[\"x\"].client_id}","${application.a[\"y\"].client_id}"]"#
    );
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    let plain = Stack::hcl(HCL).desired();
    let windows = format!("\u{feff}{}", HCL.replace('\n', "\r\n"));
    let mut other = Stack::hcl(windows).desired();
    other.stack.origin = plain.stack.origin;
    assert_eq!(plain, other);
    let yaml = format!("\u{feff}{}", YAML.replace('\n', "\r\n"));
    let mut other = Stack::yaml(yaml).desired();
    other.stack.origin = plain.stack.origin;
    assert_eq!(plain, other);
}

#[test]
fn yaml_numbers_keep_their_writing() {
    let text = "locals: { version: 1.10, id: 821093847, text: yes }\noutput:\n  a: { value: \"${local.version}/${local.id}/${local.text}\" }\n";
    let outputs = Stack::yaml(text).desired().outputs;
    assert_eq!(outputs["a"].value.as_str(), Some("1.10/821093847/yes"));
}
