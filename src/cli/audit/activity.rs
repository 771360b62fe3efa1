//! Who signed in when: two reports of Microsoft Graph, a row for each service principal and for each secret.
//!
//! Sources: Microsoft Graph (beta), "List servicePrincipalSignInActivities", "List appCredentialSignInActivities". A
//! secret that the second report does not name may well be in use: only what it names is taken for known.

use std::collections::BTreeMap;

use super::read::unread;
use crate::audit::snapshot;
use crate::cloud::Reader;
use crate::model::diagnostic::Diagnostic;
use crate::model::rule::Need;
use crate::model::step::{Request, Service};
use crate::model::tenant::Tenant;

/// Last times in seconds since 1970, by client id or key id in lower case; or why there are none.
type Seen = Result<(u16, BTreeMap<String, i64>), Diagnostic>;

/// When each service principal last signed in.
pub async fn sign_ins(reader: &Reader) -> Seen {
    let report = "servicePrincipalSignInActivities";
    seen(reader, report, "appId", "lastSignInActivity").await
}

/// When each password and certificate was last used.
pub async fn uses(reader: &Reader) -> Seen {
    let report = "appCredentialSignInActivities";
    seen(reader, report, "keyId", "signInActivity").await
}

async fn seen(reader: &Reader, report: &str, id: &str, activity: &str) -> Seen {
    let path = format!("/reports/{report}?$top=999");
    let request = Request::get(Service::GraphBeta, path);
    let mut seen = BTreeMap::new();
    let read = reader.pages(&request, |page| {
        for (id, time) in page
            .iter()
            .filter_map(|json| snapshot::last_seen(json, id, activity))
        {
            let last = seen.entry(id).or_insert(time);
            *last = time.max(*last);
        }
    });
    let status = read.await?.status;
    Ok((status, seen))
}

/// Writes into the tenant when its objects were last seen.
pub fn take(tenant: &mut Tenant, signed: Seen, used: Seen) {
    match signed {
        Ok((200, seen)) => {
            for principal in &mut tenant.principals {
                principal.last_sign_in = seen.get(&principal.app_id.to_ascii_lowercase()).copied();
            }
        }
        other => unread(tenant, &[Need::Activity], other.map(|(status, _)| status)),
    }
    match used {
        Ok((200, seen)) => {
            let applications = tenant.applications.iter_mut();
            let applications =
                applications.flat_map(|it| it.passwords.iter_mut().chain(&mut it.certificates));
            let principals = tenant.principals.iter_mut();
            let principals =
                principals.flat_map(|it| it.passwords.iter_mut().chain(&mut it.certificates));
            for secret in applications.chain(principals) {
                secret.last_used = seen.get(&secret.key_id.to_ascii_lowercase()).copied();
            }
        }
        other => unread(tenant, &[Need::Uses], other.map(|(status, _)| status)),
    }
}
