//! Plans and comparisons for comments on pull requests. Whatever comes from a file or a tenant is somebody else's
//! text: nothing of it becomes a heading, a link, a mention, an image, HTML or a workflow command.

use std::fmt::Write;

use super::access::{holding, sentence};
use super::escape::markdown as plain;
use super::text::{self, DIGEST, known_of};
use super::value::inline;
use crate::model::diagnostic::{Diagnostic, Level};
use crate::model::plan::{Access, Action, Change, Comparison, FieldChange, Grantee, Plan, Refusal};
use crate::model::value::Value;

/// A whole plan.
pub fn plan(plan: &Plan) -> String {
    let mut out = format!("### trustform: {}\n\n", word(&plan.stack.name));
    refusals(&mut out, &plan.refusals);
    access(&mut out, &plan.access);
    changes(&mut out, &plan.changes);
    if !plan.pending.is_empty() {
        out.push_str("#### Pending\n\n");
        for pending in &plan.pending {
            let needs: Vec<String> = pending.needs.iter().map(|need| word(need)).collect();
            let address = word(&pending.address.to_string());
            let _ = writeln!(out, "- {address} needs {}", needs.join(", "));
        }
        out.push('\n');
    }
    notes(&mut out, &plan.notes);
    if plan.changes.is_empty() {
        out.push_str("No changes.\n");
    } else {
        let digest = &plan.digest[..DIGEST.min(plan.digest.len())];
        let _ = writeln!(out, "{}. Digest `{digest}`.", text::counts(&plan.changes));
        if let Some(wait) = super::wait::wait(plan) {
            let _ = writeln!(out, "\n{}", word(&wait));
        }
    }
    out
}

/// A comparison of two desired states.
pub fn comparison(comparison: &Comparison) -> String {
    let mut out = format!(
        "### trustform: {} compared with {}\n\n",
        word(&comparison.stack.name),
        word(&comparison.base)
    );
    widening(&mut out, &comparison.access);
    access(&mut out, &comparison.access);
    changes(&mut out, &comparison.changes);
    notes(&mut out, &comparison.notes);
    if comparison.changes.is_empty() {
        out.push_str("No changes.\n");
    } else {
        let _ = writeln!(out, "{}.", text::counts(&comparison.changes));
    }
    out
}

/// Words with code between backticks, as messages have it.
pub(super) fn word(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let shown = parts.iter().enumerate().map(|(at, part)| match at % 2 {
        0 => plain(part),
        _ => code(part),
    });
    shown.collect()
}

fn refusals(out: &mut String, refusals: &[Refusal]) {
    for refusal in refusals {
        let (guard, message) = (word(refusal.guard), word(&refusal.message));
        let _ = writeln!(out, "> **Refused ({guard}).** {message}  ");
        let _ = writeln!(out, "> Lifted by {}\n", word(&refusal.lift));
    }
}

fn widening(out: &mut String, access: &Access) {
    let Some(widening) = &access.widening else {
        return;
    };
    for change in &widening.changes {
        let _ = writeln!(out, "> **Widening.** {}  ", word(change));
    }
    let digest = &widening.digest[..DIGEST.min(widening.digest.len())];
    let _ = writeln!(
        out,
        "> Its digest is `{digest}`: an `approve` block with it lets it through.\n"
    );
}

fn access(out: &mut String, access: &Access) {
    if access.gained.is_empty() && access.lost.is_empty() {
        return;
    }
    out.push_str("#### Access\n\n");
    for (grantees, gained) in [(&access.gained, true), (&access.lost, false)] {
        for grantee in grantees {
            out.push_str(&one_grantee(grantee, gained));
        }
    }
    out.push('\n');
}

fn one_grantee(grantee: &Grantee, gained: bool) -> String {
    let sign = if gained { "➕" } else { "➖" };
    let mut out = format!("- {sign} {}", sentence(grantee, gained, &word));
    if let Some(holding) = holding(grantee, &word) {
        let _ = write!(out, ", {holding}");
    }
    out.push('\n');
    for danger in grantee.dangers.iter().filter(|_| gained) {
        let (who, example) = (word(&danger.who), code(&danger.example));
        let identity = word(&grantee.identity);
        let _ = writeln!(out, "  - ⚠️ **{who} may act as {identity}**: {example}");
    }
    if let Some(example) = &grantee.example {
        let _ = writeln!(out, "  - for example {}", code(example));
    }
    out
}

fn changes(out: &mut String, changes: &[Change]) {
    if changes.is_empty() {
        return;
    }
    out.push_str("#### Changes\n\n");
    for change in changes {
        let sign = match change.action {
            Action::Create => "➕",
            Action::Update => "✏️",
            Action::Delete => "➖",
            Action::Restore => "♻️",
        };
        let remark = change
            .remark
            .as_ref()
            .map(|remark| format!(" ({})", word(remark)))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "- {sign} {}{remark}",
            code(&change.address.to_string())
        );
        for key in &change.keys {
            let sign = match key.action {
                Some(Action::Create) => "➕",
                Some(Action::Delete) => "➖",
                Some(_) => "✏️",
                None => "·",
            };
            let known = known_of(key);
            let line = format!("  - {sign} {} {}", code(&key.kid), word(&known));
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let told = !change.keys.is_empty();
        for field in &change.fields {
            if told && field.path == "content" {
                continue;
            }
            let _ = writeln!(out, "  - {}: {}", word(&field.path), values(field));
        }
    }
    out.push('\n');
}

fn values(field: &FieldChange) -> String {
    let show = |value: &Option<Value>| value.as_ref().map(|value| code(&inline(value)));
    match (show(&field.before), show(&field.after)) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (before, after) => after.or(before).unwrap_or_default(),
    }
}

fn notes(out: &mut String, notes: &[Diagnostic]) {
    if notes.is_empty() {
        return;
    }
    out.push_str("#### Notes\n\n");
    for note in notes {
        let sign = if note.level == Level::Note {
            ""
        } else {
            "⚠️ "
        };
        let subject = note.subject.as_ref();
        let subject = subject.map(|subject| format!("{}: ", code(subject)));
        let subject = subject.unwrap_or_default();
        let _ = writeln!(out, "- {sign}{subject}{}", word(&note.message));
    }
    out.push('\n');
}

/// As code: in a run of backticks that the text cannot end, on one line.
pub(super) fn code(text: &str) -> String {
    let text = super::escape::terminal(text);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    // A space that the reader takes away again, where the text begins or ends with a backtick.
    match longest > 0 || text.is_empty() {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::code;
    use crate::render::escape::markdown;

    #[test]
    fn nobodys_text_becomes_markup() {
        let text = "@octocat <img src=x> [a](http://b) ![i](j) # h\n::set-output name=a::b | `c` www.evil.com https://evil.com fixes #1";
        let safe = markdown(text);
        for bad in [
            "@octocat", "<img", "](", "\n", "`c`", "www.evil", "https://", " #1",
        ] {
            assert!(!safe.contains(bad), "{bad}: {safe}");
        }
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(
            markdown("plain words, with (parentheses)."),
            "plain words, with (parentheses)."
        );
    }
}
