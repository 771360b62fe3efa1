//! Reads a whole tenant for an audit: lists, page after page, never one object at a time.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde_json::Value as Json;

use crate::audit::snapshot::{self, APPLICATION_SELECT, PRINCIPAL_SELECT};
use crate::cloud::{Reader, web};
use crate::exchange::platform::GITHUB;
use crate::keys::discovery::{self, Discovery};
use crate::kinds::api;
use crate::model::diagnostic::Diagnostic;
use crate::model::rule::Need;
use crate::model::step::{Request, Service};
use crate::model::tenant::{Published, Tenant};

/// Issuers that are asked at once.
const ISSUERS_AT_ONCE: usize = 16;
/// How the web client words that a name does not exist.
const UNRESOLVED: &str = "has no address";

/// Everything that the login may read. What it may not is named in [`Tenant::unread`].
pub async fn tenant(reader: &Reader, network: bool, loopback: bool) -> Result<Tenant, Diagnostic> {
    // Only the beta version lists credentials with expressions without failing half-way: Azure/azure-workload-identity#373.
    let applications = list(
        Service::GraphBeta,
        format!(
            "/applications?$top=999&$select={APPLICATION_SELECT}&$expand=federatedIdentityCredentials"
        ),
    );
    let principals = list(
        Service::Graph,
        format!("/servicePrincipals?$top=999&$select={PRINCIPAL_SELECT}"),
    );
    let owners = list(
        Service::Graph,
        "/applications?$top=999&$select=id&$expand=owners".to_owned(),
    );
    let mut tenant = Tenant {
        format: snapshot::FORMAT.to_owned(),
        ..Tenant::default()
    };
    let mut answers = reader
        .read(&[applications, principals, owners])
        .await
        .into_iter();
    let mut next = || {
        answers
            .next()
            .map(|answer| answer.map(|reply| (reply.status, reply.body)))
    };
    match next() {
        Some(Ok((200, body))) => {
            tenant.applications = each(&body).map(snapshot::application).collect()
        }
        Some(Err(error)) => return Err(error),
        _ => {
            return Err(Diagnostic::error(
                "unreadable",
                "Microsoft Graph does not list applications with their federated credentials",
            )
            .help("grant this login `Application.Read.All`"));
        }
    }
    match next() {
        Some(Ok((200, body))) => tenant.principals = each(&body).map(snapshot::principal).collect(),
        other => unread(&mut tenant, &[Need::Principals, Need::Grants], other),
    }
    match next() {
        Some(Ok((200, body))) => own(&mut tenant, &body),
        other => unread(&mut tenant, &[Need::Owners], other),
    }
    if !tenant.unread.contains_key(Need::Grants.word()) {
        grants(reader, &mut tenant).await;
    }
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

fn list(service: Service, path: String) -> Request {
    Request::get(service, path)
}

fn each(body: &Json) -> impl Iterator<Item = &Json> {
    body["value"].as_array().into_iter().flatten()
}

fn unread(tenant: &mut Tenant, needs: &[Need], answer: Option<Result<(u16, Json), Diagnostic>>) {
    let why = match answer {
        Some(Err(error)) => error.message,
        Some(Ok((status, _))) => format!("Microsoft Graph answered {status}"),
        None => "it was not answered".to_owned(),
    };
    for need in needs {
        tenant.unread.insert(need.word().to_owned(), why.clone());
    }
}

fn own(tenant: &mut Tenant, body: &Json) {
    let mut owners: BTreeMap<&str, Vec<_>> = each(body)
        .filter_map(|json| {
            let owners = json["owners"].as_array()?;
            Some((
                json["id"].as_str()?,
                owners.iter().map(snapshot::owner).collect(),
            ))
        })
        .collect();
    for application in &mut tenant.applications {
        application.owners = owners.remove(application.id.as_str());
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
    let requests: Vec<Request> = apis
        .iter()
        .map(|(_, id)| {
            let path = format!("/servicePrincipals/{id}/appRoleAssignedTo?$top=999");
            list(Service::Graph, path)
        })
        .collect();
    let mut held: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for ((app_id, _), answer) in apis.iter().zip(reader.read(&requests).await) {
        match answer {
            Ok(reply) if reply.status == 200 => {
                for (principal, role) in each(&reply.body).map(|json| snapshot::role(json, app_id))
                {
                    held.entry(principal).or_default().push(role);
                }
            }
            other => {
                let answer = other.map(|reply| (reply.status, reply.body));
                unread(tenant, &[Need::Grants], Some(answer));
                return;
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
        .flat_map(|it| it.credentials.iter().map(|credential| &credential.issuer))
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
