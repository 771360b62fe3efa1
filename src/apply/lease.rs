//! One apply of a stack at a time, on whichever machines: a lease on a blob.
//!
//! The lease is finite (60 seconds, Azure's longest), renewed while the run works, and looked at before every write: a
//! run that lost it writes nothing more, and what a dead run held frees itself. Source: learn.microsoft.com, "Lease Blob".
//! The blob holds the holder's words while it is held, and is deleted with the lease.

use std::convert::Infallible;
use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::sync::Mutex;

use crate::cloud::{Client, explain};
use crate::model::desired::{LockPlace, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Reply, Request, Service};

/// Seconds that a lease is held without being renewed.
const LENGTH_S: i64 = 60;
/// Milliseconds that are left of a lease when it is renewed: it is renewed every 20 seconds.
const RENEW_MS: i64 = 40_000;
/// Milliseconds after which a write under a lease is given up.
pub const WRITE_MS: u64 = 30_000;
/// Milliseconds that have to be left of a lease for a write to be sent: it ends, or is given up, before the lease does.
const SPARE_MS: i64 = 35_000;
/// Milliseconds between two attempts to acquire it.
const ATTEMPT_MS: i64 = 2_000;

/// A lease that this run holds, as far as it knows.
#[derive(Debug)]
pub struct Lease {
    path: String,
    id: String,
    /// When it ends, in milliseconds of this machine's clock, counted from before it was asked for.
    until: Mutex<i64>,
}

/// The lock's blob in a container.
fn path(place: &LockPlace, stack: &Stack) -> String {
    let (account, container) = (&place.storage_account, &place.container);
    format!("/{account}/{container}/trustform/{}.lock", stack.name)
}

/// Takes the lease, waiting for it up to `timeout_ms`. `id` is a GUID that no other run has; `holder` is what others
/// are told while it is held.
///
/// # Errors
/// `locked` with the holder's own words; why Blob Storage could not be used.
pub async fn acquire(
    place: &LockPlace,
    stack: &Stack,
    id: &str,
    holder: &str,
    timeout_ms: u64,
    client: &Client,
) -> Result<Lease, Diagnostic> {
    let path = path(place, stack);
    let clock = client.clock();
    let give_up = clock
        .now_ms()
        .saturating_add(i64::try_from(timeout_ms).unwrap_or(i64::MAX));
    let note = |headers: &[(&str, &str)]| {
        let request = put(&path, headers).header("content-type", "text/plain; charset=utf-8");
        request.body(holder.into())
    };
    loop {
        let create = note(&[("if-none-match", "*")]);
        let created = answered(client, &create).await?;
        // Somebody's blob is there: that is what is found out next. The codes are those of a blob, with and without a lease.
        if created.error_code() == "ContainerNotFound" {
            return Err(Diagnostic::error(
                "not-found",
                format!(
                    "the container `{}` for the stack's lock is not there",
                    place.container
                ),
            )
            .help("create it first; nobody but the runs of the stack needs access to it"));
        }
        if !created.ok() && !matches!(created.status, 409 | 412) {
            return Err(explain::refusal(&created, &create));
        }
        let asked = clock.now_ms();
        let acquire = put(
            &path,
            &[
                ("x-ms-lease-action", "acquire"),
                ("x-ms-lease-duration", &LENGTH_S.to_string()),
                ("x-ms-lease-id", id),
            ],
        );
        let acquired = answered(client, &acquire).await?;
        match acquired.status {
            200..=299 => {
                let lease = Lease {
                    path: path.clone(),
                    id: id.to_owned(),
                    until: Mutex::new(asked + LENGTH_S * 1000),
                };
                if created.ok() {
                    return Ok(lease);
                }
                let named = note(&[("x-ms-lease-id", id)]);
                let answer = answered(client, &named).await?;
                match answer.status {
                    200..=299 => return Ok(lease),
                    // This run stood still for so long that the lease is over: it waits like anybody else.
                    404 | 409 | 412 => {}
                    _ => return Err(explain::refusal(&answer, &named)),
                }
            }
            409 => {}
            // The holder has just let go of it.
            404 if acquired.error_code() == "BlobNotFound" => continue,
            _ => return Err(explain::refusal(&acquired, &acquire)),
        }
        let left = give_up - clock.now_ms();
        if left <= 0 {
            return Err(locked(client, &path).await);
        }
        clock.sleep(left.min(ATTEMPT_MS).unsigned_abs()).await;
    }
}

impl Lease {
    /// Makes sure that the lease lasts for another write, and renews it in time.
    ///
    /// # Errors
    /// `lock-lost`: another run may hold it.
    pub async fn ensure(&self, client: &Client) -> Result<(), Diagnostic> {
        let clock = client.clock();
        let mut until = self.until.lock().await;
        if *until - clock.now_ms() > RENEW_MS {
            return Ok(());
        }
        let asked = clock.now_ms();
        let renew = put(
            &self.path,
            &[("x-ms-lease-action", "renew"), ("x-ms-lease-id", &self.id)],
        );
        match answered(client, &renew).await {
            Ok(reply) if reply.ok() => {
                *until = asked + LENGTH_S * 1000;
                Ok(())
            }
            Ok(reply) => {
                let code = reply.error_code();
                Err(lost(format!(
                    "Blob Storage answered {} {code}",
                    reply.status
                )))
            }
            // Not renewed, and not over yet.
            Err(_) if *until - clock.now_ms() > SPARE_MS => Ok(()),
            Err(why) => Err(lost(why.message)),
        }
    }

    /// Does `work`, renewing the lease meanwhile.
    pub async fn held_during<T>(&self, client: &Client, work: impl Future<Output = T>) -> T {
        let renewals = async {
            loop {
                client.clock().alarm(RENEW_MS.unsigned_abs() / 2).await;
                // Whoever writes asks again, and is told.
                let _ = self.ensure(client).await;
            }
        };
        let renewals: std::pin::Pin<&mut dyn Future<Output = Infallible>> = pin!(renewals);
        match select(pin!(work), renewals).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Lets go of it. Where that does not arrive, it ends by itself.
    pub async fn release(self, client: &Client) {
        let_go(&self.path, &self.id, client).await;
    }
}

/// Lets go of what an acquisition may have got that was broken off.
pub async fn abandon(place: &LockPlace, stack: &Stack, id: &str, client: &Client) {
    let_go(&path(place, stack), id, client).await;
}

async fn let_go(path: &str, id: &str, client: &Client) {
    let delete = Request::new(Service::Blob, Method::Delete, path).header("x-ms-lease-id", id);
    let _ = answered(client, &delete).await;
}

fn put(path: &str, headers: &[(&str, &str)]) -> Request {
    let request = Request::new(Service::Blob, Method::Put, path);
    let add = |request: Request, (name, value): &(&str, &str)| request.header(name, *value);
    headers.iter().fold(request, add)
}

fn lost(why: String) -> Diagnostic {
    Diagnostic::error(
        "lock-lost",
        format!("the stack's lock is not held any more, and nothing is written without it: {why}"),
    )
    .help("another run may have taken it: run `apply` again")
}

/// Who holds it.
async fn locked(client: &Client, path: &str) -> Diagnostic {
    let read = Request::get(Service::Blob, path);
    let reply = answered(client, &read).await.unwrap_or_default();
    let words = reply.body["content"].as_str().unwrap_or_default().trim();
    let who: String = words.chars().take(300).collect();
    let who = if who.is_empty() { "another run" } else { &who };
    Diagnostic::error("locked", format!("this stack is being applied by {who}"))
        .help("wait for it to end, or wait here with `--lock-timeout SECONDS`; the lock of a dead run frees itself within a minute")
}

/// An answer that says something about the lock; what usually passes is waited out.
async fn answered(client: &Client, request: &Request) -> Result<Reply, Diagnostic> {
    client.answer(request, &[404, 409, 412]).await
}
