//! The labelled corpus: credentials as people write them, in `corpus.txt`, and how often the rules are right about them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use trustform::audit::{Options, rules, run};
use trustform::model::tenant::Tenant;

const TEXT: &str = include_str!("corpus.txt");
const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// One application: where its first line stands, its credentials, and the rules that must fire.
struct Case {
    line: usize,
    credentials: Vec<Json>,
    expected: BTreeSet<String>,
}

fn unescaped(text: &str) -> String {
    let mut plain = text.replace("\\s", " ").replace("\\t", "\t");
    while let Some((before, rest)) = plain.split_once("\\u{") {
        let (digits, after) = rest.split_once('}').expect("`\\u{` ends with `}`");
        let code = u32::from_str_radix(digits, 16).expect("a number in hex");
        let letter = char::from_u32(code).expect("a character");
        plain = format!("{before}{letter}{after}");
    }
    plain
}

fn cases() -> Vec<Case> {
    let mut issuers = BTreeMap::new();
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in TEXT.lines().enumerate() {
        let line_number = at + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("@ ") {
            let (name, url) = rest.split_once(' ').expect("a name and an issuer");
            issuers.insert(name, url.trim());
            continue;
        }
        let (joins, line) = match line.strip_prefix("+ ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        assert!(
            matches!(columns.len(), 4 | 5),
            "line {line_number}: four or five columns"
        );
        let issuer = *issuers.get(columns[1]).unwrap_or(&columns[1]);
        let mut credential = json!({
            "id": line_number.to_string(), "name": format!("line-{line_number}"), "issuer": unescaped(issuer),
            "audiences": [columns.get(4).unwrap_or(&AUDIENCE)],
        });
        match columns[2].strip_prefix("~ ") {
            Some(expression) => credential["expression"] = unescaped(expression).into(),
            None => credential["subject"] = unescaped(columns[2]).into(),
        }
        let expected = columns[3].split_whitespace().map(str::to_owned).collect();
        match cases.last_mut().filter(|_| joins) {
            Some(case) => {
                assert_eq!(
                    case.expected, expected,
                    "line {line_number}: the rules of the application"
                );
                case.credentials.push(credential);
            }
            None => cases.push(Case {
                line: line_number,
                credentials: vec![credential],
                expected,
            }),
        }
    }
    cases
}

fn tenant(case: &Case) -> Tenant {
    serde_json::from_value(json!({
        "format": "trustform-snapshot/2", "tenant_id": TENANT, "read_at": 0, "published": {},
        "applications": [{ "id": "o-1", "app_id": "c-1", "display_name": "x", "sign_in_audience": "AzureADMyOrg",
            "owners": [], "credentials": case.credentials }],
        "principals": [
            { "id": "p-1", "app_id": "c-1", "display_name": "x", "kind": "Application", "owner_tenant": TENANT },
            { "id": "44444444-4444-4444-8444-444444444444", "app_id": "c-2", "display_name": "runner", "kind": "ManagedIdentity" },
        ],
    }))
    .expect("a tenant")
}

#[test]
fn the_rules_are_right_about_every_credential_of_the_corpus() {
    let cases = cases();
    let credentials: usize = cases.iter().map(|case| case.credentials.len()).sum();
    assert!(credentials >= 150, "{credentials} credentials");
    let known: BTreeSet<&str> = rules().iter().map(|rule| rule.doc.name).collect();
    let (mut right, mut fired, mut expected) = (0, 0, 0);
    let mut wrong = Vec::new();
    for case in &cases {
        let report = run(&tenant(case), &Options::default());
        let found: BTreeSet<String> = report
            .findings
            .iter()
            .map(|it| it.rule.to_owned())
            .collect();
        for name in &case.expected {
            assert!(
                known.contains(name.as_str()),
                "line {}: no rule `{name}`",
                case.line
            );
        }
        right += found.intersection(&case.expected).count();
        fired += found.len();
        expected += case.expected.len();
        let more: Vec<_> = found.difference(&case.expected).collect();
        let less: Vec<_> = case.expected.difference(&found).collect();
        if !more.is_empty() || !less.is_empty() {
            wrong.push(format!(
                "line {}: without reason {more:?}, missing {less:?}",
                case.line
            ));
        }
    }
    let share = |of: usize| right as f64 / of as f64;
    println!(
        "{credentials} credentials, {expected} findings: precision {:.3}, recall {:.3}",
        share(fired),
        share(expected)
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
