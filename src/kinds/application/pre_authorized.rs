//! Clients that get an application's scopes without anybody's consent.
//!
//! Source: Microsoft Graph, resource type `preAuthorizedApplication`.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::check;
use crate::kinds::lower::Lowering;
use crate::model::desired::Resource;
use crate::model::schema::Field;
use crate::model::value::Value;
use crate::model::words::nearest;

pub static FIELDS: &[Field] = &[Field::strings(
    "scopes",
    "Scopes of this application, by value, that the client gets without anybody's consent.",
)
.required()];

/// By client id, what Graph stores; `scopes` are those that the application declares, by value.
pub fn lower(
    resource: &Resource,
    scopes: &BTreeMap<String, Json>,
    lowering: &mut Lowering,
) -> BTreeMap<String, Json> {
    let blocks = resource.at("api.pre_authorized").and_then(Value::as_map);
    let mut clients = BTreeMap::new();
    for (client, block) in blocks.into_iter().flatten() {
        let at = format!("api.pre_authorized.{client}");
        if check::guid(&Value::text(client.as_str())).is_err() {
            lowering.refuse(
                resource,
                &at,
                "client-id",
                format!("`{client}` is not a client id"),
                "label the block with the client's application (client) id",
            );
        }
        let mut ids = Vec::new();
        for name in block
            .get("scopes")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(Value::as_str)
        {
            match scopes.get(name) {
                Some(scope) => ids.push(scope["id"].clone()),
                None => {
                    let help = match nearest(name, scopes.keys().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("declare it: `oauth2_permission_scope \"{name}\" {{ … }}`"),
                    };
                    lowering.refuse(
                        resource,
                        &format!("{at}.scopes"),
                        "unknown-scope",
                        format!("this application offers no scope `{name}`"),
                        help,
                    );
                }
            }
        }
        ids.sort_by_key(Json::to_string);
        let client = client.to_ascii_lowercase();
        clients.insert(
            client.clone(),
            json!({"appId": client, "delegatedPermissionIds": ids}),
        );
    }
    clients
}
