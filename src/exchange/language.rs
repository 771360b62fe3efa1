//! A credential as a language: the set of all claim sets that it admits. Inclusion, overlap and equality are decided exactly.
//!
//! Issuer and audience are points. Over the claims it is a product: each claim that is tested has to match all patterns on it, each other
//! claim may have any value or be absent. An exact subject is a product with one point at `sub`. Two trusts with different audiences
//! do not overlap: a token is taken to carry one audience.
//!
//! Tokens are those that an issuer can send: some claims are in every one ([`platform::always_present`]), and a GitHub subject with ids
//! fixes the claims with those ids ([`subject::implied`]). The second fact is used only to narrow the side whose members are looked for,
//! so a witness is always a token that is admitted there and refused here by the endpoint's own comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::Budget;
use super::expression::Clause;
use super::pattern::Pattern;
use super::platform;
use super::search::shortest_texts;
use super::subject;
use super::trust::{Matcher, Trust};

pub use super::budget::Undecided;

/// The claim sets that one credential admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    pub(super) issuer: String,
    pub(super) audience: String,
    /// What is tested, by claim: a conjunction, never empty. A test that every token passes is left out.
    pub(super) claims: BTreeMap<String, Vec<Pattern>>,
    /// The claims of the tests that were left out: a witness has them, too.
    pub(super) any_value: BTreeSet<String>,
    /// Claims whose value follows from the subject, each with that one value.
    implied: BTreeMap<&'static str, Vec<Pattern>>,
    /// The tests contradict each other.
    pub(super) empty: bool,
    /// The tests contradict what is implied: the issuer never sends such a token.
    impossible: bool,
}

impl Language {
    /// Everything that a trust admits.
    pub fn of(trust: &Trust) -> Self {
        let mut language = Self::of_all(&trust.issuer, &trust.audience);
        match &trust.matcher {
            Matcher::Subject(subject) => language.test("sub", Pattern::literal(subject)),
            Matcher::Expression(expression) => {
                expression
                    .clauses()
                    .iter()
                    .for_each(|clause: &Clause| language.test(&clause.claim, clause.pattern()));
            }
        }
        language.imply();
        language
    }

    /// Every token of an issuer for an audience.
    pub(super) fn of_all(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            claims: BTreeMap::new(),
            any_value: BTreeSet::new(),
            implied: BTreeMap::new(),
            empty: false,
            impossible: false,
        }
    }

    /// What is left of this language when a claim also has to match a pattern.
    pub fn within(&self, claim: &str, pattern: Pattern) -> Self {
        let mut narrower = self.clone();
        narrower.test(claim, pattern);
        narrower.imply();
        narrower
    }

    /// Whether no token is admitted.
    ///
    /// # Errors
    /// [`Undecided`] when three or more patterns on one claim are too entangled.
    pub fn is_empty(&self) -> Result<bool, Undecided> {
        self.admits_nobody(&mut Budget::new())
    }

    pub(super) fn admits_nobody(&self, budget: &mut Budget) -> Result<bool, Undecided> {
        if self.empty || self.impossible {
            return Ok(true);
        }
        // Two patterns on one claim were compared when they were added.
        for patterns in self.claims.values().filter(|patterns| patterns.len() > 2) {
            if !meet(patterns, &[], budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether every token that `other` admits is admitted here.
    ///
    /// # Errors
    /// [`Undecided`] when the patterns are too entangled; never for patterns without `?`, one to a claim.
    pub fn includes(&self, other: &Self) -> Result<bool, Undecided> {
        let budget = &mut Budget::new();
        if other.admits_nobody(budget)? {
            return Ok(true);
        }
        if self.empty || self.issuer != other.issuer || self.audience != other.audience {
            return Ok(false);
        }
        for (claim, tests) in &self.claims {
            // A claim that `other` leaves open can be absent, or have a value that fails: no test kept here passes everything.
            let Some(reach) = other.reach(claim) else {
                return Ok(false);
            };
            if !cover(tests, reach, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether some token is admitted by both.
    ///
    /// # Errors
    /// [`Undecided`] when the patterns are too entangled; never for one pattern to a claim.
    pub fn overlaps(&self, other: &Self) -> Result<bool, Undecided> {
        let budget = &mut Budget::new();
        if self.issuer != other.issuer
            || self.audience != other.audience
            || self.admits_nobody(budget)?
            || other.admits_nobody(budget)?
        {
            return Ok(false);
        }
        for claim in self
            .claims
            .keys()
            .map(String::as_str)
            .chain(self.implied.keys().copied())
        {
            if let (Some(ours), Some(theirs)) = (self.reach(claim), other.reach(claim))
                && !meet(ours, theirs, budget)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether both admit the same tokens.
    ///
    /// # Errors
    /// As for [`Language::includes`].
    pub fn equals(&self, other: &Self) -> Result<bool, Undecided> {
        Ok(self == other || self.includes(other)? && other.includes(self)?)
    }

    /// Whether a claim set passes every test; `iss` and `aud` are taken to be right.
    pub(super) fn holds(&self, values: &BTreeMap<String, String>) -> bool {
        let passes = |claim, tests: &[Pattern]| {
            values
                .get(claim)
                .is_some_and(|value: &String| tests.iter().all(|pattern| pattern.matches(value)))
        };
        !self.empty
            && self
                .claims
                .iter()
                .all(|(claim, tests)| passes(claim, tests))
    }

    /// The patterns that a claim's value matches in every token of this language that the issuer can send; `None` if it may be anything.
    pub(super) fn reach(&self, claim: &str) -> Option<&[Pattern]> {
        self.implied
            .get(claim)
            .or_else(|| self.claims.get(claim))
            .map(Vec::as_slice)
    }

    /// The claims for which [`Language::reach`] knows something.
    pub(super) fn known_claims(&self) -> impl Iterator<Item = &str> {
        self.claims
            .keys()
            .map(String::as_str)
            .chain(self.implied.keys().copied())
    }

    /// Adds a test, keeping conjunctions short: a single point replaces what it passes, and what follows from another test is left out.
    fn test(&mut self, claim: &str, pattern: Pattern) {
        let fixed = match claim {
            "iss" => Some(&self.issuer),
            "aud" => Some(&self.audience),
            _ => None,
        };
        if let Some(value) = fixed {
            self.empty |= !pattern.matches(value);
            return;
        }
        if pattern.is_universal() && platform::always_present(&self.issuer, claim) {
            self.any_value.insert(claim.to_owned());
            return;
        }
        let tests = self.claims.entry(claim.to_owned()).or_default();
        self.empty |= tests.iter().any(|test| !test.overlaps(&pattern));
        if tests
            .iter()
            .any(|test| pattern.includes(test) == Some(true))
        {
            return;
        }
        tests.retain(|test| test.includes(&pattern) != Some(true));
        tests.push(pattern);
        tests.sort();
    }

    fn imply(&mut self) {
        let subjects = self.claims.get("sub").map_or(&[][..], Vec::as_slice);
        for (claim, value) in subjects
            .iter()
            .flat_map(|pattern| subject::implied(&self.issuer, &pattern.literal_prefix()))
        {
            let tests = self.claims.get(claim).map_or(&[][..], Vec::as_slice);
            let before = self.implied.get(claim).map_or(&[][..], Vec::as_slice);
            self.impossible |= tests
                .iter()
                .chain(before)
                .any(|pattern| !pattern.matches(&value));
            self.implied.insert(claim, vec![Pattern::literal(&value)]);
        }
    }
}

/// Whether every text that matches all of `inner` matches all of `outer`.
pub(super) fn cover(
    outer: &[Pattern],
    inner: &[Pattern],
    budget: &mut Budget,
) -> Result<bool, Undecided> {
    for pattern in outer {
        let mut answers = inner.iter().map(|single| pattern.includes(single));
        match (answers.next(), inner.len()) {
            (Some(Some(answer)), 1) if !answer => return Ok(false),
            (Some(Some(true)), _) => continue,
            _ if answers.any(|answer| answer == Some(true)) => continue,
            _ => {}
        }
        let inside: Vec<&Pattern> = inner.iter().collect();
        let texts = shortest_texts(&inside, &[vec![pattern]], budget)?;
        if texts.iter().any(|text| text.escapes.contains(0)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether some text matches all of both; each list alone has no two patterns that exclude each other.
pub(super) fn meet(
    ours: &[Pattern],
    theirs: &[Pattern],
    budget: &mut Budget,
) -> Result<bool, Undecided> {
    if ours.iter().any(|a| theirs.iter().any(|b| !a.overlaps(b))) {
        return Ok(false);
    }
    // Patterns that all have a star agree if each two of them agree at their ends.
    if ours.len() + theirs.len() <= 2 || ours.iter().chain(theirs).all(Pattern::has_many) {
        return Ok(true);
    }
    let inside: Vec<&Pattern> = ours.iter().chain(theirs).collect();
    Ok(!shortest_texts(&inside, &[], budget)?.is_empty())
}

#[cfg(test)]
mod brute_force;
#[cfg(test)]
mod tests;
