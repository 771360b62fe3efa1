//! One shape for everything that is said about a file, an object or an answer: configuration errors,
//! guards, Graph errors and notes.

use std::collections::BTreeMap;

use super::source::Span;

/// How bad it is. Only errors stop a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warning,
    Note,
}

/// A place in a file, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub span: Span,
    pub text: String,
    pub primary: bool,
}

/// What happened, where, why, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kebab-case and stable: pipelines match on it.
    pub code: &'static str,
    pub level: Level,
    /// The resource or object it is about, as a reader addresses it.
    pub subject: Option<String>,
    pub message: String,
    pub labels: Vec<Label>,
    pub help: Vec<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message)
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message)
    }

    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Note, code, message)
    }

    fn new(level: Level, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            level,
            subject: None,
            message: message.into(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    pub fn about(mut self, subject: impl ToString) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// The place that is wrong.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: true,
        });
        self
    }

    /// As [`Self::at`], where the place is known.
    pub fn at_some(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.at(span, text),
            None => self,
        }
    }

    /// Another place that explains it.
    pub fn see(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
            primary: false,
        });
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// Which instance of a block it is about, and what is not shown of others.
    fn instance(&self, others: Others) -> Option<String> {
        let subject = self.subject.as_deref()?;
        if self.labels.is_empty() || !subject.contains('[') {
            return None;
        }
        let mut text = format!("this is in `{subject}`");
        match others.same {
            0 => {}
            1 => text += ", and the same in another instance",
            same => text += &format!(", and the same in {same} other instances"),
        }
        if others.alike > 0 {
            text += &format!("; {} more like it are not shown", others.alike);
        }
        Some(text)
    }
}

/// Different things that are said of one place, code by code: the rest of them is hardly different.
const PER_PLACE: usize = 10;

/// As many as anybody reads, in every form: a file can be wrong in each of its words.
pub const MOST: usize = 1000;

/// The first ones, errors before anything else, and that there are more. The order stays.
pub fn first(mut said: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if said.len() <= MOST {
        return said;
    }
    let errors = said.iter().filter(|one| one.is_error()).count();
    let (mut errors_left, mut others_left) = (MOST, MOST.saturating_sub(errors));
    said.retain(|one| {
        let left = match one.is_error() {
            true => &mut errors_left,
            false => &mut others_left,
        };
        let kept = *left > 0;
        *left = left.saturating_sub(1);
        kept
    });
    let rest = Diagnostic::note("more", "there is more than these 1,000, which is not shown");
    said.push(rest.help("mend these first, and run the command again"));
    said
}

/// A line that is wrong for many instances is wrong once: what is the same but for the instance is said of the first
/// of them, with their number. The order stays.
pub fn once(said: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all: Vec<(Diagnostic, Others)> = Vec::new();
    let mut seen = BTreeMap::new();
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for one in said {
        let place = one.labels.iter().find(|label| label.primary);
        let Some(place) = place.map(|label| (one.code, label.span)) else {
            all.push((one, Others::default()));
            continue;
        };
        let here = places.entry(place).or_default();
        let same = (one.code, one.message.clone(), one.labels.clone());
        if let Some(at) = seen.get(&same).copied() {
            let (first, others): &mut (Diagnostic, Others) = &mut all[at];
            others.same += usize::from(first.subject != one.subject);
        } else if let Some(at) = here.get(PER_PLACE - 1) {
            all[*at].1.alike += 1;
        } else {
            seen.insert(same, all.len());
            here.push(all.len());
            all.push((one, Others::default()));
        }
    }
    let named = all.into_iter().map(|(mut one, others)| {
        one.help.extend(one.instance(others));
        one
    });
    named.collect()
}

/// How often the same was said of other instances, and how often something else of the same place.
#[derive(Clone, Copy, Default)]
struct Others {
    same: usize,
    alike: usize,
}
