//! The parts of a scenario's text.

/// What a text that does not end its last line is followed by.
const UNENDED: &str = "\n\\ no end of line\n";

/// Splits at the lines that begin with `marker`. The first part has no title.
pub fn sections(text: &str, marker: &str) -> Vec<(String, String)> {
    let mut sections = vec![(String::new(), String::new())];
    for line in text.split_inclusive('\n') {
        match line.strip_prefix(marker) {
            Some(title) => {
                // The empty line before a marker of the first order belongs to the form.
                if marker == "=== "
                    && let Some((_, before)) = sections.last_mut()
                    && (before.ends_with("\n\n") || before == "\n")
                {
                    before.pop();
                }
                sections.push((title.trim_end().to_owned(), String::new()));
            }
            None => {
                if let Some((_, body)) = sections.last_mut() {
                    body.push_str(line);
                }
            }
        }
    }
    sections
}

pub fn whole(text: String) -> String {
    match text.strip_suffix(UNENDED) {
        Some(unended) => unended.to_owned(),
        None => text,
    }
}

pub fn ended(text: &str) -> String {
    match text.ends_with('\n') || text.is_empty() {
        true => text.to_owned(),
        false => format!("{text}{UNENDED}"),
    }
}

/// The bytes that a text with `\xFF` and `\r` stands for; `\\` is a backslash.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let hex = after.strip_prefix('x').and_then(|after| after.get(..2));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        (rest, _) = match (byte, after.as_bytes().first()) {
            (Some(byte), _) => (&after[3..], bytes.push(byte)),
            (None, Some(b'r')) => (&after[1..], bytes.push(b'\r')),
            (None, first) => (
                after.get(1..).unwrap_or_default(),
                bytes.extend(first.copied()),
            ),
        };
    }
    bytes.extend(rest.bytes());
    bytes
}

/// The text that [`bytes`] reads.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b'\n' | b' '..=b'~' => text.push(char::from(*byte)),
            byte => text.push_str(&format!("\\x{byte:02X}")),
        }
    }
    text
}
