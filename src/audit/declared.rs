//! What files declare of a tenant, and a tenant made of files alone.

use std::collections::BTreeMap;

use crate::kinds::{application, federated_credential, managed_identity};
use crate::model::address::Address;
use crate::model::desired::{Desired, Resource};
use crate::model::policy::{Accused, Waiver};
use crate::model::rule::Need;
use crate::model::source::{Sources, Span};
use crate::model::tenant::{Application, Credential, ManagedIdentity, Tenant};

use super::snapshot;
use super::waivers::{Waiving, Whose};

/// A stack's files, read.
#[derive(Clone, Copy)]
pub struct Declaration<'a> {
    pub desired: &'a Desired,
    pub sources: &'a Sources,
}

impl<'a> Declaration<'a> {
    /// The line that declares something: `trust.hcl:12`.
    fn place(&self, span: Span) -> Option<String> {
        let name = &self.sources.get(span.source).name;
        let (line, _) = self.sources.position(span);
        (!name.is_empty()).then(|| format!("{name}:{line}"))
    }

    /// Declared credentials by the resource that they belong to.
    fn credentials(&self) -> BTreeMap<Address, Vec<&'a Resource>> {
        let mut found: BTreeMap<Address, Vec<&Resource>> = BTreeMap::new();
        for resource in self.desired.of_kind(federated_credential::KIND) {
            if let Some(parent) = resource.address.parent() {
                found.entry(parent).or_default().push(resource);
            }
        }
        found
    }
}

/// Which objects declared resources are: object id, and the credential's name where it is one.
pub type Places = BTreeMap<Address, Vec<(String, Option<String>)>>;

/// Writes into a tenant where a stack's files declare it, and says which objects their resources are. A credential
/// whose issuer or subject is not known yet counts for every one that it may become.
pub fn mark(tenant: &mut Tenant, stack: Declaration) -> Places {
    let mut places = Places::new();
    let by_name: BTreeMap<String, usize> = tenant
        .applications
        .iter()
        .enumerate()
        .flat_map(|(at, it)| {
            let names = [
                ("id", Some(&it.id)),
                ("client", Some(&it.app_id)),
                ("name", it.unique_name.as_ref()),
            ];
            names.into_iter().filter_map(move |(kind, name)| {
                Some((format!("{kind} {}", name?.to_lowercase()), at))
            })
        })
        .collect();
    let credentials = stack.credentials();
    for resource in stack.desired.of_kind(managed_identity::KIND) {
        let id = resource.text("id").unwrap_or_default();
        let mut all = tenant.identities.iter_mut();
        let Some(identity) = all.find(|it| it.id.eq_ignore_ascii_case(id)) else {
            continue;
        };
        identity.declared_at = stack.place(resource.origin);
        identity.keeps_unmanaged |= federated_credential::unmanaged(resource) == "keep";
        let object = identity.id.clone();
        let wanted = credentials.get(&resource.address);
        let mine = &mut identity.credentials;
        place(&mut places, resource, &object, wanted, mine, stack);
    }
    for resource in application::declared(stack.desired) {
        let at = names(resource)
            .into_iter()
            .find_map(|name| by_name.get(&name));
        let Some(application) = at.and_then(|at| tenant.applications.get_mut(*at)) else {
            continue;
        };
        application.declared_at = stack.place(resource.origin);
        application.keeps_unmanaged |= federated_credential::unmanaged(resource) == "keep";
        let object = application.id.clone();
        let wanted = credentials.get(&resource.address);
        let mine = &mut application.credentials;
        place(&mut places, resource, &object, wanted, mine, stack);
    }
    places
}

/// Notes which object a resource is, and which of its credentials are declared where.
fn place(
    places: &mut Places,
    resource: &Resource,
    object: &str,
    wanted: Option<&Vec<&Resource>>,
    credentials: &mut [Credential],
    stack: Declaration,
) {
    let mut note = |of: &Resource, part: Option<String>| {
        let all = places.entry(of.address.clone()).or_default();
        all.push((object.to_owned(), part));
    };
    note(resource, None);
    for wanted in wanted.into_iter().flatten() {
        for credential in credentials.iter_mut().filter(|it| may_be(wanted, it)) {
            credential.declared_at = stack.place(wanted.origin);
            note(wanted, Some(credential.name.clone()));
        }
    }
}

/// By what an application is found, the surest first.
fn names(resource: &Resource) -> Vec<String> {
    let by = |name: &str| {
        let existing = resource.text(&format!("existing.{name}"));
        existing.or_else(|| resource.text(&format!("adopt.{name}")))
    };
    let unique_name = by("unique_name").or_else(|| resource.text("unique_name"));
    [
        ("client", by("client_id")),
        ("id", by("object_id")),
        ("name", unique_name),
    ]
    .into_iter()
    .filter_map(|(kind, name)| Some(format!("{kind} {}", name?.to_lowercase())))
    .collect()
}

/// Whether a declared credential is this one, as far as it is known.
fn may_be(wanted: &Resource, credential: &Credential) -> bool {
    let same = |path: &str, live: Option<&str>| match wanted.at(path) {
        None => live.is_none(),
        Some(value) => match value.as_str() {
            Some(text) => live == Some(text),
            None => live.is_some() || value.is_empty(),
        },
    };
    same("issuer", Some(&credential.issuer))
        && same("subject", credential.subject.as_deref())
        && same(
            "claims_matching_expression",
            credential.expression.as_deref(),
        )
}

/// Waivers of a stack, with the objects that they speak of. None is longer than `days` from `now`.
pub fn waivers(stack: Declaration, places: &Places, days: usize) -> Vec<Waiving> {
    let whose = |waiver: &Waiver| match &waiver.of {
        Accused::ClientId(id) => vec![Whose::ClientId(id.clone())],
        Accused::ObjectId(id) => vec![Whose::Object(id.clone(), None)],
        Accused::Resource(address) => {
            let objects = places.get(address).into_iter().flatten();
            objects
                .map(|(id, part)| Whose::Object(id.clone(), part.clone()))
                .collect()
        }
    };
    let all = stack.desired.waivers.iter();
    all.map(|waiver| Waiving {
        waiver: waiver.clone(),
        whose: whose(waiver),
        place: stack.place(waiver.origin),
        days,
    })
    .collect()
}

/// A tenant as these files would make it, and nothing else: what only a tenant knows was not read. Says how many
/// credentials wait for a value and could not be judged.
pub fn tenant(stacks: &[Declaration]) -> (Tenant, usize) {
    let mut tenant = Tenant {
        format: snapshot::FORMAT.to_owned(),
        ..Tenant::default()
    };
    let mut waiting = 0;
    for stack in stacks {
        let mut credentials = stack.credentials();
        let mut of = |resource: &Resource| -> Vec<Credential> {
            let wanted = credentials.remove(&resource.address).unwrap_or_default();
            let known: Vec<Credential> = wanted.iter().filter_map(|it| credential(it)).collect();
            waiting += wanted.len() - known.len();
            known
        };
        for resource in application::declared(stack.desired) {
            let mut application = of_file(resource, stack.desired);
            application.credentials = of(resource);
            tenant.applications.push(application);
        }
        for resource in stack.desired.of_kind(managed_identity::KIND) {
            let address = resource.address.to_string();
            let text = |path: &str| resource.text(path).filter(|it| !it.is_empty());
            let id = text("id").unwrap_or(&address);
            tenant.identities.push(ManagedIdentity {
                id: id.to_owned(),
                name: id.rsplit('/').next().unwrap_or(id).to_owned(),
                client_id: address.clone(),
                credentials: of(resource),
                ..ManagedIdentity::default()
            });
        }
        waiting += stack
            .desired
            .pending
            .iter()
            .filter(|it| it.address.kind() == federated_credential::KIND)
            .count();
    }
    for need in [
        Need::Secrets,
        Need::Principals,
        Need::Grants,
        Need::Owners,
        Need::PrincipalOwners,
        Need::Sponsors,
        Need::Issuers,
        Need::Azure,
        Need::Directory,
        Need::CustomRoles,
        Need::Groups,
        Need::Activity,
        Need::Uses,
    ] {
        let why = "only files were read, no tenant";
        tenant.unread.insert(need.word().to_owned(), why.to_owned());
    }
    (tenant, waiting)
}

fn of_file(resource: &Resource, desired: &Desired) -> Application {
    let text = |path: &str| resource.text(path).unwrap_or_default().to_owned();
    let id = ["existing.client_id", "adopt.client_id"];
    let id = id.iter().find_map(|path| resource.text(path));
    let address = resource.address.to_string();
    let named = text("display_name");
    Application {
        id: format!("{}:{address}", desired.stack.title()),
        app_id: id.unwrap_or(&address).to_owned(),
        display_name: if named.is_empty() { address } else { named },
        unique_name: resource.text("unique_name").map(str::to_owned),
        sign_in_audience: text("sign_in_audience").into(),
        ..Application::default()
    }
}

/// None while its issuer or its subject is not known.
fn credential(resource: &Resource) -> Option<Credential> {
    let text = |path: &str| {
        resource
            .text(path)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
    };
    let (subject, expression) = (text("subject"), text("claims_matching_expression"));
    if subject.is_none() && expression.is_none() {
        return None;
    }
    Some(Credential {
        id: resource.address.to_string(),
        name: text("name").unwrap_or_else(|| resource.address.last().name()),
        issuer: text("issuer")?,
        subject,
        expression,
        audiences: text("audience").into_iter().collect(),
        description: text("description"),
        declared_at: None,
    })
}
