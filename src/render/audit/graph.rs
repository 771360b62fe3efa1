//! The picture of who reaches what, in four columns: issuer, subject, application, permission. Plain SVG.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::report::Flow;
use crate::model::rule::Severity;
use crate::render::escape::html as plain;

const WIDTH: usize = 1220;
/// Pixels from one node to the next below it.
const ROW: usize = 30;
const TOP: usize = 34;
const HEADINGS: [&str; 4] = ["Issuer", "Subject", "Application", "Permission"];
/// Left edges and widths of the columns.
const COLUMNS: [(usize, usize); 4] = [(0, 230), (290, 300), (650, 220), (930, 290)];
/// Pixels of a character.
const CHARACTER: usize = 7;
const NOTHING: &str = "no permission of its own";

#[derive(Default)]
struct Column<'a> {
    /// Rows of what stands in the column: a node's text, and what tells it from another of that text.
    rows: BTreeMap<(&'a str, &'a str), usize>,
    nodes: Vec<(&'a str, &'a str, Option<Severity>)>,
}

impl<'a> Column<'a> {
    fn row(&mut self, text: &'a str, key: &'a str, severity: Option<Severity>) -> usize {
        let next = self.nodes.len();
        let row = *self.rows.entry((text, key)).or_insert(next);
        match self.nodes.get_mut(row) {
            Some(node) => node.2 = node.2.max(severity),
            None => self.nodes.push((text, key, severity)),
        }
        row
    }
}

/// All flows in one picture; nothing where there are none.
pub fn svg(flows: &[Flow]) -> String {
    if flows.is_empty() {
        return String::new();
    }
    let mut columns: [Column; 4] = Default::default();
    // Edges by column and rows, with the worst that flows through them.
    let mut edges: BTreeMap<(usize, usize, usize), Option<Severity>> = BTreeMap::new();
    for flow in flows {
        let issuer = columns[0].row(&flow.issuer, "", flow.severity);
        let subject = columns[1].row(&flow.subject, &flow.issuer, flow.severity);
        let application = columns[2].row(&flow.application, &flow.client_id, flow.severity);
        let mut join = |at: usize, from: usize, to: usize| {
            let worst = edges.entry((at, from, to)).or_default();
            *worst = (*worst).max(flow.severity);
        };
        join(0, issuer, subject);
        join(1, subject, application);
        for permission in &flow.permissions {
            let row = columns[3].row(permission, "", flow.severity);
            join(2, application, row);
        }
        if flow.permissions.is_empty() {
            join(2, application, columns[3].row(NOTHING, "", None));
        }
    }
    let rows = columns.iter().map(|column| column.nodes.len()).max();
    let height = TOP + rows.unwrap_or_default() * ROW + 8;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"group\" aria-label=\"Who reaches what\">\n"
    );
    for ((x, _), heading) in COLUMNS.iter().zip(HEADINGS) {
        let _ = writeln!(
            out,
            "<text class=\"heading\" x=\"{x}\" y=\"16\">{heading}</text>"
        );
    }
    for ((at, from, to), severity) in &edges {
        edge(&mut out, (*at, *from, *to), *severity);
    }
    for (at, column) in columns.iter().enumerate() {
        for (row, node) in column.nodes.iter().enumerate() {
            self::node(&mut out, (at, row), *node);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn middle(row: usize) -> usize {
    TOP + row * ROW + ROW / 2
}

fn class(severity: Option<Severity>) -> &'static str {
    severity.map_or("fine", Severity::word)
}

fn edge(out: &mut String, (at, from, to): (usize, usize, usize), severity: Option<Severity>) {
    let (left, right) = (COLUMNS[at].0 + COLUMNS[at].1, COLUMNS[at + 1].0);
    let (y, z) = (middle(from), middle(to));
    let bend = (left + right) / 2;
    let _ = writeln!(
        out,
        "<path class=\"edge {}\" data-from=\"{at}-{from}\" data-to=\"{}-{to}\" d=\"M{left} {y} C{bend} {y} {bend} {z} {right} {z}\"/>",
        class(severity),
        at + 1
    );
}

fn node(
    out: &mut String,
    (at, row): (usize, usize),
    (text, key, severity): (&str, &str, Option<Severity>),
) {
    let (x, width) = COLUMNS[at];
    let y = middle(row) - 12;
    let whole = match at == 2 && !key.is_empty() {
        true => format!("{text} ({key})"),
        false => text.to_owned(),
    };
    let room = (width - 16) / CHARACTER;
    let shown = text.strip_prefix("https://").unwrap_or(text);
    let shown: String = match shown.chars().count() > room {
        // The end tells more than the beginning: a branch, an environment.
        true => {
            let (head, tail) = (room / 2, room - room / 2 - 1);
            let skip = shown.chars().count() - tail;
            shown
                .chars()
                .take(head)
                .chain(['…'])
                .chain(shown.chars().skip(skip))
                .collect()
        }
        false => shown.to_owned(),
    };
    let search = if at == 2 { key } else { text };
    let _ = writeln!(
        out,
        "<g class=\"node {}\" data-node=\"{at}-{row}\" data-search=\"{}\" tabindex=\"0\" role=\"button\" aria-label=\"{}: {}\"><title>{}</title>\
         <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"24\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
        class(severity),
        plain(search),
        HEADINGS[at],
        plain(&whole),
        plain(&whole),
        x + 8,
        y + 16,
        plain(&shown)
    );
}
