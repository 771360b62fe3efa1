//! What the parser would take too long for, or say at another place, told before it is asked.
//!
//! It compares each key of an object with all before. It parses an operand again that comes after two operators and does
//! not parse, and so doubles its work with each level of such brackets: 26 of them, in 156 bytes, are a matter of minutes.
//! It looks for the end of a heredoc without lines in the whole text that follows. And a number beyond those of 64 bits is
//! no value to it, and no mistake of its own.

use super::convert::inexact;
use super::hcl_walk::{Part, Walk, Within};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};

/// The work for each mebibyte begun, in comparisons of keys that are one word: less than a second.
const MOST: u64 = 1 << 28;

/// The work of reading one piece of code, and one character of text.
const CODE: u64 = 64;
const TEXT: u64 = 8;

/// What keeps a text from being parsed; `within` is `Code`, or `Template` for a text that is one by itself.
pub(super) fn refuse(id: SourceId, text: &str, base: usize, within: Within) -> Option<Diagnostic> {
    let (what, at) = first(text, within)?;
    let place = |length| Span::new(id, base + at, base + at + length);
    let (message, length, label, help) = match what {
        Refused::Nested => (
            "brackets nest too deep in operations",
            1,
            "this level is one too many",
            "give the parts names in a `locals` block",
        ),
        Refused::Keys => (
            "an object has too many keys",
            1,
            "begins here",
            "write them as YAML in a file of their own, and read that with `yamldecode(file(…))`",
        ),
        Refused::EmptyHeredoc(length) => (
            "a heredoc has one line at least",
            length,
            "ends on the next line",
            "write `\"\"` for an empty text",
        ),
        Refused::Number(length) => return Some(inexact(place(length))),
    };
    Some(
        Diagnostic::error("syntax", format!("syntax error: {message}"))
            .at(place(length), label)
            .help(help),
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Nested,
    Keys,
    /// How long its first line is.
    EmptyHeredoc(usize),
    /// How long it is.
    Number(usize),
}

/// What is known of a level.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Operators so far, since the expression began.
    operators: u32,
    /// How often its work is doubled: the levels up to it that are in an operand after two operators.
    doubled: u32,
    object: bool,
    /// Whether the key of an item is read, and what comes now is its value.
    value: bool,
    /// The pieces before the item.
    item: u64,
    /// The work of comparing with all keys so far.
    keys: u64,
}

impl Level {
    /// The work of comparing the key of an item, where `text` ends it after so many pieces.
    fn compared(&mut self, text: &str, pieces: u64) -> u64 {
        match text {
            "\n" | "," => {
                self.value = false;
                self.item = pieces;
            }
            "=" | ":" if self.object && !self.value => {
                self.value = true;
                // What is no word or text of its own is compared part by part.
                let key = pieces - self.item;
                let before = self.keys;
                self.keys += if key > 3 { 4 * key } else { key };
                return before;
            }
            _ => {}
        }
        0
    }
}

/// The first place that is refused.
fn first(text: &str, within: Within) -> Option<(Refused, usize)> {
    let most = MOST * (text.len() as u64 / (1 << 20) + 1);
    let mut level = Level::default();
    let mut outer = Vec::new();
    let mut walk = Walk::new(text, within);
    let mut work: u64 = 0;
    let mut pieces: u64 = 0;
    let mut named = false;
    let mut opened = None;
    while let Some(piece) = walk.next() {
        pieces += u64::from(piece.part != Part::Text);
        let heredoc = opened.filter(|_| piece.part == Part::Closes && piece.text.starts_with('\n'));
        if let Some((at, length)) = heredoc {
            return Some((Refused::EmptyHeredoc(length), at));
        }
        opened = None;
        let mut cost = CODE;
        match (piece.part, piece.text) {
            (Part::Opens, bracket) => {
                // A brace after a name or a label is a block's.
                let block = bracket == "{" && named;
                let doubles = level.operators >= 2 && !block;
                outer.push(level);
                level = Level {
                    doubled: level.doubled + u32::from(doubles),
                    object: bracket == "{" && !block,
                    item: pieces,
                    ..Level::default()
                };
                opened = Some((piece.at, piece.text.len()));
            }
            (Part::Closes, _) => level = outer.pop().unwrap_or_default(),
            (Part::Operator, "," | ":" | "?" | "=" | "=>") => level.operators = 0,
            (Part::Operator, "." | "..." | "::") => {}
            (Part::Operator, _) => level.operators += 1,
            (Part::Text, _) => cost = TEXT,
            (Part::Word, word) if infinite(word) => {
                return Some((Refused::Number(word.len()), piece.at));
            }
            (Part::Word | Part::Comment | Part::Newline, _) => {}
        }
        cost += level.compared(piece.text, pieces);
        named = piece.part == Part::Word || piece.part == Part::Closes && piece.text == "\"";
        work = work.saturating_add(cost.saturating_mul(1 << level.doubled.min(60)));
        if work > most {
            let what = match level.doubled {
                0 => Refused::Keys,
                _ => Refused::Nested,
            };
            return Some((what, walk.level.start));
        }
    }
    None
}

/// Whether a word is a number beyond those of 64 bits.
fn infinite(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.parse().is_ok_and(f64::is_infinite)
}

#[cfg(test)]
mod tests {
    use super::{Refused, Within, first};

    fn nested(open: &str, close: &str, levels: usize) -> String {
        format!("a = 1{}0{}\n", open.repeat(levels), close.repeat(levels))
    }

    fn deep(text: &str) -> bool {
        matches!(first(text, Within::Code), Some((Refused::Nested, _)))
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
            assert!(!deep(&nested(open, close, 8)), "{open}");
            assert!(deep(&nested(open, close, 20)), "{open}");
        }
        let template = format!("x ${{ 1{} }}", "+2*(3".repeat(20));
        let refused = first(&template, Within::Template).map(|(what, _)| what);
        assert_eq!(refused, Some(Refused::Nested));
    }

    #[test]
    fn what_is_doubled_is_short() {
        let long = |levels| nested("- b - (1", ")", levels).replace('0', &"0, ".repeat(200_000));
        assert!(!deep(&long(0)));
        assert!(deep(&long(8)));
    }

    #[test]
    fn an_object_has_no_end_of_keys() {
        let object = |keys: u32, item: &str| {
            let items = (0..keys).map(|n| item.replace('#', &n.to_string()));
            format!("a = {{\n{}}}\n", items.collect::<String>())
        };
        for item in ["k# = b ? c : d\n", "k# : 1,", "\"k#\" = { x = 1 }\n"] {
            assert_eq!(first(&object(4000, item), Within::Code), None, "{item}");
            let refused = first(&object(40_000, item), Within::Code);
            assert_eq!(refused, Some((Refused::Keys, 4)), "{item}");
        }
        let operations = object(4000, "(b.c.d[0] + 1 - f(2) * 3 == # ? 4 : 5) = 1\n");
        assert!(first(&operations, Within::Code).is_some());
        let block = object(40_000, "k# = 1\n").replace("a = {", "a {");
        assert_eq!(first(&block, Within::Code), None);
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
    fn a_number_has_an_end() {
        let beyond = |at, length| Some((Refused::Number(length), at));
        assert_eq!(first("a = 1e308 + e999", Within::Code), None);
        assert_eq!(first("a = -1.5e309", Within::Code), beyond(5, 7));
        assert_eq!(first("1e400 ${1E+400}", Within::Template), beyond(8, 6));
        let digits = "9".repeat(400);
        assert_eq!(first(&digits, Within::Code), beyond(0, 400));
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
