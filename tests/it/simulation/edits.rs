//! What others do between two applies, and what of the tenant is theirs from then on.

use std::collections::BTreeSet;

use serde_json::json;
use trustform::emulator::store::text;

use super::Stage;
use super::deeds::DEEDS;
use super::history::Edit;
use super::state::State;

/// The ids of credentials and of what principals hold.
pub fn theirs(state: &State) -> BTreeSet<String> {
    let held = state.held().into_keys().map(str::to_owned);
    state.credentials.keys().cloned().chain(held).collect()
}

impl Stage {
    /// Somebody else's hand.
    pub(super) fn edit(&mut self, edit: Edit) {
        self.edited = Some(self.world.now);
        let old = self.state.clone();
        let ours = old.named("sim.a").map(|one| one.id.clone());
        let credential = self.state.credentials.iter().find(|(id, row)| {
            Some(text(row, "~parent")) == ours.as_deref() && !self.foreign.credentials.contains(*id)
        });
        let credential = credential.map(|(id, _)| id.clone());
        let count = self.state.credentials.len();
        let before: BTreeSet<String> = self.state.applications.keys().cloned().collect();
        let known = theirs(&self.state);
        let none = serde_json::Value::Null;
        let world = &mut self.world;
        match (edit, ours) {
            (Edit::Lookalike, _) => {
                world.edit(
                    "POST",
                    "/v1.0/applications",
                    &json!({"displayName": "sim a 0"}),
                );
            }
            (Edit::Squat, _) => {
                world.edit(
                    "POST",
                    "/v1.0/applications",
                    &json!({"displayName": "theirs", "uniqueName": "sim.b"}),
                );
            }
            (Edit::Further(at), _) => {
                let deed = &DEEDS[at];
                let foreign = &self.foreign;
                let is_theirs = |id: &str| {
                    foreign.applications.contains(id) || foreign.credentials.contains(id)
                };
                if let Some((path, body)) = deed.request(&world.store, &world.routes, &is_theirs) {
                    world.edit_at(deed.service, deed.method, &path, &body);
                }
            }
            (_, None) => {}
            (Edit::PlantCredential, Some(id)) => {
                let body = json!({
                    "name": format!("planted-{count}"), "issuer": "https://evil.example",
                    "subject": format!("planted-{count}"), "audiences": ["api://AzureADTokenExchange"],
                });
                world.edit(
                    "POST",
                    &format!("/beta/applications/{id}/federatedIdentityCredentials"),
                    &body,
                );
            }
            (Edit::DropCredential, Some(id)) => {
                if let Some(credential) = credential {
                    let path = format!(
                        "/beta/applications/{id}/federatedIdentityCredentials/{credential}"
                    );
                    world.edit("DELETE", &path, &none);
                }
            }
            (Edit::Rename, Some(id)) => {
                let body = json!({"displayName": "renamed", "notes": "call 555"});
                world.edit("PATCH", &format!("/v1.0/applications/{id}"), &body);
            }
            (Edit::Tag, Some(id)) => {
                let path = format!("/v1.0/applications/{id}");
                let mut tags = old.applications[&id].tags();
                tags.insert("theirs");
                world.edit("PATCH", &path, &json!({"tags": tags}));
            }
            (Edit::Delete, Some(id)) => {
                world.edit("DELETE", &format!("/v1.0/applications/{id}"), &none);
            }
        }
        self.state = State::of(&mut self.world);
        self.changed_copies(&old);
        let state = &self.state;
        self.foreign.applications.extend(
            state
                .applications
                .keys()
                .filter(|id| !before.contains(*id))
                .cloned(),
        );
        let new = theirs(state);
        self.foreign
            .credentials
            .extend(new.difference(&known).cloned());
    }

    /// Two applies without a lock made two of one: the one that somebody changed since `old` may be theirs, with the location
    /// that it names, and a plan tells of it.
    fn changed_copies(&mut self, old: &State) {
        let marked = &self.state.marked;
        for (id, row) in marked {
            let name = text(row, "displayName");
            let copies = marked
                .values()
                .filter(|one| text(one, "displayName") == name);
            if old.marked.get(id) != Some(row) && copies.count() > 1 {
                let conditions = row.get("conditions").map(ToString::to_string);
                let conditions = conditions.unwrap_or_default();
                let named = marked.keys().filter(|other| conditions.contains(*other));
                self.foreign.credentials.extend(named.chain([id]).cloned());
            }
        }
    }
}
