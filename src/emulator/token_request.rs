//! One token request, decided in the order that the error texts suggest: tenant, client, assertion, trust, the issuer's
//! documents, key, signature, lifetime, conditional access, resource. What is decided at each step is `exchange`'s.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use super::login::{self, ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use super::request::Request;
use super::route::Routes;
use super::sign_ins::SignIn;
use super::store::{Store, View};
use super::{blob, token};
use crate::exchange::aadsts::render;
use crate::exchange::assertion::parse_assertion;
use crate::exchange::decide::{check_lifetime, match_trust};
use crate::exchange::request::{Client, TokenRequest, check_client};
use crate::exchange::signature::{check_discovery, check_key, check_signature};
use crate::exchange::trust::Trust;
use crate::model::verdict::Refusal;

/// Documents of issuers by URL, or why there is none.
pub type Documents = BTreeMap<String, Result<Vec<u8>, String>>;

/// Why there is no token.
pub enum Stop {
    Refused(Refusal),
    /// The document at this URL is needed first.
    Needs(String),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Decides a token request: the body of the answer, and the login that a federated credential let in.
pub fn decide(
    store: &Store,
    routes: &Routes,
    request: &Request,
    tenant: &str,
    documents: &Documents,
    (now, seed): (u64, u64),
) -> Result<(Value, Option<SignIn>), Stop> {
    login::known_tenant(store, tenant)?;
    let mut form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    // The v1 endpoint names the resource itself.
    if let Some((_, resource)) = form.iter().find(|(name, _)| name == "resource") {
        form.push(("scope".to_owned(), format!("{resource}/.default")));
    }
    let pairs = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let wanted = TokenRequest::from_form(pairs)?;
    // The token service has replicas of its own: it may not know yet what Graph shows.
    let view = store.replica(now, store.faults.lag(seed, false));
    let principal = routes.principal(view, &wanted.client_id);
    let client = match &principal {
        None => Client::Missing,
        Some(principal) if !principal.enabled => Client::Disabled(&principal.display_name),
        Some(_) => Client::Ready,
    };
    check_client(&wanted.client_id, &store.tenant.display_name, client)?;
    let Some(principal) = principal else {
        return Err(render(50_027, &[]).into());
    };
    let administrator = principal.client_id == ADMINISTRATOR_CLIENT_ID
        && wanted.assertion == ADMINISTRATOR_ASSERTION;
    let used = match administrator {
        true => None,
        false => Some(check_assertion(
            view,
            routes,
            &wanted,
            &principal.client_id,
            documents,
            now,
        )?),
    };
    // The administrator of an emulated tenant can always put it right again.
    if !administrator && routes.blocks(view, &principal, request.address()) {
        return Err(render(53003, &[]).into());
    }
    let identifier = wanted.resource()?;
    let resource = routes.resource(view, identifier).ok_or_else(|| {
        let tenant = store.tenant.display_name.as_str();
        render(500_011, &[("resource", identifier), ("tenant", tenant)])
    })?;
    let roles = routes.roles(view, &principal.id, &resource);
    let token = token::issue(store, &principal, identifier, &roles, now).unwrap_or_default();
    let body = json!({
        "token_type": "Bearer", "expires_in": token::LIFETIME_S, "ext_expires_in": token::LIFETIME_S,
        "access_token": token,
    });
    let sign_in = used.map(|(credential, issuer)| SignIn {
        principal,
        resource,
        credential,
        issuer,
    });
    Ok((body, sign_in))
}

/// The id of the credential that admits the assertion, and the issuer.
fn check_assertion(
    view: View<'_>,
    routes: &Routes,
    wanted: &TokenRequest,
    client_id: &str,
    documents: &Documents,
    now: u64,
) -> Result<(String, String), Stop> {
    let assertion = parse_assertion(&wanted.assertion)?;
    let (mut ids, trusts): (Vec<String>, Vec<Trust>) =
        routes.trusts(view, client_id).into_iter().unzip();
    let used = match_trust(&assertion, client_id, &trusts)?;
    let issuer = assertion.issuer.trim_end_matches('/');
    let discovery = format!("{issuer}/.well-known/openid-configuration");
    let discovery = document(view.store, &discovery, documents, now)?;
    let jwks = check_discovery(&assertion.issuer, &discovery)?;
    let jwks = document(view.store, &jwks, documents, now)?;
    let key = check_key(&assertion, &jwks)?;
    check_signature(&assertion, &key)?;
    check_lifetime(&assertion, i64::try_from(now / 1000).unwrap_or(i64::MAX))?;
    Ok((ids.swap_remove(used), assertion.issuer))
}

/// A document of an issuer: from this tenant's own services, or from those that were fetched.
fn document(store: &Store, url: &str, documents: &Documents, now: u64) -> Result<Vec<u8>, Stop> {
    let found = match own(store, url, now) {
        Some(own) => own,
        None => match documents.get(url) {
            Some(fetched) => fetched.clone(),
            None => return Err(Stop::Needs(url.to_owned())),
        },
    };
    found.map_err(|why| Stop::Refused(render(90_061, &[]).because(why)))
}

/// What an anonymous reader gets at a URL of this tenant's token service or storage accounts; `None` for all others.
/// An issuer that is played for a rehearsal counts among them.
pub(super) fn own(store: &Store, url: &str, now: u64) -> Option<Result<Vec<u8>, String>> {
    if let Some(document) = store.rehearsed.get(url) {
        return Some(Ok(document.clone()));
    }
    let parsed = Url::parse(url).ok()?;
    let request = Request::new("GET", url)?;
    let reply = match parsed.host_str()? {
        host if super::LOGIN_HOSTS.contains(&host) => login::published(store, &request)?.ok()?,
        _ => blob::read_own(store, &request, now)?,
    };
    Some(match reply.status {
        200 => Ok(reply.body),
        status => {
            let code = reply.headers.get("x-ms-error-code");
            let code = code.map(|code| format!(" {code}")).unwrap_or_default();
            Err(format!("GET {url} answered {status}{code}"))
        }
    })
}
