//! Microsoft Graph's plumbing: versions, bearer tokens, permissions, errors, and the reply headers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::dates;
use super::fault::draw;
use super::odata::cast;
use super::odata::path::{self, Segment, Target};
use super::quota;
use super::request::{Reply, Request};
use super::route::Routes;
use super::store::{Store, View};
use super::table::{Entity, Table, Version};
use super::token::{self, Caller};

/// One call of a handler.
pub struct Call<'a> {
    pub store: &'a mut Store,
    pub routes: &'a Routes,
    pub request: &'a Request,
    pub version: Version,
    /// The keys in the path, in their order.
    pub keys: Target,
    /// The derived type that the path is cast to.
    pub cast: Option<&'static str>,
    pub caller: Caller,
    /// Milliseconds since 1970.
    pub now: u64,
    pub seed: u64,
}

impl Call<'_> {
    /// What the replica shows that serves this request.
    pub fn view(&self) -> View<'_> {
        let lag = self.store.faults.lag(self.seed, false);
        self.store.replica(self.now, lag)
    }

    /// The same for a list, which can be staler.
    pub fn list_view(&self) -> View<'_> {
        let lag = self.store.faults.lag(self.seed, true);
        self.store.replica(self.now, lag)
    }

    /// What the index behind `ConsistencyLevel: eventual` shows.
    pub fn index_view(&self) -> View<'_> {
        let faults = &self.store.faults;
        let lag = faults.lag(self.seed, true) + faults.index_lag_ms;
        self.store.replica(self.now, lag)
    }

    /// Where a write looks up the objects that it names.
    pub fn reference_view(&self) -> View<'_> {
        match self.store.faults.stale_references {
            true => self.view(),
            false => self.store.primary(),
        }
    }

    /// `https://graph.microsoft.com/v1.0`.
    pub fn root(&self) -> String {
        let version = match self.version {
            Version::V1 => "v1.0",
            Version::Beta => "beta",
        };
        format!("{}/{version}", self.request.root())
    }

    /// The request's body as a JSON object.
    ///
    /// # Errors
    /// Graph's gateway error when it is something else.
    pub fn body(&self) -> Result<Entity, Failure> {
        serde_json::from_slice(&self.request.body).map_err(|_| {
            Failure::new(
                400,
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )
        })
    }

    /// The key at a place in the path: property (`id` when it is not named) and value.
    pub fn key(&self, at: usize) -> (&str, &str) {
        match self.keys.get(at) {
            Some(Segment::Name(id)) => ("id", id),
            Some(Segment::Key { property, value }) => (property, value),
            None => ("id", ""),
        }
    }

    /// The entity that the key at a place in the path names.
    ///
    /// # Errors
    /// 404 when there is none, and when it is among the deleted items.
    pub fn find(
        &self,
        view: View<'_>,
        table: &'static Table,
        at: usize,
    ) -> Result<Arc<Entity>, Failure> {
        let (property, value) = self.key(at);
        let found = lookup(view, table, property, value);
        let cast = self
            .cast
            .filter(|cast| cast::set_of(cast) == Some(table.name));
        let found = found
            .filter(|found| cast.is_none_or(|cast| cast::of(found) == cast))
            .ok_or_else(|| Failure::not_found(value))?;
        // What hangs on a principal has permissions of its own; only blueprints are known to be refused without a cast.
        match cast::of(&found) {
            cast::BLUEPRINT => self.check_type(cast::BLUEPRINT).map(|()| found),
            _ => Ok(found),
        }
    }

    /// Whether the caller may go on with a derived type.
    ///
    /// # Errors
    /// Those of [`cast::check`].
    pub fn check_type(&self, name: &str) -> Result<(), Failure> {
        let faults = &self.store.faults;
        cast::check(
            name,
            &self.request.method,
            &self.caller,
            self.version,
            faults,
        )
    }

    /// Whether the request asks for an upsert.
    pub fn creates_if_missing(&self) -> bool {
        let prefer = self.request.header("prefer").unwrap_or_default();
        prefer
            .split([',', ';'])
            .any(|word| word.trim().eq_ignore_ascii_case("create-if-missing"))
    }
}

/// The live entity with a key.
pub fn lookup(
    view: View<'_>,
    table: &'static Table,
    property: &str,
    value: &str,
) -> Option<Arc<Entity>> {
    let live = |entity: &&Arc<Entity>| !is_deleted(entity);
    if property == "id" {
        return view.get(table, value).filter(live).cloned();
    }
    let indexed = table.indexed.iter().find(|name| **name == property)?;
    view.find(table, indexed, value).find(live).cloned()
}

/// Whether an entity is among the deleted items.
pub fn is_deleted(entity: &Entity) -> bool {
    entity
        .get("deletedDateTime")
        .is_some_and(|time| !time.is_null())
}

/// An error reply of Graph.
#[derive(Clone, Debug)]
pub struct Failure {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    /// Code and target of the one detail that some errors carry.
    pub detail: Option<(&'static str, &'static str)>,
    pub headers: Vec<(&'static str, String)>,
}

impl Failure {
    /// An error with a code and a message.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            detail: None,
            headers: Vec::new(),
        }
    }

    /// 400 `Request_BadRequest`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    /// 400 `Request_UnsupportedQuery`.
    pub fn unsupported(message: &str) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    /// 400 for a property whose value breaks a rule.
    pub fn invalid(table: &Table, property: &str) -> Self {
        Self::bad_request(format!(
            "Invalid value specified for property '{property}' of resource '{}'.",
            table.resource
        ))
    }

    /// 400: another object has the value already (Azure/go-autorest#308, byte5ai/omadia#916).
    pub fn conflict(property: &'static str) -> Self {
        let message =
            format!("Another object with the same value for property {property} already exists.");
        Self {
            detail: Some(("ObjectConflict", property)),
            ..Self::bad_request(message)
        }
    }

    /// 404 `Request_ResourceNotFound`.
    pub fn not_found(key: &str) -> Self {
        Self::new(
            404,
            "Request_ResourceNotFound",
            format!(
                "Resource '{key}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    /// 403 `Authorization_RequestDenied`.
    pub fn denied() -> Self {
        Self::new(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    /// 401 `InvalidAuthenticationToken`.
    pub fn unauthenticated(message: &str) -> Self {
        Self {
            headers: vec![("www-authenticate", "Bearer".to_owned())],
            ..Self::new(401, "InvalidAuthenticationToken", message)
        }
    }

    fn reply(self, request_id: &str, client_id: &str, now: u64) -> Reply {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some((code, target)) = self.detail {
            error["details"] = json!([{"code": code, "message": self.message, "target": target}]);
        }
        error["innerError"] = json!({
            "date": dates::iso_without_zone(now),
            "request-id": request_id,
            "client-request-id": client_id,
        });
        let reply = Reply::json(self.status, &json!({"error": error}));
        let headers = self.headers.into_iter();
        headers.fold(reply, |reply, (name, value)| reply.with_header(name, value))
    }
}

/// Answers a request to Graph, a `$batch` too.
pub fn answer(store: &mut Store, routes: &Routes, request: &Request, now: u64, seed: u64) -> Reply {
    let request_id = id_of(seed);
    let client_id = request
        .header("client-request-id")
        .unwrap_or(&request_id)
        .to_owned();
    let reply = dispatch(store, routes, request, now, seed)
        .unwrap_or_else(|failure| failure.reply(&request_id, &client_id, now));
    reply
        .with_header("request-id", request_id)
        .with_header("client-request-id", client_id)
        .with_header("date", dates::http(now))
}

/// The error reply of a fault that struck before the request was looked at.
pub fn fail(failure: Failure, now: u64, seed: u64) -> Reply {
    let id = id_of(seed);
    failure.reply(&id, &id, now).with_header("request-id", id)
}

fn id_of(seed: u64) -> String {
    let bits = (u128::from(draw(seed, 10)) << 64) | u128::from(draw(seed, 11));
    uuid::Builder::from_random_bytes(bits.to_be_bytes())
        .into_uuid()
        .to_string()
}

fn dispatch(
    store: &mut Store,
    routes: &Routes,
    request: &Request,
    now: u64,
    seed: u64,
) -> Result<Reply, Failure> {
    let (version, path) = version_of(&request.path)
        .ok_or_else(|| Failure::new(400, "BadRequest", "Invalid version. Use 'v1.0' or 'beta'."))?;
    let caller = token::graph_caller(store, request, now)?;
    if path.trim_end_matches('/') == "/$batch" {
        return super::batch::answer(store, routes, request, now, seed);
    }
    // Azure/azure-cli#25291: what becomes of a URL that was built from an empty id.
    let mut target = path::parse(path)
        .filter(|_| !path.contains("//"))
        .ok_or_else(invalid_uri)?;
    let cast = cast::take(&mut target);
    let (route, keys) = routes
        .find(&request.method, &target)
        .map_err(|other_method| match other_method {
            true => Failure::new(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            ),
            false => Failure::new(
                400,
                "BadRequest",
                format!(
                    "Resource not found for the segment '{}'.",
                    last_name(&target)
                ),
            ),
        })?;
    let agents = cast.map_or(&[][..], |_| cast::WRITERS);
    let mut roles = route.roles.iter().chain(agents);
    if !roles.any(|role| caller.has(role)) {
        return Err(Failure::denied());
    }
    let charge = quota::charge(store, request, &target, &caller, now)?;
    let mut call = Call {
        store,
        routes,
        request,
        version,
        keys,
        cast,
        caller,
        now,
        seed,
    };
    if let Some(name) = cast {
        call.check_type(name)?;
    }
    let reply = (route.handler)(&mut call)?;
    Ok(charge
        .into_iter()
        .fold(reply, |reply, (name, value)| reply.with_header(name, value)))
}

fn version_of(path: &str) -> Option<(Version, &str)> {
    let v1 = path.strip_prefix("/v1.0").map(|rest| (Version::V1, rest));
    let (version, rest) =
        v1.or_else(|| path.strip_prefix("/beta").map(|rest| (Version::Beta, rest)))?;
    rest.starts_with('/').then_some((version, rest))
}

fn last_name(target: &Target) -> &str {
    match target.last() {
        Some(Segment::Name(name)) => name,
        Some(Segment::Key { property, .. }) => property,
        None => "",
    }
}

fn invalid_uri() -> Failure {
    Failure::new(
        400,
        "BadRequest",
        "The request URI is not valid. Since the segment 'applications' refers to a collection, this must be the last segment in the request URI or it must be followed by an function or action that can be bound to it otherwise all intermediate segments must refer to a single resource.",
    )
}

/// The value behind a `…/$count` segment.
///
/// # Errors
/// Without `ConsistencyLevel: eventual` the service refuses (learn.microsoft.com, aad-advanced-queries).
pub fn count(call: &Call<'_>, number: usize) -> Result<Reply, Failure> {
    match call.request.header("consistencylevel") {
        Some(level) if level.eq_ignore_ascii_case("eventual") => {
            Ok(Reply::text(200, "text/plain", number.to_string()))
        }
        _ => Err(Failure::bad_request("$count is not currently supported.")),
    }
}

/// The id that a body's `@odata.id` or an item of `owners@odata.bind` points at.
pub fn bound_id(reference: &Value) -> Option<String> {
    let url = reference.as_str()?;
    let id = url.rsplit(['/', '\'']).find(|part| part.len() == 36)?;
    uuid::Uuid::try_parse(id).ok().map(|id| id.to_string())
}
