//! The `signing_key` blocks of an issuer: the keys that it publishes.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::keys::jwk::Jwk;
use crate::keys::jwks::Jwks;
use crate::keys::{check, input, strength};
use crate::kinds::lower::Lowering;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{Complaint, Field};
use crate::model::value::{Map, Value};

pub static FIELDS: &[Field] = &[
    Field::string(
        "public_key",
        "A public key in PEM form; RSA with at least 2048 bits.",
    ),
    Field::string("jwk", "A public key as a JSON Web Key."),
    Field::string(
        "jwks",
        "A JWKS, as `kubectl get --raw /openid/v1/jwks` prints it.",
    ),
    Field::string(
        "kid",
        "The key id. Default: the one that Kubernetes works out from the key.",
    ),
    Field::string(
        "signs_since",
        "When the issuer began to sign with the key, such as `2026-12-01T09:00:00Z`: the keys before it are kept until their last token has expired.",
    )
    .check(moment),
];

fn moment(value: &Value) -> Result<(), Complaint> {
    match value.as_str() {
        Some(text) if OffsetDateTime::parse(text, &Rfc3339).is_err() => {
            Err(Complaint::new(format!("`{text}` is not a time"))
                .help("write it as in `2026-12-01T09:00:00Z`"))
        }
        _ => Ok(()),
    }
}

/// The published keys, in the order of their labels, and by `kid` since when one signs. None after an error.
pub fn published(resource: &Resource, lowering: &mut Lowering) -> Option<(Jwks, Map)> {
    let mut keys: Vec<Jwk> = Vec::new();
    let mut since = Map::new();
    let mut sound = true;
    for (label, block) in resource.at("signing_key").and_then(Value::as_map)? {
        let given: Vec<&str> = ["public_key", "jwk", "jwks"]
            .into_iter()
            .filter(|name| block.get(name).is_some_and(|value| !value.is_empty()))
            .collect();
        let at = format!("signing_key.{label}");
        let [member] = given[..] else {
            lowering.refuse(
                resource,
                &at,
                "one-of",
                "a signing key is given in exactly one way",
                "give one of `public_key`, `jwk` and `jwks`",
            );
            sound = false;
            continue;
        };
        let path = format!("{at}.{member}");
        let text = block
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default();
        match input::keys(text.as_bytes()).and_then(|found| {
            for key in &found {
                strength::accepted_by_entra(&key.public_key()?)?;
            }
            Ok(found)
        }) {
            Ok(found) => {
                let kid = block
                    .get("kid")
                    .and_then(Value::as_str)
                    .filter(|kid| !kid.is_empty());
                let signs = block.get("signs_since").filter(|value| !value.is_empty());
                for key in found {
                    let key = Jwk {
                        kid: kid.map(str::to_owned).or(key.kid.clone()),
                        ..key
                    };
                    if let (Some(kid), Some(signs)) = (&key.kid, signs) {
                        since.insert(kid.clone(), signs.clone());
                    }
                    keys.push(key);
                }
            }
            Err(error) => {
                lowering.diagnostics.push(
                    Diagnostic::error("signing-key", error.message)
                        .about(&resource.address)
                        .at(resource.span(&path), "")
                        .help(error.help),
                );
                sound = false;
            }
        }
    }
    let jwks = Jwks { keys };
    if let Err(error) = check::publishable(&jwks)
        && sound
    {
        lowering.refuse(
            resource,
            "signing_key",
            "signing-key",
            error.message,
            error.help,
        );
        sound = false;
    }
    sound.then_some((jwks, since))
}
