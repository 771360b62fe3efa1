//! One run of a stack at a time: a blob's lease where the stack names a place for it, else a file on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::connect::Connection;
use super::interrupt::{self, Interrupt};
use super::local::{DIRECTORY, own_directory};
use super::stack::Stack;
use super::{Exit, Failure, World, block_on};
use crate::apply::lease::{self, Lease};
use crate::apply::lock::{self, Lock};
use crate::model::diagnostic::Diagnostic;
use crate::render::diagnostic;

/// Held while the stack is planned and applied.
pub struct Held {
    pub lease: Option<Lease>,
    /// Held until it is dropped. An emulated tenant of the stack's own is a file, too.
    _file: Option<Lock>,
}

/// Takes the stack's lock, waiting for it up to `timeout` seconds.
pub fn take(
    world: &mut World,
    stack: &Stack,
    connection: &Connection,
    timeout: u64,
    interrupt: Option<&mut Interrupt>,
) -> Result<Held, Failure> {
    let place = stack.desired.stack.lock.as_ref();
    let timeout_ms = timeout.saturating_mul(1000);
    let holder = holder(world, connection);
    let emulated = connection.local().is_some();
    let file = match place.is_none() || emulated {
        true => Some(file(stack, connection, timeout_ms, &holder)?),
        false => None,
    };
    let lease = match place {
        Some(place) => {
            let id = uuid::Uuid::new_v4().to_string();
            let (stack, client) = (&stack.desired.stack, &connection.client);
            let taken = lease::acquire(place, stack, &id, &holder, timeout_ms, client);
            Some(block_on(async {
                tokio::select! {
                    biased;
                    () = interrupt::raised(interrupt) => {
                        lease::abandon(place, stack, &id, client).await;
                        Err(interrupt::while_doing("waiting for the lock"))
                    }
                    taken = taken => taken.map_err(refused),
                }
            })??)
        }
        None => None,
    };
    if place.is_none() && !emulated && pipeline(&world.env).is_some() {
        let alone = Diagnostic::warning(
            "lock-on-this-machine",
            "the lock is a file on this machine: runs on other machines do not see it",
        )
        .help("name a container in the `stack` block: `lock = { storage_account = \"…\", container = \"locks\" }`");
        let text = diagnostic::text(&[alone], &stack.sources, world.style());
        let _ = write!(world.err, "{text}");
    }
    Ok(Held { lease, _file: file })
}

impl Held {
    /// Whether it is still held, renewed where it is time for that.
    pub fn ensure(&self, connection: &Connection) -> Result<(), Failure> {
        match &self.lease {
            Some(lease) => block_on(lease.ensure(&connection.client))?.map_err(refused),
            None => Ok(()),
        }
    }

    /// Does `work`, and holds on to it meanwhile.
    pub async fn during<T>(&self, connection: &Connection, work: impl Future<Output = T>) -> T {
        match &self.lease {
            Some(lease) => lease.held_during(&connection.client, work).await,
            None => work.await,
        }
    }

    /// Lets go of it.
    pub fn release(self, connection: &Connection) {
        if let Some(lease) = self.lease {
            let _ = block_on(lease.release(&connection.client));
        }
    }
}

fn refused(diagnostic: Diagnostic) -> Failure {
    let exit = match diagnostic.code {
        "locked" | "lock-lost" => Exit::Locked,
        _ => Exit::Error,
    };
    Failure::from(diagnostic).exit(exit)
}

fn file(
    stack: &Stack,
    connection: &Connection,
    timeout_ms: u64,
    holder: &str,
) -> Result<Lock, Failure> {
    let place: PathBuf = stack.directory.components().collect();
    let directory = own_directory(&place).map_err(|error| {
        let shown = place.join(DIRECTORY);
        let message = format!("`{}` cannot be used: {error}", shown.display());
        let unusable = Diagnostic::error("unwritable", message);
        Failure::from(unusable.help(
            "the stack's lock is kept there: it has to be a directory that this run can write to",
        ))
    })?;
    let file = directory.join("lock");
    let taken = lock::acquire(&file, holder, timeout_ms, connection.client.clock());
    block_on(taken)?.map_err(refused)
}

/// What others are told of this run.
fn holder(world: &World, connection: &Connection) -> String {
    let now = connection.client.clock().now();
    let (date, time) = (now.date(), now.time());
    let since = format!("{date} {:02}:{:02} UTC", time.hour(), time.minute());
    let process = std::process::id();
    match (pipeline(&world.env), world.env.get("USER")) {
        (Some(run), _) => format!("{run}, since {since}"),
        (None, Some(user)) => format!("{user}, process {process}, since {since}"),
        (None, None) => format!("process {process}, since {since}"),
    }
}

/// The pipeline's run, where this is one: by the variables that its system documents.
fn pipeline(env: &BTreeMap<String, String>) -> Option<String> {
    let get = |name: &str| env.get(name).filter(|value| !value.is_empty());
    if let (Some(server), Some(repository), Some(run)) = (
        get("GITHUB_SERVER_URL"),
        get("GITHUB_REPOSITORY"),
        get("GITHUB_RUN_ID"),
    ) {
        return Some(format!("{server}/{repository}/actions/runs/{run}"));
    }
    if let Some(url) = get("CI_JOB_URL") {
        return Some(url.clone());
    }
    if let (Some(build), true) = (get("BUILD_BUILDID"), get("TF_BUILD").is_some()) {
        return Some(format!("build {build} of Azure Pipelines"));
    }
    get("CI").map(|_| format!("a pipeline's process {}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipelines_run_is_called_by_what_leads_to_it() {
        let run = |variables: &[(&str, &str)]| {
            let env = variables.iter();
            pipeline(
                &env.map(|(name, value)| (name.to_string(), value.to_string()))
                    .collect(),
            )
        };
        let github = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "contoso/payments"),
            ("GITHUB_RUN_ID", "42"),
            ("CI", "true"),
        ];
        let says = |variables: &[(&str, &str)], text: &str| {
            assert_eq!(run(variables).as_deref(), Some(text));
        };
        says(
            &github,
            "https://github.com/contoso/payments/actions/runs/42",
        );
        let gitlab = "https://gitlab.com/contoso/payments/-/jobs/7";
        says(&[("CI_JOB_URL", gitlab), ("CI", "true")], gitlab);
        says(
            &[("TF_BUILD", "True"), ("BUILD_BUILDID", "9")],
            "build 9 of Azure Pipelines",
        );
        let own = format!("a pipeline's process {}", std::process::id());
        says(&[("CI", "true")], &own);
        assert_eq!(run(&[("CI", "")]), None);
    }
}
