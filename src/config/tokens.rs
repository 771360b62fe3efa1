//! HCL text cut into tokens for the formatter: strings, heredocs and comments are one token each, and stay as they are.

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

const TWO: [&str; 8] = ["==", "!=", "<=", ">=", "&&", "||", "=>", "::"];

/// Cuts text that has no carriage returns; what cannot be HCL becomes operators of one character.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blank > 0 {
            rest = &rest[blank..];
            continue;
        }
        let two = TWO.iter().any(|two| rest.starts_with(two));
        let (kind, length) = match c {
            '\n' => (Kind::Newline, 1),
            '"' => (Kind::Text, string(rest)),
            '#' => (Kind::Comment, line(rest)),
            '/' if rest.starts_with("//") => (Kind::Comment, line(rest)),
            '/' if rest.starts_with("/*") => (Kind::Comment, block_comment(rest)),
            '<' if rest.starts_with("<<") => match heredoc(rest) {
                Some(length) => (Kind::Heredoc, length),
                None => (Kind::Operator, 1),
            },
            '(' | '[' | '{' => (Kind::Open, 1),
            ')' | ']' | '}' => (Kind::Close, 1),
            _ if rest.starts_with("...") => (Kind::Operator, 3),
            _ if two => (Kind::Operator, 2),
            c if c.is_ascii_digit() => (Kind::Word, number(rest)),
            c if begins_word(c) => {
                let end = rest.find(|c| !continues_word(c));
                (Kind::Word, end.unwrap_or(rest.len()))
            }
            c => (Kind::Operator, c.len_utf8()),
        };
        let (text, after) = rest.split_at(length.min(rest.len()));
        tokens.push(Token { kind, text });
        rest = after;
    }
    tokens
}

/// Whether an identifier may begin with it. Source: HCL native syntax specification, "Identifiers".
pub(super) fn begins_word(c: char) -> bool {
    unicode_ident::is_xid_start(c) || c == '_'
}

pub(super) fn continues_word(c: char) -> bool {
    unicode_ident::is_xid_continue(c) || c == '-'
}

/// Whether a text is an identifier.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(begins_word) && text.chars().all(continues_word)
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Digits, a fraction, an exponent.
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

/// The length of a quoted string; `${…}` in it may hold others.
fn string(text: &str) -> usize {
    closed(text, 1, b'"')
}

/// The length of a `${…}` or `%{…}` that a text begins with.
pub(super) fn sequence(text: &str) -> usize {
    closed(text, 2, b'{')
}

/// Where what is open when `at` bytes are read is closed.
fn closed(text: &str, mut at: usize, first: u8) -> usize {
    let bytes = text.as_bytes();
    // What is open: strings, and the braces of templates in them.
    let mut open: Vec<u8> = vec![first];
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied();
        match (open.last(), bytes[at]) {
            (Some(b'"'), b'\\') => at += 1,
            (Some(b'"'), b'"') | (Some(b'{'), b'}') => {
                open.pop();
                if open.is_empty() {
                    return at + 1;
                }
            }
            (Some(b'"'), c @ (b'$' | b'%'))
                if next == Some(c) && bytes.get(at + 2) == Some(&b'{') =>
            {
                at += 2
            }
            (Some(b'"'), b'$' | b'%') if next == Some(b'{') => {
                open.push(b'{');
                at += 1;
            }
            (Some(b'{'), c @ (b'{' | b'"')) => open.push(c),
            (Some(b'{'), b'/') if next == Some(b'*') => at += block_comment(&text[at..]) - 1,
            (Some(b'{'), b'/') if next == Some(b'/') => at += line(&text[at..]) - 1,
            (Some(b'{'), b'#') => at += line(&text[at..]) - 1,
            (Some(b'{'), b'<') => at += heredoc(&text[at..]).map_or(0, |length| length - 1),
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn block_comment(text: &str) -> usize {
    text[2..].find("*/").map_or(text.len(), |end| end + 4)
}

/// The length of a heredoc without the line break after it; none if no word begins one.
pub(super) fn heredoc(text: &str) -> Option<usize> {
    let opening = text.strip_prefix("<<")?;
    let opening = &opening[..line(opening)];
    let word = opening.strip_prefix('-').unwrap_or(opening).trim();
    if !is_word(word) {
        return None;
    }
    let mut at = next_line(text, 0);
    while at < text.len() {
        let end = at + line(&text[at..]);
        if text[at..end].trim() == word {
            return Some(end);
        }
        at = next_line(text, at);
    }
    None
}

/// Where the next line of a template begins: a `${…}` may go over several.
fn next_line(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let rest = &bytes[at..];
        at += match rest {
            [b'\n', ..] => return at + 1,
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => 3,
            [b'$' | b'%', b'{', ..] => sequence(&text[at..]),
            _ => 1,
        };
    }
    bytes.len()
}
