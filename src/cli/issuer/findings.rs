//! Findings as `jwks check` and `issuer check` print them.

use super::super::args::Format;
use super::super::{Exit, World};
use crate::keys::Jwks;
use crate::keys::error::shown;
use crate::keys::finding::Finding;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Sources;
use crate::render::diagnostic;

/// A finding about a set, as a diagnostic about the key's name.
pub fn of(jwks: &Jwks) -> impl Fn(Finding) -> Diagnostic + '_ {
    |finding| {
        let kid = |index: usize| jwks.keys.get(index).map(|key| name(key.kid.as_deref()));
        Diagnostic {
            level: finding.level,
            subject: finding.key.map(|index| match kid(index) {
                Some(kid) => format!("key {} ({kid})", index + 1),
                None => format!("key {}", index + 1),
            }),
            ..Diagnostic::error(finding.code, finding.message).help(finding.help)
        }
    }
}

/// A key's name as somebody else wrote it.
pub fn name(kid: Option<&str>) -> String {
    kid.map_or_else(|| "no kid".to_owned(), shown)
}

/// A set has many keys: a finding about one begins with its place and name.
fn named(said: &Diagnostic) -> Diagnostic {
    let mut said = said.clone();
    if let Some(key) = said.subject.as_ref().filter(|it| it.starts_with("key ")) {
        said.message = format!("{key}: {}", said.message);
    }
    said
}

/// Prints what was looked at and what was found; 2 where something has to be done.
pub fn show(
    world: &mut World,
    format: Format,
    source: &str,
    text: &str,
    said: &[Diagnostic],
) -> Exit {
    let sources = Sources::default();
    let sound = !said.iter().any(Diagnostic::is_error);
    if format == Format::Json {
        let findings: Vec<_> = said
            .iter()
            .map(|one| diagnostic::json(one, &sources))
            .collect();
        world.print_json(&serde_json::json!({ "format": "trustform-check/1", "source": source, "sound": sound, "findings": findings }));
    } else {
        let said: Vec<Diagnostic> = said.iter().map(named).collect();
        let findings = diagnostic::text(&said, &sources, world.style());
        let verdict = match (sound, said.is_empty()) {
            (true, true) => "Nothing is wrong with it.",
            (true, false) => "It works; see the warnings.",
            (false, _) => "It must not stay like this.",
        };
        let gap = if findings.is_empty() { "" } else { "\n" };
        world.print(&format!("{source}\n{text}\n{findings}{gap}{verdict}\n"));
    }
    if sound { Exit::Done } else { Exit::Changes }
}
