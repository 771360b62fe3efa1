//! What is wrong with a stack's files as SARIF 2.1.0, for editors and code scanning:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::escape::terminal;
use crate::model::diagnostic::{Diagnostic, Label, Level};
use crate::model::source::Sources;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run, with a result for each diagnostic.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> Json {
    let codes: BTreeSet<&str> = diagnostics.iter().map(|one| one.code).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "trustform",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| json!({ "id": code })).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(|one| result(one, sources)).collect::<Vec<_>>(),
        }],
    })
}

fn result(diagnostic: &Diagnostic, sources: &Sources) -> Json {
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    let places = |primary: bool| -> Vec<Json> {
        let labels = diagnostic.labels.iter();
        labels
            .filter(|label| label.primary == primary)
            .map(|label| location(label, sources))
            .collect()
    };
    json!({
        "ruleId": diagnostic.code,
        "level": match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        "message": { "text": lines(&text) },
        "locations": places(true),
        "relatedLocations": places(false),
    })
}

fn location(label: &Label, sources: &Sources) -> Json {
    let (line, column) = sources.position(label.span);
    let mut end = label.span;
    end.start = end.end;
    let (end_line, end_column) = sources.position(end);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&sources.get(label.span.source).name) },
            "region": {
                "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
            },
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({ "text": terminal(&label.text) });
    }
    location
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"/._-~".contains(&b) => uri.push(char::from(b)),
            b => uri.push_str(&format!("%{b:02X}")),
        }
    }
    uri
}

fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(terminal).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Span;

    #[test]
    fn places_are_regions() {
        let mut sources = Sources::default();
        let file = sources.add("my stack/trust.hcl", "é = 1\n");
        let said = Diagnostic::error("code", "wrong")
            .at(Span::new(file, 3, 4), "here")
            .help("do this");
        let json = sarif(&[said], &sources);
        let result = &json["runs"][0]["results"][0];
        assert_eq!(result["message"]["text"], "wrong\nhelp: do this");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20stack/trust.hcl");
        assert_eq!(place["region"]["startColumn"], 3);
        assert_eq!(place["region"]["endColumn"], 4);
    }
}
