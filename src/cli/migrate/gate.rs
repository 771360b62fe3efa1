//! The gate before an old trust goes: the new one is in the tenant, and somebody signed in with it.
//!
//! Source: Microsoft Graph (beta), "signIn resource type": `federatedCredentialId`.

use super::Common;
use crate::cli::connect::{self, Connection};
use crate::cli::planning;
use crate::cli::stack::Stack;
use crate::cli::{Exit, Failure, World, block_on};
use crate::kinds::{application, federated_credential};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::plan::{Action, Plan};
use crate::model::step::{Request, Service};
use crate::model::value::Ref;
use crate::plan::Options;

/// What must have come before anything goes.
pub struct Gate<'a> {
    pub identity: &'a Address,
    /// The credentials that are to be in use.
    pub new: &'a [Address],
}

/// What is in the tenant now.
pub struct Tenant {
    pub connection: Connection,
    pub plan: Plan,
    pub live: Live,
}

impl Tenant {
    pub fn read(world: &World, common: &Common, stack: &Stack) -> Result<Self, Failure> {
        let connection = connect::connect(world, &common.tenant, stack)?;
        let (plan, live) = block_on(planning::plan(stack, &connection, &Options::default()))??;
        connection.save()?;
        Ok(Self {
            connection,
            plan,
            live,
        })
    }
}

impl Gate<'_> {
    /// Lets through, or says what is missing.
    pub fn pass(
        &self,
        world: &mut World,
        confirmed: bool,
        stack: &Stack,
        tenant: &Tenant,
    ) -> Result<(), Failure> {
        self.present(&tenant.plan)?;
        if confirmed {
            return Ok(());
        }
        let seen = block_on(self.seen(stack, tenant))?;
        let Some(seen) = seen else {
            return Err(self.unconfirmed("the sign-in logs cannot be read here"));
        };
        let unseen: Vec<String> = self
            .new
            .iter()
            .filter(|address| !seen.iter().any(|(at, _)| at == *address))
            .map(|address| format!("`{address}`"))
            .collect();
        if !unseen.is_empty() {
            let why = format!(
                "the sign-in logs show no sign-in with {}",
                unseen.join(", ")
            );
            return Err(self.unconfirmed(&why));
        }
        for (address, when) in seen {
            world.print(&format!("Seen: a sign-in with `{address}` at {when}.\n"));
        }
        Ok(())
    }

    /// Every credential that stays is there.
    pub fn present(&self, plan: &Plan) -> Result<(), Failure> {
        let coming = plan.changes.iter().find(|change| {
            change.action == Action::Create
                && change.address.kind() == federated_credential::KIND
                && change.address.within(self.identity)
        });
        let Some(coming) = coming else {
            return Ok(());
        };
        let early = Diagnostic::error(
            "not-applied",
            format!(
                "`{}` is declared and not in the tenant yet: what it replaces stays",
                coming.address
            ),
        );
        Err(Failure::from(
            early.help("run `trustform apply` first, then let something sign in with it"),
        )
        .exit(Exit::Refused))
    }

    fn unconfirmed(&self, why: &str) -> Failure {
        let said = Diagnostic::error(
            "not-confirmed",
            format!("nobody has confirmed that the new trust is in use, and {why}"),
        );
        Failure::from(said.help(
            "let each workload sign in once (the sign-in log of the service principal names the credential), then run this again with `--confirm`",
        ))
        .exit(Exit::Refused)
    }

    /// The credentials that the sign-in logs show in use, with the time; none where the login may not read them.
    async fn seen(&self, stack: &Stack, tenant: &Tenant) -> Option<Vec<(Address, String)>> {
        let output = Ref {
            address: self.identity.clone(),
            output: "client_id".to_owned(),
        };
        let client_id = tenant.plan.known.get(&output)?;
        if !application::is_one(self.identity.kind()) {
            return None;
        }
        let path = format!(
            "/auditLogs/signIns?$filter=appId%20eq%20'{client_id}'%20and%20signInEventTypes/any(t:t%20eq%20'servicePrincipal')&$top=100"
        );
        let answers = tenant
            .connection
            .reader
            .read(&[Request::get(Service::GraphBeta, path)])
            .await;
        let reply = answers
            .into_iter()
            .next()?
            .ok()
            .filter(|reply| reply.ok())?;
        let signs: Vec<(&str, &str)> = reply.body["value"]
            .as_array()?
            .iter()
            .filter(|one| one["status"]["errorCode"] == 0)
            .filter_map(|one| {
                let id = one["federatedCredentialId"].as_str()?;
                Some((id, one["createdDateTime"].as_str().unwrap_or_default()))
            })
            .collect();
        let found = self.new.iter().filter_map(|address| {
            let id = live_id(stack, &tenant.live, address)?;
            let times = signs.iter().filter(|(of, _)| *of == id);
            let (_, last) = times.max_by_key(|(_, when)| *when)?;
            Some((address.clone(), (*last).to_owned()))
        });
        Some(found.collect())
    }
}

/// The id of the live credential that says what is declared.
fn live_id<'a>(stack: &Stack, live: &'a Live, address: &Address) -> Option<&'a str> {
    let wanted = federated_credential::trust(&stack.desired.resources.get(address)?.body)?;
    let same =
        |object: &&Object| federated_credential::trust(&object.body).as_ref() == Some(&wanted);
    let found = live.of_kind(federated_credential::KIND).find(same)?;
    found.outputs.get("id").map(String::as_str)
}

/// The files are done: what an apply still has to do.
pub fn finished(
    world: &mut World,
    common: &Common,
    stack: &Stack,
    identity: &Address,
) -> Result<Exit, Failure> {
    let tenant = Tenant::read(world, common, stack)?;
    let left = tenant.plan.changes.iter().filter(|change| {
        change.action == Action::Delete
            && change.address.kind() == federated_credential::KIND
            && change.address.within(identity)
    });
    let left: Vec<String> = left.map(|change| format!("`{}`", change.address)).collect();
    if left.is_empty() {
        world.print("Nothing is left to migrate.\n");
    } else {
        world.print(&format!(
            "Nothing is left to migrate in the files. Next: `trustform apply` deletes {}.\n",
            left.join(", ")
        ));
    }
    Ok(Exit::Done)
}
