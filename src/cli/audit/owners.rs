//! Owners that the lists do not show.

use super::azure::Refused;
use crate::audit::snapshot;
use crate::cloud::Reader;
use crate::model::rule::Need;
use crate::model::step::{Request, Service};
use crate::model::tenant::{Owner, Tenant};

/// The most that `$expand` shows of a relation. Source: Microsoft Graph, "Use query parameters", `expand`.
const SHOWN: usize = 20;

/// Reads the owners of what has more of them than a list shows, and notes what is not known of them.
pub async fn complete(reader: &Reader, tenant: &mut Tenant) {
    if tenant.principals.iter().any(|it| it.owners.is_none()) {
        let why = "Microsoft Graph does not list service principals with their owners";
        let need = Need::PrincipalOwners.word().to_owned();
        tenant.unread.insert(need, why.to_owned());
    }
    let applications = tenant.applications.iter_mut();
    let owned = applications.filter_map(|it| Some((it.id.as_str(), it.owners.as_mut()?)));
    let (refused, of) = fill(reader, "applications", owned).await;
    refused.remember(tenant, Need::Owners, of, "long lists of owners");
    let principals = tenant.principals.iter_mut();
    let owned = principals.filter_map(|it| Some((it.id.as_str(), it.owners.as_mut()?)));
    let (refused, of) = fill(reader, "servicePrincipals", owned).await;
    refused.remember(tenant, Need::PrincipalOwners, of, "long lists of owners");
    let applications = tenant.applications.iter().flat_map(|it| &it.owners);
    let principals = tenant.principals.iter().flat_map(|it| &it.owners);
    let mut all = applications.chain(principals).flatten();
    // Of users that the login may not read Graph shows no more than the id.
    if all.any(|owner| owner.kind == "user" && owner.enabled.is_none()) {
        let why = "Microsoft Graph does not show whether users that own something are guests or disabled; reading users needs `User.Read.All`";
        let need = Need::Users.word().to_owned();
        tenant.unread.insert(need, why.to_owned());
    }
}

/// Reads whole lists in the place of those that may be cut off, of the objects of one set. How many there were, too.
async fn fill<'a>(
    reader: &Reader,
    set: &str,
    owned: impl Iterator<Item = (&'a str, &'a mut Vec<Owner>)>,
) -> (Refused, usize) {
    let mut long: Vec<_> = owned.filter(|(_, owners)| owners.len() >= SHOWN).collect();
    let requests: Vec<Request> = long
        .iter()
        .map(|(id, _)| Request::get(Service::Graph, format!("/{set}/{id}/owners")))
        .collect();
    let mut refused = Refused::default();
    for ((_, owners), answer) in long.iter_mut().zip(reader.read(&requests).await) {
        if let Some(reply) = refused.sort(answer) {
            let whole = reply.body["value"].as_array().into_iter().flatten();
            **owners = whole.map(snapshot::owner).collect();
        }
    }
    (refused, requests.len())
}
