//! Every builder, block by block: `cases.txt` says what each makes, or what is said of it. `UPDATE=1` writes it anew.

use std::fmt::Write as _;

use super::ALL;
use crate::kinds::lower::Lowering;
use crate::kinds::moves::Moves;
use crate::model::address::{Address, Segment};
use crate::model::desired::{Resource, Stack};
use crate::model::diagnostic::Level;
use crate::model::policy::Policy;
use crate::model::source::{Sources, Span};
use crate::model::value::{Map, Value};

/// What a block makes, one line for each thing, and what is said.
fn made(name: &str, block: &str) -> String {
    let stack = Stack {
        name: "s".into(),
        tenant_id: "11111111-1111-4111-8111-111111111111".into(),
        ..Stack::default()
    };
    let json: serde_json::Value = serde_json::from_str(block).unwrap();
    let origin = Span::new(Sources::default().add("x", ""), 0, 0);
    let mut body = Map::from([(name.to_owned(), Value::from_json(&json))]);
    if let Some(beside) = json.get("beside").and_then(|beside| beside.as_str()) {
        body.insert("issuer".into(), beside.into());
    }
    let mut resource = Resource {
        address: Address::root("application", "a").child(Segment::new("federated_credential", "c")),
        body,
        origin,
        spans: Default::default(),
        protect: false,
    };
    let mut lowering = Lowering {
        stack: &stack,
        policy: &Policy::default(),
        moves: &Moves::new(&[]),
        parent: None,
        resources: Vec::new(),
        diagnostics: Vec::new(),
        expectations: Vec::new(),
        drop: false,
    };
    super::super::lower::lower(&mut resource, &mut lowering);
    let mut text = String::new();
    if !lowering.drop {
        lowering.resources.push(resource);
    }
    for resource in &lowering.resources {
        for member in ["issuer", "subject", "claims_matching_expression"] {
            if let Some(value) = resource.body.get(member) {
                let word = member.trim_start_matches("claims_matching_");
                let _ = writeln!(text, "{word}: {}", value.to_json().as_str().unwrap());
            }
        }
    }
    for said in &lowering.diagnostics {
        let level = match said.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        let _ = writeln!(text, "{level}: {}\n  {}", said.message, said.help.join(" "));
    }
    text
}

#[test]
fn blocks_make_what_the_table_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/kinds/federated_credential/builders/cases.txt"
    );
    let expected = std::fs::read_to_string(path).unwrap();
    let mut found = String::new();
    for case in expected.split("=== ").skip(1) {
        let input = case.split("---\n").next().unwrap().trim_end();
        let (name, block) = input.split_once(' ').unwrap();
        let _ = write!(found, "=== {input}\n---\n{}\n", made(name, block));
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
fn every_builder_is_tried() {
    let cases = include_str!("cases.txt");
    for builder in ALL {
        let of = |line: &&str| line.starts_with(&format!("=== {} ", builder.name));
        assert!(cases.lines().filter(of).count() >= 3, "{}", builder.name);
    }
}
