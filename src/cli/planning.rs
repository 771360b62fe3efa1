//! Observe, plan, confirm what a plan rests on, plan again: what `plan`, `apply` and `destroy` have in common.

use std::collections::BTreeSet;

use super::connect::Connection;
use super::stack::Stack;
use super::{Exit, Failure};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::plan::{Action, Plan};
use crate::observe;
use crate::plan::{self, Options};

/// Rounds of confirming; each one can only bring news of what the last one touched.
const ROUNDS: usize = 4;

/// Plans that must say the same before they are believed, and the milliseconds between them: reads of what came out of
/// the recycle bin a moment ago may come from replicas that still have it there, with or without what is in it.
const AGREEING: usize = 5;
const BETWEEN_MS: u64 = 1_000;
/// Milliseconds until plans that never agree are given up.
const PATIENCE_MS: i64 = 10 * 60 * 1000;

/// A plan after a restore, once reads agree on what is there.
///
/// # Errors
/// As [`plan`], and when reads have not agreed for as long as an apply waits.
pub async fn settled(
    stack: &Stack,
    connection: &Connection,
    options: &Options,
    restored: &BTreeSet<Address>,
) -> Result<(Plan, Live), Failure> {
    let clock = connection.client.clock();
    let since = clock.now_ms();
    let (mut digest, mut agreed) = (String::new(), 0);
    loop {
        let (plan, live) = plan(stack, connection, options).await?;
        let unseen = plan.changes.iter().any(|change| {
            matches!(change.action, Action::Create | Action::Restore)
                && restored.contains(&change.address)
        });
        agreed = match (unseen, plan.digest == digest) {
            (true, _) => 0,
            (false, true) => agreed + 1,
            (false, false) => 1,
        };
        if agreed == AGREEING {
            return Ok((plan, live));
        }
        if clock.now_ms() - since > PATIENCE_MS {
            let late = Diagnostic::error(
                "not-readable",
                "an application was restored, and reads do not agree on it yet",
            );
            return Err(Failure::from(
                late.help("run `apply` again in some minutes: it goes on from here"),
            )
            .exit(Exit::Partial));
        }
        digest = plan.digest;
        clock.sleep(BETWEEN_MS).await;
    }
}

/// The plan, and what it was made from.
pub async fn plan(
    stack: &Stack,
    connection: &Connection,
    options: &Options,
) -> Result<(Plan, Live), Failure> {
    let fail = |diagnostics| stack.failure(diagnostics);
    let tenant = &stack.desired.stack.tenant_id;
    let caller = connection
        .check_tenant(tenant)
        .await
        .map_err(|wrong| fail(vec![wrong]))?;
    let options = &Options {
        now: options
            .now
            .or_else(|| Some(connection.client.clock().now())),
        login: Some(caller.client_id),
        principal: Some(caller.object_id),
        ..options.clone()
    };
    let mut live = observe::observe(&stack.desired, &connection.reader)
        .await
        .map_err(fail)?;
    let mut plan = plan::plan(&stack.desired, &live, options).map_err(fail)?;
    for _ in 0..ROUNDS {
        let unsure = plan::unconfirmed(&plan, &live);
        if unsure.is_empty() {
            break;
        }
        observe::confirm(&stack.desired, &mut live, &unsure, &connection.reader)
            .await
            .map_err(fail)?;
        plan = plan::plan(&stack.desired, &live, options).map_err(fail)?;
    }
    let going = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter_map(|change| change.object.clone())
        .collect();
    if observe::dependants(&mut live, &going, &connection.reader)
        .await
        .map_err(fail)?
    {
        plan = plan::plan(&stack.desired, &live, options).map_err(fail)?;
    }
    let raised = plan::raised(&plan);
    if observe::owners(&mut live, &raised, &connection.reader)
        .await
        .map_err(fail)?
    {
        plan = plan::plan(&stack.desired, &live, options).map_err(fail)?;
    }
    Ok((plan, live))
}
