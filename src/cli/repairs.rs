//! What a plan of repairs is made of: the applications that they are about, and the secrets that go.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{managed_identity, secret, service_principal};
use crate::model::address::{Address, Segment};
use crate::model::desired::Resource;
use crate::model::repair::{Part, Repair};
use crate::model::source::Span;
use crate::model::value::Value;

/// The applications and identities, as somebody else's, and the secrets that are asked for. `root` is the address of an application
/// by its client id.
pub fn resources(
    repairs: &[Repair],
    root: impl Fn(&str) -> Address,
) -> BTreeMap<Address, Resource> {
    let resource = |address: Address, name: &str, value: Value| Resource {
        address,
        body: [(name.to_owned(), value)].into(),
        origin: Span::default(),
        spans: Default::default(),
        protect: false,
    };
    let alone = |it: &&Repair| matches!(it.part, Part::PrincipalSecret(_)) && it.beside.is_empty();
    let of_applications = repairs
        .iter()
        .filter(|it| it.identity.is_none() && !alone(it));
    let clients: BTreeSet<&str> = of_applications.map(|it| it.client_id.as_str()).collect();
    let applications = clients.into_iter().map(|client_id| {
        let existing = Value::map([("client_id", client_id.into())]);
        resource(root(client_id), "existing", existing)
    });
    let identities = repairs.iter().filter_map(|repair| {
        let id = repair.identity.as_deref()?;
        let address = Address::root(managed_identity::KIND, repair.client_id.as_str());
        let mut identity = resource(address, "existing", id.into());
        identity.body.insert("id".to_owned(), id.into());
        Some(identity)
    });
    let principal = |client_id: &str| Address::root(service_principal::KIND, client_id);
    let principals = repairs.iter().filter_map(|repair| match repair.part {
        Part::PrincipalSecret(_) => {
            let client_id = repair.client_id.as_str();
            Some(resource(
                principal(client_id),
                "client_id",
                client_id.into(),
            ))
        }
        _ => None,
    });
    let secrets = repairs.iter().filter_map(|repair| {
        let (parent, id) = match &repair.part {
            Part::Secret(id) => (root(&repair.client_id), id),
            Part::PrincipalSecret(id) => (principal(&repair.client_id), id),
            Part::Trust(_) => return None,
        };
        let address = parent.child(Segment::new(secret::KIND, id.as_str()));
        Some(resource(address, "key_id", id.as_str().into()))
    });
    applications
        .chain(identities)
        .chain(principals)
        .chain(secrets)
        .map(|resource| (resource.address.clone(), resource))
        .collect()
}
