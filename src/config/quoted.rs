//! Escapes in a quoted string. The parser resolves those of its own level; what stands in the body of a directive it
//! hands over as it is written, quotes and line breaks included, which HCL's specification lets no quoted string hold.

/// The text that is meant; none where a quote or a line break stands in it, or an escape that there is not.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        text.push(match c {
            '"' | '\n' => return None,
            '\\' => match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '"' => '"',
                '\\' => '\\',
                'u' => code(&mut rest, 4)?,
                'U' => code(&mut rest, 8)?,
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

fn code(rest: &mut std::str::Chars, digits: usize) -> Option<char> {
    let hex: String = rest.take(digits).collect();
    let whole = hex.len() == digits && hex.bytes().all(|c| c.is_ascii_hexdigit());
    char::from_u32(u32::from_str_radix(&hex, 16).ok().filter(|_| whole)?)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes() {
        let plain = unescape(r#"a\n\t\"\\\u00e9\U0001f600é"#);
        assert_eq!(plain.as_deref(), Some("a\n\t\"\\é😀é"));
        for raw in ["a\"b", "a\nb", "\\", "\\x", "\\u12", "\\ud800", "\\u+123"] {
            assert_eq!(unescape(raw), None, "{raw}");
        }
    }
}
