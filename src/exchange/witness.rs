//! What one credential admits and others do not: whether there is such a token, and the shortest one, as claims.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::Budget;
use super::claims::Claims;
use super::language::{Language, Undecided, cover, meet};
use super::pattern::{Item, Pattern};
use super::platform::{self, Platform};
use super::search::{Escapes, shortest_texts};

/// The tokens of one language that none of the others admits.
#[derive(Debug, Clone)]
pub struct Difference {
    from: Language,
    minus: Vec<Language>,
}

/// The texts of a witness, by claim: characters, and `None` where any character that no pattern names will do.
type Words = BTreeMap<String, Vec<Option<char>>>;

/// A language to escape: the claims on which some of our tokens do, with its tests on them.
type Obstacle<'a> = BTreeMap<&'a str, &'a [Pattern]>;

impl Language {
    /// What this admits and none of the others does.
    pub fn minus<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> Difference {
        Difference {
            from: self.clone(),
            minus: others.into_iter().cloned().collect(),
        }
    }
}

impl Difference {
    /// Only the tokens whose claim matches a pattern: `within("sub", &Pattern::glob("*:pull_request"))`.
    pub fn within(&self, claim: &str, pattern: Pattern) -> Self {
        Self {
            from: self.from.within(claim, pattern),
            minus: self.minus.clone(),
        }
    }

    /// Only the tokens whose claim does not match a pattern, or that do not have it: tokens of another owner.
    pub fn without(&self, claim: &str, pattern: Pattern) -> Self {
        let refused =
            Language::of_all(&self.from.issuer, &self.from.audience).within(claim, pattern);
        Self {
            from: self.from.clone(),
            minus: self.minus.iter().cloned().chain([refused]).collect(),
        }
    }

    /// Whether there is no such token: the first is covered by the union of the others.
    ///
    /// # Errors
    /// [`Undecided`] when the patterns are too entangled.
    pub fn is_empty(&self) -> Result<bool, Undecided> {
        Ok(self.solve()?.is_none())
    }

    /// A shortest token (by the sum of its claims' lengths), then made to read naturally: parts that may be empty between two
    /// separators are filled by one character. It has `iss`, `aud` and the claims that matter; a claim that it does not have is absent.
    ///
    /// # Errors
    /// [`Undecided`] when the patterns are too entangled.
    pub fn witness(&self) -> Result<Option<Claims>, Undecided> {
        Ok(self.solve()?.map(|words| {
            let mut values = self.naturalize(&words);
            for claim in &self.from.any_value {
                let any = preferred(claim).next().unwrap_or('a').to_string();
                values.entry(claim.clone()).or_insert(any);
            }
            let fixed = [("iss", &self.from.issuer), ("aud", &self.from.audience)];
            fixed
                .into_iter()
                .chain(values.iter().map(|(claim, value)| (claim.as_str(), value)))
                .collect()
        }))
    }

    pub(super) fn solve(&self) -> Result<Option<Words>, Undecided> {
        let mut budget = Budget::new();
        if self.from.admits_nobody(&mut budget)? {
            return Ok(None);
        }
        let Some(obstacles) = self.obstacles(&mut budget)? else {
            return Ok(None);
        };
        let contested = obstacles.iter().flat_map(BTreeMap::keys).copied();
        let claims: BTreeSet<&str> = self.from.known_claims().chain(contested).collect();
        let universal = [Pattern::glob("*")];
        let mut choices = vec![Choice {
            escapes: Escapes::none(obstacles.len()),
            length: 0,
            words: Words::new(),
        }];
        for claim in claims {
            let inside: Vec<&Pattern> = self
                .from
                .reach(claim)
                .unwrap_or(&universal)
                .iter()
                .collect();
            let tested: Vec<(usize, &[Pattern])> = obstacles
                .iter()
                .enumerate()
                .filter_map(|(index, tests)| Some((index, *tests.get(claim)?)))
                .collect();
            let outside: Vec<Vec<&Pattern>> = tested
                .iter()
                .map(|(_, tests)| tests.iter().collect())
                .collect();
            let mut longer = Vec::new();
            for text in shortest_texts(&inside, &outside, &mut budget)? {
                let mut escapes = Escapes::none(obstacles.len());
                let escaped = tested
                    .iter()
                    .enumerate()
                    .filter(|(local, _)| text.escapes.contains(*local));
                escaped.for_each(|(_, (index, _))| escapes.set(*index));
                for choice in &choices {
                    budget.spend(16 + text.word.len())?;
                    let mut words = choice.words.clone();
                    words.insert(claim.to_owned(), text.word.clone());
                    let length = choice.length + text.word.len();
                    longer.push(Choice {
                        escapes: choice.escapes.union(&escapes),
                        length,
                        words,
                    });
                }
            }
            choices = best(longer, &mut budget)?;
        }
        let all = Escapes::all(obstacles.len());
        Ok(choices
            .into_iter()
            .find(|choice| choice.escapes == all)
            .map(|choice| choice.words))
    }

    /// The languages that some of our tokens have to escape. `None` if one covers all of ours.
    fn obstacles(&self, budget: &mut Budget) -> Result<Option<Vec<Obstacle<'_>>>, Undecided> {
        let universal = [Pattern::glob("*")];
        let mut obstacles = Vec::new();
        'others: for other in &self.minus {
            if other.empty
                || other.issuer != self.from.issuer
                || other.audience != self.from.audience
            {
                continue;
            }
            let mut escapable = BTreeMap::new();
            for (claim, tests) in &other.claims {
                let reach = match self.from.reach(claim) {
                    Some(reach) => reach,
                    None if platform::always_present(&self.from.issuer, claim) => &universal,
                    // A token without the claim escapes.
                    None => continue 'others,
                };
                if !meet(reach, tests, budget)? {
                    continue 'others;
                }
                if !cover(tests, reach, budget)? {
                    escapable.insert(claim.as_str(), tests.as_slice());
                }
            }
            if escapable.is_empty() {
                return Ok(None);
            }
            obstacles.push(escapable);
        }
        Ok(Some(obstacles))
    }

    /// Whether a claim set is in the difference.
    fn contains(&self, values: &BTreeMap<String, String>) -> bool {
        self.from.holds(values)
            && !self.minus.iter().any(|other| {
                other.issuer == self.from.issuer
                    && other.audience == self.from.audience
                    && other.holds(values)
            })
    }

    /// Fresh characters as letters (digits in ids), and gaps filled, as far as the token stays in the difference.
    fn naturalize(&self, words: &Words) -> BTreeMap<String, String> {
        let spell = |word: &[Option<char>], fresh: char| {
            word.iter().map(|c| c.unwrap_or(fresh)).collect::<String>()
        };
        let fresh = |claim: &str| {
            preferred(claim)
                .chain('\u{a1}'..)
                .find(|c| !self.names(claim, *c))
                .unwrap_or('\u{fffd}')
        };
        let mut values: BTreeMap<String, String> = words
            .iter()
            .map(|(claim, word)| (claim.clone(), spell(word, fresh(claim))))
            .collect();
        for (claim, word) in words.iter().filter(|(_, word)| word.contains(&None)) {
            for letter in preferred(claim) {
                let mut nicer = values.clone();
                nicer.insert(claim.clone(), spell(word, letter));
                if self.contains(&nicer) {
                    values = nicer;
                    break;
                }
            }
        }
        // What is implied by the subject follows from it, so its value stays.
        let open: Vec<String> = words
            .keys()
            .filter(|claim| self.from.reach(claim).is_none_or(is_open))
            .cloned()
            .collect();
        for claim in open {
            self.fill_gaps(&claim, &mut values);
        }
        self.make_usual(&mut values);
        values
    }

    /// A subject that its issuer can send, as far as the token stays in the difference: where a pattern leaves open
    /// what has only a few values, one of those.
    fn make_usual(&self, values: &mut BTreeMap<String, String>) {
        let Some(subject) = values.get("sub") else {
            return;
        };
        let nicer = usual(&self.from.issuer, subject)
            .into_iter()
            .find_map(|text| {
                let mut nicer = values.clone();
                nicer.insert("sub".to_owned(), text);
                self.contains(&nicer).then_some(nicer)
            });
        if let Some(nicer) = nicer {
            *values = nicer;
        }
    }

    /// Puts a character where a text has nothing between two separators, or nothing at an end.
    fn fill_gaps(&self, claim: &str, values: &mut BTreeMap<String, String>) {
        let mut text: Vec<char> = values
            .get(claim)
            .map(|value| value.chars().collect())
            .unwrap_or_default();
        let separates = |c: Option<&char>| c.is_none_or(|c| matches!(c, '/' | ':' | '@'));
        let mut at = 0;
        while at <= text.len() {
            let before = if at == 0 { None } else { text.get(at - 1) };
            if separates(before) && separates(text.get(at)) {
                let filler = if before == Some(&'@') {
                    '1'
                } else {
                    preferred(claim).next().unwrap_or('a')
                };
                let mut filled = text.clone();
                filled.insert(at, filler);
                let mut nicer = values.clone();
                nicer.insert(claim.to_owned(), filled.iter().collect());
                if self.contains(&nicer) {
                    *values = nicer;
                    text = filled;
                    at += 1;
                }
            }
            at += 1;
        }
    }

    /// Whether a pattern on this claim has this character.
    fn names(&self, claim: &str, c: char) -> bool {
        let patterns = |language: &Language| {
            language
                .reach(claim)
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
        };
        let languages = self.minus.iter().chain([&self.from]);
        languages
            .flat_map(patterns)
            .any(|pattern| pattern.items().contains(&Item::Char(c)))
    }
}

/// Characters to put into a claim, nicest first.
fn preferred(claim: &str) -> impl Iterator<Item = char> {
    let (first, second) = if claim.ends_with("_id") {
        ('1'..='9', 'a'..='z')
    } else {
        ('a'..='z', '1'..='9')
    };
    first.chain(second)
}

/// Spellings of a subject with values that its platform knows, nicest first: `run_phase:a` is none.
fn usual(issuer: &str, subject: &str) -> Vec<String> {
    let after = |mark: &str, words: &[&str]| -> Vec<String> {
        let Some((before, rest)) = subject.split_once(mark) else {
            return Vec::new();
        };
        let (value, rest) = match rest.find(':') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        match words.contains(&value) {
            true => Vec::new(),
            false => words
                .iter()
                .map(|word| format!("{before}{mark}{word}{rest}"))
                .collect(),
        }
    };
    // Where the rest is open, the shortest is one letter.
    let tail = |colons: usize, tails: &[&str]| -> Vec<String> {
        let start = subject.strip_suffix(":a");
        let start = start.filter(|start| start.matches(':').count() == colons);
        start
            .into_iter()
            .flat_map(|start| tails.iter().map(move |tail| format!("{start}:{tail}")))
            .collect()
    };
    match platform::platform(issuer) {
        Platform::TerraformCloud if subject.contains(":run_phase:") => {
            after(":run_phase:", &["plan", "apply"])
        }
        Platform::TerraformCloud => [
            tail(3, &["workspace:a:run_phase:plan"]),
            tail(1, &["project:a:workspace:a:run_phase:plan"]),
        ]
        .concat(),
        Platform::GitLab if subject.contains(":ref_type:") => {
            after(":ref_type:", &["branch", "tag"])
        }
        Platform::GitLab => tail(1, &["ref_type:branch:ref:a"]),
        Platform::GitHub => tail(1, &["ref:refs/heads/a", "environment:a"]),
        _ => Vec::new(),
    }
}

/// Whether the patterns leave more than one text.
fn is_open(patterns: &[Pattern]) -> bool {
    !patterns
        .iter()
        .any(|pattern| pattern.as_literal().is_some())
}

/// Texts for the claims so far, what they escape, and their length.
struct Choice {
    escapes: Escapes,
    length: usize,
    words: Words,
}

/// The choices that are not beaten by one that is no longer and escapes at least as much; by length.
fn best(mut choices: Vec<Choice>, budget: &mut Budget) -> Result<Vec<Choice>, Undecided> {
    choices.sort_by_key(|choice| choice.length);
    let mut kept: Vec<Choice> = Vec::new();
    for choice in choices {
        budget.spend(kept.len() * choice.escapes.words())?;
        if !kept
            .iter()
            .any(|earlier| earlier.escapes.includes(&choice.escapes))
        {
            kept.push(choice);
        }
    }
    Ok(kept)
}
