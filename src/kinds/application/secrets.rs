//! Client secrets that go. None can be made or read from here.
//!
//! Source: Microsoft Graph, "application: removePassword".

use crate::kinds::{Task, step};
use crate::model::live::Object;
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Request, Service, Step};
use crate::model::value::Value;

/// A client secret, by its key id and what people know it by.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Secret {
    pub key_id: String,
    pub name: String,
}

/// Deletes all secrets of an application: afterwards reads agree that none is left.
pub fn remove(task: &Task, object: &Object, secrets: &[Secret]) -> Vec<Step> {
    let path = format!("/applications/{}", object.key.id);
    let steps = secrets.iter().map(|secret| Step {
        check: Some(Check {
            read: Request::get(
                Service::Graph,
                format!("{path}?$select=id,passwordCredentials"),
            ),
            expect: Expect::Present(Value::map([(
                "passwordCredentials",
                Value::List(Vec::new()),
            )])),
        }),
        done_if: vec![Pattern::replayed(400, "No credentials found to be removed")],
        ..step(
            task,
            Phase::Withdraw,
            Request::new(
                Service::Graph,
                Method::Post,
                format!("{path}/removePassword"),
            )
            .body(Value::map([("keyId", Value::text(secret.key_id.as_str()))])),
        )
    });
    steps.collect()
}
