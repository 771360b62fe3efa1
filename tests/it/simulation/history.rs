//! A history as data: what is declared one after the other, what others do in between, and every request that
//! goes wrong. A seed makes one; shrinking takes pieces out of it.

use std::collections::BTreeMap;

use trustform::emulator::fault::{Fault, draw};

use super::deeds::DEEDS;
use super::further::{ANCHOR, FRAGMENTS};

/// What a stack declares: two applications with up to five credentials each, permissions, one issuer, and what else
/// there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Want {
    /// Bit 0: `a`, bit 1: `b`.
    pub applications: u8,
    /// Which of the pool's credentials each has.
    pub credentials: [u8; 2],
    /// Which display name.
    pub name: u8,
    /// Which permissions `a` is granted; never none.
    pub roles: u8,
    /// Which keys the issuer publishes; none without an issuer.
    pub keys: u8,
    /// `unmanaged_credentials = "delete"`.
    pub delete_unmanaged: bool,
    /// Which of [`further::FRAGMENTS`].
    pub further: u32,
}

/// What somebody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A credential on `a` that nobody declared.
    PlantCredential,
    /// One of our credentials goes.
    DropCredential,
    /// Another display name, and notes that nobody declares.
    Rename,
    /// A tag that is not ours.
    Tag,
    /// Another application of the same display name.
    Lookalike,
    /// Our application into the recycle bin.
    Delete,
    /// Another application under the unique name of `b`.
    Squat,
    /// One of [`DEEDS`].
    Further(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// One apply, or two at once.
    Apply {
        want: Want,
        rival: Option<Want>,
    },
    Foreign(Edit),
    /// Milliseconds.
    Wait(u64),
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Service(Fault),
    /// The permission is gone: an answer that no retry helps against.
    Denied,
    /// The process dies, before the request has its effect or after.
    Crash {
        after: bool,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub seed: u64,
    /// Milliseconds that each replica is behind.
    pub lags: Vec<u64>,
    pub acts: Vec<Act>,
    /// By the number of the request, over the whole history.
    pub troubles: BTreeMap<u64, Trouble>,
    /// The write that is denied, by its number over the whole history: the permission is lost between two requests.
    pub denied: Option<u64>,
    /// Whether the services' quotas are kept up.
    pub quota: bool,
}

/// Chance without a generator's state: the n-th question of a seed.
pub struct Dice {
    seed: u64,
    asked: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { seed, asked: 1_000 }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.asked += 1;
        draw(self.seed, self.asked) % n
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// Requests that can go wrong.
const REQUESTS: u64 = 600;

/// Of a hundred seeds, those with further kinds.
const FURTHER_PERCENT: u64 = 15;

impl History {
    /// Two to four declarations, one after the other, and a last one.
    pub fn of(seed: u64) -> Self {
        Self::plain(seed).with_more().with_further()
    }

    /// The same without what was added later.
    pub fn plain(seed: u64) -> Self {
        Self::with(seed, None)
    }

    /// As many declarations, and back to the first.
    pub fn long(seed: u64, count: u64) -> Self {
        let mut history = Self::with(seed, Some(count)).with_more().with_further();
        let mut acts = history.acts.iter();
        let first = acts.find(|act| matches!(act, Act::Apply { .. })).cloned();
        history.acts.extend(first);
        history
    }

    fn with(seed: u64, length: Option<u64>) -> Self {
        let dice = &mut Dice::new(seed);
        let lags = match dice.below(10) {
            0..=2 => Vec::new(),
            // Half a second mostly, and a tail up to three minutes.
            3..=7 => vec![0, dice.below(1_000), tail(dice)],
            _ => (0..4).map(|_| tail(dice)).collect(),
        };
        let mut acts = Vec::new();
        let mut want = Want::first(dice);
        for _ in 0..length.unwrap_or_else(|| 2 + dice.below(3)) {
            let rival = dice.percent(15).then(|| match dice.percent(50) {
                true => want,
                false => want.next(dice),
            });
            acts.push(Act::Apply { want, rival });
            if dice.percent(50) {
                acts.push(Act::Wait(dice.below(240_000)));
            }
            if dice.percent(45) {
                acts.push(Act::Foreign(Edit::ALL[dice.below(7) as usize]));
            }
            want = want.next(dice);
        }
        acts.push(Act::Apply { want, rival: None });
        let permille = [0, 20, 60][dice.below(3) as usize];
        let mut troubles = BTreeMap::new();
        for number in 0..REQUESTS.max(length.unwrap_or(0) * 150) {
            if dice.below(1_000) < permille {
                let fault = [
                    Fault::Throttled,
                    Fault::Unavailable,
                    Fault::Conflict,
                    Fault::ResetBefore,
                    Fault::ResetAfter,
                    Fault::ResetAfter,
                    Fault::Stale,
                ][dice.below(7) as usize];
                troubles.insert(number, Trouble::Service(fault));
            }
        }
        for _ in 0..dice.below(3) {
            let after = dice.percent(50);
            troubles.insert(dice.below(300), Trouble::Crash { after });
        }
        if dice.percent(15) {
            troubles.insert(dice.below(200), Trouble::Denied);
        }
        Self {
            seed,
            lags,
            acts,
            troubles,
            denied: None,
            quota: false,
        }
    }

    /// What came later is drawn apart, so that seeds of the bug bank mean what they meant: a write that is denied, and
    /// others who have our names from the beginning.
    fn with_more(mut self) -> Self {
        let dice = &mut Dice {
            seed: self.seed,
            asked: 900_000,
        };
        self.denied = dice.percent(12).then(|| dice.below(25));
        for edit in [Edit::Squat, Edit::Lookalike] {
            if dice.percent(8) {
                let before = [Act::Foreign(edit), Act::Wait(200_000)];
                self.acts.splice(0..0, before);
            }
        }
        self
    }

    /// In a share of the seeds, further kinds in each declaration, what others do to them, and quotas: drawn apart, too.
    fn with_further(mut self) -> Self {
        let dice = &mut Dice {
            seed: self.seed,
            asked: 2_000_000,
        };
        if !dice.percent(FURTHER_PERCENT) {
            return self;
        }
        self.quota = dice.percent(50);
        let all = 1 << FRAGMENTS.len();
        let change = |bits: u64, dice: &mut Dice| match dice.below(8) {
            0 => dice.below(all),
            1 => bits,
            _ => (0..1 + dice.below(3)).fold(bits, |bits, _| {
                bits ^ 1 << dice.below(FRAGMENTS.len() as u64)
            }),
        };
        let mut bits = dice.below(all);
        let mut acts = Vec::new();
        for act in self.acts {
            let Act::Apply { mut want, rival } = act else {
                acts.push(act);
                continue;
            };
            want.further = bits as u32 | ANCHOR;
            if dice.percent(80) {
                bits = change(bits, dice);
            }
            let beside = if dice.percent(50) {
                want.further
            } else {
                bits as u32 | ANCHOR
            };
            let rival = rival.map(|rival| Want {
                further: beside,
                ..rival
            });
            acts.push(Act::Apply { want, rival });
            if dice.percent(40) {
                let deed = dice.below(DEEDS.len() as u64) as usize;
                acts.push(Act::Foreign(Edit::Further(deed)));
            }
        }
        self.acts = acts;
        self
    }

    /// The same with these fragments declared nowhere.
    pub fn without(&self, bits: u32) -> Self {
        let mut history = self.clone();
        for act in &mut history.acts {
            if let Act::Apply { want, rival } = act {
                want.further &= !bits;
                if let Some(rival) = rival {
                    rival.further &= !bits;
                }
            }
        }
        history
    }

    /// Whether some declaration has further kinds.
    pub fn has_further(&self) -> bool {
        self.acts.iter().any(|act| match act {
            Act::Apply { want, rival } => {
                want.further != 0 || rival.is_some_and(|rival| rival.further != 0)
            }
            Act::Foreign(edit) => matches!(edit, Edit::Further(_)),
            Act::Wait(_) => false,
        })
    }
}

/// Milliseconds: short mostly, up to three minutes.
fn tail(dice: &mut Dice) -> u64 {
    match dice.below(10) {
        0..=5 => dice.below(2_000),
        6..=8 => dice.below(30_000),
        _ => dice.below(180_000),
    }
}

impl Want {
    fn first(dice: &mut Dice) -> Self {
        let mut want = Self {
            applications: 1 + dice.below(3) as u8,
            credentials: [1 + dice.below(31) as u8, 1 + dice.below(31) as u8],
            name: dice.below(2) as u8,
            roles: 1 + dice.below(3) as u8,
            keys: dice.below(2) as u8,
            delete_unmanaged: dice.percent(50),
            further: 0,
        };
        want.settle();
        want
    }

    /// A change or two. Keys come and go one at a time: replacing one at once would break those who use it.
    fn next(mut self, dice: &mut Dice) -> Self {
        for _ in 0..1 + dice.below(3) {
            match dice.below(9) {
                0..=2 => self.credentials[0] = 1 + dice.below(31) as u8,
                3 | 4 => self.credentials[dice.below(2) as usize] ^= 1 << dice.below(5),
                5 => self.applications = 1 + dice.below(3) as u8,
                6 => self.name ^= 1,
                7 => self.roles = 1 + dice.below(3) as u8,
                _ => {
                    self.keys = match self.keys {
                        0 => 1,
                        1 => [0, 3][dice.below(2) as usize],
                        3 => [1, 2][dice.below(2) as usize],
                        _ => [0, 3][dice.below(2) as usize],
                    };
                }
            }
        }
        self.settle();
        self
    }

    /// A credential that trusts the issuer needs the issuer.
    fn settle(&mut self) {
        if self.keys == 0 {
            self.credentials.iter_mut().for_each(|set| *set &= 0b01111);
        }
    }
}

impl Edit {
    /// Those that every history draws from.
    pub const ALL: [Edit; 7] = [
        Edit::PlantCredential,
        Edit::DropCredential,
        Edit::Rename,
        Edit::Tag,
        Edit::Lookalike,
        Edit::Delete,
        Edit::Squat,
    ];

    /// How histories name it.
    pub fn word(self) -> String {
        match self {
            Edit::Further(at) => DEEDS[at].word.to_owned(),
            plain => format!("{plain:?}"),
        }
    }

    pub fn named(word: &str) -> Option<Edit> {
        let further = (0..DEEDS.len()).map(Edit::Further);
        let mut all = Self::ALL.into_iter().chain(further);
        all.find(|edit| edit.word() == word)
    }
}
