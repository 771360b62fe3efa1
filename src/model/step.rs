//! Requests as data, and the steps of a plan.

use std::fmt;

use super::address::Address;
use super::value::{Part, Text, Value};

/// Which service a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    Graph,
    GraphBeta,
    Arm,
    Blob,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Put,
    Post,
    Patch,
    Delete,
}

/// A request without host or token. Holes in path and body are filled by earlier steps.
///
/// A Graph or ARM path begins with `/` after the version; a blob's is `/account/container/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    pub service: Service,
    pub method: Method,
    pub path: Vec<Part>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
}

/// A service's answer, as much of it as planning and applying look at.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Reply {
    pub status: u16,
    pub body: serde_json::Value,
    pub etag: Option<String>,
    /// What the service asked us to wait, in milliseconds.
    pub retry_after: Option<u64>,
    /// Headers that a kind asked for by reading them (`content-type`, `cache-control`, `x-ms-meta-…`), lower-case names.
    pub headers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId(pub usize);

/// One write, with all that sending and proving it needs. Nothing is decided after this.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub id: StepId,
    pub address: Address,
    /// At most one write is in flight per lane: an object and its children share one.
    pub lane: String,
    pub phase: Phase,
    pub request: Request,
    pub needs: Vec<StepId>,
    /// Outputs that the answer (or the read-back) gives, with their JSON pointers.
    pub fills: Vec<(String, String)>,
    /// Read when the answer has no body to fill from: an upsert of an existing object answers 204.
    pub read_back: Option<Request>,
    /// What reads must agree on afterwards.
    pub check: Option<Check>,
    /// Answers to a replay that mean the first one took effect.
    pub done_if: Vec<Pattern>,
    /// Answers that mean our own create has not reached this replica yet.
    pub retry_if: Vec<Pattern>,
    /// Answers that say, while they last, that the plan was made from an old read: it is made anew. Not where an earlier
    /// one was lost, and they mean that it took effect.
    pub stale_if: Vec<Pattern>,
    /// How a create is found whose answer was lost, where sending it again would make a second one.
    pub lookup: Option<Lookup>,
}

impl Step {
    /// A write that needs and proves nothing, as the first of its plan.
    pub fn new(address: Address, phase: Phase, request: Request) -> Self {
        Self {
            id: StepId(0),
            address,
            lane: String::new(),
            phase,
            request,
            needs: Vec::new(),
            fills: Vec::new(),
            read_back: None,
            check: None,
            done_if: Vec::new(),
            retry_if: Vec::new(),
            stale_if: Vec::new(),
            lookup: None,
        }
    }
}

/// A read of a list, and the members of the element that a create made.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    pub read: Request,
    pub members: Value,
}

/// When a step runs: a phase begins once all earlier ones are through. Narrowing comes before widening,
/// creating before deleting, and nothing is deleted before what replaces it was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Permissions that go.
    Revoke,
    /// What documents stand in: storage accounts and containers.
    Prepare,
    /// Documents that issuers serve.
    Publish,
    /// Identities and trusts that come or change.
    Provide,
    /// Trusts that go.
    Withdraw,
    /// Permissions that come.
    Grant,
    /// Identities that go.
    Retire,
    /// Documents that go: no credential names them any more.
    Unpublish,
    /// Containers, storage accounts and named locations that go: nothing is in them or names them any more.
    Clear,
}

/// A read and what it must say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    pub read: Request,
    pub expect: Expect,
}

/// What a read must say. Members that are not mentioned do not matter; lists compare as sets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expect {
    /// It is there, with these members.
    Present(Value),
    /// 404.
    Absent,
    /// The collection `value` has an element with these members.
    Member(Value),
    /// The collection `value` has no element with these members.
    NoMember(Value),
    /// Its list of this name has no element with these members.
    Lacks(&'static str, Value),
}

/// An answer, recognised by its status and by a text in its error's code or message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub status: u16,
    pub text: String,
    /// Only the answer to a replay means it: to a first attempt it is a refusal.
    pub replay: bool,
}

impl Request {
    pub fn new(service: Service, method: Method, path: impl Into<String>) -> Self {
        Self {
            service,
            method,
            path: vec![Part::Literal(path.into())],
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(service: Service, path: impl Into<String>) -> Self {
        Self::new(service, Method::Get, path)
    }

    /// Whether it changes nothing: a GET, or a batch, which holds nothing else.
    pub fn reads(&self) -> bool {
        self.method == Method::Get || self.to_string().ends_with("/$batch")
    }

    pub fn with_path(mut self, path: Vec<Part>) -> Self {
        self.path = path;
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The path where it has no holes.
    pub fn known_path(&self) -> Option<String> {
        self.path
            .iter()
            .map(|part| match part {
                Part::Literal(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Everything that must be known before it can be sent.
    pub fn refs(&self) -> std::collections::BTreeSet<super::value::Ref> {
        let path = Value::Text(self.path.clone());
        let body = self.body.as_ref().unwrap_or(&Value::Null);
        path.refs()
            .into_iter()
            .chain(body.refs())
            .cloned()
            .collect()
    }
}

impl Reply {
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The code of an error answer: Graph's and ARM's `error.code`, or Storage's `x-ms-error-code`.
    pub fn error_code(&self) -> &str {
        self.body
            .pointer("/error/code")
            .and_then(|code| code.as_str())
            .unwrap_or_default()
    }

    /// The message of an error answer; services send it as a text or as an object with `value`.
    pub fn error_message(&self) -> &str {
        let message = self.body.pointer("/error/message");
        message
            .and_then(|message| message.as_str().or_else(|| message.get("value")?.as_str()))
            .unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Pattern {
    pub fn new(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
            replay: false,
        }
    }

    /// As [`Pattern::new`], for the answer to a request that was sent before: that sending may have taken effect.
    pub fn replayed(status: u16, text: impl Into<String>) -> Self {
        Self {
            replay: true,
            ..Self::new(status, text)
        }
    }

    pub fn matches(&self, reply: &Reply) -> bool {
        reply.status == self.status
            && (reply.error_code().contains(&self.text)
                || reply.error_message().contains(&self.text))
    }
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Service::Graph | Service::GraphBeta => "graph",
            Service::Arm => "arm",
            Service::Blob => "blob",
        }
    }

    /// The path before a request's own, as it stands in the URL.
    pub fn version(self) -> &'static str {
        match self {
            Service::Graph => "/v1.0",
            Service::GraphBeta => "/beta",
            Service::Arm | Service::Blob => "",
        }
    }
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}{}",
            self.method.as_str(),
            self.service.version(),
            Text(&self.path)
        )
    }
}
