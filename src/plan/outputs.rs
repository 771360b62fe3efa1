//! What a stack tells others: the outputs of its objects, as far as they are known.

use std::collections::BTreeMap;

use super::matching::Pair;
use crate::model::desired::{Desired, OutputValue};
use crate::model::live::{Live, Object};
use crate::model::value::{Ref, Value};

/// Outputs of objects that are there.
pub fn known(pairs: &[Pair], live: &Live) -> BTreeMap<Ref, String> {
    let mut known = BTreeMap::new();
    for pair in pairs {
        let live_object = |object: &Object| {
            live.get(&object.key)
                .filter(|object| !object.deleted)
                .cloned()
        };
        for (output, value) in pair
            .object
            .as_ref()
            .and_then(live_object)
            .into_iter()
            .flat_map(|object| object.outputs)
        {
            let reference = Ref {
                address: pair.resource.address.clone(),
                output,
            };
            known.insert(reference, value);
        }
    }
    known
}

/// The stack's `output` blocks with what is known filled in.
pub fn filled(desired: &Desired, fill: &dyn Fn(&Value) -> Value) -> BTreeMap<String, OutputValue> {
    desired
        .outputs
        .iter()
        .map(|(name, output)| {
            let value = fill(&output.value);
            let output = OutputValue {
                value,
                description: output.description.clone(),
            };
            (name.clone(), output)
        })
        .collect()
}
