//! Files that mean harm: an error, in time, and no panic.

use std::time::Instant;

use proptest::prelude::*;

use super::{STACK, Stack};

/// The first message.
#[track_caller]
fn refused(text: String) -> String {
    let started = Instant::now();
    let (loaded, _) = Stack::hcl(text).load();
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let errors: Vec<_> = loaded
        .diagnostics
        .into_iter()
        .filter(|it| it.is_error())
        .collect();
    assert!(errors.len() < 20, "{}", errors.len());
    errors
        .first()
        .map(|it| it.message.clone())
        .unwrap_or_default()
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{a=", "}"),
        ("\"${", "}\""),
        ("upper(", ")"),
    ] {
        let said = refused(format!(
            "locals {{\n a = {}1{}\n}}\n",
            open.repeat(5000),
            close.repeat(5000)
        ));
        assert!(said.contains("64 nested levels"), "{open}: {said}");
        // It is not closed, either.
        let said = refused(format!("locals {{\n a = {}", open.repeat(100_000)));
        assert!(said.contains("64 nested levels"), "{open}: {said}");
        // What the parser lets through does not overflow anything either.
        refused(format!(
            "locals {{\n a = {}1{}\n}}\n",
            open.repeat(60),
            close.repeat(60)
        ));
    }
    refused(format!("locals {{\n a = {}1\n}}\n", "1 + ".repeat(127)));
    refused(format!("locals {{\n a = {}true\n}}\n", "!".repeat(60)));
    refused(format!("{}{}", "a {\n".repeat(60), "}\n".repeat(60)));
    let yaml = format!("locals:\n  a: {}1{}\n", "[".repeat(5000), "]".repeat(5000));
    let (loaded, _) = Stack::yaml(yaml).load();
    assert!(!loaded.is_ok());
}

#[test]
fn an_object_is_no_table() {
    let object = |keys: usize| {
        let items: String = (0..keys).map(|key| format!("  k{key} = 1\n")).collect();
        format!("locals {{\n a = {{\n{items} }}\n}}\n")
    };
    assert_eq!(refused(object(10_000)), "");
    let said = refused(object(20_000));
    assert_eq!(said, "syntax error: an object has too many keys");
    // YAML has any number of them.
    let items: String = (0..20_000).map(|key| format!("    k{key}: 1\n")).collect();
    let text =
        format!("locals:\n  a:\n{items}output: {{ x: {{ value: '${{length(local.a)}}' }} }}\n");
    let (loaded, _) = Stack::yaml(text).load();
    let length = loaded.desired.outputs["x"].value.to_json();
    assert_eq!(length.to_string(), "20000");
}

#[test]
fn signs_of_heredocs_are_each_looked_at_once() {
    for sign in ["<", "<<-", "<<a", "<<-a "] {
        let said = refused(format!(
            "locals {{\n a = {}\n}}\n",
            sign.repeat(1_000_000 / sign.len())
        ));
        assert!(said.starts_with("syntax error: "), "{sign}: {said}");
    }
}

#[test]
fn long_chains_are_no_problem() {
    let mut text = String::from("locals {\n l0 = 1\n");
    for at in 1..5000 {
        text.push_str(&format!(" l{at} = local.l{} + 1\n", at - 1));
    }
    text.push_str("}\noutput \"x\" { value = local.l4999 }\n");
    let (loaded, _) = Stack::hcl(text).load();
    assert_eq!(
        loaded.desired.outputs["x"].value.to_json().to_string(),
        "5000"
    );
}

#[test]
fn what_multiplies_is_bounded() {
    let mut lists = String::from("locals {\n l0 = [1, 1]\n");
    let mut texts = String::from("locals {\n l0 = \"xxxxxxxxxxxxxxxx\"\n");
    let mut deep = String::from("locals {\n l0 = []\n");
    for at in 1..100 {
        let before = at - 1;
        lists.push_str(&format!(" l{at} = [local.l{before}, local.l{before}]\n"));
        texts.push_str(&format!(
            " l{at} = \"${{local.l{before}}}${{local.l{before}}}\"\n"
        ));
        deep.push_str(&format!(" l{at} = [local.l{before}]\n"));
    }
    assert_eq!(refused(lists + "}\n"), "a value is larger than 64 MiB");
    assert_eq!(
        refused(texts + "}\n"),
        "evaluation produces more than 16 MiB of text"
    );
    assert_eq!(
        refused(deep + "}\n"),
        "a value is nested more than 64 levels deep"
    );
    let big = "a = [for a in range : [for b in range : [for c in range : a]]]";
    let big = big.replace("range", "split(\"\", local.text)");
    let said = refused(format!(
        "locals {{\n text = \"{}\"\n {big}\n}}\n",
        "x".repeat(2000)
    ));
    assert!(
        said.starts_with("evaluation takes too many steps") || said.starts_with("a value is"),
        "{said}"
    );
    let said = refused("locals {\n a = format(\"%1024s\", \"x\")\n b = replace(replace(replace(local.a, \" \", local.a), \" \", local.a), \" \", local.a)\n}\n".to_owned());
    assert_eq!(said, "evaluation produces more than 16 MiB of text");
}

/// Work that is not paid for: each of these took minutes, or all memory.
#[test]
fn what_repeats_is_paid_for() {
    const LOCALS: &str = r#"locals {
  many = split("", replace(format("%1000s", ""), " ", "ab c-"))
  text = join("", concat(local.many, local.many))
  map  = { for i, x in local.many : i => x }
}
"#;
    for (repeated, times) in [
        ("length(local.many[*])", 8000),
        ("can(local.map.zz)", 20_000),
        (r#"can(local.map["zz${x}"])"#, 20_000),
        (r#"can(regex("[ab].{1000}[^ -~]", "x"))"#, 3000),
        (r#"can(regex("(?:[ab].{50}){3}[^ -~]", local.text))"#, 1000),
        (
            r#"can(fileset(".", "{a,b}*{c,d,e,f,g}**/*{h,i}*?[a-z]"))"#,
            20_000,
        ),
        (r#"regexall("a(.*x)?", local.text)"#, 10),
        (r#"can(csvdecode("a,b"))"#, 200_000),
        ("can(nope())", 400_000),
    ] {
        let (outer, inner) = (times / 1000 + 1, times.min(1000));
        let loops = format!("[for y in range({outer}) : [for x in range({inner}) : {repeated}]]");
        let said = refused(format!(
            "{LOCALS}output \"o\" {{ value = length({loops}) }}\n"
        ));
        assert_eq!(said, "evaluation takes too many steps", "{repeated}");
    }
}

#[test]
fn aliases_do_not_explode() {
    let mut text = String::from("locals:\n  l0: &l0 [x, x, x, x, x, x, x, x, x]\n");
    for at in 1..12 {
        let before = format!("*l{}", at - 1);
        text.push_str(&format!(
            "  l{at}: &l{at} [{}]\n",
            vec![before; 9].join(", ")
        ));
    }
    // The parser counts what aliases repeat, and stops: no clock is needed to see it.
    let (loaded, _) = Stack::yaml(text).load();
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|said| said.code).collect();
    assert_eq!(codes, ["limit"]);
}

#[test]
fn size_is_bounded() {
    let said = refused(format!("# {}\n", "x".repeat(8 * 1024 * 1024)));
    assert_eq!(said, "`trust.hcl` is larger than 8 MiB");
}

const HCL: &str = r#"variable "v" { default = [1, "a", null] }
locals {
  a = { for k, v in { x = 1, y = [2] } : k => "${k}-${jsonencode(v)}" if k != "z" }
  b = [for v in var.v : v == null ? "n" : tostring(v)...]
  c = <<-EOT
    a ${local.a["x"]} %{ if true ~} b %{ endif }
  EOT
}
application "a" {
  for_each     = toset(["k", "l"])
  display_name = format("%-5s|%05.2f", each.key, 1.5)
  owners       = [application.b[*].id, self.id]
  web { redirect_uris = ["https://é"] }
  permissions "g" { delegated = setproduct(["a"], ["b"])[0] }
  federated_credential "c" {
    issuer  = var.v
    subject = substr("añb", -2, 1)
  }
}
"#;

const YAML: &str = r#"
locals: { a: &a { x: 1 }, b: [*a, "${local.a.x}"], <<: *a }
application:
  a:
    display_name: "x\n${ 1 + 2 }"
    description: >-
      folded ${local.a}
      text
    web: { redirect_uris: ["https://é"] }
"#;

/// A text with a few pieces replaced, removed or repeated.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let pieces = [
        "", "\"", "${", "}", "{", "[", "(", "null", "\n", "é", "...", ": ", "var.", "*", "0",
        "\u{0}", "\r",
    ];
    let change = (
        0..text.len(),
        0..8usize,
        proptest::sample::select(pieces.to_vec()),
    );
    proptest::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut text = text.to_owned();
        for (at, length, piece) in changes {
            let floor = |text: &str, mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(&text, at);
            let end = floor(&text, start + length).max(start);
            text.replace_range(start..end, piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_hcl_panics(text in mutated(HCL)) {
        Stack::hcl(format!("{STACK}{text}")).said();
    }

    #[test]
    fn no_yaml_panics(text in mutated(YAML)) {
        Stack::yaml(text).said();
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        Stack::hcl(text.clone()).said();
        Stack::yaml(text.clone()).said();
        Stack::hcl(format!("locals {{\na = {text}\n}}\n")).said();
    }
}

#[test]
fn functions_are_bounded() {
    for expression in [
        r#"regex("(a{1000}){1000}", "a")"#,
        r#"replace("aaaa", "/(((((((((((((((((((((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))))))))))))))))))))/", "")"#,
        r#"join("", [for i in range(1000) : join("", [for j in range(100) : format("%1000s", "x")])])"#,
        r#"setproduct(range(1000), range(1000), range(1000))"#,
        r#"chunklist(range(1024), -1)"#,
        r#"[for a in range(1024) : [for b in range(1024) : [for c in range(1024) : c]]]"#,
        r#"indent(100000, "\n")"#,
        r#"pow(10, 400)"#,
        r#"cidrsubnets("::/0", 1, 1, 1)"#,
    ] {
        let found = super::answer(expression);
        assert!(found.starts_with("error: "), "{expression}: {found}");
    }
}
