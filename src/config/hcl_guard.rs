//! What the parser would take too long for, told before it is asked.
//!
//! It parses an operand again that comes after two operators and does not parse, and so doubles its work with each level of
//! such brackets: 26 of them, in 156 bytes, are a matter of minutes. And it looks for the end of a heredoc without lines in
//! the whole text that follows.

use super::hcl_walk::{Part, Walk, Within};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};

/// Some thirty times the work of the innermost brackets, and deeper than people write.
const DEEPEST: usize = 5;

/// What keeps a text from being parsed; `within` is `Code`, or `Template` for a text that is one by itself.
pub(super) fn refuse(id: SourceId, text: &str, base: usize, within: Within) -> Option<Diagnostic> {
    let (what, at) = first(text, within)?;
    let (message, length, label, help) = match what {
        Refused::TooDeep => (
            "brackets nest too deep in operations",
            1,
            "the sixth level",
            "give the parts names in a `locals` block",
        ),
        Refused::EmptyHeredoc(length) => (
            "a heredoc has one line at least",
            length,
            "ends on the next line",
            "write `\"\"` for an empty text",
        ),
    };
    let span = Span::new(id, base + at, base + at + length);
    Some(
        Diagnostic::error("syntax", format!("syntax error: {message}"))
            .at(span, label)
            .help(help),
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    TooDeep,
    /// How long its first line is.
    EmptyHeredoc(usize),
}

/// The first place that is refused.
fn first(text: &str, within: Within) -> Option<(Refused, usize)> {
    /// What is known of a level.
    #[derive(Clone, Copy, Default)]
    struct Level {
        /// Operators so far, since the expression began.
        operators: usize,
        /// How many of the levels up to it are in an operand after two operators.
        doubled: usize,
    }
    let mut level = Level::default();
    let mut outer = Vec::new();
    let mut walk = Walk::new(text, within);
    let mut named = false;
    let mut opened = None;
    while let Some(piece) = walk.next() {
        let heredoc = opened.filter(|_| piece.part == Part::Closes && piece.text.starts_with('\n'));
        if let Some((at, length)) = heredoc {
            return Some((Refused::EmptyHeredoc(length), at));
        }
        opened = None;
        match piece.part {
            Part::Opens => {
                // A brace after a name or a label is a block's.
                if piece.text == "{" && named {
                    level.operators = 0;
                }
                let doubled = level.doubled + usize::from(level.operators >= 2);
                if doubled > DEEPEST {
                    return Some((Refused::TooDeep, piece.at));
                }
                outer.push(level);
                level = Level {
                    operators: 0,
                    doubled,
                };
                opened = Some((piece.at, piece.text.len()));
            }
            Part::Closes => level = outer.pop().unwrap_or_default(),
            Part::Operator => match piece.text {
                "," | ":" | "?" | "=" | "=>" => level.operators = 0,
                "." | "..." | "::" => {}
                _ => level.operators += 1,
            },
            Part::Word | Part::Comment | Part::Newline | Part::Text => {}
        }
        named = piece.part == Part::Word || piece.part == Part::Closes && piece.text == "\"";
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST, Refused, Within, first};

    fn nested(open: &str, close: &str, levels: usize) -> String {
        format!("a = 1{}0{}\n", open.repeat(levels), close.repeat(levels))
    }

    fn deep(text: &str) -> bool {
        matches!(first(text, Within::Code), Some((Refused::TooDeep, _)))
    }

    #[test]
    fn operands_after_two_operators_count() {
        for (open, close) in [
            ("-y%{l=1", "}"),
            ("+ 2 * (1", ")"),
            ("== b && [1", "]"),
            ("-1-f(1", ")"),
            ("-1-\"x${1", "}\""),
            ("-1-<<-E\nx \"${1", "}\"\n  E\n"),
            ("/* ( */ - 2 -(1 # )\n", ")"),
            ("-1-\n{for x in y : x => 1", "}"),
            ("-1-\"%{if 1}\\\" \" %{endif}${1", "}\""),
            ("-1-<<E\n%{if 1}\nE\n%{endif}#${1", "}\nE\n"),
        ] {
            assert!(!deep(&nested(open, close, DEEPEST)), "{open}");
            assert!(deep(&nested(open, close, DEEPEST + 1)), "{open}");
        }
        let template = format!("x ${{ 1{} }}", "+2*(3".repeat(DEEPEST + 1));
        let refused = first(&template, Within::Template).map(|(what, _)| what);
        assert_eq!(refused, Some(Refused::TooDeep));
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
            assert!(!deep(&nested(open, close, 40)), "{open}");
        }
        for block in ["a {", "a \"b\" {", "a b {\n # - -\n"] {
            let blocks = format!("{block}\n x = 1 - 2 - 3\n").repeat(40);
            assert_eq!(first(&blocks, Within::Code), None);
        }
    }

    #[test]
    fn a_heredoc_has_a_line() {
        let empty = |length| Some((Refused::EmptyHeredoc(length), 4));
        assert_eq!(first("a = <<E\nE\n", Within::Code), empty(3));
        assert_eq!(first("a = <<-E\n  E\n", Within::Code), empty(4));
        assert_eq!(first("a = <<E\n\nE\n", Within::Code), None);
        assert_eq!(first("a = <<E\nEx\nE\n", Within::Code), None);
    }
}
