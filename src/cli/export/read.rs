//! Reads what was chosen: which applications and identities, what is in them, and what the APIs publish that they ask
//! something of.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use super::{Args, Principal};
use crate::cli::Failure;
use crate::cli::connect::Connection;
use crate::kinds::{api, application, managed_identity, role_assignment};
use crate::model::address::{Address, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::source::{Sources, Span};
use crate::model::step::{Request, Service};
use crate::model::value::{Map, Value};
use crate::observe;

/// What was chosen.
#[derive(Default)]
struct Chosen {
    /// Kinds of applications by client id.
    applications: BTreeMap<String, &'static str>,
    /// Resource ids of managed identities, by themselves in lower case.
    identities: BTreeMap<String, String>,
    /// Of which this tenant has only the service principal.
    principals: Vec<Principal>,
}

/// Reads everything; what was chosen stands in `desired`, to be compared with what was found.
pub async fn read(
    connection: &Connection,
    args: &Args,
    desired: &mut Desired,
) -> Result<(Live, Vec<Principal>), Failure> {
    connection.check_tenant(&args.tenant_id).await?;
    let chosen = chosen(connection, args).await?;
    let mut add = |address: Address, body: Map| {
        let resource = Resource {
            address: address.clone(),
            body,
            origin: Span::default(),
            spans: Default::default(),
            protect: false,
        };
        desired.resources.insert(address, resource);
    };
    let scope = |subscription: &str| {
        let scope = format!("/subscriptions/{subscription}");
        Map::from([("scope".to_owned(), Value::text(scope))])
    };
    for (client_id, kind) in &chosen.applications {
        let adopt = Value::map([("client_id", client_id.as_str().into())]);
        let root = Address::root(*kind, client_id.as_str());
        // Whose roles are looked for, and where.
        for subscription in &args.subscriptions {
            let at = Segment::new(role_assignment::KIND, subscription.as_str());
            add(root.child(at), scope(subscription));
        }
        add(root, Map::from([("adopt".to_owned(), adopt)]));
    }
    for id in chosen.identities.values() {
        let root = Address::root(managed_identity::KIND, id.to_ascii_lowercase());
        let own = managed_identity::parts(id).map(|[subscription, ..]| subscription.to_owned());
        for subscription in own.iter().chain(&args.subscriptions) {
            let at = Segment::new(role_assignment::KIND, subscription.as_str());
            add(root.child(at), scope(subscription));
        }
        let body = ["existing", "id"].map(|name| (name.to_owned(), Value::text(id.as_str())));
        add(root, body.into());
    }
    let all = |said: Vec<Diagnostic>| Failure::new(said, &Sources::default());
    let live = observe::observe(desired, &connection.reader)
        .await
        .map_err(all)?;
    for resource in desired.resources.values_mut() {
        if resource.kind() == managed_identity::KIND
            && managed_identity::found(resource, &live).is_none()
        {
            let id = resource.text("id").unwrap_or_default();
            return Err(missing(&format!("there is no managed identity `{id}`")));
        }
        let Some(form) = application::Form::of(resource.kind()) else {
            continue;
        };
        let Some(object) = application::found(resource, &live) else {
            let client_id = &resource.address.last().label;
            return Err(missing(&format!(
                "no application has the client id `{client_id}`"
            )));
        };
        let labels = application::asks(object).into_iter();
        let blocks = labels.map(|label| (label, Value::Map(Map::new())));
        let permissions = Value::map(blocks);
        let people = form.people.iter();
        let people = people.map(|relation| ((*relation).to_owned(), Value::set([])));
        resource.body.insert("permissions".to_owned(), permissions);
        resource.body.extend(people);
    }
    let live = observe::observe(desired, &connection.reader)
        .await
        .map_err(all)?;
    Ok((live, chosen.principals))
}

fn missing(message: &str) -> Failure {
    Diagnostic::error("existing-not-found", message)
        .help("check the id and the tenant")
        .into()
}

async fn chosen(connection: &Connection, args: &Args) -> Result<Chosen, Failure> {
    let mut chosen = Chosen::default();
    let mut unsure = BTreeSet::new();
    for id in &args.ids {
        if managed_identity::parts(id).is_some() {
            chosen
                .identities
                .insert(id.to_ascii_lowercase(), id.clone());
        } else if let Some(group) = managed_identity::group_of(id) {
            chosen.identities.extend(within(connection, &group).await?);
        } else if api::is_guid(id) {
            unsure.insert(id.to_ascii_lowercase());
        } else {
            let wrong = Diagnostic::error("usage", format!("`{id}` is no client id"));
            return Err(wrong
                .help("give a client id, a GUID; or in Azure the id of a managed identity or of a resource group, `/subscriptions/…/resourceGroups/…`")
                .into());
        }
    }
    for id in unsure {
        one(connection, id, &mut chosen).await?;
    }
    let tag = args
        .tag
        .as_ref()
        .map(|tag| format!("tags/any(t:t eq '{}')", tag.replace('\'', "''")));
    for filter in tag.iter().chain(&args.filter) {
        let filter = utf8_percent_encode(filter, NON_ALPHANUMERIC);
        let query = format!("$filter={filter}&$select=id,appId&$count=true&$top=999");
        chosen
            .applications
            .extend(list(connection, &query, |_| true).await?);
    }
    if let Some(owner) = &args.owner {
        let owned = |json: &Json| {
            let owners = json["owners"].as_array().into_iter().flatten();
            owners
                .filter_map(|one| one["id"].as_str())
                .any(|id| id.eq_ignore_ascii_case(owner))
        };
        let query = "$select=id,appId&$expand=owners($select=id)&$top=999";
        chosen
            .applications
            .extend(list(connection, query, owned).await?);
    }
    let Chosen {
        applications,
        identities,
        principals,
    } = &chosen;
    if applications.is_empty() && identities.is_empty() && principals.is_empty() {
        let nothing = Diagnostic::error("nothing-to-export", "no application was found");
        return Err(nothing.help("`trustform audit` shows all of them").into());
    }
    Ok(chosen)
}

/// What a client id stands for: an application of whatever type, a managed identity, or an application elsewhere.
async fn one(connection: &Connection, id: String, chosen: &mut Chosen) -> Result<(), Failure> {
    let by_client = |set: &str, select: &str| {
        let path = format!("/{set}(appId='{id}')?$select={select}");
        Request::get(Service::GraphBeta, path)
    };
    let reads = [
        by_client("applications", "id,appId"),
        by_client(
            "servicePrincipals",
            "id,appId,displayName,servicePrincipalType,alternativeNames",
        ),
    ];
    let mut answers = connection.reader.read(&reads).await.into_iter();
    let mut next = || answers.next().transpose();
    let (application, principal) = (next()?, next()?);
    if let Some(reply) = application.filter(|reply| reply.ok()) {
        let kind = application::Form::said(&reply.body).kind;
        chosen.applications.insert(id, kind);
        return Ok(());
    }
    let Some(reply) = principal.filter(|reply| reply.ok()) else {
        return Err(missing(&format!("no application has the client id `{id}`")));
    };
    let names = reply.body["alternativeNames"].as_array().into_iter();
    let mut names = names.flatten().filter_map(Json::as_str);
    if let Some(identity) = names.find(|name| managed_identity::parts(name).is_some()) {
        chosen
            .identities
            .insert(identity.to_ascii_lowercase(), identity.to_owned());
        return Ok(());
    }
    let text = |name: &str| reply.body[name].as_str().unwrap_or_default().to_owned();
    chosen.principals.push(Principal {
        id: text("id"),
        client_id: id,
        name: text("displayName"),
    });
    Ok(())
}

/// The applications of a list that are wanted, with their kinds.
async fn list(
    connection: &Connection,
    query: &str,
    wanted: impl Fn(&Json) -> bool,
) -> Result<Vec<(String, &'static str)>, Failure> {
    let request = Request::get(Service::GraphBeta, format!("/applications?{query}"))
        .header("ConsistencyLevel", "eventual");
    let mut found = Vec::new();
    for answer in connection.reader.read(&[request]).await {
        let reply = answer?;
        let all = reply.body["value"].as_array().into_iter().flatten();
        found.extend(all.filter(|json| wanted(json)).filter_map(|json| {
            let client_id = json["appId"].as_str()?.to_ascii_lowercase();
            Some((client_id, application::Form::said(json).kind))
        }));
    }
    Ok(found)
}

/// The managed identities of a resource group.
async fn within(connection: &Connection, group: &str) -> Result<Vec<(String, String)>, Failure> {
    let request = Request::get(Service::Arm, managed_identity::list_path(group));
    let mut found = Vec::new();
    for answer in connection.reader.read(&[request]).await {
        let reply = answer?;
        if !reply.ok() {
            return Err(missing(&format!("there is no resource group `{group}`")));
        }
        let all = reply.body["value"].as_array().into_iter().flatten();
        let ids = all.filter_map(|json| json["id"].as_str());
        found.extend(ids.map(|id| (id.to_ascii_lowercase(), id.to_owned())));
    }
    Ok(found)
}
