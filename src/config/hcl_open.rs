//! What is opened and not closed, or closed and not opened: the parser says less of it, at another place.

use super::hcl_walk::{DEEPEST, Level, Part, Piece, Walk, Within, continues_word, keyword, line};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};

/// A part of a text that another is missing for.
pub(super) struct Open<'a> {
    what: What,
    pub start: usize,
    /// The text's end shows it, and no place before: the parser knows better where most of these are missing.
    pub at_end: bool,
    /// The text from there.
    rest: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    String,
    /// `${` or `%{`.
    Sequence,
    /// An `%{if}` or `%{for}`.
    Directive,
    /// An `%{else}`, `%{endif}` or `%{endfor}`.
    Stray,
    /// A `%{` and another word, or none.
    Unknown,
    Heredoc,
    Comment,
    Bracket,
}

/// The first part of a text that another is missing for.
pub(super) fn open_part<'a>(text: &'a str, within: Within<'a>) -> Option<Open<'a>> {
    let open = |what, start| Open {
        what,
        start,
        at_end: false,
        rest: &text[start..],
    };
    let bracket = |level: &Level| match text[level.start..].starts_with(['$', '%']) {
        true => What::Sequence,
        false => What::Bracket,
    };
    let string = |level: &&Level| level.within == Within::String && level.directives.is_empty();
    let mut walk = Walk::new(text, within);
    loop {
        let directives = walk.level.directives.len();
        let Some(piece) = walk.next() else { break };
        if let Some(what) = alone(&piece, text, directives) {
            return Some(open(what, piece.at));
        }
        if piece.part == Part::Text && piece.text == "\n" && string(&&walk.level) {
            // The quote that closes the string around a template opens one within it.
            let line = text[..piece.at].rfind('\n').unwrap_or(0);
            let template = walk
                .levels()
                .skip_while(|level| level.start < line || bracket(level) != What::Sequence);
            let innermost = template.filter(|level| level.within == Within::Code).last();
            return Some(match innermost {
                Some(level) => open(bracket(level), level.start),
                None => open(What::String, walk.level.start),
            });
        }
    }
    if walk.depth() > DEEPEST {
        return None;
    }
    let directive = |level: &Level| level.directives.last().copied();
    if let Some(start) = walk.levels().filter_map(directive).last() {
        return Some(open(What::Directive, start));
    }
    if let Some(level) = walk.levels().find(string) {
        return Some(open(What::String, level.start));
    }
    let innermost = walk.levels().skip(1).last()?;
    Some(match innermost.within {
        Within::Heredoc(_) => open(What::Heredoc, innermost.start),
        _ => Open {
            at_end: true,
            ..open(bracket(innermost), innermost.start)
        },
    })
}

/// Whether a piece lacks another by itself; so many directives are open where it stands.
fn alone(piece: &Piece, text: &str, directives: usize) -> Option<What> {
    if piece.part == Part::Comment {
        let open = piece.text.starts_with("/*") && !piece.text[2..].ends_with("*/");
        return open.then_some(What::Comment);
    }
    if piece.part != Part::Opens || piece.text != "%{" {
        return None;
    }
    let word = keyword(&text[piece.at + 2..]);
    let is = |words: &[&str]| words.iter().any(|known| word.starts_with(known));
    match directives {
        _ if is(&["if", "for"]) => None,
        0 if is(&["else", "endif", "endfor"]) => Some(What::Stray),
        _ if is(&["else", "end"]) => None,
        _ => Some(What::Unknown),
    }
}

impl Open<'_> {
    /// What is said of it.
    pub fn diagnostic(&self, id: SourceId, base: usize) -> Diagnostic {
        let first = self.rest[..line(self.rest)].trim_end();
        let begins = first.get(..2).unwrap_or(first);
        let word = keyword(self.rest.get(2..).unwrap_or_default());
        let word = &word[..word.find(|c| !continues_word(c)).unwrap_or(word.len())];
        let escape = format!("`{}{begins}` writes `{begins}` as it is", &first[..1]);
        let (message, length, help) = match self.what {
            What::String => {
                let place = Span::new(id, base + self.start, base + self.start + first.len());
                return open_string(place);
            }
            What::Sequence => (format!("this `{begins}` has no `}}`"), 2, escape),
            What::Directive => {
                let word = if word.starts_with("if") { "if" } else { "for" };
                (
                    format!("this `%{{ {word} }}` has no `%{{ end{word} }}`"),
                    2,
                    escape,
                )
            }
            What::Stray => {
                let of = if word.ends_with("for") { "for" } else { "if" };
                (
                    format!("this `%{{ {word} }}` stands after no `%{{ {of} }}`"),
                    2,
                    escape,
                )
            }
            What::Unknown => (
                "this `%{` begins no directive".to_owned(),
                2,
                format!("a template has `if`, `else`, `endif`, `for` and `endfor`; {escape}"),
            ),
            What::Heredoc => {
                let word = first[2..].trim_start_matches('-');
                let help = format!("write `{word}` on a line of its own after the text");
                (
                    format!("this heredoc has no end: no line is `{word}`"),
                    first.len(),
                    help,
                )
            }
            What::Comment => {
                let help = "a comment that begins with `#` ends with its line".to_owned();
                ("this comment has no `*/`".to_owned(), 2, help)
            }
            What::Bracket => {
                let closing = match &first[..1] {
                    "(" => ")",
                    "[" => "]",
                    _ => "}",
                };
                let help = format!("write `{closing}` where it ends");
                (
                    format!("this `{}` has no `{closing}`", &first[..1]),
                    1,
                    help,
                )
            }
        };
        let place = Span::new(id, base + self.start, base + self.start + length);
        Diagnostic::error("syntax", format!("syntax error: {message}"))
            .at(place, "here")
            .help(help)
    }
}

/// A quoted string that runs past its line.
pub(super) fn open_string(span: Span) -> Diagnostic {
    Diagnostic::error("syntax", "this string has no closing quote on its line")
        .at(span, "begins here")
        .help("close it with `\"`; text over several lines is a heredoc: `<<EOT`, the lines, `EOT`")
}
