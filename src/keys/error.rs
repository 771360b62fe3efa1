//! The one error of this module: what is wrong with a key or a document, and what to do.

use std::fmt;

/// Why a key or a document was refused. Neither text ever holds key material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    /// What was found and why it is refused: one sentence.
    pub message: String,
    /// What to do about it: one sentence, usually a command.
    pub help: String,
}

impl KeyError {
    /// An error with its way out.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for KeyError {}

/// A word of somebody else's document as our messages show it: control characters escaped, at most 80 characters.
pub fn shown(word: &str) -> String {
    let mut text: String = word.chars().take(80).flat_map(char::escape_debug).collect();
    if word.chars().nth(80).is_some() {
        text.push('…');
    }
    text
}
