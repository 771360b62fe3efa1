//! What is wrong with a key or a document, as plain data.

use super::error::KeyError;
use crate::model::diagnostic::Level;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable name, for waivers and tests.
    pub code: &'static str,
    /// Error: tokens would be refused, or anyone could forge them, so it must not be published. Warning: it works, and someone should look at it.
    pub level: Level,
    /// Which key of the document, counted from 0; none for the document as a whole.
    pub key: Option<usize>,
    /// What was found: one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Finding {
    /// A finding that must not be published.
    pub fn error(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            level: Level::Error,
            key: None,
            message: message.into(),
            help: help.into(),
        }
    }

    /// A finding to look at.
    pub fn warning(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Warning,
            ..Self::error(code, message, help)
        }
    }

    /// The same about one key of a document.
    pub fn of_key(self, index: usize) -> Self {
        Self {
            key: Some(index),
            ..self
        }
    }
}

/// The first error among findings, for those who only need a yes or no.
pub fn refuse(findings: Vec<Finding>) -> Result<(), KeyError> {
    match findings
        .into_iter()
        .find(|finding| finding.level == Level::Error)
    {
        None => Ok(()),
        Some(Finding {
            key: None,
            message,
            help,
            ..
        }) => Err(KeyError::new(message, help)),
        Some(Finding {
            key: Some(index),
            message,
            help,
            ..
        }) => Err(KeyError::new(format!("key {}: {message}", index + 1), help)),
    }
}
