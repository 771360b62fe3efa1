//! Modules, `dynamic`, `validation` and the functions that read files.

use super::{STACK, Stack};

/// A stack that calls modules.
fn with(text: &str, others: &[(&'static str, &'static str)]) -> Stack {
    Stack {
        others: others.to_vec(),
        ..Stack::hcl(format!("{STACK}{text}"))
    }
}

fn addresses(stack: &Stack) -> Vec<String> {
    let desired = stack.desired();
    desired.resources.keys().map(ToString::to_string).collect()
}

const APP: &str = r#"
variable "name" { type = string }
variable "roles" {
  type    = list(string)
  default = []
}
variable "issuer" {
  type    = string
  default = null
}
locals { full = "${path.module}/${var.name}" }
application "this" {
  display_name = local.full
  permissions "microsoft_graph" {
    application = var.roles
  }
  federated_credential "fc" {
    count   = var.issuer == null ? 0 : 1
    issuer  = var.issuer
    subject = "s"
  }
}
output "client_id" { value = application.this.client_id }
output "name" { value = upper(var.name) }
output "whole" { value = application.this }
"#;

#[test]
fn a_module_is_called_once_or_for_each() {
    let stack = with(
        r#"
        module "one" {
          source = "./modules/app"
          name   = "a"
          roles  = ["User.Read.All"]
          issuer = "https://i"
        }
        module "many" {
          source   = "./modules/app"
          for_each = { x = "b", y = module.one.name }
          name     = each.value
        }
        module "counted" {
          source = "./modules/app"
          count  = 2
          name   = "n${count.index}"
        }
        federated_credential "outside" {
          parent  = module.one.whole
          issuer  = "https://j"
          subject = module.many["x"].client_id
        }
        output "all" { value = { for key, made in module.many : key => made.name } }
        output "splat" { value = module.counted[*].name }
        output "one" { value = module.counted[1].name }
        output "id" { value = module.one.whole.client_id }
        "#,
        &[("modules/app/trust.hcl", APP)],
    );
    assert_eq!(
        addresses(&stack),
        [
            "module.counted[0].application.this",
            "module.counted[1].application.this",
            "module.many[\"x\"].application.this",
            "module.many[\"y\"].application.this",
            "module.one.application.this",
            "module.one.application.this/federated_credential.fc[0]",
            "module.one.application.this/federated_credential.outside",
        ]
    );
    let desired = stack.desired();
    let of = |name: &str| desired.outputs[name].value.to_json().to_string();
    assert_eq!(of("all"), r#"{"x":"B","y":"A"}"#);
    assert_eq!(of("splat"), r#"["N0","N1"]"#);
    assert_eq!(of("one"), r#""N1""#);
    assert_eq!(of("id"), r#""${module.one.application.this.client_id}""#);
    let one = &desired.resources[&"module.one.application.this".parse().unwrap()];
    assert_eq!(one.text("display_name"), Some("modules/app/a"));
}

#[test]
fn modules_nest_and_only_what_is_named_is_needed() {
    let outer = r#"
        variable "x" { default = "" }
        module "inner" {
          source = "../inner"
          text   = "${var.x}!"
        }
        output "early" { value = "e" }
        output "late" { value = module.inner.text }
        output "file" { value = module.inner.file }
    "#;
    let inner = r#"
        variable "text" {}
        output "text" { value = var.text }
        output "file" { value = file("${path.module}/note.txt") }
    "#;
    let stack = with(
        r#"
        module "a" {
          source = "./m/outer"
          x      = module.b.early
        }
        module "b" {
          source = "./m/outer"
          x      = module.a.late
        }
        output "a" { value = "${module.a.late} ${module.b.late} ${module.a.file}" }
        "#,
        &[
            ("m/outer/trust.hcl", outer),
            ("m/inner/trust.hcl", inner),
            ("m/inner/note.txt", "note"),
        ],
    );
    let value = &stack.desired().outputs["a"].value;
    assert_eq!(value.as_str(), Some("e! e!! note"));
}

#[test]
fn an_unset_variable_goes_through_a_module() {
    let stack = with(
        r#"
        variable "issuer" { default = null }
        module "one" {
          source = "./modules/app"
          name   = "a"
          issuer = var.issuer
        }
        variable "later" {}
        module "two" {
          source = "./modules/two"
          issuer = var.later
        }
        "#,
        &[
            ("modules/app/trust.hcl", APP),
            (
                "modules/two/trust.hcl",
                "variable \"issuer\" {}\napplication \"a\" {\n display_name = \"a\"\n federated_credential \"f\" {\n issuer = var.issuer\n subject = \"s\"\n }\n}\n",
            ),
        ],
    );
    let desired = stack.desired();
    assert_eq!(desired.pending.len(), 1);
    assert_eq!(
        desired.pending[0].address.to_string(),
        "module.two.application.a/federated_credential.f"
    );
    assert_eq!(desired.pending[0].needs, ["later"]);
}

#[test]
fn what_is_wrong_with_a_call_is_said_where_it_is() {
    let stack = with(
        r#"
        module "a" {
          source = "./modules/app"
          nam    = "x"
        }
        module "b" {
          source = "github.com/contoso/modules"
          name   = "x"
        }
        module "c" { name = "x" }
        "#,
        &[("modules/app/trust.hcl", APP)],
    );
    let said = stack.said();
    assert!(
        said.contains("the source of a module is a directory of this repository"),
        "{said}"
    );
    assert!(said.contains("`module` needs `source`"), "{said}");
    let stack = with(
        r#"
        module "a" {
          source = "./modules/app"
          nam    = "x"
          roles  = 5
        }
        module "d" {
          source = "./modules/app"
          name   = "x"
        }
        output "x" { value = module.d.nome }
        output "y" { value = module.e.name }
        "#,
        &[("modules/app/trust.hcl", APP)],
    );
    let said = stack.said();
    for part in [
        "the module `a` has no variable `nam`",
        "did you mean `name`?",
        "the module `a` needs `name`",
        "expected a list, found the number `5`",
        "the module `d` has no output `nome`",
        "no module is called `e`",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn circles_of_modules_are_refused() {
    let stack = with(
        "module \"a\" { source = \"./a\" }\n",
        &[
            ("a/trust.hcl", "module \"b\" { source = \"../b\" }\n"),
            ("b/trust.hcl", "module \"a\" { source = \"../a\" }\n"),
        ],
    );
    let said = stack.said();
    assert!(
        said.contains("the module in `a` needs itself: a → b → a"),
        "{said}"
    );
    let stack = with(
        "module \"a\" {\n source = \"./a\"\n x = module.a.x\n}\n",
        &[(
            "a/trust.hcl",
            "variable \"x\" {}\noutput \"x\" { value = var.x }\n",
        )],
    );
    let said = stack.said();
    assert!(said.contains("needs itself: "), "{said}");
    let stack = with(
        "module \"a\" { source = \"./missing\" }\nmodule \"b\" { source = \"./b\" }\n",
        &[("b/main.tf", ""), ("c", "")],
    );
    let said = stack.said();
    assert!(
        said.contains("cannot read the module `missing`: there is no such file"),
        "{said}"
    );
    assert!(said.contains("`main.tf` is Terraform's"), "{said}");
}

#[test]
fn dynamic_blocks() {
    let stack = with(
        r#"
        locals { apis = { microsoft_graph = ["User.Read.All"], azure_storage = [] } }
        application "a" {
          display_name = "a"
          dynamic "permissions" {
            for_each = local.apis
            iterator = api
            labels   = [api.key]
            content {
              application = api.value
            }
          }
          dynamic "web" {
            for_each = ["https://a.example"]
            content {
              redirect_uris = [web.value]
              homepage_url  = "https://h.example/${web.key}"
            }
          }
        }
        "#,
        &[],
    );
    let desired = stack.desired();
    let body = &desired.resources.values().next().unwrap().body;
    assert_eq!(
        body["permissions"].to_json().to_string(),
        r#"{"azure_storage":{"application":[]},"microsoft_graph":{"application":["User.Read.All"]}}"#
    );
    assert_eq!(
        body["web"].to_json().to_string(),
        r#"{"homepage_url":"https://h.example/0","redirect_uris":["https://a.example"]}"#
    );
}

#[test]
fn variables_are_validated() {
    let mut stack = with(
        r#"
        variable "env" {
          type = string
          validation {
            condition     = contains(["dev", "prod"], var.env)
            error_message = "`${var.env}` is not an environment."
          }
        }
        output "x" { value = var.env }
        "#,
        &[],
    );
    stack.variables = vec![("env", "prod")];
    assert!(stack.load().0.is_ok());
    stack.variables = vec![("env", "test")];
    let said = stack.said();
    assert!(
        said.contains("`var.env` is refused: `test` is not an environment."),
        "{said}"
    );
}

#[test]
fn templates_and_sets_of_files() {
    let stack = with(
        r#"
        output "t" { value = templatefile("t.tpl", { names = ["a", "b"], port = 8080 }) }
        output "s" { value = fileset(".", "k/**/*.{pem,pub}") }
        output "w" { value = [fileset(".", "k**/*.p*"), fileset(".", "k/**"), fileset(".", "k/\\[e]")] }
        output "d" { value = [for name in fileset("k", "*.pem") : file("k/${name}")] }
        output "e" { value = [fileexists("t.tpl"), fileexists("no")] }
        "#,
        &[
            (
                "t.tpl",
                "%{ for n in names ~}\n${n}:${port}\n%{ endfor ~}\n",
            ),
            ("k/a.pem", "A"),
            ("k/b/c.pub", "C"),
            ("k/d.txt", "D"),
            ("k/[e]", "E"),
        ],
    );
    let desired = stack.desired();
    let of = |name: &str| desired.outputs[name].value.to_json().to_string();
    assert_eq!(of("t"), r#""a:8080\nb:8080\n""#);
    assert_eq!(of("s"), r#"["k/a.pem","k/b/c.pub"]"#);
    // Terraform 1.11.4 gave these.
    assert_eq!(
        of("w"),
        r#"[["k/a.pem"],["k/[e]","k/a.pem","k/b/c.pub","k/d.txt"],["k/[e]"]]"#
    );
    assert_eq!(of("d"), r#"["A"]"#);
    assert_eq!(of("e"), "[true,false]");
    let stack = with(
        "output \"t\" { value = templatefile(\"t.tpl\", { nam = 1 }) }\noutput \"u\" { value = templatefile(\"u.tpl\", {}) }\noutput \"v\" { value = fileset(\".\", \"../*\") }\n",
        &[
            ("t.tpl", "x\n${name}\n"),
            ("u.tpl", "${templatefile(\"u.tpl\", {})}"),
        ],
    );
    let said = stack.said();
    assert!(said.contains("the template is not given `name`"), "{said}");
    assert!(said.contains("--> t.tpl:2:3"), "{said}");
    assert!(
        said.contains("a template cannot render another template"),
        "{said}"
    );
    assert!(
        said.contains("a pattern stays below its directory"),
        "{said}"
    );
}

#[test]
fn yaml_calls_modules_too() {
    let stack = Stack {
        others: vec![("modules/app/trust.hcl", APP)],
        ..Stack::yaml(
            "stack:\n  s: { tenant_id: 00000000-0000-0000-0000-000000000001 }\nmodule:\n  m:\n    source: ./modules/app\n    for_each: ${toset([\"a\"])}\n    name: ${each.key}\noutput:\n  o: { value: '${module.m[\"a\"].name}' }\n",
        )
    };
    assert_eq!(stack.desired().outputs["o"].value.as_str(), Some("A"));
}
