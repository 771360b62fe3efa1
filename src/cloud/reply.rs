//! What an answer means: the one place that decides it, for reads and for writes. Pure.
//!
//! Sources: Microsoft Graph, "Throttling guidance" and "Error responses"; the replication answers are those that
//! hashicorp/terraform-provider-azuread waits out (service_principal_resource.go, app_role_assignment_resource.go,
//! service_principal_delegated_permission_grant_resource.go, applications.go).

use super::explain;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Pattern, Reply, Request, Service};

/// No answer that can be used.
#[derive(Clone, Debug, PartialEq)]
pub enum Lost {
    /// No connection came about: the request had no effect.
    Unsent(String),
    /// The connection broke after the request went out: it may have taken effect.
    Cut(String),
    /// Something answered, but not with what the service sends: not JSON, a redirect, too long.
    Unusable(String),
    /// It was never sent, and will not be: no login, a hole in its path.
    Refused(Box<Diagnostic>),
}

/// What is known when an answer comes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub request: &'a Request,
    /// How often it was sent before.
    pub attempt: u32,
    /// Varies the waits, so that parallel runs do not meet again.
    pub seed: u64,
    /// This run created what the request is about, and replicas may not know it yet.
    pub after_own_create: bool,
    /// An earlier sending may have taken effect.
    pub replay: bool,
    pub done_if: &'a [Pattern],
    pub retry_if: &'a [Pattern],
}

/// What to do about an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// An answer to work with. For a read that includes 404 and 304, and 400 where it asked to expand something: not every
    /// list can, and whoever asks can ask without.
    Done,
    /// What was asked for is so already: an earlier sending took effect, or what is to go is gone. The step's check decides.
    AlreadyDone,
    /// It had no effect. Send it again after a wait.
    Again {
        after_ms: u64,
    },
    /// A replica does not know our own create yet. Send it again after a wait, until a deadline.
    Replicating {
        after_ms: u64,
    },
    /// It may have taken effect. After a wait, read before sending it again.
    Lost {
        after_ms: u64,
    },
    Fatal(Diagnostic),
}

/// How often a request that finds no connection, or a plain 500, is sent.
const FEW: u32 = 5;

/// Answers about an object that replicas do not have yet.
const REPLICATION: [(u16, &str); 6] = [
    (400, "NoBackingApplicationObject"),
    (400, "does not reference a valid application object"),
    (400, "Not a valid reference update"),
    (
        400,
        "does not exist or one of its queried reference-property objects are not present",
    ),
    // Said of an application that was created a moment ago; hashicorp/terraform-provider-azuread#1811.
    (
        403,
        "the backing application of the service principal being created must in the local tenant",
    ),
    (404, ""),
];

/// Conflicts that pass: two writes at once (nais/azurerator#448), an application that the personal-account directory does
/// not have yet (hashicorp/terraform-provider-azuread#1764), two writes under one identity (Azure/bicep#10928).
const PASSING_CONFLICTS: [&str; 3] = [
    "Directory_ConcurrencyViolation",
    "Error_MsaAppDoesNotExist",
    "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
];

impl<'a> Context<'a> {
    /// The first sending of a request that stands alone.
    pub fn new(request: &'a Request) -> Self {
        Self {
            request,
            attempt: 0,
            seed: 0,
            after_own_create: false,
            replay: false,
            done_if: &[],
            retry_if: &[],
        }
    }

    fn is_read(&self) -> bool {
        self.request.reads()
    }

    fn wait(&self) -> u64 {
        backoff(self.attempt, self.seed)
    }
}

/// Decides what an answer means.
pub fn classify(result: &Result<Reply, Lost>, ctx: &Context) -> Class {
    match result {
        Ok(reply) => classify_reply(reply, ctx),
        Err(Lost::Unsent(_)) if ctx.attempt + 1 < FEW => Class::Again {
            after_ms: ctx.wait(),
        },
        Err(Lost::Cut(_)) if ctx.is_read() && ctx.attempt + 1 < FEW => Class::Again {
            after_ms: ctx.wait(),
        },
        Err(Lost::Cut(_)) if !ctx.is_read() => Class::Lost {
            after_ms: ctx.wait(),
        },
        Err(lost) => Class::Fatal(explain::lost(lost, ctx.request)),
    }
}

fn classify_reply(reply: &Reply, ctx: &Context) -> Class {
    let after_ms = ctx.wait().max(reply.retry_after.unwrap_or(0));
    // Whatever an earlier sending was answered: a gateway may have said it.
    let again = ctx.replay || ctx.attempt > 0;
    let matches = |patterns: &[Pattern]| {
        patterns
            .iter()
            .any(|pattern| pattern.matches(reply) && (again || !pattern.replay))
    };
    if reply.ok() || (ctx.is_read() && reply.status == 304) {
        return Class::Done;
    }
    if matches(ctx.done_if) {
        return Class::AlreadyDone;
    }
    // Blob Storage is strongly consistent: what it does not know is not there.
    let lags = ctx.request.service != Service::Blob;
    let unknown_yet = matches(ctx.retry_if) || (lags && replicates(reply));
    match reply.status {
        400 | 403 | 404 | 409 if ctx.after_own_create && unknown_yet => {
            Class::Replicating { after_ms }
        }
        404 if ctx.is_read() => Class::Done,
        403 if ctx.is_read() && surveys(ctx.request) => Class::Done,
        400 if ctx.is_read() && expands(ctx.request) => Class::Done,
        404 if ctx.request.method == Method::Delete => Class::AlreadyDone,
        409 if PASSING_CONFLICTS.contains(&reply.error_code()) => Class::Again { after_ms },
        429 => Class::Again { after_ms },
        500 if ctx.attempt + 1 >= FEW => Class::Fatal(explain::refusal(reply, ctx.request)),
        408 | 500 | 502 | 503 | 504 if ctx.is_read() => Class::Again { after_ms },
        // 503, too, may come from a front end after the service behind it has committed.
        408 | 500 | 502 | 503 | 504 => Class::Lost { after_ms },
        _ => Class::Fatal(explain::refusal(reply, ctx.request)),
    }
}

fn replicates(reply: &Reply) -> bool {
    let said = |text: &str| {
        let text = text.to_ascii_lowercase();
        [reply.error_code(), reply.error_message()]
            .iter()
            .any(|part| part.to_ascii_lowercase().contains(&text))
    };
    REPLICATION
        .iter()
        .any(|(status, text)| reply.status == *status && said(text))
}

fn expands(request: &Request) -> bool {
    request
        .known_path()
        .is_some_and(|path| path.contains("$expand="))
}

/// A login that manages one resource group need not see the assignments of the whole subscription.
fn surveys(request: &Request) -> bool {
    request
        .known_path()
        .is_some_and(|path| path.contains("/providers/Microsoft.Authorization/roleAssignments?"))
}

/// How long to wait before sending again, in milliseconds: doubling from one second to one minute, less up to a half.
pub fn backoff(attempt: u32, seed: u64) -> u64 {
    let full = (1000_u64 << attempt.min(6)).min(60_000);
    let half = full / 2;
    full - mix(seed ^ u64::from(attempt)) % (half + 1)
}

/// SplitMix64: spreads a seed.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
