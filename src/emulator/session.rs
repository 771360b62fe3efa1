//! A login and the calls made with it, straight through [`handle`]: for tests, and for benches that plant many objects.

use serde_json::{Value, json};

use super::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use super::request::{Reply, Request};
use super::route::Routes;
use super::store::Store;
use super::{Answer, handle};

/// Calls Graph as the tenant's administrator.
#[derive(Clone, Debug)]
pub struct Session {
    pub store: Store,
    pub routes: Routes,
    /// Milliseconds since 1970.
    pub now: u64,
    /// Of the next request.
    pub seed: u64,
    token: String,
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// When the tenant has no administrator.
    pub fn new(store: Store, routes: Routes, now: u64) -> Result<Self, String> {
        let mut session = Self {
            store,
            routes,
            now,
            seed: 0,
            token: String::new(),
        };
        let token = session.log_in(
            ADMINISTRATOR_CLIENT_ID,
            ADMINISTRATOR_ASSERTION,
            "https://graph.microsoft.com",
        )?;
        session.act_with(token);
        Ok(session)
    }

    /// Makes the following calls with another token.
    pub fn act_with(&mut self, token: String) {
        self.token = token;
    }

    /// A token for an API, in exchange for an assertion.
    ///
    /// # Errors
    /// The token service's description of what is wrong.
    pub fn log_in(
        &mut self,
        client_id: &str,
        assertion: &str,
        resource: &str,
    ) -> Result<String, String> {
        let url = format!(
            "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
            self.store.tenant.id
        );
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", client_id)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", assertion)
            .append_pair("scope", &format!("{resource}/.default"))
            .finish();
        let mut request = Request::new("POST", &url).ok_or("the tenant id is no part of a URL")?;
        request.body = form.into_bytes();
        let body = self.send(&request).value();
        let description = || {
            body["error_description"]
                .as_str()
                .unwrap_or("no reply")
                .to_owned()
        };
        body["access_token"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(description)
    }

    /// Sends any request. A cut connection is status 0, and so is a login that needs a document from elsewhere.
    pub fn send(&mut self, request: &Request) -> Reply {
        self.seed += 1;
        match handle(&mut self.store, &self.routes, request, self.now, self.seed) {
            Answer::Reply(reply) => reply,
            Answer::Reset { .. } | Answer::Fetch { .. } => Reply::empty(0),
        }
    }

    /// Calls Graph with a path such as `/v1.0/applications`; a `null` body sends none.
    pub fn graph(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        self.graph_with(method, path, body, &[])
    }

    /// The same with more headers.
    pub fn graph_with(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut request = Request {
            method: method.to_owned(),
            secure: true,
            host: "graph.microsoft.com".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            ..Request::default()
        }
        .with_header("authorization", &format!("Bearer {}", self.token));
        if !body.is_null() {
            request = request.with_json(body);
        }
        for (name, value) in headers {
            request = request.with_header(name, value);
        }
        self.send(&request)
    }

    /// Creates an application by its unique name, or updates it.
    pub fn upsert(&mut self, unique_name: &str, body: &Value) -> Reply {
        let path = format!("/v1.0/applications(uniqueName='{unique_name}')");
        self.graph_with("PATCH", &path, body, &[("prefer", "create-if-missing")])
    }

    /// Plants applications with a service principal and as many exact credentials each; tags are those of `tags(n)`.
    ///
    /// # Errors
    /// The first reply that is no success.
    pub fn plant(
        &mut self,
        applications: usize,
        credentials: usize,
        named: impl Fn(usize) -> (String, Vec<String>),
    ) -> Result<(), String> {
        let done = |reply: Reply| match reply.status {
            200..=299 => Ok(reply.value()),
            status => Err(format!("{status} {}", String::from_utf8_lossy(&reply.body))),
        };
        for number in 0..applications {
            let (name, tags) = named(number);
            let body = json!({"displayName": name, "signInAudience": "AzureADMyOrg", "tags": tags});
            let application = done(self.upsert(&name, &body))?;
            done(self.graph(
                "POST",
                "/v1.0/servicePrincipals",
                &json!({"appId": application["appId"]}),
            ))?;
            let id = application["id"].as_str().unwrap_or_default();
            let path = format!("/beta/applications/{id}/federatedIdentityCredentials");
            for credential in 0..credentials {
                let body = json!({
                    "name": format!("credential-{credential}"),
                    "issuer": "https://token.actions.githubusercontent.com",
                    "subject": format!("repo:contoso/{name}:ref:refs/heads/{credential}"),
                    "audiences": ["api://AzureADTokenExchange"],
                });
                done(self.graph("POST", &path, &body))?;
            }
        }
        Ok(())
    }
}
