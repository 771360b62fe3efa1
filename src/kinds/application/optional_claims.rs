//! Claims that tokens for an application have beside the usual ones.
//!
//! Source: Microsoft Graph, resource type `optionalClaims`.

use serde_json::{Value as Json, json};

use crate::model::desired::Resource;
use crate::model::schema::{Field, Type};
use crate::model::value::{Map, Value};

/// Computed: by `<token>/<claim>`, the claim as the JSON that Graph takes.
pub const CLAIMS: &str = "optional_claim_set";

pub static FIELDS: &[Field] = &[
    Field::new(
        "id_token",
        Type::Labelled(CLAIM),
        "In ID tokens. The label is the claim's name.",
    ),
    Field::new(
        "access_token",
        Type::Labelled(CLAIM),
        "In access tokens. The label is the claim's name.",
    ),
    Field::new(
        "saml2_token",
        Type::Labelled(CLAIM),
        "In SAML tokens. The label is the claim's name.",
    ),
];

static CLAIM: &[Field] = &[
    Field::string(
        "source",
        "`user` for a directory extension; otherwise a claim that Entra knows.",
    ),
    Field::bool(
        "essential",
        "Whether the client cannot do without it. Default: `false`.",
    ),
    Field::strings(
        "additional_properties",
        "How it is written, such as `sam_account_name` for `groups`.",
    ),
];

/// The block's word, and the member of `optionalClaims`.
const TOKENS: [(&str, &str); 3] = [
    ("id_token", "idToken"),
    ("access_token", "accessToken"),
    ("saml2_token", "saml2Token"),
];

pub fn lower(resource: &mut Resource) {
    let mut claims = Map::new();
    for (word, _) in TOKENS {
        let blocks = resource
            .at(&format!("optional_claims.{word}"))
            .and_then(Value::as_map);
        for (name, block) in blocks.into_iter().flatten() {
            let text = |name: &str| block.get(name).and_then(Value::as_str);
            let properties: Vec<&str> = block
                .get("additional_properties")
                .into_iter()
                .flat_map(Value::items)
                .filter_map(Value::as_str)
                .collect();
            let essential = block.get("essential") == Some(&Value::Bool(true));
            let claim = json!({"name": name, "source": text("source"), "essential": essential, "additionalProperties": properties});
            claims.insert(format!("{word}/{name}"), claim.to_string().into());
        }
    }
    if !claims.is_empty() {
        resource.body.insert(CLAIMS.to_owned(), Value::Map(claims));
    }
}

pub fn decode(json: &Json) -> Value {
    let mut claims = Map::new();
    for (word, member) in TOKENS {
        for claim in json[member].as_array().into_iter().flatten() {
            let mut properties: Vec<&str> = claim["additionalProperties"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            properties.sort_unstable();
            let name = claim["name"].as_str().unwrap_or_default();
            let read = json!({"name": name, "source": claim["source"], "essential": claim["essential"] == true, "additionalProperties": properties});
            claims.insert(format!("{word}/{name}"), read.to_string().into());
        }
    }
    Value::Map(claims)
}

pub fn encode(value: &Value) -> Value {
    let list = |word: &str| {
        let claims = value.as_map().into_iter().flatten();
        let of_token = claims.filter(|(key, _)| key.split('/').next() == Some(word));
        let parsed =
            of_token.filter_map(|(_, claim)| serde_json::from_str::<Json>(claim.as_str()?).ok());
        Value::List(parsed.map(|claim| Value::from_json(&claim)).collect())
    };
    Value::map(TOKENS.map(|(word, member)| (member, list(word))))
}

pub fn show(value: &Value) -> Value {
    let claims = value.as_map().into_iter().flatten();
    Value::map(claims.map(|(key, claim)| {
        let claim: Json =
            serde_json::from_str(claim.as_str().unwrap_or_default()).unwrap_or_default();
        let essential = if claim["essential"] == true {
            "essential"
        } else {
            "voluntary"
        };
        let properties: Vec<&str> = claim["additionalProperties"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let tail = if properties.is_empty() {
            String::new()
        } else {
            format!(", {}", properties.join(", "))
        };
        (key.clone(), Value::from(format!("{essential}{tail}")))
    }))
}
