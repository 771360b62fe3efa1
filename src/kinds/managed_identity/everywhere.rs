//! The managed identities of every subscription that the login sees, whatever stack they belong to, with their
//! credentials: who would miss an issuer, and what nothing declares any more.
//!
//! Sources: Azure/azure-rest-api-specs, Microsoft.Resources 2022-12-01 ("Subscriptions - List": a login that may see
//! none gets an empty list) and Microsoft.ManagedIdentity 2024-11-30 ("List By Subscription").

use super::wire::{self, VERSION};
use super::{KIND, mark};
use crate::kinds::federated_credential;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::step::{Reply, Request, Service};
use crate::model::value::Value;

/// The version of the API that lists subscriptions.
pub const SUBSCRIPTIONS_VERSION: &str = "api-version=2022-12-01";

/// Subscriptions that a plan looks through, beside those that the stack names.
const MOST: usize = 50;

const SUBSCRIPTIONS: &str = "subscriptions";
const WITHIN: &str = "subscription";
/// What a plan can do without.
pub(super) const PURPOSES: &[&str] = &[SUBSCRIPTIONS, WITHIN];

/// What a subscription that the login sees is remembered as, and an identity of it. No stack claims these.
const SUBSCRIPTION: &str = "visible_subscription";
const IDENTITY: &str = "visible_identity";

/// The subscriptions that the login sees.
pub fn subscriptions() -> Request {
    Request::get(
        Service::Arm,
        format!("/subscriptions?{SUBSCRIPTIONS_VERSION}"),
    )
}

/// The user-assigned identities of a subscription.
pub fn within(subscription: &str) -> Request {
    Request::get(
        Service::Arm,
        format!(
            "/subscriptions/{subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?{VERSION}"
        ),
    )
}

/// The read of [`subscriptions`].
pub fn read_subscriptions() -> Read {
    Read {
        kind: KIND,
        purpose: SUBSCRIPTIONS,
        request: subscriptions(),
        about: String::new(),
    }
}

/// The ids of the subscriptions that the login was seen to see.
pub fn seen(live: &Live) -> impl Iterator<Item = &str> {
    live.of_kind(SUBSCRIPTION).map(|one| one.key.id.as_str())
}

/// Those of them in which every plan looks for what nothing declares any more.
pub fn looked_through(live: &Live) -> impl Iterator<Item = &str> {
    seen(live).take(MOST)
}

/// The identities of these subscriptions.
pub fn lists<'a>(subscriptions: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Read> {
    subscriptions.map(|id| Read {
        kind: KIND,
        purpose: WITHIN,
        request: within(id),
        about: id.to_owned(),
    })
}

/// Whether the subscriptions were looked through.
pub fn is_looked_through(live: &Live) -> bool {
    let answered = |purpose, about: &str| live.answer(KIND, purpose, about).is_some();
    answered(SUBSCRIPTIONS, "") && looked_through(live).all(|id| answered(WITHIN, id))
}

/// Every read that leads to the credentials of all identities.
pub fn reads(live: &Live) -> Vec<Read> {
    let mut reads = vec![read_subscriptions()];
    reads.extend(lists(seen(live)));
    let identities = live
        .of_kind(IDENTITY)
        .map(|one| Key::new(KIND, &one.key.id));
    reads.extend(identities.filter_map(|key| federated_credential::list_elsewhere(&key, live)));
    reads
}

pub(super) fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    if reply.status != 200 {
        return;
    }
    let remember = |kind, mut object: Object, live: &mut Live| {
        object.key.kind = kind;
        live.insert(object);
    };
    for json in reply.body["value"].as_array().into_iter().flatten() {
        match read.purpose {
            SUBSCRIPTIONS => {
                if let Some(id) = json["subscriptionId"].as_str() {
                    let mut object = wire::object(json, false);
                    object.key.id = id.to_ascii_lowercase();
                    remember(SUBSCRIPTION, object, live);
                }
            }
            WITHIN => {
                let object = wire::object(json, false);
                // What some stack made may be ours. What is known of it is newer.
                let known = live.get(&object.key).is_some() || live.is_absent(KIND, &object.key.id);
                if mark::of(object.body.get("tags")).is_some() && !known {
                    live.insert(object.clone());
                }
                remember(IDENTITY, object, live);
            }
            _ => {}
        }
    }
}

/// The identities' credentials that name an issuer: the key of each, and what it is called.
pub fn trusting<'a>(live: &'a Live, issuer: &'a str) -> impl Iterator<Item = (&'a Key, String)> {
    let all = live.of_kind(federated_credential::KIND);
    all.filter(move |credential| {
        let named = credential.body.get("issuer").and_then(Value::as_str);
        named == Some(issuer)
    })
    .filter_map(move |credential| {
        let parent = credential.parent.as_ref().filter(|key| key.kind == KIND)?;
        let identity = live.get(&Key::new(IDENTITY, &parent.id))?;
        let name = format!(
            "`{}` of the managed identity `{}`",
            credential.name, identity.name
        );
        Some((&credential.key, name))
    })
}

/// What of the tenant's managed identities was not looked at, in words; none where every subscription that the login
/// sees was.
pub fn unseen(live: &Live) -> Option<String> {
    let refused = |purpose, about: &str| live.answer(KIND, purpose, about) != Some(200);
    if refused(SUBSCRIPTIONS, "") {
        return Some("Azure Resource Manager did not list the subscriptions".to_owned());
    }
    let mut subscriptions = seen(live).peekable();
    if subscriptions.peek().is_none() {
        return Some("this login sees no subscription".to_owned());
    }
    let closed: Vec<String> = subscriptions
        .filter(|id| refused(WITHIN, id))
        .map(|id| format!("`{id}`"))
        .collect();
    if !closed.is_empty() {
        let which = closed.join(", ");
        return Some(format!(
            "this login may not list those of the subscription {which}"
        ));
    }
    let mut identities = live.of_kind(IDENTITY);
    let closed = identities.find(|one| !federated_credential::is_listed(&one.key.id, live))?;
    Some(format!(
        "this login may not list the credentials of `{}`",
        closed.name
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(live: &mut Live, read: &Read, status: u16, rows: serde_json::Value) {
        live.record(read, status);
        let reply = Reply {
            status,
            body: json!({ "value": rows }),
            ..Reply::default()
        };
        decode(read, &reply, live);
    }

    #[test]
    fn what_was_not_looked_at_is_said() {
        let mut live = Live::default();
        let says = |live: &Live, words: &str| {
            let said = unseen(live).unwrap_or_default();
            assert!(said.contains(words), "`{said}` does not say `{words}`");
        };
        answered(&mut live, &read_subscriptions(), 0, json!([]));
        says(&live, "did not list");
        answered(&mut live, &read_subscriptions(), 200, json!([]));
        says(&live, "sees no subscription");
        let one = json!([{"id": "/subscriptions/S1", "subscriptionId": "S1"}]);
        answered(&mut live, &read_subscriptions(), 200, one);
        let list = reads(&live).pop().unwrap();
        assert_eq!(list.about, "s1");
        answered(&mut live, &list, 0, json!([]));
        says(&live, "of the subscription `s1`");
        let one = json!([{"id": "/subscriptions/S1/x/Checkout", "name": "Checkout"}]);
        answered(&mut live, &list, 200, one);
        says(&live, "the credentials of `Checkout`");
        let credentials = reads(&live).pop().unwrap();
        live.record(&credentials, 0);
        says(&live, "the credentials of `Checkout`");
        let key = Key::new(KIND, "/subscriptions/s1/x/checkout");
        let pods = json!([{"id": "pods", "name": "pods", "issuer": "https://x"}]);
        federated_credential::take_list(&key, &pods, true, &mut live);
        assert_eq!(unseen(&live), None);
        let found: Vec<String> = trusting(&live, "https://x").map(|(_, name)| name).collect();
        assert_eq!(found, ["`pods` of the managed identity `Checkout`"]);
        assert_eq!(trusting(&live, "https://y").count(), 0);
    }
}
