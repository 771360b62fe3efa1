//! Nothing is forgotten: every kind has a story, every guard and every mistake is shown once, every field is explained.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use trustform::kinds;
use trustform::model::schema::Field;
use trustform::plan::guards::GUARDS;

use crate::{files, project, scenario};

/// Codes that no scenario can bring about in a tenant that is played, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "document-too-large",
        "a document of more than a mebibyte; the tests of what is large",
    ),
    ("interrupted", "by a signal; the tests of processes"),
    (
        "local-tenant",
        "a scenario brings its own tenant; the tests of the command line",
    ),
    (
        "lock-lost",
        "by a run that was away for a minute; the tests of leases",
    ),
    (
        "more",
        "after a thousand mistakes; the tests of what is large",
    ),
    ("no-runtime", "a system that has no event loop to give"),
    ("no-transport", "a system that has no TLS to give"),
    (
        "not-exchanged",
        "a token of a key that is not published yet; the tests of tokens",
    ),
    (
        "rehearsal-key",
        "a disk that takes no key; the tests of the command line",
    ),
    (
        "unsendable-request",
        "a plan with a hole that nothing fills; the tests of the clients",
    ),
];

/// The texts of all scenarios.
fn stories() -> Vec<String> {
    let paths = scenario::all();
    paths.iter().map(|path| scenario::read(path).0).collect()
}

/// Not looked at: the emulator speaks in Microsoft's codes, and findings about keys have a table of tests of their own.
const ASIDE: [&str; 2] = ["emulator", "keys"];

/// The sources' code, without comments' slashes mattering: what stands between quotes is all that is looked at.
fn sources() -> String {
    let root = project().join("src");
    let rust = |path: &std::path::PathBuf| {
        let below = path.strip_prefix(project()).unwrap_or(path);
        let test = below.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            part.starts_with("tests") || ASIDE.iter().any(|aside| part.starts_with(aside))
        });
        !test && path.extension().is_some_and(|extension| extension == "rs")
    };
    let texts = files(&root).into_iter().filter(rust).map(|path| {
        let text = std::fs::read_to_string(path).expect("a source");
        let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        text[..end].to_owned()
    });
    texts.collect()
}

/// Each code with the fixed parts of its messages, as the sources have them.
fn codes(sources: &str) -> BTreeMap<String, BTreeSet<Vec<String>>> {
    let message = r#"(?:format!\(\s*)?"((?:[^"\\]|\\.)*)""#;
    let named = Regex::new(&format!(
        r#"(?:Diagnostic::(?:error|warning|note)|Failure::plain)\(\s*"([a-z0-9-]+)",\s*{message}"#
    ));
    let dashed = Regex::new(&format!(r#""([a-z]+(?:-[a-z]+)+)",\s*{message}"#));
    let mut codes: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for pattern in [named, dashed] {
        let pattern = pattern.expect("a pattern");
        for found in pattern.captures_iter(sources) {
            if found[2].contains(' ') {
                codes
                    .entry(found[1].to_owned())
                    .or_default()
                    .insert(fixed_parts(&found[2]));
            }
        }
    }
    codes
}

/// What a format string says whatever it is filled with.
fn fixed_parts(message: &str) -> Vec<String> {
    let holes = Regex::new(r"\{[^{}]*\}").expect("a pattern");
    let message = message.replace("\\\"", "\"").replace("\\n", "\n");
    holes
        .split(&message)
        .map(str::trim)
        .filter(|part| part.len() > 3)
        .map(str::to_owned)
        .collect()
}

/// Whether a line has all these parts, in their order.
fn says(line: &str, parts: &[String]) -> bool {
    let mut rest = line;
    !parts.is_empty()
        && parts
            .iter()
            .all(|part| match rest.split_once(part.as_str()) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
}

#[test]
fn every_kind_has_a_story() {
    for shape in kinds::shapes() {
        let folder = project()
            .join("src/kinds")
            .join(shape.kind)
            .join("scenarios");
        assert!(
            !files(&folder).is_empty(),
            "no scenario of `{}`",
            shape.kind
        );
    }
}

#[test]
fn every_guard_refuses_once() {
    let pattern = Regex::new(r#"guard: "([a-z-]+)""#).expect("a pattern");
    let stories = stories();
    let sources = sources();
    let guards: BTreeSet<&str> = pattern
        .captures_iter(&sources)
        .map(|found| found.extract::<1>().1[0])
        .collect();
    let named: BTreeSet<&str> = GUARDS.iter().map(|guard| guard.name).collect();
    assert_eq!(
        guards, named,
        "the guards, and those that the table explains"
    );
    let missing: Vec<&&str> = guards
        .iter()
        // A scenario's login is the administrator, whom no stack made; the planner's tests.
        .filter(|guard| **guard != "self")
        .filter(|guard| {
            let refused = format!("refused ({guard})");
            !stories.iter().any(|story| story.contains(&refused))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "guards that no scenario shows: {missing:?}"
    );
}

#[test]
fn every_mistake_is_shown_once() {
    let stories = stories();
    let lines: Vec<&str> = stories.iter().flat_map(|story| story.lines()).collect();
    let codes = codes(&sources());
    assert!(codes.len() > 50, "the scan finds the codes");
    let shown = |code: &str| {
        let quoted = format!("\"code\": \"{code}\"");
        codes[code].iter().any(|parts| {
            lines
                .iter()
                .any(|line| says(line, parts) || line.contains(&quoted))
        })
    };
    let excused: BTreeMap<&str, &str> = ELSEWHERE.iter().copied().collect();
    let missing: Vec<&str> = codes
        .keys()
        .map(String::as_str)
        .filter(|code| !excused.contains_key(code) && !shown(code))
        .collect();
    assert!(
        missing.is_empty(),
        "codes that no scenario shows: {missing:#?}"
    );
    let stale: Vec<&&str> = excused
        .keys()
        .filter(|code| !codes.contains_key(**code) || shown(code))
        .collect();
    assert!(stale.is_empty(), "codes that need no excuse: {stale:?}");
}

#[test]
fn every_field_is_explained() {
    fn explained(path: &str, fields: &[Field], silent: &mut Vec<String>) {
        for field in fields {
            let path = format!("{path}.{}", field.name);
            if !field.doc.ends_with(['.', '?', ')']) || field.doc.len() < 10 {
                silent.push(path.clone());
            }
            explained(&path, field.nested().unwrap_or_default(), silent);
        }
    }
    let mut silent = Vec::new();
    for shape in kinds::shapes() {
        if shape.doc.len() < 10 {
            silent.push(shape.kind.to_owned());
        }
        explained(shape.kind, shape.fields, &mut silent);
        let outputs = shape.outputs.iter().filter(|output| output.doc.len() < 10);
        silent.extend(outputs.map(|output| format!("{}.{}", shape.kind, output.name)));
    }
    assert!(silent.is_empty(), "without a sentence: {silent:#?}");
}
