//! Every mistake and what is said of it, in full, from `errors.txt`. `UPDATE=1` writes it anew.
//!
//! A case begins with `=== name`; the stack (`=== name (yaml)` for YAML) is followed by `---` and the text.

use std::fmt::Write as _;

use super::{STACK, Stack};

#[test]
fn mistakes_are_explained() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/tests/errors.txt");
    let expected = std::fs::read_to_string(path).unwrap();
    let mut found = String::new();
    for case in expected.split("=== ").skip(1) {
        let (name, rest) = case.split_once('\n').unwrap();
        let input = rest.split("\n---\n").next().unwrap();
        let stack = if name.ends_with("(yaml)") {
            Stack::yaml(input)
        } else {
            Stack::hcl(input)
        };
        let said = stack.said();
        let _ = write!(found, "=== {name}\n{input}\n---\n{said}\n");
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &found).unwrap();
        return;
    }
    assert_eq!(
        found, expected,
        "run again with UPDATE=1 and read the difference"
    );
}

#[test]
fn a_value_on_the_command_line_has_a_place_too() {
    let mut stack = Stack::hcl(
        "variable \"ports\" { type = list(number) }\noutput \"p\" { value = var.ports }\n",
    );
    stack.variables = vec![("ports", "[1, \"x\"]"), ("prots", "1")];
    assert_eq!(
        stack.said(),
        "\
error: no variable `prots` is declared
  help: did you mean `-var ports=…`?

error: at `1`: expected a number, found the string `\"x\"`
 --> -var ports:1:1
  |
1 | [1, \"x\"]
  | ^^^^^^^^ here
"
    );
}

#[test]
fn all_files_are_read() {
    let mut stack = Stack::hcl(format!(
        "{STACK}application \"a\" {{ display_nam = \"x\" }}\n"
    ));
    stack.files.push((
        "b.trust.hcl",
        "application \"a\" { display_name = 1 }\nlocals { x = \n".to_owned(),
    ));
    stack.files.push(("c.trust.yaml", "a: [\n".to_owned()));
    let said = stack.said();
    assert!(said.contains("b.trust.hcl:2:14"), "{said}");
    assert!(said.contains("c.trust.yaml:"), "{said}");
    stack.files.truncate(1);
    stack.files.push((
        "b.trust.hcl",
        "application \"a\" { display_name = 1 }\n".to_owned(),
    ));
    let said = stack.said();
    assert!(
        said.contains("two blocks are called `application.a`"),
        "{said}"
    );
    assert!(said.contains("::: trust.hcl:2:1"), "{said}");
}

#[test]
fn a_terminal_is_not_told_what_to_do() {
    let said = Stack::hcl("stack \"s\" { tenant_id = \"\u{1b}[31m\u{202e}\u{9b}x\" }\n").said();
    assert_eq!(
        said,
        "\
error: `tenant_id` cannot be `\"\\u{1b}[31m\\u{202e}\\u{9b}x\"`: it is a GUID
 --> trust.hcl:1:25
  |
1 | stack \"s\" { tenant_id = \"?[31m\u{fffd}·x\" }
  |                         ^^^^^^^^^^ this value
  |
  = help: `az account show --query tenantId` prints it
"
    );
}
