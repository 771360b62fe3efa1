//! `app_role_assignment`: an application permission that an administrator granted. It comes with
//! `admin_consent = true` in a `permissions` block.
//!
//! Source: Microsoft Graph, "Grant an appRoleAssignment for a service principal" (the resource's side).

pub mod emulator;
pub mod rules;

use super::api::{self, Class};
use super::codec::key;
use super::{
    Claim, Kind, Scene, Task, agent_identity_blueprint, application, service_principal, step,
};
use crate::model::address::{Address, InstanceKey, Segment};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::{Action, Permission};
use crate::model::schema::{Compare, Field, Shape};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

pub const KIND: &str = "app_role_assignment";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "An application permission that was granted. Written as `permissions \"api\" { application = […] admin_consent = true }` of an application.",
    parents: &[application::KIND, agent_identity_blueprint::KIND],
    implied: true,
    fields: &[
        Field::string("api", "The application id of the API.")
            .computed()
            .compare(Compare::Never),
        Field::string("role", "The permission's name or id.")
            .computed()
            .compare(Compare::Never),
        Field::string(
            "own_api",
            "The address of the API, where it is an application of the stack.",
        )
        .computed()
        .compare(Compare::Never),
        Field::string("role_id", "The permission's id.")
            .computed()
            .compare(Compare::Never),
        Field::string(
            "resource_id",
            "The object id of the API's service principal.",
        )
        .computed()
        .compare(Compare::Never),
    ],
    groups: &[],
    outputs: &[],
};

pub struct AppRoleAssignment;

impl Kind for AppRoleAssignment {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn rules(&self) -> &'static [&'static super::rule::Rule] {
        rules::ALL
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
            live.insert(Object {
                parent: Some(principal.clone()),
                body: Map::from([
                    (
                        "resource_id".to_owned(),
                        Value::text(text("resourceId").to_ascii_lowercase()),
                    ),
                    (
                        "role_id".to_owned(),
                        Value::text(text("appRoleId").to_ascii_lowercase()),
                    ),
                ]),
                ..Object::new(Key::new(KIND, text("id")), text("resourceDisplayName"))
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
        let (api, role) = wanted(resource, live)?;
        live.children(&principal.key, KIND).find(|grant| {
            grant.body["resource_id"].as_str() == Some(&api.key.id)
                && grant.body["role_id"].as_str() == Some(&role)
        })
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        // A role that does not exist is reported once, by the application that asks for it.
        if let Some(own) = own(resource)
            && let Ok(id) = application::own_permission(
                &own,
                Class::Application,
                resource.text("role").unwrap_or_default(),
                scene,
            )
        {
            let principal = application::own_principal(&own, scene);
            resource.body.insert("resource_id".into(), principal);
            resource.body.insert("role_id".into(), id.into());
            return Vec::new();
        }
        if let Some((api, role)) = wanted(resource, scene.live) {
            resource
                .body
                .insert("resource_id".into(), Value::text(api.key.id.as_str()));
            resource.body.insert("role_id".into(), role.into());
        }
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
            (Action::Delete, Some(object), _) => delete(task, object).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// The API, where it is an application of this stack.
fn own(resource: &Resource) -> Option<Address> {
    resource.text(application::OWN_API)?.parse().ok()
}

fn list(principal: &str) -> Read {
    Read {
        kind: KIND,
        purpose: "list",
        request: Request::get(
            Service::Graph,
            format!("/servicePrincipals/{principal}/appRoleAssignments"),
        ),
        about: principal.to_owned(),
    }
}

/// The API's service principal and the role's id.
fn wanted<'a>(resource: &Resource, live: &'a Live) -> Option<(&'a Object, String)> {
    let app_id = resource.text("api")?;
    let api = live.find(service_principal::KIND, &key("appId", app_id))?;
    let role =
        service_principal::permission(live, app_id, Class::Application, resource.text("role")?)
            .ok()?;
    Some((api, role))
}

/// `Microsoft Graph Application.Read.All`.
pub fn describe(grant: &Object, live: &Live) -> String {
    permission(grant, live).to_string()
}

/// What a grant allows.
pub fn permission(grant: &Object, live: &Live) -> Permission {
    let text = |name: &str| {
        grant
            .body
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let api = live.find(
        service_principal::KIND,
        &format!("id={}", text("resource_id")),
    );
    let app_id = api.map(|api| {
        api.alternates[0]
            .trim_start_matches("appId='")
            .trim_end_matches('\'')
    });
    // Without the API's own object, Microsoft Graph is known by the name that the grant carries.
    let app_id = app_id.unwrap_or(if grant.name == "Microsoft Graph" {
        api::MICROSOFT_GRAPH
    } else {
        ""
    });
    let name =
        service_principal::permission_name(live, app_id, Class::Application, text("role_id"));
    Permission {
        tier: api::tier(app_id, &name),
        api: grant.name.clone(),
        name,
        delegated: false,
    }
}

/// What a declared grant will allow; names are looked up in `live`, as far as it knows them.
pub fn declared_permission(resource: &Resource, live: &Live) -> Permission {
    let text = |name| resource.text(name).unwrap_or_default();
    let (api, role) = (text("api"), text("role"));
    let name = service_principal::permission_name(live, api, Class::Application, role);
    Permission {
        tier: api::tier(api, &name),
        api: match (api, resource.text(application::OWN_API)) {
            ("", Some(own)) => own.to_owned(),
            _ => service_principal::api_name(live, api),
        },
        name,
        delegated: false,
    }
}

fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let principal = service_principal::principal(task)?;
    let api = resource.at("resource_id")?.clone();
    let role = resource.at("role_id")?.clone();
    let Value::Text(api_id) = &api else {
        return None;
    };
    let mut path = vec![Part::Literal("/servicePrincipals/".into())];
    path.extend(api_id.iter().cloned());
    path.push(Part::Literal("/appRoleAssignedTo".into()));
    let body = Value::map([
        ("principalId", principal.clone()),
        ("resourceId", api),
        ("appRoleId", role),
    ]);
    let Value::Text(mut read) = principal else {
        return None;
    };
    read.insert(0, Part::Literal("/servicePrincipals/".into()));
    read.push(Part::Literal("/appRoleAssignments".into()));
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Graph, "").with_path(read),
            expect: Expect::Member(body.clone()),
        }),
        done_if: vec![
            Pattern::new(400, "already exists on the object"),
            Pattern::new(409, "already exists"),
        ],
        retry_if: vec![
            Pattern::new(404, ""),
            Pattern::new(400, "Not a valid reference update"),
        ],
        ..step(
            task,
            Phase::Grant,
            Request::new(Service::Graph, Method::Post, "")
                .with_path(path)
                .body(body),
        )
    })
}

fn delete(task: &Task, object: &Object) -> Option<Step> {
    let principal = &object.parent.as_ref()?.id;
    let path = format!(
        "/servicePrincipals/{principal}/appRoleAssignments/{}",
        object.key.id
    );
    Some(Step {
        check: Some(Check {
            read: Request::get(
                Service::Graph,
                format!("/servicePrincipals/{principal}/appRoleAssignments"),
            ),
            expect: Expect::NoMember(Value::map([("id", Value::text(object.key.id.as_str()))])),
        }),
        done_if: vec![Pattern::new(404, "")],
        ..step(
            task,
            Phase::Revoke,
            Request::new(Service::Graph, Method::Delete, path),
        )
    })
}
