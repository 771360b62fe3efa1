//! HCL text walked through piece by piece, with what encloses each: brackets, strings, heredocs and the templates in them.
//!
//! It sees what the parser sees, also in text that is not HCL. The formatter's tokens come from it, and what is said before
//! the parser is asked.

/// What encloses a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within<'a> {
    /// Brackets, the `${` of a template, or nothing.
    Code,
    String,
    /// Text up to the word.
    Heredoc(&'a str),
    /// Text that stands alone.
    Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A bracket, a quote, `${`, or `<<WORD`: what comes next is a level deeper.
    Opens,
    Closes,
    /// A name or a number.
    Word,
    Operator,
    Comment,
    /// The end of a line of code.
    Newline,
    /// A character or an escape of a string, a heredoc or a template.
    Text,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub part: Part,
    pub at: usize,
    pub text: &'a str,
}

#[derive(Clone, Debug)]
pub(super) struct Level<'a> {
    pub within: Within<'a>,
    /// Where it begins.
    pub start: usize,
    /// Where each `%{if}` and `%{for}` begins that is not ended: up to its end a quote, a backslash and a heredoc's word are
    /// text.
    pub directives: Vec<usize>,
}

pub(super) struct Walk<'a> {
    text: &'a str,
    at: usize,
    /// What encloses the next piece.
    pub level: Level<'a>,
    outer: Vec<Level<'a>>,
}

/// Deeper than the parser reads, which refuses the 65th of its levels: the walk ends there.
pub(super) const DEEPEST: usize = 1024;

const TWO: [&str; 8] = ["==", "!=", "<=", ">=", "&&", "||", "=>", "::"];

impl<'a> Walk<'a> {
    pub fn new(text: &'a str, within: Within<'a>) -> Self {
        let level = Level {
            within,
            start: 0,
            directives: Vec::new(),
        };
        Walk {
            text,
            at: 0,
            level,
            outer: Vec::new(),
        }
    }

    /// How many levels enclose the next piece.
    pub fn depth(&self) -> usize {
        self.outer.len()
    }

    /// What encloses the next piece, the outermost first.
    pub fn levels(&self) -> impl Iterator<Item = &Level<'a>> {
        self.outer.iter().chain([&self.level])
    }

    /// Goes to where the level that was opened last is closed, and says where its end is; that of the text if it is not.
    pub fn leave(&mut self) -> usize {
        let inside = self.depth();
        while self.depth() >= inside && self.next().is_some() {}
        self.at
    }

    fn open(&mut self, within: Within<'a>) -> Part {
        let level = Level {
            within,
            start: self.at,
            directives: Vec::new(),
        };
        self.outer.push(std::mem::replace(&mut self.level, level));
        Part::Opens
    }

    /// Whether a bracket closes the level; one that does not is like any other operator.
    fn closes(&self, bracket: char) -> bool {
        let opened = self.text[self.level.start..].chars().next();
        let closed = match opened.filter(|_| self.depth() > 0) {
            Some('(') => ')',
            Some('[') => ']',
            Some(_) => '}',
            None => bracket,
        };
        closed == bracket
    }

    fn close(&mut self) -> Part {
        if let Some(level) = self.outer.pop() {
            self.level = level;
        }
        Part::Closes
    }

    /// The next piece of code and its length.
    fn code_piece(&mut self, rest: &'a str, first: char) -> (Part, usize) {
        if let Some(word) = heredoc(rest) {
            return (self.open(Within::Heredoc(word)), line(rest));
        }
        if let Some(length) = comment(rest) {
            return (Part::Comment, length);
        }
        match first {
            '\n' => (Part::Newline, 1),
            '"' => (self.open(Within::String), 1),
            '(' | '[' | '{' => (self.open(Within::Code), 1),
            ')' | ']' | '}' if self.closes(first) => (self.close(), 1),
            _ if rest.starts_with("...") => (Part::Operator, 3),
            _ if TWO.iter().any(|two| rest.starts_with(two)) => (Part::Operator, 2),
            '0'..='9' => (Part::Word, number(rest)),
            _ if begins_word(first) => {
                let end = rest.find(|c| !continues_word(c));
                (Part::Word, end.unwrap_or(rest.len()))
            }
            _ => (Part::Operator, first.len_utf8()),
        }
    }

    /// The next piece of a string, a heredoc or a template and its length.
    fn text_piece(&mut self, rest: &'a str, first: char) -> (Part, usize) {
        let ends = self.level.directives.is_empty();
        match (self.level.within, first) {
            _ if rest.starts_with("$${") || rest.starts_with("%%{") => (Part::Text, 3),
            _ if rest.starts_with("${") => (self.open(Within::Code), 2),
            _ if rest.starts_with("%{") => {
                match keyword(&rest[2..]) {
                    word if word.starts_with("if") || word.starts_with("for") => {
                        self.level.directives.push(self.at);
                    }
                    word if word.starts_with("end") => {
                        self.level.directives.pop();
                    }
                    _ => {}
                }
                (self.open(Within::Code), 2)
            }
            (Within::String, '"') if ends => (self.close(), 1),
            (Within::String, '\\') if ends => {
                let escaped = rest[1..].chars().next();
                (Part::Text, 1 + escaped.map_or(0, char::len_utf8))
            }
            (Within::Heredoc(word), '\n') if ends => match after_word(rest, word) {
                Some(length) => (self.close(), length),
                None => (Part::Text, 1),
            },
            _ => (Part::Text, first.len_utf8()),
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.depth() > DEEPEST {
            return None;
        }
        if self.level.within == Within::Code {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        }
        let (at, rest) = (self.at, &self.text[self.at..]);
        let first = rest.chars().next()?;
        let (part, length) = match self.level.within {
            Within::Code => self.code_piece(rest, first),
            _ => self.text_piece(rest, first),
        };
        self.at += length;
        Some(Piece {
            part,
            at,
            text: &rest[..length],
        })
    }
}

/// Whether an identifier may begin with it. Source: HCL native syntax specification, "Identifiers".
fn begins_word(c: char) -> bool {
    unicode_ident::is_xid_start(c) || c == '_'
}

pub(super) fn continues_word(c: char) -> bool {
    unicode_ident::is_xid_continue(c) || c == '-'
}

/// Whether a text is an identifier.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(begins_word) && text.chars().all(continues_word)
}

/// How long the first line is, without its end.
pub(super) fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// The length of a comment.
fn comment(text: &str) -> Option<usize> {
    if let Some(inside) = text.strip_prefix("/*") {
        return Some(inside.find("*/").map_or(text.len(), |end| end + 4));
    }
    (text.starts_with('#') || text.starts_with("//")).then(|| line(text))
}

/// The word that ends the heredoc that a text begins with: it ends its line.
fn heredoc(text: &str) -> Option<&str> {
    let opening = text.strip_prefix("<<")?;
    let opening = opening.strip_prefix('-').unwrap_or(opening);
    let length = opening.find(|c| !continues_word(c));
    let (word, after) = opening.split_at(length.unwrap_or(opening.len()));
    let ends = after.is_empty() || after.starts_with('\n') || after.starts_with("\r\n");
    (ends && is_word(word)).then_some(word)
}

/// The length of a line's end, and of the word with what is before it, if the next line begins with that.
fn after_word(text: &str, word: &str) -> Option<usize> {
    let next = text[1..].trim_start_matches([' ', '\t']);
    let after = next.strip_prefix(word)?;
    (!after.starts_with(continues_word)).then(|| text.len() - after.len())
}

/// What a `%{` begins with, after blanks and comments.
pub(super) fn keyword(text: &str) -> &str {
    let mut rest = text.strip_prefix('~').unwrap_or(text).trim_start();
    while let Some(length) = comment(rest) {
        rest = rest[length..].trim_start();
    }
    rest
}

/// The length of digits, a fraction, an exponent.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1 + sign);
        }
    }
    at
}
