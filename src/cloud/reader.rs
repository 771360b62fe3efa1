//! Reading: the only thing a [`Reader`] can do is GET. It merges equal reads, sends them together where the service
//! takes them together, follows pages, and asks again until there is an answer or too much time has passed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use azure_core::http::Url;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value as Json;

use super::Client;
use super::batch;
use super::explain;
use super::reply::{Class, Context, Lost, classify};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Reply, Request, Service};

mod pages;

/// HTTP requests in flight at once.
const IN_FLIGHT: usize = 16;
/// How long one read keeps failing before we give up, in milliseconds. A failover of the directory takes up to five
/// minutes: Microsoft, "Microsoft Entra architecture".
const PATIENCE_MS: i64 = 6 * 60_000;

/// A client that can only GET.
#[derive(Debug)]
pub struct Reader {
    client: Arc<Client>,
    seed: u64,
    /// Nothing goes to Graph before this time: one read that was throttled slows all of them.
    not_before: Arc<AtomicI64>,
    /// Whether a service that no connection comes about to is asked again.
    persistent: bool,
}

/// How long one read has been failing.
struct Patience {
    attempt: u32,
    since: Option<i64>,
    seed: u64,
}

enum Job {
    Alone(usize),
    Together(Service, Vec<usize>),
}

impl Reader {
    /// `seed` varies the waits between attempts.
    pub fn new(client: Arc<Client>, seed: u64) -> Self {
        Self {
            client,
            seed,
            not_before: Arc::default(),
            persistent: true,
        }
    }

    /// The same for what can be done without: a service that cannot be reached, as behind a firewall, is asked once.
    #[must_use]
    pub fn sparing(&self) -> Self {
        Self {
            client: Arc::clone(&self.client),
            seed: self.seed,
            not_before: Arc::clone(&self.not_before),
            persistent: false,
        }
    }

    /// Reads them all and answers in their order. 404 and 304 are answers, and so is 400 to a read with
    /// `$expand`; lists come whole, in one `value`.
    ///
    /// Errors: what cannot be sent, what the service refuses, and what it does not answer for six minutes.
    pub async fn read(&self, requests: &[Request]) -> Vec<Result<Reply, Diagnostic>> {
        let mut places = BTreeMap::new();
        let mut unique: Vec<&Request> = Vec::new();
        let mut uses: Vec<usize> = Vec::new();
        let order: Vec<usize> = requests
            .iter()
            .map(|request| {
                let at = *places.entry(request).or_insert_with(|| {
                    unique.push(request);
                    uses.push(0);
                    unique.len() - 1
                });
                uses[at] += 1;
                at
            })
            .collect();
        let mut answers: Vec<Option<Result<Reply, Diagnostic>>> = vec![None; unique.len()];
        let jobs: Vec<_> = jobs(&unique)
            .into_iter()
            .map(|job| self.run(job, &unique))
            .collect();
        let mut done = stream::iter(jobs).buffer_unordered(IN_FLIGHT);
        while let Some(some) = done.next().await {
            for (at, answer) in some {
                answers[at] = Some(answer);
            }
        }
        order
            .into_iter()
            .map(|at| {
                uses[at] -= 1;
                let answer = match uses[at] {
                    0 => answers[at].take(),
                    _ => answers[at].clone(),
                };
                answer.unwrap_or_else(|| Err(left_out(unique[at])))
            })
            .collect()
    }

    async fn run(&self, job: Job, unique: &[&Request]) -> Vec<(usize, Result<Reply, Diagnostic>)> {
        match job {
            Job::Alone(at) => {
                let request = unique[at];
                let answer = match self.one(request, at, None).await {
                    Ok(reply) => self.whole(request, at, reply).await,
                    Err(diagnostic) => Err(diagnostic),
                };
                vec![(at, answer)]
            }
            Job::Together(service, places) => {
                let mut answers = self.together(service, places, unique).await;
                for (at, answer) in &mut answers {
                    if let Ok(reply) = answer {
                        let reply = std::mem::take(reply);
                        *answer = self.whole(unique[*at], *at, reply).await;
                    }
                }
                answers
            }
        }
    }

    /// One GET until it is answered: the request itself, or a link to its next page.
    async fn one(
        &self,
        request: &Request,
        at: usize,
        page: Option<&Url>,
    ) -> Result<Reply, Diagnostic> {
        if request.method != Method::Get {
            let message = format!("`{request}` is not a read");
            return Err(Diagnostic::error("unsendable-request", message));
        }
        let mut patience = self.patience(at);
        loop {
            self.gate(request.service).await;
            let result = match page {
                None => self.client.send(request).await,
                Some(url) => {
                    let headers = &request.headers;
                    self.client.get(request.service, url.clone(), headers).await
                }
            };
            let result = result.and_then(|reply| shaped(request, reply));
            if let (Err(lost @ Lost::Unsent(_)), false) = (&result, self.persistent) {
                return Err(explain::lost(lost, request));
            }
            match classify(&result, &patience.context(request)) {
                Class::Fatal(diagnostic) => return Err(diagnostic),
                Class::Done | Class::AlreadyDone => {
                    return result.map_err(|lost| explain::lost(&lost, request));
                }
                Class::Again { after_ms }
                | Class::Replicating { after_ms }
                | Class::Lost { after_ms } => {
                    self.slow_down(request.service, &result, after_ms);
                    if !self.wait(&mut patience, after_ms).await {
                        return Err(explain::exhausted(&result, request, PATIENCE_MS));
                    }
                }
            }
        }
    }

    /// Up to twenty GETs at once; those that are throttled go again together.
    async fn together(
        &self,
        service: Service,
        places: Vec<usize>,
        unique: &[&Request],
    ) -> Vec<(usize, Result<Reply, Diagnostic>)> {
        let mut answers = Vec::new();
        let mut pending = Vec::new();
        for at in places {
            match batch::one(&self.client.endpoints, unique[at]) {
                Ok(item) => pending.push((at, item)),
                Err(diagnostic) => answers.push((at, Err(diagnostic))),
            }
        }
        let whole = Request::new(service, Method::Post, "/$batch");
        let first = pending.first().map_or(0, |(at, _)| *at);
        let mut patience = self.patience(first);
        while !pending.is_empty() {
            self.gate(service).await;
            let items: Vec<&Json> = pending.iter().map(|(_, item)| item).collect();
            let mut sent = match batch::send(&self.client, service, &items).await {
                Ok(answers) => Ok(answers),
                Err(result) => Err((classify(&result, &patience.context(&whole)), result)),
            };
            if let Err((Class::Done, Ok(reply))) = &sent {
                let refused = Class::Fatal(explain::refusal(reply, &whole));
                sent = Err((refused, Ok(reply.clone())));
            }
            let mut longest = 0;
            let mut again = Vec::new();
            for (id, (at, item)) in pending.into_iter().enumerate() {
                let request = unique[at];
                let (class, result) = match &mut sent {
                    Err((class, result)) => (class.clone(), result.clone()),
                    Ok(answers) => {
                        let result = answers.remove(&id).unwrap_or_else(|| {
                            Err(Lost::Unusable("the batch's answer left it out".to_owned()))
                        });
                        let result = result.and_then(|reply| shaped(request, reply));
                        (classify(&result, &patience.context(request)), result)
                    }
                };
                let answer = match class {
                    Class::Fatal(diagnostic) => Err(diagnostic),
                    Class::Done | Class::AlreadyDone => {
                        result.map_err(|lost| explain::lost(&lost, request))
                    }
                    Class::Again { after_ms }
                    | Class::Replicating { after_ms }
                    | Class::Lost { after_ms } => {
                        self.slow_down(service, &result, after_ms);
                        longest = longest.max(after_ms);
                        again.push((at, item, result));
                        continue;
                    }
                };
                answers.push((at, answer));
            }
            if !again.is_empty() && !self.wait(&mut patience, longest).await {
                answers.extend(again.drain(..).map(|(at, _, result)| {
                    (
                        at,
                        Err(explain::exhausted(&result, unique[at], PATIENCE_MS)),
                    )
                }));
            }
            pending = again.into_iter().map(|(at, item, _)| (at, item)).collect();
        }
        answers
    }

    fn patience(&self, at: usize) -> Patience {
        Patience {
            attempt: 0,
            since: None,
            seed: self.seed.wrapping_add(at as u64),
        }
    }

    /// Waits before the next attempt. False when the time for attempts is over.
    async fn wait(&self, patience: &mut Patience, after_ms: u64) -> bool {
        let now = self.client.clock.now_ms();
        let since = *patience.since.get_or_insert(now);
        let end = now.saturating_add(i64::try_from(after_ms).unwrap_or(i64::MAX));
        if end - since > PATIENCE_MS {
            return false;
        }
        patience.attempt += 1;
        self.client.clock.sleep(after_ms).await;
        true
    }

    /// Holds every other read back while the service asks for it.
    fn slow_down(&self, service: Service, result: &Result<Reply, Lost>, after_ms: u64) {
        let throttled = matches!(result, Ok(reply) if reply.status == 429);
        if throttled && service != Service::Blob {
            let until = self.client.clock.now_ms()
                + i64::try_from(after_ms.min(PATIENCE_MS as u64)).unwrap_or(PATIENCE_MS);
            self.not_before.fetch_max(until, Ordering::SeqCst);
        }
    }

    async fn gate(&self, service: Service) {
        let until = self.not_before.load(Ordering::SeqCst);
        let wait = until - self.client.clock.now_ms();
        if service != Service::Blob && wait > 0 {
            self.client.clock.sleep(wait.unsigned_abs()).await;
        }
    }
}

impl Patience {
    fn context<'a>(&self, request: &'a Request) -> Context<'a> {
        Context {
            attempt: self.attempt,
            seed: self.seed,
            ..Context::new(request)
        }
    }
}

/// Which reads go alone and which together. Alone: blobs, ARM, counts (their answer is no object), lists that ask for
/// pages, and what would be the only one of its batch.
fn jobs(unique: &[&Request]) -> Vec<Job> {
    let mut jobs = Vec::new();
    let mut by_service: BTreeMap<Service, Vec<usize>> = BTreeMap::new();
    for (at, request) in unique.iter().enumerate() {
        let graph = matches!(request.service, Service::Graph | Service::GraphBeta);
        let path = request.known_path();
        let small = path.is_some_and(|path| !path.contains("$top=") && !path.ends_with("/$count"));
        if graph && small && request.method == Method::Get {
            by_service.entry(request.service).or_default().push(at);
        } else {
            jobs.push(Job::Alone(at));
        }
    }
    for (service, places) in by_service {
        jobs.extend(places.chunks(batch::SIZE).map(|chunk| match chunk {
            [only] => Job::Alone(*only),
            many => Job::Together(service, many.to_vec()),
        }));
    }
    jobs
}

/// Takes no answer for an empty list that holds no list: what is not seen would be taken for gone.
fn shaped(request: &Request, reply: Reply) -> Result<Reply, Lost> {
    let usable = match reply.body.as_object() {
        Some(members) => {
            !members.is_empty() && members.get("value").is_none_or(|value| value.is_array())
        }
        None => false,
    };
    if usable || reply.status != 200 || request.service == Service::Blob {
        return Ok(reply);
    }
    let why = "it answered 200 with neither an object nor a list in it";
    Err(Lost::Unusable(why.to_owned()))
}

fn left_out(request: &Request) -> Diagnostic {
    let why = Lost::Unusable("it was not answered".to_owned());
    explain::lost(&why, request)
}
