//! What the resource kinds hand to the emulator: tables, routes, seeds, and what the token endpoint must know.

use std::net::IpAddr;

use super::graph::{Call, Failure};
use super::odata::path::{Segment, Target};
use super::request::Reply;
use super::store::{Store, View};
use super::table::Table;
use crate::exchange::trust::Trust;

/// Answers one kind of request.
pub type Handler = fn(&mut Call<'_>) -> Result<Reply, Failure>;

/// One operation of Graph or of Resource Manager.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    /// `/applications/{application}/owners/$ref`; a part in braces matches a key in either form.
    pub pattern: &'static str,
    /// A caller needs one of these application permissions.
    pub roles: &'static [&'static str],
    pub handler: Handler,
}

impl Route {
    pub const fn new(
        method: &'static str,
        pattern: &'static str,
        roles: &'static [&'static str],
        handler: Handler,
    ) -> Self {
        Self {
            method,
            pattern,
            roles,
            handler,
        }
    }
}

/// A client that may ask for tokens.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Object id of its service principal.
    pub id: String,
    pub client_id: String,
    pub display_name: String,
    pub enabled: bool,
}

/// See [`Part::roles`].
pub type RolesOf = fn(View<'_>, &str, &str) -> Vec<String>;

/// See [`Part::trusts`].
pub type TrustsOf = fn(View<'_>, &str) -> Vec<(String, Trust)>;

/// See [`Part::blocks`].
pub type BlocksAt = fn(View<'_>, &Principal, IpAddr) -> bool;

/// What one resource kind contributes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    pub tables: &'static [&'static Table],
    pub routes: &'static [Route],
    /// Plants what every tenant has; runs once per tenant, in the order of the parts.
    pub seed: Option<fn(&mut Store, &Routes, u64)>,
    /// The principal of a client id.
    pub principal: Option<fn(View<'_>, &str) -> Option<Principal>>,
    /// The API (object id of its service principal) that a scope names by one of its identifiers.
    pub resource: Option<fn(View<'_>, &str) -> Option<String>>,
    /// The application permissions that a principal (object id) holds at an API (object id), by name.
    pub roles: Option<RolesOf>,
    /// The trusts of a client id, each with the id of its credential.
    pub trusts: Option<TrustsOf>,
    /// Whether a principal gets no token at an address.
    pub blocks: Option<BlocksAt>,
    /// Operations of Resource Manager; a caller needs one of their Azure roles.
    pub arm: &'static [Route],
    /// The names of the Azure roles that a principal (object id) holds at a scope.
    pub azure_roles: Option<RolesOf>,
}

impl Part {
    /// Contributes nothing.
    pub const NOTHING: Self = Self {
        tables: &[],
        routes: &[],
        seed: None,
        principal: None,
        resource: None,
        roles: None,
        trusts: None,
        blocks: None,
        arm: &[],
        azure_roles: None,
    };
}

/// All parts together.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    parts: Vec<Part>,
    /// Each route with its pattern in parts, literal ones before those with keys.
    routes: Vec<Patterned>,
    arm: Vec<Patterned>,
}

type Patterned = (Vec<&'static str>, Route);

/// Routes with their patterns in parts, literal ones before those with keys.
fn patterned(routes: impl Iterator<Item = Route>) -> Vec<Patterned> {
    let mut routes: Vec<Patterned> = routes
        .map(|route| (route.pattern[1..].split('/').collect(), route))
        .collect();
    let keys = |pattern: &[&str]| pattern.iter().filter(|part| is_key(part)).count();
    routes.sort_by_key(|(pattern, _)| keys(pattern));
    routes
}

fn search(routes: &[Patterned], method: &str, target: &Target) -> Result<(Route, Target), bool> {
    let mut other = false;
    for (pattern, route) in routes {
        let Some(keys) = matches(pattern, target) else {
            continue;
        };
        if route.method == method {
            return Ok((*route, keys));
        }
        other = true;
    }
    Err(other)
}

impl Routes {
    /// Gathers the parts of all kinds; the emulator adds what belongs to none.
    pub fn new(mut parts: Vec<Part>) -> Self {
        parts.push(super::sign_ins::PART);
        parts.push(super::sign_in_reports::PART);
        let graph = parts.iter().flat_map(|part| part.routes);
        let arm = parts.iter().flat_map(|part| part.arm);
        Self {
            routes: patterned(
                graph
                    .chain(super::directory::ROUTES)
                    .chain(super::tenant::ROUTES)
                    .copied(),
            ),
            arm: patterned(arm.chain(super::azure::ROUTES).copied()),
            parts,
        }
    }

    /// The route of a request and the keys in its path; `Err(true)` when the path exists for another method.
    pub(super) fn find(&self, method: &str, target: &Target) -> Result<(Route, Target), bool> {
        search(&self.routes, method, target)
    }

    /// The same for Resource Manager.
    pub(super) fn find_arm(&self, method: &str, target: &Target) -> Result<(Route, Target), bool> {
        search(&self.arm, method, target)
    }

    /// The Azure roles that a principal holds at a scope.
    pub(super) fn azure_roles(&self, view: View<'_>, principal: &str, scope: &str) -> Vec<String> {
        let known = self.parts.iter().filter_map(|part| part.azure_roles);
        known
            .flat_map(|known| known(view, principal, scope))
            .collect()
    }

    /// A table by the name of its entity set.
    pub fn table(&self, name: &str) -> Option<&'static Table> {
        self.tables().find(|table| table.name == name)
    }

    /// All tables in the order of the parts.
    pub fn tables(&self) -> impl Iterator<Item = &'static Table> {
        self.parts.iter().flat_map(|part| part.tables).copied()
    }

    /// Every application permission that some route asks for.
    pub fn permissions(&self) -> std::collections::BTreeSet<&'static str> {
        let roles = self.routes.iter().flat_map(|(_, route)| route.roles);
        roles.copied().collect()
    }

    pub(super) fn seeds(&self) -> impl Iterator<Item = fn(&mut Store, &Routes, u64)> {
        self.parts.iter().filter_map(|part| part.seed)
    }

    /// The principal of a client id.
    pub fn principal(&self, view: View<'_>, client_id: &str) -> Option<Principal> {
        let known = self.parts.iter().filter_map(|part| part.principal);
        known.into_iter().find_map(|known| known(view, client_id))
    }

    /// The API (object id) that an identifier names.
    pub fn resource(&self, view: View<'_>, identifier: &str) -> Option<String> {
        let known = self.parts.iter().filter_map(|part| part.resource);
        known.into_iter().find_map(|known| known(view, identifier))
    }

    /// The names of the application permissions that a principal holds at an API, sorted.
    pub fn roles(&self, view: View<'_>, principal: &str, resource: &str) -> Vec<String> {
        let known = self.parts.iter().filter_map(|part| part.roles);
        let mut roles: Vec<String> = known
            .flat_map(|known| known(view, principal, resource))
            .collect();
        roles.sort();
        roles.dedup();
        roles
    }

    /// Whether a principal gets no token at an address.
    pub fn blocks(&self, view: View<'_>, principal: &Principal, from: IpAddr) -> bool {
        let mut known = self.parts.iter().filter_map(|part| part.blocks);
        known.any(|blocks| blocks(view, principal, from))
    }

    /// The trusts of a client id, each with the id of its credential.
    pub fn trusts(&self, view: View<'_>, client_id: &str) -> Vec<(String, Trust)> {
        let known = self.parts.iter().filter_map(|part| part.trusts);
        known.flat_map(|known| known(view, client_id)).collect()
    }
}

fn is_key(part: &&str) -> bool {
    part.starts_with('{')
}

fn matches(pattern: &[&'static str], target: &Target) -> Option<Target> {
    if pattern.len() != target.len() {
        return None;
    }
    let mut keys = Target::new();
    for (part, segment) in pattern.iter().zip(target) {
        match segment {
            _ if is_key(part) => {
                // The only keys of any service that begin so: Blob Storage's own containers.
                let own = ["$web", "$root", "$logs"];
                if matches!(segment, Segment::Name(name) if name.starts_with('$') && !own.contains(&name.as_str()))
                {
                    return None;
                }
                keys.push(segment.clone());
            }
            Segment::Name(name) if name.eq_ignore_ascii_case(part) => {}
            _ => return None,
        }
    }
    Some(keys)
}
