//! Runs the engine against real services: sends what it asks for and brings it the answers.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::engine::{Effect, Engine, Event};
use super::lease::{Lease, WRITE_MS};
use crate::cloud::reader::Reader;
use crate::cloud::{Client, Lost};
use crate::model::outcome::Outcome;
use crate::model::step::{Reply, Request};

/// How far an apply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub total: usize,
    /// Only reading any more.
    pub verifying: bool,
}

type Work<'a> = Pin<Box<dyn Future<Output = Vec<Event>> + 'a>>;

/// One write; under a lease only while that lasts.
async fn write(client: &Client, lease: Option<&Lease>, request: &Request) -> Result<Reply, Lost> {
    let Some(lease) = lease else {
        return client.send(request).await;
    };
    if let Err(why) = lease.ensure(client).await {
        return Err(Lost::Refused(Box::new(why)));
    }
    let answer = client.clock().within(WRITE_MS, client.send(request)).await;
    let late = || format!("no answer came within {} seconds", WRITE_MS / 1000);
    answer.unwrap_or_else(|| Err(Lost::Cut(late())))
}

/// Carries a plan's engine through. `interrupt` ends it early, after what is in flight: it resolves when the user asks for that.
pub async fn apply(
    mut engine: Engine,
    client: &Client,
    reader: &Reader,
    lease: Option<&Lease>,
    report: &mut dyn FnMut(Progress),
    interrupt: impl Future<Output = ()>,
) -> Outcome {
    let clock = client.clock();
    let mut work: FuturesUnordered<Work> = FuturesUnordered::new();
    let mut events = vec![Event::Start {
        now: clock.now_ms(),
    }];
    let mut interrupt = Box::pin(interrupt);
    let mut interrupted = false;
    let mut wake: Option<i64> = None;
    loop {
        let mut reads: Vec<Request> = Vec::new();
        for event in events.drain(..) {
            for effect in engine.handle(event) {
                match effect {
                    Effect::Write { step, request } => work.push(Box::pin(async move {
                        let result = write(client, lease, &request).await;
                        vec![Event::Written {
                            step,
                            result,
                            now: clock.now_ms(),
                        }]
                    })),
                    Effect::Read { request } => reads.push(request),
                    Effect::WakeAt(at) => wake = Some(wake.map_or(at, |before| before.min(at))),
                    Effect::Done(outcome) => return *outcome,
                }
            }
        }
        if !reads.is_empty() {
            // Reads that were asked for together go together: twenty to a request.
            work.push(Box::pin(async move {
                let results = reader.read(&reads).await;
                let now = clock.now_ms();
                let pairs = reads.into_iter().zip(results);
                pairs
                    .map(|(request, result)| Event::Read {
                        request,
                        result,
                        now,
                    })
                    .collect()
            }));
        }
        let (done, total) = engine.counts();
        report(Progress {
            done,
            total,
            verifying: engine.verifying(),
        });
        if work.is_empty() {
            let until = wake.take().unwrap_or_else(|| clock.now_ms());
            let wait = u64::try_from(until - clock.now_ms()).unwrap_or(0);
            tokio::select! {
                biased;
                () = &mut interrupt, if !interrupted => {
                    interrupted = true;
                    events.push(Event::Interrupt { now: clock.now_ms() });
                }
                () = clock.sleep(wait) => events.push(Event::Tick { now: clock.now_ms() }),
            }
            continue;
        }
        tokio::select! {
            biased;
            () = &mut interrupt, if !interrupted => {
                interrupted = true;
                events.push(Event::Interrupt { now: clock.now_ms() });
            }
            Some(answers) = work.next() => events.extend(answers),
        }
    }
}
