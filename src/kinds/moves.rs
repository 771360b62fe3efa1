//! Where blocks were before they were moved.

use std::collections::BTreeMap;

use crate::model::address::Address;
use crate::model::desired::Move;

/// How many moves may lead to one block: nobody keeps more, and each block of a chain is followed to its beginning.
pub const MOST: usize = 64;

/// All `moved` blocks, by where they lead.
pub struct Moves<'a> {
    all: &'a [Move],
    by_target: BTreeMap<&'a Address, Vec<usize>>,
}

impl<'a> Moves<'a> {
    pub fn new(all: &'a [Move]) -> Self {
        let mut by_target: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        for (at, moved) in all.iter().enumerate() {
            by_target.entry(&moved.to).or_default().push(at);
        }
        Self { all, by_target }
    }

    /// Where something was at first, over all moves, in the order of the files; none if those are more than [`MOST`]. Each
    /// move is taken once: a circle of them ends.
    pub fn first_place(&self, address: &Address) -> Option<Address> {
        let mut at = address.clone();
        let mut taken: BTreeMap<&Address, usize> = BTreeMap::new();
        for _ in 0..=MOST {
            let places = at.places();
            let next = places.iter().filter_map(|place| {
                let (target, moves) = self.by_target.get_key_value(place)?;
                let taken = taken.get(target).copied().unwrap_or(0);
                Some((*moves.get(taken)?, *target))
            });
            let Some((index, target)) = next.min() else {
                return Some(at);
            };
            *taken.entry(target).or_default() += 1;
            let moved = &self.all[index];
            if let Some(before) = at.before(&moved.from, &moved.to) {
                at = before;
            }
        }
        None
    }
}
