//! HCL text cut into tokens for the formatter: strings, heredocs and comments are one token each, and stay as they are.

use super::hcl_walk::{Part, Walk, Within};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a number.
    Word,
    /// A quoted string with everything in it.
    Text,
    /// From `<<` to the delimiter on its own line.
    Heredoc,
    Comment,
    Open,
    Close,
    Operator,
    Newline,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
}

/// Cuts text that has no carriage returns; what cannot be HCL becomes operators of one character.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut walk = Walk::new(text, Within::Code);
    let mut tokens: Vec<Token> = Vec::new();
    while let Some(piece) = walk.next() {
        let end = piece.at + piece.text.len();
        let (kind, end) = match (piece.part, walk.level.within) {
            (Part::Opens, Within::Code) => (Kind::Open, end),
            (Part::Opens, Within::Heredoc(_)) => (Kind::Heredoc, walk.leave()),
            (Part::Opens, _) => (Kind::Text, walk.leave()),
            (Part::Closes, _) => (Kind::Close, end),
            (Part::Word, _) => (Kind::Word, end),
            (Part::Comment, _) => (Kind::Comment, end),
            (Part::Newline, _) => (Kind::Newline, end),
            (Part::Operator | Part::Text, _) => (Kind::Operator, end),
        };
        let text = &text[piece.at..end];
        tokens.push(Token { kind, text });
    }
    tokens
}

/// The length of a `${…}` or `%{…}` that a text begins with.
pub(super) fn sequence(text: &str) -> usize {
    let mut walk = Walk::new(text, Within::Template);
    walk.next();
    walk.leave()
}
