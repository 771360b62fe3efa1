//! `--redact`: ids are printed by their last four digits only, for logs that anybody may read.

use std::io::{self, Write};

use regex::bytes::Regex;

/// A tenant, an application, a principal, a subscription: all of them are GUIDs.
const GUID: &str =
    r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}([0-9a-f]{4})\b";

/// Passes lines on, without ids. A line is held back until it is whole, or flushed.
pub struct Redacted<'a> {
    inner: &'a mut dyn Write,
    held: Vec<u8>,
    guid: Option<Regex>,
}

impl<'a> Redacted<'a> {
    /// With `on` false everything passes as it is.
    pub fn new(inner: &'a mut dyn Write, on: bool) -> Self {
        Self {
            inner,
            held: Vec::new(),
            guid: on.then(|| Regex::new(GUID).ok()).flatten(),
        }
    }

    fn pass(&mut self, until: usize) -> io::Result<()> {
        let line: Vec<u8> = self.held.drain(..until).collect();
        match &self.guid {
            Some(guid) => self
                .inner
                .write_all(&guid.replace_all(&line, &b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxx$1"[..])),
            None => self.inner.write_all(&line),
        }
    }
}

impl Write for Redacted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.guid.is_none() {
            return self.inner.write(bytes);
        }
        self.held.extend_from_slice(bytes);
        if let Some(end) = self.held.iter().rposition(|byte| *byte == b'\n') {
            self.pass(end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.held.len())?;
        self.inner.flush()
    }
}

impl Drop for Redacted<'_> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_pieces_are_found() {
        let mut out = Vec::new();
        let mut redacted = Redacted::new(&mut out, true);
        for piece in [
            "tenant 11111111-1111-41",
            "11-8111-11111111abcd, 12 of",
            " 14\nnext",
        ] {
            redacted.write_all(piece.as_bytes()).unwrap();
        }
        drop(redacted);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "tenant xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxabcd, 12 of 14\nnext"
        );
    }
}
