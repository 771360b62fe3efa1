//! Source files and places in them.

/// Which file of a [`Sources`] a span points into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes of one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub source: SourceId,
    pub start: usize,
    pub end: usize,
}

/// A file that was read, under the name a reader knows it by.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub text: String,
    /// Where its line breaks are: a file with many mistakes is not counted through for each.
    breaks: Vec<usize>,
}

impl Source {
    /// How many line breaks stand before a byte.
    pub fn breaks_before(&self, at: usize) -> usize {
        self.breaks.partition_point(|newline| *newline < at)
    }
}

/// Every file of one run; spans stay valid as files are added.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(self.0.len() as u32);
        let text = text.into();
        let breaks = text.match_indices('\n').map(|(at, _)| at).collect();
        self.0.push(Source {
            name: name.into(),
            text,
            breaks,
        });
        id
    }

    /// The source, or an empty one without a name: what a saved plan declares stands in no file.
    pub fn get(&self, id: SourceId) -> &Source {
        static NONE: Source = Source {
            name: String::new(),
            text: String::new(),
            breaks: Vec::new(),
        };
        self.0.get(id.0 as usize).unwrap_or(&NONE)
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0u32..).map(SourceId).zip(&self.0)
    }

    /// Line and column where a span begins, both from 1; columns count characters.
    pub fn position(&self, span: Span) -> (usize, usize) {
        let source = self.get(span.source);
        let text = &source.text;
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = source.breaks_before(start) + 1;
        // A byte order mark is no part of its line.
        let before = text[line_start..start].trim_start_matches('\u{feff}');
        (line, before.chars().count() + 1)
    }
}

impl Span {
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self {
            source,
            start,
            end: end.max(start),
        }
    }

    /// The smallest span over both; they lie in one file.
    pub fn to(self, other: Span) -> Span {
        Span {
            end: self.end.max(other.end),
            ..self
        }
    }
}
