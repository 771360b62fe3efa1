//! Cuts an expression's text into tokens, tolerantly, so that the parser can say what is wrong with each.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of letters, digits and the like.
    Word,
    /// A run of `= ! & | < >`, or one of `( ) ,`.
    Symbol,
    Open,
    Close,
    Space,
    /// Quoted text; `straight` if between single straight quotes, `closed` if the closing quote was found.
    Text {
        straight: bool,
        closed: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub span: Range<usize>,
    pub text: &'a str,
}

impl Token<'_> {
    /// The bytes between the quotes of a text.
    pub fn inner(&self) -> Range<usize> {
        let first = self.text.chars().next().map_or(0, char::len_utf8);
        let last = match self.kind {
            Kind::Text { closed: true, .. } => {
                self.text.chars().next_back().map_or(0, char::len_utf8)
            }
            _ => 0,
        };
        self.span.start + first..self.span.end - last
    }
}

/// Every character that people (and word processors) use for a quote.
pub(super) fn is_quote(c: char) -> bool {
    matches!(
        c,
        '\'' | '"' | '`' | '´' | '‘' | '’' | '‚' | '‛' | '“' | '”' | '„' | '‟' | '′' | '″'
    )
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let run = |holds: fn(char) -> bool| rest.find(|c| !holds(c)).unwrap_or(rest.len());
        let (kind, length) = match first {
            '[' => (Kind::Open, 1),
            ']' => (Kind::Close, 1),
            '(' | ')' | ',' => (Kind::Symbol, 1),
            c if c.is_whitespace() => (Kind::Space, run(char::is_whitespace)),
            c if is_quote(c) => quoted(rest, c),
            c if is_symbol(c) => (Kind::Symbol, run(is_symbol)),
            _ => (Kind::Word, run(is_word)),
        };
        tokens.push(Token {
            kind,
            span: start..start + length,
            text: &text[start..start + length],
        });
        start += length;
    }
    tokens
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '&' | '|' | '<' | '>')
}

fn is_word(c: char) -> bool {
    !c.is_whitespace() && !is_quote(c) && !is_symbol(c) && !matches!(c, '[' | ']' | '(' | ')' | ',')
}

/// The quoted text at the beginning of `rest`. A doubled quote, or a backslash and a quote with more text behind, does not end it.
fn quoted(rest: &str, open: char) -> (Kind, usize) {
    let straight = open == '\'';
    let closes = |c: char| match open {
        '\'' | '"' | '`' => c == open,
        '‘' | '’' | '‚' | '‛' | '´' | '′' => {
            matches!(c, '‘' | '’' | '‛' | '´' | '′' | '\'')
        }
        _ => matches!(c, '“' | '”' | '‟' | '″' | '"'),
    };
    let mut characters = rest.char_indices().skip(1).peekable();
    let mut previous = open;
    while let Some((at, c)) = characters.next() {
        if closes(c) {
            let next = characters.peek().map(|(_, next)| *next);
            let doubled = straight && next == Some('\'');
            let escaped =
                previous == '\\' && next.is_some_and(|next| !next.is_whitespace() && next != ']');
            if doubled {
                characters.next();
            } else if !escaped {
                return (
                    Kind::Text {
                        straight,
                        closed: true,
                    },
                    at + c.len_utf8(),
                );
            }
        }
        previous = c;
    }
    (
        Kind::Text {
            straight,
            closed: false,
        },
        rest.len(),
    )
}
