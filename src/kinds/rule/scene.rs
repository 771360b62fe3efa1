//! Everything that rules look at, put together once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Held, Identity, admits};
use crate::exchange::expression::Expression;
use crate::exchange::trust::{Matcher, Trust};
use crate::keys::Jwks;
use crate::kinds::app_role_assignment::rules::tiers::{self, Power};
use crate::model::tenant::{Credential, Principal, Published, Tenant};

const DAY: i64 = 86_400;

/// Everything that a rule may look at.
pub struct Scene<'a> {
    pub tenant: &'a Tenant,
    /// Seconds since 1970.
    pub now: i64,
    pub identities: Vec<Identity<'a>>,
    /// Object ids of service principals, in lower case.
    pub principals: BTreeSet<Cow<'a, str>>,
    /// Service principals of which a sign-in is known.
    pub active: usize,
    /// Places of identities that hold a trust, by issuer and subject or expression.
    pub holders: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    /// Issuers that publish a key which another one publishes too, each with the first such other one.
    pub doubles: BTreeMap<&'a str, &'a str>,
}

impl<'a> Scene<'a> {
    /// Joins applications with their service principals.
    pub fn of(tenant: &'a Tenant, now: i64) -> Self {
        let mut principals: BTreeMap<&str, &Principal> = tenant
            .principals
            .iter()
            .map(|principal| (principal.app_id.as_str(), principal))
            .collect();
        let mut identities: Vec<Identity> = tenant
            .applications
            .iter()
            .map(|application| Identity {
                application: Some(application),
                principal: principals.remove(application.app_id.as_str()),
                trusts: application.credentials.iter().map(held).collect(),
                managed: None,
            })
            .collect();
        identities.extend(tenant.identities.iter().map(|managed| Identity {
            application: None,
            managed: Some(managed),
            principal: principals.remove(managed.client_id.as_str()),
            trusts: managed.credentials.iter().map(held).collect(),
        }));
        identities.extend(principals.into_values().map(|principal| Identity {
            principal: Some(principal),
            ..Identity::default()
        }));
        let mut holders: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, identity) in identities.iter().enumerate() {
            for held in &identity.trusts {
                let credential: &'a Credential = held.credential;
                holders
                    .entry((credential.issuer.as_str(), admits(credential)))
                    .or_default()
                    .push(at);
            }
        }
        Self {
            tenant,
            now,
            identities,
            active: tenant
                .principals
                .iter()
                .filter(|it| it.last_sign_in.is_some())
                .count(),
            principals: tenant
                .principals
                .iter()
                .map(
                    |it| match it.id.bytes().any(|byte| byte.is_ascii_uppercase()) {
                        true => Cow::Owned(it.id.to_ascii_lowercase()),
                        false => Cow::Borrowed(it.id.as_str()),
                    },
                )
                .collect(),
            holders,
            doubles: doubles(&tenant.published),
        }
    }

    /// Permissions and roles that an identity holds and that make it an administrator, with what can be done with them.
    pub fn powers(&self, identity: &Identity<'a>) -> Vec<Power<'a>> {
        let principal = identity.principal;
        principal.map_or_else(Vec::new, |it| tiers::of(it, self.tenant))
    }

    /// Whole days from now until a time; negative when it is over.
    pub fn days_until(&self, time: i64) -> i64 {
        (time - self.now).div_euclid(DAY)
    }

    /// What an issuer serves, where it was asked.
    pub fn published(&self, issuer: &str) -> Option<&Published> {
        self.tenant.published.get(issuer)
    }
}

fn held(credential: &Credential) -> Held<'_> {
    let matcher = match (&credential.subject, &credential.expression) {
        (Some(subject), _) => Some(Matcher::Subject(subject.clone())),
        (None, Some(text)) => Expression::parse(text).ok().map(Matcher::Expression),
        (None, None) => None,
    };
    Held {
        credential,
        trust: matcher.map(|matcher| Trust {
            issuer: credential.issuer.clone(),
            audience: credential.audiences.first().cloned().unwrap_or_default(),
            matcher,
        }),
    }
}

/// Every issuer is parsed once: there are many trusts in each.
fn doubles(published: &BTreeMap<String, Published>) -> BTreeMap<&str, &str> {
    let mut publishers: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (issuer, published) in published {
        let text = published.jwks.as_ref();
        let keys = text.and_then(|text| Jwks::parse(text.as_bytes()).ok());
        for key in keys.into_iter().flat_map(|set| set.keys) {
            if let Some(modulus) = key.n {
                publishers.entry(modulus).or_default().insert(issuer);
            }
        }
    }
    let mut doubles = BTreeMap::new();
    for issuers in publishers.values() {
        for issuer in issuers {
            let other = issuers.iter().find(|other| *other != issuer);
            if let Some(other) = other {
                doubles.entry(*issuer).or_insert(*other);
            }
        }
    }
    doubles
}
