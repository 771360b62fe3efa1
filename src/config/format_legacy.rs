//! Forms of older HCL: labels without quotes, and `"${…}"` around a whole value.

use std::ops::Range;

use super::document::Body;
use super::tokens::{Kind, sequence, tokens};

/// The text in the form of today, which means the same; `body` is what stands in it.
pub(super) fn modern(text: &str, body: &Body) -> String {
    let mut edits = Vec::new();
    collect(text, body, &mut edits);
    edits.sort_by_key(|(place, _)| place.start);
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    for (place, new) in edits {
        made.push_str(&text[at..place.start]);
        made.push_str(&new);
        at = place.end;
    }
    made + &text[at..]
}

fn collect(text: &str, body: &Body, edits: &mut Vec<(Range<usize>, String)>) {
    for attribute in &body.attributes {
        let value = attribute.value.span.start..attribute.value.span.end;
        // The value in parentheses is another: those are no part of its place.
        let sign = text.get(attribute.name.span.end..value.start);
        let alone = sign.is_some_and(|sign| sign.trim() == "=");
        let inside = text.get(value.clone()).filter(|_| alone);
        if let Some(inside) = inside.and_then(unwrapped) {
            edits.push((value, inside.to_owned()));
        }
    }
    for block in &body.blocks {
        for label in &block.labels {
            let place = label.span.start..label.span.end;
            if let Some(bare) = text.get(place.clone()).filter(|it| !it.starts_with('"')) {
                edits.push((place, format!("\"{bare}\"")));
            }
        }
        collect(text, &block.body, edits);
    }
}

/// What stands in the one `${…}` that a quoted string consists of. What goes over several lines, or has a comment, could
/// not stand there alone.
fn unwrapped(quoted: &str) -> Option<&str> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let whole = inner.starts_with("${") && sequence(inner) == inner.len();
    let inside = inner.strip_prefix("${")?.strip_suffix('}')?;
    let inside = inside.strip_prefix('~').unwrap_or(inside);
    let inside = inside.strip_suffix('~').unwrap_or(inside).trim();
    let commented = || tokens(inside).iter().any(|it| it.kind == Kind::Comment);
    let alone = whole && !inside.contains('\n') && !commented();
    alone.then(|| unwrapped(inside).unwrap_or(inside))
}

#[cfg(test)]
mod tests {
    use crate::config::format::format;
    use crate::model::source::Sources;

    #[track_caller]
    fn check(from: &str, to: &str) {
        let id = Sources::default().add("x.hcl", from);
        assert_eq!(format(id, from).as_deref(), Ok(to));
        assert_eq!(format(id, to).as_deref(), Ok(to), "a second time");
    }

    #[test]
    fn labels_are_quoted() {
        check(
            "\u{feff}application web {\r\n  redirect x y {}\r\n}\r\n",
            "\u{feff}application \"web\" {\r\n  redirect \"x\" \"y\" {}\r\n}\r\n",
        );
    }

    #[test]
    fn a_value_needs_no_template_around_it() {
        for (from, to) in [
            (r#""${ var.x }""#, "var.x"),
            (r#""${~ var.x ~}" # why"#, "var.x # why"),
            (r#""${upper("${a}")}""#, r#"upper("${a}")"#),
            (r#""${ "${ a }" }""#, "a"),
            ("\"${\n  a\n}\"", "a"),
            (r#""${"${a}${b}"}""#, r#""${a}${b}""#),
            (r#""${ {a=1} }""#, "{ a = 1 }"),
        ] {
            check(&format!("a = {from}\n"), &format!("a = {to}\n"));
        }
        // Several, text beside it, an element, lines.
        for same in [
            r#""${a}${b}""#,
            r#""${a} ""#,
            r#"["${a}"]"#,
            r#"("${a}")"#,
            r#"{ b = "${a}" }"#,
            r#""$${a}""#,
            "\"${a +\n  b}\"",
            r#""${a /* why */}""#,
        ] {
            check(&format!("a = {same}\n"), &format!("a = {same}\n"));
        }
    }
}
