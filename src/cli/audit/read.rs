//! Reads a whole tenant for an audit: lists, page after page, never one object at a time.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde_json::Value as Json;

use super::{activity, azure, directory, groups, owners};
use crate::audit;
use crate::audit::snapshot::{self, APPLICATION_SELECT, PRINCIPAL_SELECT};
use crate::cloud::{Reader, web};
use crate::exchange::platform::GITHUB;
use crate::keys::discovery::{self, Discovery};
use crate::kinds::api;
use crate::model::diagnostic::Diagnostic;
use crate::model::rule::Need;
use crate::model::step::{Reply, Request, Service};
use crate::model::tenant::{AGENT, Granted, Owner, Published, Tenant};

/// Issuers that are asked at once.
const ISSUERS_AT_ONCE: usize = 16;
/// How the web client words that a name does not exist.
const UNRESOLVED: &str = "has no address";

/// Told how many objects were read, and of how many where that is known.
pub type Progress<'a> = &'a mut dyn FnMut(usize, Option<usize>);

/// Everything that the login may read. What it may not is named in [`Tenant::unread`]. Pages become a [`Tenant`]'s plain
/// data as they come in, so that no more than a few are held as JSON.
pub async fn tenant(
    reader: &Reader,
    network: bool,
    loopback: bool,
    progress: Progress<'_>,
) -> Result<Tenant, Diagnostic> {
    // Only the beta version lists credentials with expressions without failing half-way: Azure/azure-workload-identity#373.
    let applications = list(
        Service::GraphBeta,
        format!(
            "/applications?$top=999&$select={APPLICATION_SELECT}&$expand=federatedIdentityCredentials"
        ),
    );
    // A list takes one `$expand`: the owners of applications want one of their own.
    let owned = list(
        Service::Graph,
        "/applications?$top=999&$select=id&$expand=owners".to_owned(),
    );
    let mut tenant = Tenant {
        format: snapshot::FORMAT.to_owned(),
        ..Tenant::default()
    };
    let meter = Meter {
        done: Cell::new(0),
        total: Cell::new(None),
        progress: RefCell::new(progress),
    };
    let mut owners: BTreeMap<String, Vec<Owner>> = BTreeMap::new();
    let (listed, principals, owned, ()) = tokio::join!(
        reader.pages(&applications, |page| {
            meter.read(page.len());
            let page = page.iter().map(snapshot::application);
            tenant.applications.extend(page);
        }),
        principals(reader, |page| {
            meter.read(page.len());
            let page = page.iter().map(snapshot::principal);
            tenant.principals.extend(page);
        }),
        reader.pages(&owned, |page| {
            meter.read(page.len());
            owners.extend(page.iter().filter_map(owners_of));
        }),
        count(reader, &meter),
    );
    // Not beside the lists: every list that is read at once holds a page.
    let (signed, used) = tokio::join!(activity::sign_ins(reader), activity::uses(reader));
    let answer = |read: Result<Reply, Diagnostic>| read.map(|reply| reply.status);
    match answer(listed) {
        Ok(200) => {}
        Err(error) => return Err(error),
        Ok(status) => {
            let message = format!(
                "Microsoft Graph does not list applications with their federated credentials: it answered {status}"
            );
            let help = "`trustform doctor` shows what else this tenant's Microsoft Graph lacks";
            return Err(Diagnostic::error("unreadable", message).help(help));
        }
    }
    match answer(principals) {
        Ok(200) => {}
        other => {
            tenant.principals.clear();
            let needs = [
                Need::Principals,
                Need::Grants,
                Need::Identities,
                Need::Azure,
                Need::Directory,
                Need::CustomRoles,
                Need::Groups,
                Need::PrincipalOwners,
            ];
            unread(&mut tenant, &needs, other);
        }
    }
    match answer(owned) {
        Ok(200) => {
            for application in &mut tenant.applications {
                application.owners = owners.remove(&application.id);
            }
        }
        other => unread(&mut tenant, &[Need::Owners], other),
    }
    owners::complete(reader, &mut tenant).await;
    if tenant.applications.iter().any(|it| it.blueprint) {
        let path = "/applications/microsoft.graph.agentIdentityBlueprint?$top=999&$select=id&$expand=sponsors($select=id)";
        let mut found = sponsors(reader, path, &mut tenant).await;
        for blueprint in tenant.applications.iter_mut().filter(|it| it.blueprint) {
            blueprint.sponsors = found.remove(&blueprint.id);
        }
    }
    if tenant.principals.iter().any(|it| it.kind == AGENT) {
        let path = "/servicePrincipals/microsoft.graph.agentIdentity?$top=999&$select=id&$expand=sponsors($select=id)";
        let mut found = sponsors(reader, path, &mut tenant).await;
        for agent in tenant.principals.iter_mut().filter(|it| it.kind == AGENT) {
            agent.sponsors = found.remove(&agent.id);
        }
    }
    if !tenant.unread.contains_key(Need::Grants.word()) {
        grants(reader, &mut tenant).await;
    }
    azure::identities(reader, &mut tenant).await;
    roles(reader, &mut tenant).await;
    activity::take(&mut tenant, signed, used);
    if network {
        let published = issuers(&tenant, loopback).await;
        // A machine without DNS must not call every issuer dangling.
        let doubtful = published.values().any(|it| it.unresolved);
        let control = discovery::url(GITHUB);
        if doubtful
            && page(&control, false)
                .await
                .is_err_and(|why| why.contains(UNRESOLVED))
        {
            let why = "names of issuers cannot be resolved from this machine".to_owned();
            tenant.unread.insert(Need::Issuers.word().to_owned(), why);
        } else {
            tenant.published = published;
        }
    } else {
        let why = "issuers were not asked: the network was not used".to_owned();
        tenant.unread.insert(Need::Issuers.word().to_owned(), why);
    }
    Ok(tenant)
}

/// Service principals with their owners; without them where the list does not take that.
async fn principals(reader: &Reader, mut each: impl FnMut(Vec<Json>)) -> Result<Reply, Diagnostic> {
    let plain = format!("/servicePrincipals?$top=999&$select={PRINCIPAL_SELECT}");
    let owned = list(Service::Graph, format!("{plain}&$expand=owners"));
    match reader.pages(&owned, &mut each).await {
        Ok(reply) if reply.status == 400 => reader.pages(&list(Service::Graph, plain), each).await,
        other => other,
    }
}

fn list(service: Service, path: String) -> Request {
    Request::get(service, path)
}

/// Counts what the lists hand over.
struct Meter<'a> {
    done: Cell<usize>,
    total: Cell<Option<usize>>,
    progress: RefCell<Progress<'a>>,
}

impl Meter<'_> {
    fn read(&self, objects: usize) {
        self.done.set(self.done.get() + objects);
        (self.progress.borrow_mut())(self.done.get(), self.total.get());
    }
}

/// How many objects there are, for the progress only: applications are listed twice.
async fn count(reader: &Reader, meter: &Meter<'_>) {
    // Microsoft Graph, "Advanced query capabilities": `$count` wants the header.
    let count = |path: &str| Request {
        headers: vec![("ConsistencyLevel".to_owned(), "eventual".to_owned())],
        ..list(Service::Graph, path.to_owned())
    };
    let wanted = [
        count("/applications/$count"),
        count("/servicePrincipals/$count"),
    ];
    let counts = reader.read(&wanted).await.into_iter();
    let counts: Vec<u64> = counts
        .filter_map(|answer| answer.ok()?.body.as_u64())
        .collect();
    if let [applications, principals] = counts[..] {
        let total = applications.saturating_mul(2).saturating_add(principals);
        meter.total.set(usize::try_from(total).ok());
    }
}

/// Remembers that something could not be read, and why.
pub fn unread(tenant: &mut Tenant, needs: &[Need], answer: Result<u16, Diagnostic>) {
    let why = match answer {
        Err(error) => told(error),
        Ok(status) => format!("Microsoft Graph answered {status}"),
    };
    for need in needs {
        tenant.unread.insert(need.word().to_owned(), why.clone());
    }
}

/// A refusal in one sentence, with what to do.
pub fn told(error: Diagnostic) -> String {
    let message = error.message.trim_end_matches('.');
    match error.help.as_slice() {
        [] => error.message,
        helps => format!("{message}; {}", helps.join("; ")),
    }
}

fn owners_of(json: &Json) -> Option<(String, Vec<Owner>)> {
    Some((json["id"].as_str()?.to_owned(), snapshot::owners(json)?))
}

/// What service principals hold in Azure and in the directory, themselves and through groups.
async fn roles(reader: &Reader, tenant: &mut Tenant) {
    if tenant.unread.contains_key(Need::Principals.word()) {
        return;
    }
    let (mut assigned, names) = directory::roles(reader, tenant).await;
    assigned.append(&mut azure::roles(reader, tenant).await);
    let groups = groups::holding(reader, &assigned, &names, tenant).await;
    audit::roles::give(tenant, assigned, &groups);
}

/// Who sponsors each object of a list; every service that has such objects lists them in beta.
async fn sponsors(
    reader: &Reader,
    path: &str,
    tenant: &mut Tenant,
) -> BTreeMap<String, Vec<String>> {
    let request = list(Service::GraphBeta, path.to_owned());
    let mut sponsored: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let ids = |json: &Json| -> Option<(String, Vec<String>)> {
        let sponsors = json["sponsors"].as_array()?.iter();
        let sponsors = sponsors.filter_map(|it| it["id"].as_str().map(str::to_owned));
        Some((json["id"].as_str()?.to_owned(), sponsors.collect()))
    };
    let read = reader
        .pages(&request, |page| {
            sponsored.extend(page.iter().filter_map(ids))
        })
        .await;
    match read.map(|reply| reply.status) {
        Ok(200) => sponsored,
        other => {
            unread(tenant, &[Need::Sponsors], other);
            BTreeMap::new()
        }
    }
}

/// Application permissions, by the API that gives them: one list for each API that anyone asks for.
async fn grants(reader: &Reader, tenant: &mut Tenant) {
    let asked: BTreeSet<&str> = tenant
        .applications
        .iter()
        .flat_map(|it| it.requested.iter().map(|wanted| wanted.api.as_str()))
        .chain(api::WELL_KNOWN.iter().map(|api| api.app_id))
        .collect();
    let apis: Vec<(String, String)> = tenant
        .principals
        .iter()
        .filter(|it| asked.contains(it.app_id.as_str()))
        .map(|it| (it.app_id.clone(), it.id.clone()))
        .collect();
    // Those that everybody uses are long lists; the many others fit in a page each, twenty to a batch.
    let (long, short): (Vec<_>, Vec<_>) = apis
        .into_iter()
        .partition(|(app_id, _)| api::WELL_KNOWN.iter().any(|known| known.app_id == app_id));
    let mut held: BTreeMap<String, Vec<Granted>> = BTreeMap::new();
    let mut take = |app_id: &str, page: &[Json]| {
        for (principal, role) in page.iter().map(|json| snapshot::role(json, app_id)) {
            held.entry(principal).or_default().push(role);
        }
    };
    for (app_id, id) in &long {
        let path = format!("/servicePrincipals/{id}/appRoleAssignedTo?$top=999");
        let request = list(Service::Graph, path);
        let read = reader.pages(&request, |page| take(app_id, &page));
        match read.await.map(|reply| reply.status) {
            Ok(200) => {}
            other => return unread(tenant, &[Need::Grants], other),
        }
    }
    let requests: Vec<Request> = short
        .iter()
        .map(|(_, id)| {
            let path = format!("/servicePrincipals/{id}/appRoleAssignedTo");
            list(Service::Graph, path)
        })
        .collect();
    for ((app_id, _), answer) in short.iter().zip(reader.read(&requests).await) {
        match answer {
            Ok(reply) if reply.status == 200 => {
                let page = reply.body["value"].as_array();
                take(app_id, page.map_or(&[], Vec::as_slice));
            }
            other => {
                let other = other.map(|reply| reply.status);
                return unread(tenant, &[Need::Grants], other);
            }
        }
    }
    for principal in &mut tenant.principals {
        principal.roles = held.remove(&principal.id).unwrap_or_default();
    }
}

/// What the issuers of all trusts serve.
async fn issuers(tenant: &Tenant, loopback: bool) -> BTreeMap<String, Published> {
    let issuers: BTreeSet<&String> = tenant
        .applications
        .iter()
        .map(|it| &it.credentials)
        .chain(tenant.identities.iter().map(|it| &it.credentials))
        .flatten()
        .map(|credential| &credential.issuer)
        .collect();
    stream::iter(issuers)
        .map(|issuer| async move { (issuer.clone(), published(issuer, loopback).await) })
        .buffer_unordered(ISSUERS_AT_ONCE)
        .collect()
        .await
}

async fn published(issuer: &str, loopback: bool) -> Published {
    let mut published = Published::default();
    let document = match page(&discovery::url(issuer), loopback).await {
        Ok(document) => document,
        Err(why) => {
            published.unresolved = why.contains(UNRESOLVED);
            published.failure = Some(why);
            return published;
        }
    };
    match Discovery::parse(document.as_bytes()) {
        Ok(parsed) => match page(&parsed.jwks_uri, loopback).await {
            Ok(keys) => published.jwks = Some(keys),
            Err(why) => published.failure = Some(why),
        },
        Err(error) => published.failure = Some(error.message),
    }
    published.discovery = Some(document);
    published
}

async fn page(url: &str, loopback: bool) -> Result<String, String> {
    let page = web::get(url, loopback)
        .await
        .map_err(|error| error.message)?;
    if page.status != 200 {
        return Err(format!("`{url}` answered {}", page.status));
    }
    String::from_utf8(page.body).map_err(|_| format!("`{url}` is not text"))
}
