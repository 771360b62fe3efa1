//! Texts that match some patterns and escape others: a search over what the patterns have read so far.
//!
//! A text has to match every pattern of `inside`; `outside` is a list of conjunctions, and a text *escapes* one if it fails any of its
//! patterns. The search goes by length, so the first text found for a set of escaped conjunctions is a shortest one. A state is a
//! position in each inside pattern (one run) and the set of positions of each outside pattern (all runs). Three facts keep it small:
//!
//! * Where an inside pattern reads a wildcard, a character that occurs in no pattern is the best choice for escaping, because any
//!   outside pattern that reads it there would read every other character too. So the alphabet is the characters that inside patterns
//!   ask for, and one "fresh" character.
//! * A set of positions that has reached a `*` can forget all positions before that star: whatever those accept, the star accepts.
//! * A state is not pursued if another one was reached before it, at the same positions inside, that has less (for the same reason) outside.
//!
//! Without `?` that is polynomial; with it a hostile input can make the sets many, so the work is bounded by a [`Budget`].

use std::collections::{BTreeMap, BTreeSet};

use super::budget::{Budget, Undecided};
use super::pattern::{Item, Pattern};

/// Which of the conjunctions outside a text escapes; bit `i` for the `i`th.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Escapes(Vec<u64>);

impl Escapes {
    pub fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    pub fn all(count: usize) -> Self {
        let mut all = Self::none(count);
        (0..count).for_each(|bit| all.set(bit));
        all
    }

    pub fn set(&mut self, bit: usize) {
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    pub fn contains(&self, bit: usize) -> bool {
        self.0[bit / 64] & (1 << (bit % 64)) != 0
    }

    pub fn includes(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| b & !a == 0)
    }

    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    pub fn words(&self) -> usize {
        self.0.len() + 1
    }
}

/// A text that matches everything inside, as characters or `None` for a fresh one, and what it escapes.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub word: Vec<Option<char>>,
    pub escapes: Escapes,
}

/// Shortest texts by what they escape: for every text that matches everything inside there is one here that escapes at least as much
/// and is no longer. By length; empty if nothing matches inside.
///
/// # Errors
/// When the budget does not suffice.
pub(super) fn shortest_texts(
    inside: &[&Pattern],
    outside: &[Vec<&Pattern>],
    budget: &mut Budget,
) -> Result<Vec<Found>, Undecided> {
    Search::new(inside, outside).run(budget)
}

/// What is read next: a character or a fresh one, and where each inside pattern stands after it.
type Move = (Option<char>, Vec<usize>);

struct Search<'a> {
    inside: &'a [&'a Pattern],
    readers: Vec<Reader>,
    /// For each conjunction outside, which readers are its.
    groups: Vec<std::ops::Range<usize>>,
    words: usize,
    nodes: Vec<Node>,
    /// Nodes by their positions inside.
    reached: BTreeMap<Vec<usize>, Vec<usize>>,
}

struct Node {
    parent: usize,
    letter: Option<char>,
    positions: Vec<usize>,
    /// The positions of every reader, one after the other.
    sets: Vec<u64>,
}

impl<'a> Search<'a> {
    fn new(inside: &'a [&'a Pattern], outside: &[Vec<&Pattern>]) -> Self {
        let character = |item: &Item| {
            if let Item::Char(c) = item {
                Some(*c)
            } else {
                None
            }
        };
        let alphabet: BTreeSet<char> = inside
            .iter()
            .flat_map(|pattern| pattern.items())
            .filter_map(character)
            .collect();
        let mut readers = Vec::new();
        let mut groups = Vec::new();
        let mut words = 0;
        for conjunction in outside {
            let first = readers.len();
            for pattern in conjunction {
                let reader = Reader::new(pattern, &alphabet, words);
                words += reader.words;
                readers.push(reader);
            }
            groups.push(first..readers.len());
        }
        Self {
            inside,
            readers,
            groups,
            words,
            nodes: Vec::new(),
            reached: BTreeMap::new(),
        }
    }

    fn run(mut self, budget: &mut Budget) -> Result<Vec<Found>, Undecided> {
        let mut found: Vec<Found> = Vec::new();
        let everything = Escapes::all(self.groups.len());
        let mut sets = vec![0; self.words];
        self.readers
            .iter()
            .for_each(|reader| reader.start(&mut sets));
        self.reach(
            Node {
                parent: usize::MAX,
                letter: None,
                positions: vec![0; self.inside.len()],
                sets,
            },
            budget,
        )?;
        let mut next = 0;
        while next < self.nodes.len() {
            if self.accepts(next) {
                let escapes = self.escapes(next);
                if !found
                    .iter()
                    .any(|earlier| earlier.escapes.includes(&escapes))
                {
                    let all = escapes == everything;
                    found.push(Found {
                        word: self.word(next),
                        escapes,
                    });
                    if all {
                        break;
                    }
                }
            }
            for (letter, positions) in self.moves(next, budget)? {
                let mut sets = vec![0; self.words];
                for reader in &self.readers {
                    reader.read(&self.nodes[next].sets, letter, &mut sets);
                }
                self.reach(
                    Node {
                        parent: next,
                        letter,
                        positions,
                        sets,
                    },
                    budget,
                )?;
            }
            next += 1;
        }
        Ok(found)
    }

    /// Keeps a node, unless one that was reached before can do all that it can.
    fn reach(&mut self, node: Node, budget: &mut Budget) -> Result<(), Undecided> {
        let peers = self.reached.entry(node.positions.clone()).or_default();
        for peer in peers.iter() {
            budget.spend(self.words + 1)?;
            if self
                .readers
                .iter()
                .all(|reader| reader.accepts_no_more(&self.nodes[*peer].sets, &node.sets))
            {
                return Ok(());
            }
        }
        budget.spend(16 * (self.words + node.positions.len() + 12))?;
        peers.push(self.nodes.len());
        self.nodes.push(node);
        Ok(())
    }

    fn moves(&self, node: usize, budget: &mut Budget) -> Result<Vec<Move>, Undecided> {
        let mut moves: Vec<Move> = vec![(None, Vec::new())];
        for (pattern, position) in self.inside.iter().zip(&self.nodes[node].positions) {
            let mut longer = Vec::new();
            for (letter, positions) in &moves {
                for (needed, after) in steps(pattern.items(), *position) {
                    budget.spend(positions.len() + 1)?;
                    let agreed = match (*letter, needed) {
                        (Some(a), Some(b)) if a != b => continue,
                        (a, b) => a.or(b),
                    };
                    longer.push((agreed, positions.iter().copied().chain([after]).collect()));
                }
            }
            moves = longer;
        }
        Ok(moves)
    }

    fn accepts(&self, node: usize) -> bool {
        self.inside
            .iter()
            .zip(&self.nodes[node].positions)
            .all(|(pattern, position)| {
                let rest = &pattern.items()[*position..];
                rest.is_empty() || rest == [Item::Many]
            })
    }

    fn escapes(&self, node: usize) -> Escapes {
        let mut escapes = Escapes::none(self.groups.len());
        for (index, group) in self.groups.iter().enumerate() {
            if !self.readers[group.clone()]
                .iter()
                .all(|reader| reader.accepts(&self.nodes[node].sets))
            {
                escapes.set(index);
            }
        }
        escapes
    }

    fn word(&self, mut node: usize) -> Vec<Option<char>> {
        let mut word = Vec::new();
        while self.nodes[node].parent != usize::MAX {
            word.push(self.nodes[node].letter);
            node = self.nodes[node].parent;
        }
        word.reverse();
        word
    }
}

/// The ways to read one character at a position: which character it has to be, if one, and the position after it.
fn steps(items: &[Item], position: usize) -> impl Iterator<Item = (Option<char>, usize)> {
    let single = |at: usize| match items.get(at) {
        Some(Item::Char(c)) => Some((Some(*c), at + 1)),
        Some(Item::Any) => Some((None, at + 1)),
        _ => None,
    };
    let star = items.get(position) == Some(&Item::Many);
    let advance = if star {
        single(position + 1)
    } else {
        single(position)
    };
    advance.into_iter().chain(star.then_some((None, position)))
}

/// All runs of one outside pattern at once: a bit for each position, in `words` words at `offset` of a node's sets.
struct Reader {
    offset: usize,
    words: usize,
    end: usize,
    any: Vec<u64>,
    many: Vec<u64>,
    /// Positions that read a given character; characters that nothing inside asks for are never read.
    chars: BTreeMap<char, Vec<u64>>,
}

impl Reader {
    fn new(pattern: &Pattern, alphabet: &BTreeSet<char>, offset: usize) -> Self {
        let end = pattern.items().len();
        let words = (end + 1).div_ceil(64);
        let mut reader = Self {
            offset,
            words,
            end,
            any: vec![0; words],
            many: vec![0; words],
            chars: BTreeMap::new(),
        };
        for (at, item) in pattern.items().iter().enumerate() {
            let bit = 1 << (at % 64);
            match item {
                Item::Any => reader.any[at / 64] |= bit,
                Item::Many => reader.many[at / 64] |= bit,
                Item::Char(c) if alphabet.contains(c) => {
                    reader.chars.entry(*c).or_insert_with(|| vec![0; words])[at / 64] |= bit
                }
                Item::Char(_) => {}
            }
        }
        reader
    }

    fn start(&self, sets: &mut [u64]) {
        let set = &mut sets[self.offset..self.offset + self.words];
        set[0] |= 1;
        self.settle(set);
    }

    fn read(&self, from: &[u64], letter: Option<char>, to: &mut [u64]) {
        let from = &from[self.offset..self.offset + self.words];
        let to = &mut to[self.offset..self.offset + self.words];
        let chars = letter.and_then(|c| self.chars.get(&c));
        let mut carry = 0;
        for word in 0..self.words {
            let reading = from[word] & (self.any[word] | chars.map_or(0, |chars| chars[word]));
            to[word] = (reading << 1) | carry | (from[word] & self.many[word]);
            carry = reading >> 63;
        }
        self.settle(to);
    }

    /// Steps past stars (they may stand for nothing), and forgets what stands before the last one.
    fn settle(&self, set: &mut [u64]) {
        let mut carry = 0;
        for (word, bits) in set.iter_mut().enumerate() {
            // Canonical patterns never have two stars in a row: one step is enough.
            let stars = *bits & self.many[word];
            *bits |= (stars << 1) | carry;
            carry = stars >> 63;
        }
        if let Some(star) = self.last_star(set) {
            set[..star / 64].fill(0);
            set[star / 64] &= u64::MAX << (star % 64);
        }
    }

    fn last_star(&self, set: &[u64]) -> Option<usize> {
        let word = (0..self.words)
            .rev()
            .find(|word| set[*word] & self.many[*word] != 0)?;
        Some(word * 64 + 63 - (set[word] & self.many[word]).leading_zeros() as usize)
    }

    fn accepts(&self, sets: &[u64]) -> bool {
        sets[self.offset + self.end / 64] & (1 << (self.end % 64)) != 0
    }

    /// Whether everything that is accepted from `less` is accepted from `more`: its positions are there, or before a star that is.
    fn accepts_no_more(&self, less: &[u64], more: &[u64]) -> bool {
        let less = &less[self.offset..self.offset + self.words];
        let more = &more[self.offset..self.offset + self.words];
        let star = self.last_star(more).unwrap_or(0);
        (0..self.words).all(|word| {
            let before = match word.cmp(&(star / 64)) {
                std::cmp::Ordering::Less => u64::MAX,
                std::cmp::Ordering::Equal => (1 << (star % 64)) - 1,
                std::cmp::Ordering::Greater => 0,
            };
            less[word] & !(more[word] | before) == 0
        })
    }
}
