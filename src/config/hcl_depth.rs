//! How deep brackets nest in operations, told before a text is parsed.
//!
//! The parser tries an operand again that comes after two operators and does not parse, and so doubles its work with each
//! level of such brackets: 26 of them, in 156 bytes, are a matter of minutes.

use super::tokens::{begins_word, continues_word};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};

/// A thousand times the work of the innermost brackets, and deeper than anybody writes.
const DEEPEST: usize = 10;

/// What encloses a place.
struct Level<'a> {
    within: Within<'a>,
    /// Operators so far, since the expression began.
    operators: usize,
    /// It is in an operand after two operators.
    doubles: bool,
}

enum Within<'a> {
    /// Brackets; whether a line's end ends an expression there.
    Code {
        lines: bool,
    },
    String,
    /// Text up to the word.
    Heredoc(&'a str),
    /// Text that stands alone.
    Template,
}

/// What is said of a text whose brackets are nested too deep in operations; `template` if it is one by itself.
pub(super) fn too_deep(
    id: SourceId,
    text: &str,
    base: usize,
    template: bool,
) -> Option<Diagnostic> {
    let at = base + first_too_deep(text, template)?;
    let message = "syntax error: brackets nest too deep in operations";
    Some(
        Diagnostic::error("syntax", message)
            .at(Span::new(id, at, at + 1), "the eleventh level")
            .help("give the parts names in a `locals` block"),
    )
}

/// Where the bracket stands that is one level too deep.
fn first_too_deep(text: &str, template: bool) -> Option<usize> {
    let within = match template {
        true => Within::Template,
        false => Within::Code { lines: true },
    };
    let mut levels = vec![Level {
        within,
        operators: 0,
        doubles: false,
    }];
    let mut doubled = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let mut length = c.len_utf8();
        let level = levels.last_mut()?;
        let mut opened = None;
        let mut closed = false;
        match level.within {
            Within::Code { lines } => match c {
                '"' => opened = Some(Within::String),
                '(' | '[' => opened = Some(Within::Code { lines: false }),
                '{' => opened = Some(Within::Code { lines: true }),
                ')' | ']' | '}' => closed = true,
                '#' => length = line(rest),
                '/' if rest.starts_with("//") => length = line(rest),
                '/' if rest.starts_with("/*") => {
                    length = rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
                }
                '<' if rest.starts_with("<<") => {
                    let word = rest[2..line(rest)].trim_start_matches('-').trim();
                    if word.starts_with(begins_word) {
                        opened = Some(Within::Heredoc(word));
                        length = line(rest);
                    }
                }
                '\n' if lines => level.operators = 0,
                ',' | ':' | '?' => level.operators = 0,
                '=' if !rest.starts_with("==") => level.operators = 0,
                '=' | '!' | '<' | '>' | '&' | '|' => {
                    level.operators += 1;
                    length = if rest[1..].starts_with(['=', '&', '|']) {
                        2
                    } else {
                        1
                    };
                }
                '+' | '-' | '*' | '/' | '%' => level.operators += 1,
                c if begins_word(c) => {
                    length = rest.find(|c| !continues_word(c)).unwrap_or(rest.len());
                }
                _ => {}
            },
            Within::String | Within::Template | Within::Heredoc(_) => {
                let quoted = matches!(level.within, Within::String);
                match c {
                    '\\' if quoted => length += rest[1..].chars().next().map_or(0, char::len_utf8),
                    '"' if quoted => closed = true,
                    _ if rest.starts_with("$${") || rest.starts_with("%%{") => length = 3,
                    _ if rest.starts_with("${") || rest.starts_with("%{") => {
                        opened = Some(Within::Code { lines: false });
                        length = 2;
                    }
                    '\n' => {
                        if let Within::Heredoc(word) = level.within
                            && let Some(end) = ends(rest, word)
                        {
                            closed = true;
                            length = end;
                        }
                    }
                    _ => {}
                }
            }
        }
        if let Some(within) = opened {
            let doubles = level.operators >= 2;
            doubled += usize::from(doubles);
            if doubled > DEEPEST {
                return Some(at);
            }
            levels.push(Level {
                within,
                operators: 0,
                doubles,
            });
        } else if closed && levels.len() > 1 {
            doubled -= usize::from(levels.pop()?.doubles);
        }
        at += length;
    }
    None
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Whether a heredoc's word begins the next line, and where it ends there.
fn ends(text: &str, word: &str) -> Option<usize> {
    let line = text[1..].trim_start_matches([' ', '\t']);
    let after = line.strip_prefix(word)?;
    (!after.starts_with(continues_word)).then(|| text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::first_too_deep;

    fn nested(open: &str, close: &str, levels: usize) -> String {
        format!("a = 1{}0{}\n", open.repeat(levels), close.repeat(levels))
    }

    #[test]
    fn operands_after_two_operators_count() {
        for (open, close) in [
            ("-y%{l=1", "}"),
            ("+ 2 * (1", ")"),
            ("== b && [1", "]"),
            ("-1-f(1", ")"),
            ("-1-\"x${1", "}\""),
            ("-1-<<-E\nx \"${1", "}\n  E\n"),
            ("/* ( */ - 2 -(1 # )\n", ")"),
        ] {
            assert_eq!(
                first_too_deep(&nested(open, close, 10), false),
                None,
                "{open}"
            );
            assert!(
                first_too_deep(&nested(open, close, 11), false).is_some(),
                "{open}"
            );
        }
        let template = format!("x ${{ 1{} }}", "+2*(3".repeat(11));
        assert!(first_too_deep(&template, true).is_some());
    }

    #[test]
    fn others_do_not() {
        for (open, close) in [
            ("-{l=1", "}"),
            ("-((1", "))"),
            ("?1:{l=1", "}"),
            (", 1 - 2 - 3, (1", ")"),
            ("-a-b-c(1", ")"),
            ("-\" - - $${ \\\" ${1", "}\""),
            ("-<<E\n - - ${1", "}\nE\n"),
        ] {
            assert_eq!(
                first_too_deep(&nested(open, close, 40), false),
                None,
                "{open}"
            );
        }
        let blocks = "a {\n x = 1 - 2 - 3\n".repeat(40);
        assert_eq!(first_too_deep(&blocks, false), None);
    }
}
