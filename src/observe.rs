//! Reads what a plan needs to know: asks the kinds for reads, wave after wave, until none wants more.
//!
//! Only GETs are made. Everything that decides what to read is in the kinds; everything that decides how, in
//! [`crate::cloud::reader`].

use std::collections::BTreeSet;

use crate::cloud::reader::Reader;
use crate::kinds;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Read};
use crate::model::step::{Reply, Request};

/// Waves that any stack can need; more means that two kinds ask each other for ever.
const WAVES: usize = 12;

/// What is there, of everything that the stack declares or owns.
///
/// # Errors
/// Everything that could not be read. A part of the truth is never taken for the whole.
pub async fn observe(desired: &Desired, reader: &Reader) -> Result<Live, Vec<Diagnostic>> {
    let mut live = Live::default();
    read_on(desired, &mut live, reader).await?;
    Ok(live)
}

/// Reads these objects again by key, and what belongs to them: lists lag behind.
///
/// # Errors
/// As [`observe`].
pub async fn confirm(
    desired: &Desired,
    live: &mut Live,
    keys: &BTreeSet<Key>,
    reader: &Reader,
) -> Result<(), Vec<Diagnostic>> {
    wave(confirming(live, keys), live, reader).await?;
    read_on(desired, live, reader).await
}

/// The status of a read that was not answered, where the plan can do without.
const UNANSWERED: u16 = 0;

/// Reads who would miss these objects, which are to go. Says whether anything was asked.
///
/// # Errors
/// As [`observe`].
pub async fn dependants(
    live: &mut Live,
    going: &BTreeSet<Key>,
    reader: &Reader,
) -> Result<bool, Vec<Diagnostic>> {
    let mut asked = false;
    for _ in 0..WAVES {
        let objects = going.iter().filter_map(|key| live.get(key));
        let reads: BTreeSet<Read> = objects
            .flat_map(|object| {
                let kinds = kinds::ALL.iter();
                kinds.flat_map(|kind| kind.dependants(object, live))
            })
            .filter(|read| live.answer(read.kind, read.purpose, &read.about).is_none())
            .collect();
        if reads.is_empty() {
            break;
        }
        asked = true;
        wave(reads, live, reader).await?;
    }
    Ok(asked)
}

/// Reads who owns these applications. Says whether anything was asked.
///
/// # Errors
/// As [`observe`].
pub async fn owners(
    live: &mut Live,
    keys: &BTreeSet<Key>,
    reader: &Reader,
) -> Result<bool, Vec<Diagnostic>> {
    let reads: BTreeSet<Read> = keys
        .iter()
        .filter_map(|key| kinds::application::owners(live.get(key)?))
        .filter(|read| live.answer(read.kind, read.purpose, &read.about).is_none())
        .collect();
    let asked = !reads.is_empty();
    wave(reads, live, reader).await?;
    Ok(asked)
}

/// The next wave: every read that helps, given what is known so far, and was not made yet.
pub fn wanted(desired: &Desired, live: &Live) -> BTreeSet<Read> {
    kinds::ALL
        .iter()
        .flat_map(|kind| kind.reads(desired, live))
        .filter(|read| live.answer(read.kind, read.purpose, &read.about).is_none())
        .collect()
}

/// The reads by key that confirm these objects.
pub fn confirming(live: &Live, keys: &BTreeSet<Key>) -> BTreeSet<Read> {
    keys.iter()
        .filter_map(|key| live.get(key))
        .flat_map(|object| {
            let within = kinds::ALL
                .iter()
                .flat_map(|kind| live.children(&object.key, kind.shape().kind));
            std::iter::once(object).chain(within)
        })
        .flat_map(|object| kinds::ALL.iter().flat_map(|kind| kind.confirm(object)))
        .collect()
}

/// Takes an answer in.
pub fn take(read: &Read, reply: &Reply, live: &mut Live) {
    live.record(read, reply.status);
    if let Some(kind) = kinds::of(read.kind) {
        kind.decode(read, reply, live);
    }
}

async fn read_on(
    desired: &Desired,
    live: &mut Live,
    reader: &Reader,
) -> Result<(), Vec<Diagnostic>> {
    for _ in 0..WAVES {
        let reads = wanted(desired, live);
        if reads.is_empty() {
            break;
        }
        wave(reads, live, reader).await?;
    }
    Ok(())
}

async fn wave(
    reads: BTreeSet<Read>,
    live: &mut Live,
    reader: &Reader,
) -> Result<(), Vec<Diagnostic>> {
    let spared = |read: &&Read| kinds::of(read.kind).is_some_and(|kind| kind.spares(read));
    let (spared, needed): (Vec<&Read>, Vec<&Read>) = reads.iter().partition(spared);
    let requests = |reads: &[&Read]| -> Vec<Request> {
        reads.iter().map(|read| read.request.clone()).collect()
    };
    let (asked, without) = (requests(&needed), requests(&spared));
    let sparing = reader.sparing();
    let (answers, others) = futures_util::join!(reader.read(&asked), sparing.read(&without));
    let mut errors = Vec::new();
    for (read, reply) in needed.into_iter().zip(answers) {
        match reply {
            Ok(reply) => take(read, &reply, live),
            // All reads of a batch can fail for one reason.
            Err(diagnostic) if errors.contains(&diagnostic) => {}
            Err(diagnostic) => errors.push(diagnostic),
        }
    }
    for (read, reply) in spared.into_iter().zip(others) {
        match reply {
            Ok(reply) => take(read, &reply, live),
            Err(_) => live.record(read, UNANSWERED),
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}
