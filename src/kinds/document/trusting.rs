//! Who in the whole tenant trusts an issuer whose discovery document is to go.
//!
//! Source: Microsoft Graph, "Advanced query capabilities on Microsoft Entra ID objects".

use serde_json::Value as Json;

use super::{KIND, issuer};
use crate::kinds::managed_identity::everywhere;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::step::{Reply, Request, Service};
use crate::model::value::Value;

pub const PURPOSE: &str = "trusting";

/// Where the answer is kept in the document's object: by the credential's id, who it lets in.
const TRUSTED_BY: &str = "trusted_by";

/// Every application of the tenant that has credentials, with them; and every managed identity.
pub fn reads(document: &Object, live: &Live) -> Vec<Read> {
    let applications = Read {
        kind: KIND,
        purpose: PURPOSE,
        request: request(),
        about: document.key.id.clone(),
    };
    let mut reads = everywhere::reads(live);
    reads.push(applications);
    reads
}

fn request() -> Request {
    Request::get(
        Service::GraphBeta,
        "/applications?$filter=federatedIdentityCredentials/$count ne 0&$select=id,displayName&$expand=federatedIdentityCredentials&$count=true&$top=999",
    )
    .header("ConsistencyLevel", "eventual")
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    let key = Key::new(KIND, &read.about);
    let Some(mut object) = live.get(&key).filter(|_| reply.status == 200).cloned() else {
        return;
    };
    let Some(issuer) = issuer(&object).map(str::to_owned) else {
        return;
    };
    let list = |json: &Json| json.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for application in list(&reply.body["value"]) {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        for credential in list(&application["federatedIdentityCredentials"]) {
            if credential["issuer"] == issuer.as_str() {
                found.push((
                    format!("{}/{}", text(&application["id"]), text(&credential["id"])),
                    Value::from(format!(
                        "`{}` of `{}`",
                        text(&credential["name"]),
                        text(&application["displayName"])
                    )),
                ));
            }
        }
    }
    object.body.insert(TRUSTED_BY.to_owned(), Value::map(found));
    live.insert(object);
}

/// The credentials that trust the issuer of a document: the id of each with its application's, and what it is called.
/// None where nobody asked, or nobody answered.
pub fn credentials<'a>(
    live: &'a Live,
    document: &Key,
) -> Option<impl Iterator<Item = (&'a str, &'a str)>> {
    let trusted = live.get(document)?.body.get(TRUSTED_BY)?.as_map()?;
    let each = trusted.iter();
    Some(each.filter_map(|(id, name)| Some((id.as_str(), name.as_str()?))))
}
