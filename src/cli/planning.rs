//! Observe, plan, confirm what a plan rests on, plan again: what `plan`, `apply` and `destroy` have in common.

use super::Failure;
use super::connect::Connection;
use super::stack::Stack;
use crate::model::live::Live;
use crate::model::plan::Plan;
use crate::observe;
use crate::plan::{self, Options};

/// Rounds of confirming; each one can only bring news of what the last one touched.
const ROUNDS: usize = 4;

/// The plan, and what it was made from.
pub async fn plan(
    stack: &Stack,
    connection: &Connection,
    options: &Options,
) -> Result<(Plan, Live), Failure> {
    let options = &Options {
        now: options
            .now
            .or_else(|| Some(connection.client.clock().now())),
        ..options.clone()
    };
    let fail = |diagnostics| stack.failure(diagnostics);
    let tenant = &stack.desired.stack.tenant_id;
    connection
        .check_tenant(tenant)
        .await
        .map_err(|wrong| fail(vec![wrong]))?;
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
    Ok((plan, live))
}
