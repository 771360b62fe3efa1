//! The agent identities of a blueprint: others make them, with the blueprint's own tokens, and whoever may act as the
//! blueprint may act as each of them. They are looked at, never changed.
//!
//! Source: Microsoft Graph, "List agentIdentity objects", "agentIdentity resource type".

use super::KIND;
use crate::kinds::application::{self, Application};
use crate::kinds::codec::quoted;
use crate::kinds::{Kind, Scene};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::step::{Reply, Request, Service};
use crate::model::value::Map;

pub const PURPOSE: &str = "agents";

/// What one is remembered as; a kind that nobody declares.
const AGENT: &str = "agent_identity";

/// The blueprint's output that lists them.
pub const OUTPUT: &str = "agent_identities";

/// Names that a note says at most.
const NAMES: usize = 10;

/// Those of each declared blueprint that was found.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let found = desired
        .of_kind(KIND)
        .filter_map(|resource| Application.find(resource, None, live))
        .filter(|object| !object.deleted);
    found
        .filter_map(|object| object.outputs.get("client_id"))
        .map(|client_id| Read {
            kind: KIND,
            purpose: PURPOSE,
            request: Request::get(
                Service::GraphBeta,
                format!(
                    "/servicePrincipals/microsoft.graph.agentIdentity?$filter=agentIdentityBlueprintId eq '{}'&$select=id,displayName",
                    quoted(client_id)
                ),
            ),
            about: client_id.clone(),
        })
        .collect()
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    let client_id = crate::kinds::codec::key("appId", &read.about);
    let Some(blueprint) = application::find(live, &client_id).map(|found| found.key.clone()) else {
        return;
    };
    live.remove_children(&blueprint, AGENT);
    for json in reply.body["value"].as_array().into_iter().flatten() {
        let text = |name: &str| json[name].as_str().unwrap_or_default();
        live.insert(Object {
            key: Key::new(AGENT, text("id")),
            parent: Some(blueprint.clone()),
            name: text("displayName").to_owned(),
            body: Map::new(),
            outputs: Default::default(),
            alternates: Vec::new(),
            etag: None,
            deleted: false,
            confirmed: true,
        });
    }
}

/// Says in each blueprint's outputs who its agents are: a later read of the blueprint knows nothing of them.
pub fn tell(live: &mut Live) {
    let all: Vec<Object> = live.of_kind(KIND).cloned().collect();
    for mut blueprint in all {
        let ids = live.children(&blueprint.key, AGENT);
        let ids: Vec<&str> = ids.map(|agent| agent.key.id.as_str()).collect();
        blueprint.outputs.insert(OUTPUT.to_owned(), ids.join(","));
        live.insert(blueprint);
    }
}

/// Who acts through a blueprint.
pub fn note(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let blueprint = scene.object.filter(|object| !object.deleted)?;
    let mut names: Vec<&str> = scene
        .live
        .children(&blueprint.key, AGENT)
        .map(|agent| agent.name.as_str())
        .collect();
    names.sort_unstable();
    let count = names.len();
    let (agents, act) = match count {
        0 => return None,
        1 => ("1 agent identity".to_owned(), "acts"),
        many => (format!("{many} agent identities"), "act"),
    };
    let shown = names[..count.min(NAMES)].join("`, `");
    let more = match count.checked_sub(NAMES) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    let note = Diagnostic::note(
        "agent-identities",
        format!("{agents} {act} through it: `{shown}`{more}"),
    );
    Some(note.about(&resource.address).help(match scene.destroy {
        true => "they stay in the directory, and nothing can log in as them any more",
        false => "whoever may act as the blueprint may act as each of them",
    }))
}
