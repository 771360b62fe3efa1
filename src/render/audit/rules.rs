//! What the audit's rules are, in Markdown.

use std::fmt::Write;

use crate::model::rule::{Doc, Need, Severity};

/// One page with every rule, the worst first.
pub fn page(docs: &[&Doc]) -> String {
    let mut out = String::from(
        "# Audit rules\n\nWhat `trustform audit` looks for. `trustform explain RULE` prints one of them; a `waiver` block names the rule that it waives. What is found about a trust or a secret is one step worse where it opens an identity that can take over the tenant or a subscription ([privileges](privileges.md)).\n\n| rule | severity | what it finds |\n|---|---|---|\n",
    );
    let mut docs = docs.to_vec();
    docs.sort_by_key(|doc| (std::cmp::Reverse(doc.severity), doc.name));
    for doc in &docs {
        let _ = writeln!(
            out,
            "| [`{0}`](#{0}) | {1} | {2} |",
            doc.name,
            doc.severity.word(),
            doc.what
        );
    }
    for severity in Severity::ALL {
        for doc in docs.iter().filter(|doc| doc.severity == severity) {
            let _ = write!(out, "\n{}", one(doc).replacen("# ", "## ", 1));
        }
    }
    out
}

/// One rule.
pub fn one(doc: &Doc) -> String {
    let mut out = format!(
        "# `{}`\n\n{} {}\n\n- Severity: {}\n",
        doc.name,
        doc.what,
        doc.why,
        doc.severity.word()
    );
    for (title, needs) in [("Needs", doc.needs), ("Looks at, where it may", doc.also)] {
        let words: Vec<&str> = needs.iter().map(|need| Need::objects(*need)).collect();
        if !words.is_empty() {
            let _ = writeln!(out, "- {title}: {}", words.join(", "));
        }
    }
    let _ = writeln!(out, "- For example: {}", doc.example);
    let _ = writeln!(out, "- Fix: {}", doc.fix);
    let _ = writeln!(out, "- Source: {}", doc.source);
    out
}
