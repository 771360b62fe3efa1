//! `doctor --write-probe`: one application that nobody can log in with is made, looked at, and deleted for good,
//! whatever happens in between.

mod outcome;

use futures_util::FutureExt;

use super::{Check, Status};
use crate::cli::connect::Connection;
use crate::cli::interrupt::Interrupt;
use crate::cloud::{Caller, Class, Client, Context, classify, explain};
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::step::{Method, Reply, Request, Service};
use crate::model::value::{Number, Value};

pub use outcome::deletion;

/// What an administrator sees who meets it.
pub const NAME: &str = "trustform doctor probe (safe to delete)";
const NOTES: &str = "Made by `trustform doctor --write-probe`, which deletes it again within minutes. Nobody can log in with it. If it is still here, delete it.";
/// Reads that must see a write, one after the other, before it counts as seen everywhere.
const AGREEING: u32 = 5;
const BETWEEN_MS: u64 = 1_000;
/// Milliseconds until something that does not come about is given up.
const PATIENCE_MS: i64 = 120_000;
/// Admits nobody: no account of GitHub has the id 0.
const EXPRESSION: &str = "claims['sub'] matches 'repo:trustform-doctor-probe/*:environment:none' and claims['repository_owner_id'] eq '0'";

/// What came of it.
pub struct Probed {
    pub checks: Vec<Check>,
    /// Whether it stopped half-way, or the application may still be there.
    pub partial: bool,
}

/// Why the rest was not tried.
enum Stop {
    Interrupted,
    Said(Check),
}

struct Probe<'a> {
    client: &'a Client,
    interrupt: Interrupt,
    unique_name: String,
    /// The application's object id, once it is known.
    id: Option<String>,
    /// Whether a create may have taken effect whose answer is not known.
    doubtful: bool,
    checks: Vec<Check>,
}

/// Makes, looks, deletes. A request that is on its way is waited for, so that what it did is known.
pub async fn run(connection: &Connection, caller: &Caller, cloud: Cloud) -> Probed {
    let client = connection.client.as_ref();
    let mut probe = Probe {
        client,
        interrupt: Interrupt::listen(),
        unique_name: format!("trustform-doctor-probe-{}", client.clock().now_ms()),
        id: None,
        doubtful: false,
        checks: Vec::new(),
    };
    let mut partial = false;
    match probe.look(caller).await {
        Ok(()) => {}
        Err(Stop::Said(check)) => probe.checks.push(check),
        Err(Stop::Interrupted) => {
            let check = Check::unknown("probe", "interrupted: the rest was not tried");
            probe.checks.push(check);
            partial = true;
        }
    }
    let check = match probe.purge().await {
        Ok(()) if probe.id.is_none() => Check::pass(
            "purge",
            match probe.doubtful {
                true => "no application has the probe's name, so nothing is left",
                false => "nothing was made, so nothing is left",
            },
        ),
        Ok(()) => Check::pass(
            "purge",
            "nothing of the probe is left, not in the recycle bin either",
        ),
        Err(why) => {
            partial = true;
            outcome::left_behind(&probe.unique_name, probe.id.as_deref(), cloud, &why)
        }
    };
    probe.checks.push(check);
    Probed {
        checks: probe.checks,
        partial,
    }
}

impl Probe<'_> {
    async fn look(&mut self, caller: &Caller) -> Result<(), Stop> {
        let client = self.client;
        let body = Value::map([
            ("displayName", NAME.into()),
            ("notes", NOTES.into()),
            ("signInAudience", "AzureADMyOrg".into()),
        ]);
        let create = Request::new(Service::Graph, Method::Patch, self.by_name())
            .header("Prefer", "create-if-missing")
            .body(body);
        self.go_on()?;
        let made = match self.until_done(&create).await {
            Ok(made) => made,
            Err(error) => {
                let unknown = [
                    "connection-failed",
                    "service-unavailable",
                    "unusable-answer",
                ];
                self.doubtful = unknown.contains(&error.code);
                return Err(Stop::Said(Check::refused("create", Status::Fail, error)));
            }
        };
        self.doubtful = true;
        self.id = made.body["id"].as_str().map(str::to_owned);
        if self.id.is_none() {
            // The first answer was lost, and the second one has no body.
            let found = self
                .send("create", &Request::get(Service::Graph, self.by_name()))
                .await?;
            self.id = found.body["id"].as_str().map(str::to_owned);
        }
        let Some(id) = self.id.clone() else {
            let nameless = Check::fail(
                "create",
                "making an application was answered with success, and no answer shows the application",
            );
            return Err(Stop::Said(nameless));
        };
        self.checks.push(Check::pass(
            "create",
            format!("an application was made by its unique name (object id `{id}`)"),
        ));
        self.reads(&id).await?;
        let owners = Request::get(
            Service::Graph,
            format!("/applications/{id}/owners?$select=id"),
        );
        let owners = self.send("owner", &owners).await?;
        let owners = owners.body["value"].as_array().cloned().unwrap_or_default();
        let owner = owners.iter().any(|it| it["id"] == *caller.object_id);
        self.checks.push(outcome::owned(owner, caller, &id));

        let body = Value::map([
            (
                "issuer",
                "https://token.actions.githubusercontent.com".into(),
            ),
            ("subject", Value::Null),
            (
                "audiences",
                Value::List(vec!["api://AzureADTokenExchange".into()]),
            ),
            (
                "claimsMatchingExpression",
                Value::map([
                    ("value", EXPRESSION.into()),
                    ("languageVersion", Value::Number(Number(1.0))),
                ]),
            ),
        ]);
        let credentials = format!("/applications/{id}/federatedIdentityCredentials");
        let credential = Request::new(
            Service::GraphBeta,
            Method::Patch,
            format!("{credentials}(name='probe')"),
        )
        .header("Prefer", "create-if-missing")
        .body(body);
        self.send("expression", &credential).await?;
        self.checks.push(Check::pass(
            "expression",
            "a credential with an expression is taken (this one admits nobody)",
        ));
        let list = Request::get(Service::Graph, credentials);
        let listed = client.answer(&list, &[]).await;
        self.checks.push(match listed {
            Ok(_) => Check::pass("list", "v1.0 lists the credentials of an application that has an expression"),
            // Azure/azure-workload-identity#373.
            Err(error) => Check::unknown("list", error.message)
                .help("trustform reads credentials by the beta version: other tools may stumble over expressions here"),
        });
        Ok(())
    }

    /// How long reads do not know what was made.
    async fn reads(&mut self, id: &str) -> Result<(), Stop> {
        let clock = self.client.clock();
        let since = clock.now_ms();
        let read = Request::get(Service::Graph, format!("/applications/{id}?$select=id"));
        let (mut agreeing, mut last_miss) = (0, None);
        while agreeing < AGREEING {
            let reply = self.client.answer(&read, &[]).await;
            let reply =
                reply.map_err(|error| Stop::Said(Check::refused("reads", Status::Fail, error)))?;
            let waited = clock.now_ms() - since;
            agreeing = match reply.status {
                200 => agreeing + 1,
                _ => {
                    last_miss = Some(waited);
                    0
                }
            };
            if waited > PATIENCE_MS {
                break;
            }
            self.pause(BETWEEN_MS).await?;
        }
        let check = match last_miss {
            _ if agreeing < AGREEING => Check::fail(
                "reads",
                format!(
                    "after {} seconds not all reads see what was made",
                    PATIENCE_MS / 1000
                ),
            )
            .help("`apply` waits longer; where that is not enough either it says so, and is run again"),
            None => Check::pass(
                "reads",
                format!("{AGREEING} reads of {AGREEING} saw at once what was made"),
            ),
            Some(miss) => Check::pass(
                "reads",
                format!(
                    "a read did not see what was made {} seconds before; `apply` waits for that",
                    miss / 1000
                ),
            ),
        };
        self.checks.push(check);
        Ok(())
    }

    /// Deletes the application, and then what the recycle bin has of it. Nobody interrupts this.
    async fn purge(&mut self) -> Result<(), Diagnostic> {
        let id = match &self.id {
            Some(id) => id.clone(),
            // Where a create was sent and its answer never came, the name tells.
            None if !self.doubtful => return Ok(()),
            None => match self.found().await? {
                Some(id) => id,
                None => return Ok(()),
            },
        };
        self.id = Some(id.clone());
        let deletes = [
            format!("/applications/{id}"),
            format!("/directory/deletedItems/{id}"),
        ];
        for path in deletes {
            let request = Request::new(Service::Graph, Method::Delete, path.clone());
            self.until_done(&request).await?;
            self.until_absent(&path).await?;
        }
        Ok(())
    }

    /// The application by its name, once reads agree on whether there is one.
    async fn found(&self) -> Result<Option<String>, Diagnostic> {
        let read = Request::get(Service::Graph, self.by_name());
        for _ in 0..AGREEING {
            let reply = self.client.answer(&read, &[]).await?;
            if let Some(id) = reply.body["id"].as_str() {
                return Ok(Some(id.to_owned()));
            }
            self.client.clock().sleep(BETWEEN_MS).await;
        }
        Ok(None)
    }

    async fn until_absent(&self, path: &str) -> Result<(), Diagnostic> {
        let clock = self.client.clock();
        let since = clock.now_ms();
        let read = Request::get(Service::Graph, path);
        let mut agreeing = 0;
        loop {
            let reply = self.client.answer(&read, &[]).await?;
            agreeing = if reply.status == 404 { agreeing + 1 } else { 0 };
            if agreeing == AGREEING {
                return Ok(());
            }
            if clock.now_ms() - since > PATIENCE_MS {
                return Err(explain::exhausted(&Ok(reply), &read, PATIENCE_MS));
            }
            clock.sleep(BETWEEN_MS).await;
        }
    }

    /// Sends until it took effect; what failed is the check's.
    async fn send(&mut self, check: &'static str, request: &Request) -> Result<Reply, Stop> {
        self.go_on()?;
        let answer = self.until_done(request).await;
        answer.map_err(|error| Stop::Said(Check::refused(check, Status::Fail, error)))
    }

    /// Sends until it took effect. All of the probe's writes may be sent twice.
    async fn until_done(&self, request: &Request) -> Result<Reply, Diagnostic> {
        let clock = self.client.clock();
        let since = clock.now_ms();
        let mut attempt = 0;
        loop {
            let result = self.client.send(request).await;
            let context = Context {
                attempt,
                // What the probe made a moment ago may be unknown where it is deleted.
                after_own_create: self.id.is_some() && clock.now_ms() - since < 30_000,
                replay: attempt > 0,
                ..Context::new(request)
            };
            attempt += 1;
            let late = clock.now_ms() - since > PATIENCE_MS;
            match (classify(&result, &context), result) {
                (Class::Done | Class::AlreadyDone, Ok(reply)) => return Ok(reply),
                (Class::Fatal(error), _) => return Err(error),
                (
                    Class::Again { after_ms }
                    | Class::Replicating { after_ms }
                    | Class::Lost { after_ms },
                    _,
                ) if !late => clock.sleep(after_ms).await,
                (_, result) => {
                    return Err(explain::exhausted(&result, request, PATIENCE_MS));
                }
            }
        }
    }

    async fn pause(&mut self, ms: u64) -> Result<(), Stop> {
        tokio::select! {
            () = self.interrupt.raised() => Err(Stop::Interrupted),
            () = self.client.clock().sleep(ms) => Ok(()),
        }
    }

    fn go_on(&mut self) -> Result<(), Stop> {
        match self.interrupt.raised().now_or_never() {
            Some(()) => Err(Stop::Interrupted),
            None => Ok(()),
        }
    }

    fn by_name(&self) -> String {
        format!("/applications(uniqueName='{}')", self.unique_name)
    }
}
