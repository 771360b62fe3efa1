//! What a plan of repairs is made of: the applications that they are about, and the secrets that go.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::secret;
use crate::model::address::{Address, Segment};
use crate::model::desired::Resource;
use crate::model::repair::{Part, Repair};
use crate::model::source::Span;
use crate::model::value::Value;

/// The applications, as somebody else's, and the secrets that are asked for. `root` is the address of an application
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
    let clients: BTreeSet<&str> = repairs.iter().map(|it| it.client_id.as_str()).collect();
    let applications = clients.into_iter().map(|client_id| {
        let existing = Value::map([("client_id", client_id.into())]);
        resource(root(client_id), "existing", existing)
    });
    let secrets = repairs.iter().filter_map(|repair| {
        let Part::Secret(id) = &repair.part else {
            return None;
        };
        let address = root(&repair.client_id).child(Segment::new(secret::KIND, id.as_str()));
        Some(resource(address, "key_id", id.as_str().into()))
    });
    applications
        .chain(secrets)
        .map(|resource| (resource.address.clone(), resource))
        .collect()
}
