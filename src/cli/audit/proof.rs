//! Whether applications log in with their federated credentials, and with what else: the newest entries of the sign-in log.
//!
//! Source: Microsoft Graph (beta), "List signIns", "signIn resource type": `federatedCredentialId`,
//! `servicePrincipalCredentialKeyId`.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde_json::Value as Json;

use crate::audit::repairs::{RECENT, Seen};
use crate::audit::snapshot::seconds;
use crate::cloud::Reader;
use crate::kinds::rule::day;
use crate::model::step::{Request, Service};

/// Applications whose logs are read for one plan.
const MOST: usize = 100;
/// Reads at once: Microsoft, "Microsoft Graph service-specific throttling limits", reports (5 in 10 seconds).
const AT_ONCE: usize = 2;

/// What the logs show of the first of these client ids. `now` is in seconds since 1970.
pub async fn seen(reader: &Reader, client_ids: &[String], now: i64) -> BTreeMap<String, Seen> {
    stream::iter(client_ids.iter().take(MOST))
        .map(|client_id| async move { (client_id.clone(), of(reader, client_id, now).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

fn unread(why: String) -> Seen {
    Seen {
        unread: Some(why),
        ..Seen::default()
    }
}

async fn of(reader: &Reader, client_id: &str, now: i64) -> Seen {
    // It goes into a filter.
    if uuid::Uuid::try_parse(client_id).is_err() {
        return unread(format!("`{client_id}` is no client id"));
    }
    let since = day(now - RECENT);
    let path = format!(
        "/auditLogs/signIns?$filter=appId%20eq%20'{client_id}'%20and%20createdDateTime%20ge%20{since}T00:00:00Z%20and%20signInEventTypes/any(t:t%20eq%20'servicePrincipal')&$top=999"
    );
    let reply = match reader.first(&Request::get(Service::GraphBeta, path)).await {
        Ok(reply) if reply.ok() => reply,
        Ok(reply) => return unread(format!("Microsoft Graph answered {}", reply.status)),
        Err(error) => return unread(error.message),
    };
    let mut seen = Seen::default();
    let rows = reply.body["value"].as_array().into_iter().flatten();
    for row in rows.filter(|row| row["status"]["errorCode"] == 0) {
        let Some(at) = seconds(&row["createdDateTime"]) else {
            continue;
        };
        note(&mut seen.trusts, &row["federatedCredentialId"], at);
        note(
            &mut seen.secrets,
            &row["servicePrincipalCredentialKeyId"],
            at,
        );
    }
    seen
}

fn note(times: &mut BTreeMap<String, i64>, id: &Json, at: i64) {
    if let Some(id) = id.as_str().filter(|id| !id.is_empty()) {
        let last = times.entry(id.to_owned()).or_insert(at);
        *last = at.max(*last);
    }
}
