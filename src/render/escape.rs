//! Text from a tenant or a file, made harmless for where it is shown. Anyone who may name an application may
//! put anything into that name.

use std::fmt::Write;

/// For a terminal: no control character, no escape sequence, nothing that turns the writing direction or hides.
pub fn terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            c if c.is_control() || hides(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    // A line that begins with `::`, behind spaces too, is a command to GitHub's runner; one that has `##[` or `##vso[`
    // anywhere is one to Azure Pipelines and to GitHub's.
    let begins = safe.len() - safe.trim_start().len();
    if safe[begins..].starts_with("::") {
        safe.replace_range(begins..=begins, "\\u{3a}");
    }
    match safe.contains("##") {
        true => safe.replace("##", "\\u{23}#"),
        false => safe,
    }
}

/// For HTML and XML, as text and as an attribute's value between double or single quotes.
pub fn html(text: &str) -> String {
    let visible = terminal(text);
    let mut safe = String::with_capacity(visible.len());
    for c in visible.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '`' => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// JSON's text with every character escaped that a terminal, a reader or a runner takes for more than text. It means
/// the same.
pub fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if (c.is_control() && c != '\n') || hides(c) || (c == '#' && before == '#') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
        before = c;
    }
    safe
}

/// For Markdown as GitHub and GitLab show it, on one line: every character that could begin markup becomes its
/// character reference; what begins a mention, a reference or a link is cut off from what follows by a zero-width
/// space, because those are looked for after the references are resolved.
pub fn markdown(text: &str) -> String {
    const CUT: &str = "&#8203;";
    let visible = terminal(text);
    let mut safe = String::with_capacity(visible.len());
    for (at, c) in visible.char_indices() {
        let (before, after) = (&visible[..at], &visible[at + c.len_utf8()..]);
        let markup = "\\*_[]<>&#@|~!$`".contains(c);
        // A list, a heading or a command begins at the beginning only.
        let leading = at == 0 && (matches!(c, '-' | '+' | '=' | ':') || c.is_ascii_digit());
        match markup || leading {
            true => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            false => safe.push(c),
        }
        let www = c == '.' && before.len() >= 3 && before.is_char_boundary(at - 3) && {
            before[at - 3..].eq_ignore_ascii_case("www")
        };
        let scheme = c == ':' && (after.starts_with("//") || before.ends_with(char::is_alphabetic));
        if matches!(c, '@' | '#') || www || scheme {
            safe.push_str(CUT);
        }
    }
    safe
}

/// Bidirectional controls, zero-width characters, soft hyphens, tags and line separators.
pub(super) fn hides(c: char) -> bool {
    matches!(
        u32::from(c),
        0xAD | 0x61C
            | 0x115F..=0x1160
            | 0x180E
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE0FFF
    )
}

#[cfg(test)]
mod tests {
    use super::{html, json, terminal};

    #[test]
    fn nothing_reaches_the_terminal_that_is_not_seen() {
        assert_eq!(
            terminal("a\x1b[31mb\u{202e}c\u{200b}d\re\n"),
            "a\\u{1b}[31mb\\u{202e}c\\u{200b}d\\re\\n"
        );
        assert_eq!(
            terminal("::set-output name=x::y"),
            "\\u{3a}:set-output name=x::y"
        );
        assert_eq!(terminal("Zürich – 日本"), "Zürich – 日本");
        assert_eq!(terminal(" ::warning::x"), " \\u{3a}:warning::x");
        assert_eq!(terminal("a ##vso[task.x]"), "a \\u{23}#vso[task.x]");
        assert_eq!(terminal("a\u{9b}31mb"), "a\\u{9b}31mb");
    }

    #[test]
    fn html_has_no_markup_left() {
        assert_eq!(
            html("<b a='\"'>&\u{202e}`"),
            "&#60;b a=&#39;&#34;&#39;&#62;&#38;\\u{202e}&#96;"
        );
    }

    #[test]
    fn json_means_the_same_and_shows_it() {
        let nasty = "\u{9b}31m \u{202e} ###vso[x] \u{e0041} \u{1b} Zürich";
        let text = serde_json::to_string(nasty).unwrap();
        let safe = json(&text);
        assert!(!safe.contains("##") && !safe.chars().any(|c| c.is_control() || super::hides(c)));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), nasty);
    }
}
