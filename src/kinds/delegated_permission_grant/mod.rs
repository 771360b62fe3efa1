//! `delegated_permission_grant`: delegated permissions that an administrator granted for all users. It comes with
//! `admin_consent = true` in a `permissions` block.
//!
//! Source: Microsoft Graph, "Create oAuth2PermissionGrant": one grant per client, API and consent type; its
//! `scope` is one text with spaces.

pub mod emulator;

use std::collections::BTreeSet;

use super::api::Class;
use super::codec::key;
use super::{
    Claim, Kind, Scene, Task, agent_identity_blueprint, application, service_principal, step,
};
use crate::model::address::{InstanceKey, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::{Action, Permission};
use crate::model::schema::{Compare, Field, Shape};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

pub const KIND: &str = "delegated_permission_grant";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "Delegated permissions that were granted for all users. Written as `permissions \"api\" { delegated = […] admin_consent = true }` of an application.",
    parents: &[application::KIND, agent_identity_blueprint::KIND],
    implied: true,
    fields: &[
        Field::string(
            "own_api",
            "The address of the API, where it is an application of the stack.",
        )
        .computed()
        .compare(Compare::Never),
        Field::string("api", "The application id of the API.")
            .computed()
            .compare(Compare::Never),
        Field::string(
            "resource_id",
            "The object id of the API's service principal.",
        )
        .computed()
        .compare(Compare::Never),
        Field::strings("scopes", "The scopes that are granted, by name.").computed(),
    ],
    groups: &[],
    outputs: &[],
};

pub struct DelegatedPermissionGrant;

impl Kind for DelegatedPermissionGrant {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        service_principal::wants_grants(desired, live)
            .map(|principal| list(&principal.key.id))
            .collect()
    }

    fn confirm(&self, object: &Object) -> Vec<Read> {
        if object.key.kind == service_principal::KIND {
            vec![list(&object.key.id)]
        } else {
            Vec::new()
        }
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        let principal = Key::new(service_principal::KIND, &read.about);
        if reply.status != 200 {
            return;
        }
        live.remove_children(&principal, KIND);
        for json in reply.body["value"].as_array().into_iter().flatten() {
            let text = |name: &str| json[name].as_str().unwrap_or_default();
            // What single users consented to is theirs.
            if text("consentType") != "AllPrincipals" {
                continue;
            }
            live.insert(Object {
                parent: Some(principal.clone()),
                body: Map::from([
                    (
                        "resource_id".to_owned(),
                        Value::text(text("resourceId").to_ascii_lowercase()),
                    ),
                    // A leading space does occur.
                    (
                        "scopes".to_owned(),
                        Value::texts(text("scope").split_whitespace()),
                    ),
                ]),
                ..Object::new(Key::new(KIND, text("id")), text("scope").trim())
            });
        }
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        let principal = service_principal::of_application(parent?, live)?;
        let api = live.find(
            service_principal::KIND,
            &key("appId", resource.text("api")?),
        )?;
        live.children(&principal.key, KIND)
            .find(|grant| grant.body["resource_id"].as_str() == Some(&api.key.id))
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        let own = resource.text(application::OWN_API);
        if let Some(own) = own.and_then(|own| own.parse().ok()) {
            let principal = application::own_principal(&own, scene);
            resource.body.insert("resource_id".into(), principal);
        }
        let Some(app_id) = resource.text("api").map(str::to_owned) else {
            return Vec::new();
        };
        if let Some(api) = scene
            .live
            .find(service_principal::KIND, &key("appId", &app_id))
        {
            resource
                .body
                .insert("resource_id".into(), Value::text(api.key.id.as_str()));
        }
        // The wire has names; a scope may be declared by its id.
        let names = scopes(&resource.body).map(|scope| {
            service_principal::permission_name(scene.live, &app_id, Class::Delegated, scope)
        });
        let names = Value::texts(names);
        resource.body.insert("scopes".into(), names);
        Vec::new()
    }

    fn claim(&self, object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
        service_principal::claim_grant(object, owner, scene, || describe(object, scene.live))
    }

    fn segment(&self, object: &Object, scene: &Scene) -> Segment {
        Segment::new(KIND, "").keyed(InstanceKey::Name(describe(object, scene.live)))
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        match (task.action, task.object, task.resource) {
            (Action::Create, _, Some(resource)) => create(task, resource).into_iter().collect(),
            (Action::Update, Some(object), Some(resource)) => update(task, object, resource),
            (Action::Delete, Some(object), _) => vec![delete(task, object)],
            _ => Vec::new(),
        }
    }
}

fn list(principal: &str) -> Read {
    Read {
        kind: KIND,
        purpose: "list",
        request: Request::get(
            Service::Graph,
            format!("/servicePrincipals/{principal}/oauth2PermissionGrants"),
        ),
        about: principal.to_owned(),
    }
}

/// `Microsoft Graph User.Read openid (delegated)`.
pub fn describe(grant: &Object, live: &Live) -> String {
    format!("{} {} (delegated)", api_name(grant, live), grant.name)
}

/// The name of the API that a grant is for.
pub fn api_name(grant: &Object, live: &Live) -> String {
    let resource = grant
        .body
        .get("resource_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let api = live.find(service_principal::KIND, &format!("id={resource}"));
    api.map_or_else(|| resource.to_owned(), |api| api.name.clone())
}

/// The scopes of a grant, declared or there.
fn scopes(body: &Map) -> impl Iterator<Item = &str> {
    let scopes = body.get("scopes");
    scopes
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str)
}

/// What a grant allows, scope by scope.
pub fn permissions(grant: &Object, live: &Live) -> Vec<Permission> {
    let api = api_name(grant, live);
    scopes(&grant.body)
        .map(|scope| delegated(&api, scope))
        .collect()
}

/// What a declared grant will allow.
pub fn declared_permissions(resource: &Resource, live: &Live) -> Vec<Permission> {
    let app_id = resource.text("api").unwrap_or_default();
    let api = match (app_id, resource.text(application::OWN_API)) {
        ("", Some(own)) => own.to_owned(),
        _ => service_principal::api_name(live, app_id),
    };
    scopes(&resource.body)
        .map(|scope| {
            let name = service_principal::permission_name(live, app_id, Class::Delegated, scope);
            delegated(&api, &name)
        })
        .collect()
}

fn delegated(api: &str, scope: &str) -> Permission {
    Permission {
        api: api.to_owned(),
        name: scope.to_owned(),
        delegated: true,
        tier: None,
    }
}

/// Graph stores the scopes as one text; sorted, so that a plan is the same every time.
fn scope(resource: &Resource) -> Value {
    let scopes: Vec<&str> = scopes(&resource.body).collect();
    scopes.join(" ").into()
}

fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let principal = service_principal::principal(task)?;
    let body = Value::map([
        ("clientId", principal.clone()),
        ("consentType", "AllPrincipals".into()),
        ("resourceId", resource.at("resource_id")?.clone()),
        ("scope", scope(resource)),
    ]);
    let Value::Text(mut read) = principal else {
        return None;
    };
    read.insert(0, Part::Literal("/servicePrincipals/".into()));
    read.push(Part::Literal("/oauth2PermissionGrants".into()));
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Graph, "").with_path(read),
            expect: Expect::Member(body.clone()),
        }),
        done_if: vec![Pattern::replayed(409, "Permission entry already exists")],
        retry_if: vec![
            Pattern::new(404, ""),
            Pattern::new(400, "queried reference-property objects are not present"),
        ],
        ..step(
            task,
            Phase::Grant,
            Request::new(Service::Graph, Method::Post, "/oauth2PermissionGrants").body(body),
        )
    })
}

/// Scopes that go are taken away before anything is created, scopes that come are given last: a change that
/// does both is two requests.
fn update(task: &Task, object: &Object, resource: &Resource) -> Vec<Step> {
    let owned = |body| {
        scopes(body)
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (before, after) = (owned(&object.body), owned(&resource.body));
    let kept: BTreeSet<String> = before.intersection(&after).cloned().collect();
    let path = format!("/oauth2PermissionGrants/{}", object.key.id);
    let patch = |phase, scopes: &BTreeSet<String>| {
        let scope: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let body = Value::map([("scope", scope.join(" ").into())]);
        Step {
            check: Some(Check {
                read: Request::get(Service::Graph, path.clone()),
                expect: Expect::Present(body.clone()),
            }),
            ..step(
                task,
                phase,
                Request::new(Service::Graph, Method::Patch, path.clone()).body(body),
            )
        }
    };
    let mut steps = Vec::new();
    if kept.len() < before.len() && !kept.is_empty() {
        steps.push(patch(Phase::Revoke, &kept));
    }
    if kept.len() < after.len() {
        steps.push(patch(Phase::Grant, &after));
    }
    // The narrower text is not what is there in the end: only the last write is verified.
    if let [narrowed, _] = steps.as_mut_slice() {
        narrowed.check = None;
    }
    steps
}

fn delete(task: &Task, object: &Object) -> Step {
    let path = format!("/oauth2PermissionGrants/{}", object.key.id);
    Step {
        check: Some(Check {
            read: Request::get(Service::Graph, path.clone()),
            expect: Expect::Absent,
        }),
        done_if: vec![Pattern::new(404, "")],
        ..step(
            task,
            Phase::Revoke,
            Request::new(Service::Graph, Method::Delete, path),
        )
    }
}
