//! The layout of `${…}` and `%{…}` in strings and heredocs: as between other tokens, and no blanks within the braces.

use super::format::spaced;
use super::tokens::{Kind, sequence, tokens};

/// A quoted string or a heredoc; what is no template in it stays, and so does one that goes over several lines.
pub(super) fn template(text: &str, kind: Kind) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let begins = rest.starts_with("${") || rest.starts_with("%{");
        let length = match c {
            // An escape: what comes next says nothing.
            '\\' if kind == Kind::Text => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ if rest.starts_with("$${") || rest.starts_with("%%{") => 3,
            _ if begins => sequence(rest),
            c => c.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        match begins.then(|| laid_out(part)).flatten() {
            Some(part) => made.push_str(&part),
            None => made.push_str(part),
        }
        rest = after;
    }
    made
}

/// One `${…}` or `%{…}`, if it stands on one line.
fn laid_out(sequence: &str) -> Option<String> {
    let (start, inside) = sequence.strip_suffix('}')?.split_at(2);
    let (left, inside) = match inside.strip_prefix('~') {
        Some(inside) => ("~", inside),
        None => ("", inside),
    };
    let (inside, right) = match inside.strip_suffix('~') {
        Some(inside) => (inside, "~"),
        None => (inside, ""),
    };
    if inside.contains('\n') {
        return None;
    }
    let inside = spaced(&tokens(inside));
    // An object's brace stands apart from the template's.
    let pad = |beside: bool| if beside { " " } else { "" };
    let (before, after) = (inside.starts_with('{'), inside.ends_with('}'));
    let (before, after) = (pad(before), pad(before && after));
    Some(format!("{start}{left}{before}{inside}{after}{right}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, from: &str, to: &str) {
        assert_eq!(template(from, kind), to);
        assert_eq!(template(to, kind), to, "a second time");
    }

    #[test]
    fn sequences_are_laid_out_as_terraform_does() {
        for (from, to) in [
            (
                r#""x ${ a } é ${  upper( "b ${ c }" ) }""#,
                r#""x ${a} é ${upper("b ${c}")}""#,
            ),
            (r#""x${a+b}y${ -a}z""#, r#""x${a + b}y${-a}z""#),
            (r#""${~ a ~}x${~a~}""#, r#""${~a~}x${~a~}""#),
            (
                r#""%{ if a==1 }x%{else  }y%{endif ~}""#,
                r#""%{if a == 1}x%{else}y%{endif~}""#,
            ),
            (
                r#""%{ for a,b in c ~}${ a }%{ endfor }""#,
                r#""%{for a, b in c~}${a}%{endfor}""#,
            ),
            (r#""z${ {a=1} }""#, r#""z${ { a = 1 } }""#),
            (r#""z${ [1,2][ 0 ] }""#, r#""z${[1, 2][0]}""#),
            (r#""x${ /* } " */ a }""#, r#""x${/* } " */ a}""#),
        ] {
            check(Kind::Text, from, to);
        }
        check(
            Kind::Heredoc,
            "<<E\n\\${ a }\n  b  c\nE",
            "<<E\n\\${a}\n  b  c\nE",
        );
    }

    #[test]
    fn what_is_none_stays() {
        for text in [r#""$${ a } %%{ b } \\ \" { a }""#, r#""a  b $ { c }""#] {
            check(Kind::Text, text, text);
        }
        let lines = "<<E\n${[\n   1,\n]}\nE";
        check(Kind::Heredoc, lines, lines);
    }
}
