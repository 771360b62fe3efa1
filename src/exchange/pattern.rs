//! Patterns over the text of one claim: literal characters, `?` (any one character) and `*` (any characters).
//!
//! Most questions about two patterns have an answer in linear time, given here; a search answers the rest.

use std::fmt;

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Many,
}

/// A sequence of items. Canonical: a run of `?` and `*` is written as its `?`s and then at most one `*`, so that equal sequences of
/// items are the common case of equal languages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    items: Vec<Item>,
}

impl Pattern {
    /// The one text given; `*` and `?` in it are ordinary characters.
    pub fn literal(text: &str) -> Self {
        Self {
            items: text.chars().map(Item::Char).collect(),
        }
    }

    /// `*` is any characters, `?` any one; nothing else is special.
    pub fn glob(text: &str) -> Self {
        let mut items = Vec::with_capacity(text.len());
        let mut open = false;
        for c in text.chars() {
            match c {
                '*' => open = true,
                '?' => items.push(Item::Any),
                c => {
                    if std::mem::take(&mut open) {
                        items.push(Item::Many);
                    }
                    items.push(Item::Char(c));
                }
            }
        }
        if open {
            items.push(Item::Many);
        }
        Self { items }
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The text of a pattern that matches only one.
    pub fn as_literal(&self) -> Option<String> {
        let character = |item: &Item| {
            if let Item::Char(c) = item {
                Some(*c)
            } else {
                None
            }
        };
        self.items.iter().map(character).collect()
    }

    /// Whether every text matches.
    pub fn is_universal(&self) -> bool {
        self.items == [Item::Many]
    }

    /// The characters before the first wildcard.
    pub fn literal_prefix(&self) -> String {
        let character = |item: &Item| {
            if let Item::Char(c) = item {
                Some(*c)
            } else {
                None
            }
        };
        self.items.iter().map_while(character).collect()
    }

    /// Whether the whole text matches; case-sensitive.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        wildcard(&self.items, &text, |item, c| {
            *item == Item::Any || *item == Item::Char(*c)
        })
    }

    /// Whether every text that matches `inner` matches this; `None` where only a search can tell.
    pub(super) fn includes(&self, inner: &Self) -> Option<bool> {
        if self.is_universal() || self.items == inner.items {
            return Some(true);
        }
        if !self.has_many() && inner.has_many() || self.shortest() > inner.shortest() {
            return Some(false);
        }
        if self.prefix_refuses(inner) {
            return Some(false);
        }
        // Read `inner` as a text in which `?` is a character that only wildcards match, and `*` one that only `*` matches.
        // A match then proves inclusion; without a `?` here it is also necessary, because some text of `inner` has in those places a
        // character that occurs nowhere in this pattern.
        let covers = |outer: &Item, inner: &Item| match inner {
            Item::Char(_) => outer == inner || *outer == Item::Any,
            Item::Any => *outer == Item::Any,
            Item::Many => false,
        };
        if wildcard(&self.items, &inner.items, covers) {
            return Some(true);
        }
        if !self.items.contains(&Item::Any) || !inner.has_many() {
            return Some(false);
        }
        // Two texts of `inner` that a wider pattern has to match: each `*` as nothing, and as one unknown character.
        let closed: Vec<Item> = inner
            .items
            .iter()
            .copied()
            .filter(|item| *item != Item::Many)
            .collect();
        let one = |item: &Item| {
            if *item == Item::Many {
                Item::Any
            } else {
                *item
            }
        };
        let opened: Vec<Item> = inner.items.iter().map(one).collect();
        if wildcard(&self.items, &closed, covers) && wildcard(&self.items, &opened, covers) {
            None
        } else {
            Some(false)
        }
    }

    /// Whether some text matches both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let agree = |a: &Item, b: &Item| a == b || *a == Item::Any || *b == Item::Any;
        match (self.has_many(), other.has_many()) {
            (true, false) => wildcard(&self.items, &other.items, agree),
            (false, true) => wildcard(&other.items, &self.items, agree),
            (false, false) => {
                self.items.len() == other.items.len()
                    && self
                        .items
                        .iter()
                        .zip(&other.items)
                        .all(|(a, b)| agree(a, b))
            }
            // The stars take up whatever the other needs in its middle: only the ends have to agree.
            (true, true) => {
                let ends = |a: &Item, b: &Item| *a != Item::Many && *b != Item::Many;
                self.items
                    .iter()
                    .zip(&other.items)
                    .take_while(|(a, b)| ends(a, b))
                    .all(|(a, b)| agree(a, b))
                    && self
                        .items
                        .iter()
                        .rev()
                        .zip(other.items.iter().rev())
                        .take_while(|(a, b)| ends(a, b))
                        .all(|(a, b)| agree(a, b))
            }
        }
    }

    pub(super) fn has_many(&self) -> bool {
        self.items.contains(&Item::Many)
    }

    /// The length of the shortest text that matches.
    fn shortest(&self) -> usize {
        self.items
            .iter()
            .filter(|item| **item != Item::Many)
            .count()
    }

    /// Whether the characters at either end already rule inclusion of `inner` out. Cheap, and enough for most pairs of a large tenant.
    fn prefix_refuses(&self, inner: &Self) -> bool {
        let refuses =
            |(outer, inner): (&Item, &Item)| matches!(outer, Item::Char(_)) && outer != inner;
        let fixed = |(outer, _): &(&Item, &Item)| matches!(outer, Item::Char(_));
        self.items
            .iter()
            .zip(&inner.items)
            .take_while(fixed)
            .any(refuses)
            || self
                .items
                .iter()
                .rev()
                .zip(inner.items.iter().rev())
                .take_while(fixed)
                .any(refuses)
    }
}

/// Whether `text` matches `pattern`, where `one` says if a single item (not `*`) takes a single element. Backtracks only to the last
/// star, which is enough: an earlier match of what stands before a star never hurts.
fn wildcard<T>(pattern: &[Item], text: &[T], one: impl Fn(&Item, &T) -> bool) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(Item::Many) => {
                retry = Some((at + 1, read));
                at += 1;
            }
            Some(item) if one(item, &text[read]) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((after, from)) = retry else {
                    return false;
                };
                retry = Some((after, from + 1));
                (at, read) = (after, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|item| *item == Item::Many)
}

/// As a glob. A literal `*` or `?` shows as itself: expressions cannot escape them.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.iter().try_for_each(|item| match item {
            Item::Char(c) => write!(f, "{c}"),
            Item::Any => f.write_str("?"),
            Item::Many => f.write_str("*"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_wildcards_have_one_form() {
        assert_eq!(Pattern::glob("a*?**?b"), Pattern::glob("a??*b"));
        assert_eq!(Pattern::glob("a*?**?b").to_string(), "a??*b");
        assert!(Pattern::glob("**").is_universal());
        assert_eq!(Pattern::glob("*?").items(), [Item::Any, Item::Many]);
    }

    #[test]
    fn matching_is_over_characters_and_anchored() {
        for (glob, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "ß", true),
            ("?", "", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*:environment:prod", "repo:o/r:environment:prod", true),
            (
                "*:environment:prod",
                "repo:o/r:environment:production",
                false,
            ),
            ("??*", "a", false),
            ("*aab", "aaaab", true),
        ] {
            assert_eq!(Pattern::glob(glob).matches(text), expected, "{glob} {text}");
        }
        assert!(!Pattern::literal("a*").matches("ab"));
    }

    #[test]
    fn the_fast_answers() {
        for (outer, inner, expected) in [
            (
                "repo:contoso/*",
                "repo:contoso/*:environment:prod",
                Some(true),
            ),
            (
                "repo:contoso/*:environment:prod",
                "repo:contoso/*",
                Some(false),
            ),
            ("?*", "*a", None),
            ("a?", "ab", Some(true)),
            ("*a*", "*b*", Some(false)),
        ] {
            assert_eq!(
                Pattern::glob(outer).includes(&Pattern::glob(inner)),
                expected,
                "{outer} ⊇ {inner}"
            );
        }
        assert!(Pattern::glob("a*").overlaps(&Pattern::glob("*b")));
        assert!(!Pattern::glob("a*").overlaps(&Pattern::glob("b*")));
        assert!(!Pattern::glob("*:x").overlaps(&Pattern::glob("*:y")));
    }
}
