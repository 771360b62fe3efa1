//! Diagnostics as text with the source lines, and as JSON.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Title, Renderer, Snippet};
use serde_json::json;

use super::escape::hides;
use super::style::Style;
use crate::model::diagnostic::{Diagnostic, Label, Level};
use crate::model::source::{Source, SourceId, Sources};

/// How far apart two places of one file may be to be shown in one piece, in lines.
const NEAR: usize = 12;
/// Bytes of a source line that are shown, so that a file of one long line stays readable.
const LONGEST_LINE: usize = 400;
/// Stands behind a path until its place is written there: nothing else that is shown has this character.
const PLACE: char = '\u{1f}';

/// Diagnostics one after the other: message, source lines, help.
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let renderer = if style.color {
        Renderer::styled().hyperlink(false)
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&one(diagnostic, sources, &renderer));
        text.push_str("\n\n");
    }
    if text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Note => Title::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(harmless(&diagnostic.message)));
    let mut places = Vec::new();
    for window in windows(diagnostic, sources) {
        let name = harmless(&sources.get(window.source).name);
        let labels = window.labels.iter().map(|(_, label)| label);
        if let Some(first) = labels.min_by_key(|label| (!label.primary, label.span.start)) {
            places.push(sources.position(first.span));
        }
        let mut snippet = Snippet::source(window.text)
            .path(format!("{name}{PLACE}"))
            .line_start(window.first_line)
            .fold(true);
        for (range, label) in window.labels {
            let kind = if label.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            snippet = snippet.annotation(annotation(kind, range, &label.text));
        }
        group = group.element(snippet);
    }
    if diagnostic.labels.is_empty() {
        let helps = diagnostic.help.iter();
        let helps = helps.map(|help| format!("\n  help: {}", harmless(help)));
        return renderer.render(&[group]) + &helps.collect::<String>();
    }
    for help in &diagnostic.help {
        group = group.element(Title::HELP.message(harmless(help)));
    }
    placed(&renderer.render(&[group]), &places)
}

/// The places of the files behind their paths, for those of what is shown: a long line is shown from its middle.
fn placed(rendered: &str, places: &[(usize, usize)]) -> String {
    let mut parts = rendered.split(PLACE);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (part, (line, column)) in parts.zip(places) {
        text.push_str(&format!(":{line}:{column}"));
        text.push_str(part.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
    }
    text
}

fn annotation<'a>(kind: AnnotationKind, range: Range<usize>, text: &str) -> Annotation<'a> {
    kind.span(range).label(harmless(text))
}

/// Lines of one file, with the labels that lie in them.
struct Window<'a> {
    source: SourceId,
    text: String,
    first_line: usize,
    labels: Vec<(Range<usize>, &'a Label)>,
}

/// The lines around the labels: the primary label's first, far places and other files apart.
fn windows<'a>(diagnostic: &'a Diagnostic, sources: &Sources) -> Vec<Window<'a>> {
    let mut clusters: Vec<(SourceId, Vec<(Lines, &Label)>)> = Vec::new();
    let mut labels: Vec<&Label> = diagnostic.labels.iter().collect();
    labels.sort_by_key(|label| !label.primary);
    for label in labels {
        let lines = lines(sources.get(label.span.source), label);
        let near = clusters.iter_mut().find(|(source, cluster)| {
            *source == label.span.source && cluster.iter().any(|(other, _)| other.near(&lines))
        });
        match near {
            Some((_, cluster)) => cluster.push((lines, label)),
            None => clusters.push((label.span.source, vec![(lines, label)])),
        }
    }
    clusters
        .into_iter()
        .map(|(source, cluster)| window(source, &sources.get(source).text, &cluster))
        .collect()
}

/// Where a label lies: its lines, counted from 0, and their bytes.
struct Lines {
    first: usize,
    last: usize,
    bytes: Range<usize>,
    label: Range<usize>,
}

impl Lines {
    fn near(&self, other: &Lines) -> bool {
        self.first <= other.last + NEAR && other.first <= self.last + NEAR
    }
}

fn lines(source: &Source, label: &Label) -> Lines {
    let text = &source.text;
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(label.span.start);
    let mut end = boundary(label.span.end.max(start));
    // Of a place over many lines, its first ones are shown.
    if let Some((at, _)) = text[start..end].match_indices('\n').nth(3) {
        end = start + at;
    }
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let begin = text[..start]
        .rfind('\n')
        .map_or(mark.min(start), |at| at + 1);
    let finish = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let first = source.breaks_before(begin);
    Lines {
        first,
        last: first + text[begin..end].matches('\n').count(),
        bytes: begin..finish,
        label: start..end,
    }
}

fn window<'a>(source: SourceId, text: &str, cluster: &[(Lines, &'a Label)]) -> Window<'a> {
    let begin = cluster
        .iter()
        .map(|(lines, _)| lines.bytes.start)
        .min()
        .unwrap_or(0);
    let end = cluster
        .iter()
        .map(|(lines, _)| lines.bytes.end)
        .max()
        .unwrap_or(0);
    let first = cluster
        .iter()
        .map(|(lines, _)| lines.first)
        .min()
        .unwrap_or(0);
    let ranges: Vec<Range<usize>> = cluster
        .iter()
        .map(|(lines, _)| lines.label.start - begin..lines.label.end - begin)
        .collect();
    let (text, ranges) = shorten(&text[begin..end], ranges);
    Window {
        source,
        text: harmless_in_place(&text),
        first_line: first + 1,
        labels: ranges
            .into_iter()
            .zip(cluster.iter().map(|(_, label)| *label))
            .collect(),
    }
}

/// Cuts overlong lines behind the labels in them and the carriage returns at their ends, and moves the labels along.
fn shorten(text: &str, ranges: Vec<Range<usize>>) -> (String, Vec<Range<usize>>) {
    if !text.contains('\r') && text.split('\n').all(|line| line.len() <= LONGEST_LINE) {
        return (text.to_owned(), ranges);
    }
    let mut short = String::new();
    // What every byte position becomes.
    let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        let begin = if bare.len() <= LONGEST_LINE {
            0
        } else {
            let labels = ranges
                .iter()
                .map(|range| range.start.saturating_sub(offset));
            let from = labels.filter(|at| *at <= bare.len()).min().unwrap_or(0);
            floor(bare, from.saturating_sub(LONGEST_LINE / 4))
        };
        let end = floor(bare, begin + LONGEST_LINE);
        if begin > 0 {
            short.push_str("...");
        }
        for range in &ranges {
            for at in [range.start, range.end] {
                if (offset..=offset + bare.len()).contains(&at) {
                    let within = (at - offset).clamp(begin, end) - begin;
                    moved.entry(at).or_insert(short.len() + within);
                }
            }
        }
        short.push_str(&bare[begin..end]);
        if line.ends_with('\n') {
            short.push('\n');
        }
        offset += line.len();
    }
    let place = |at: usize| {
        moved
            .get(&at)
            .copied()
            .unwrap_or(short.len())
            .min(short.len())
    };
    let ranges = ranges
        .iter()
        .map(|range| {
            let start = place(range.start);
            start..place(range.end).max(start)
        })
        .collect();
    (short, ranges)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Characters that a terminal would obey, that hide, or that turn text around.
fn dangerous(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || hides(c)
}

/// Text of a message, with dangerous characters spelled out.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if dangerous(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Source text with dangerous characters replaced by others of the same length, so that places stay right.
fn harmless_in_place(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c.len_utf8() {
            _ if !dangerous(c) => safe.push(c),
            1 => safe.push('?'),
            2 => safe.push('·'),
            3 => safe.push('\u{fffd}'),
            _ => safe.push_str("··"),
        }
    }
    safe
}

/// A diagnostic as JSON: lines and columns from 1, columns in characters, the end behind the last one.
pub fn json(diagnostic: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let labels: Vec<serde_json::Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let (line, column) = sources.position(label.span);
            let mut end = label.span;
            end.start = end.end;
            let (end_line, end_column) = sources.position(end);
            json!({
                "file": sources.get(label.span.source).name,
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "text": label.text,
                "primary": label.primary,
            })
        })
        .collect();
    json!({
        "code": diagnostic.code,
        "level": diagnostic.level,
        "subject": diagnostic.subject,
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Span;

    #[test]
    fn far_places_and_other_files_stand_apart() {
        let mut sources = Sources::default();
        let a = sources.add("a.hcl", format!("first\n{}last é x\n", "\n".repeat(50)));
        let b = sources.add(
            "b.hcl",
            format!("{}bad{}", "é".repeat(5000), "x".repeat(5000)),
        );
        let said = Diagnostic::warning("code", "message")
            .see(Span::new(a, 0, 5), "first")
            .at(Span::new(a, 64, 65), "here")
            .see(Span::new(b, 10_000, 10_003), "and here")
            .help("do this");
        let shown = text(std::slice::from_ref(&said), &sources, Style::PLAIN);
        assert!(
            shown.starts_with("warning: message\n  --> a.hcl:52:8\n"),
            "{shown}"
        );
        assert!(shown.contains("::: a.hcl:1:1\n"), "{shown}");
        assert!(shown.contains("::: b.hcl:1:5001\n"), "{shown}");
        assert!(shown.contains("--- and here"), "{shown}");
        assert!(shown.len() < 2000, "{shown}");
        assert!(shown.ends_with("= help: do this\n"), "{shown}");
        let shown = text(std::slice::from_ref(&said), &sources, Style { color: true });
        assert!(shown.contains("\u{1b}["), "{shown}");

        let json = json(&said, &sources);
        assert_eq!(json["level"], "warning");
        assert_eq!(json["labels"][1]["line"], 52);
        assert_eq!(json["labels"][1]["column"], 8);
        assert_eq!(json["labels"][1]["end_column"], 9);
        assert_eq!(json["labels"][1]["primary"], true);
    }
}
