//! Rehearsals: a key of the stack's own signs tokens as an outside platform would, and the embedded tenant serves its
//! public half as that platform's. Neither means anything to anyone else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use super::local::own_directory;
use super::{Failure, World};
use crate::emulator::inprocess::new_signing_key;
use crate::emulator::jwt::SigningKey;
use crate::keys::discovery::{self, Discovery};
use crate::kinds::{document, federated_credential};
use crate::model::desired::Desired;

const FILE: &str = "rehearsal-key.der";

/// The stack's rehearsal key, if it has one.
pub fn key(stack: &Path) -> Option<SigningKey> {
    let bytes = std::fs::read(stack.join(super::local::DIRECTORY).join(FILE)).ok()?;
    SigningKey::new(bytes).ok()
}

/// The stack's rehearsal key, made where it has none.
pub fn key_or_new(stack: &Path) -> Result<SigningKey, Failure> {
    if let Some(key) = key(stack) {
        return Ok(key);
    }
    let failed = |why: String| {
        Failure::plain(
            "rehearsal-key",
            format!("the rehearsal key cannot be made: {why}"),
        )
    };
    let bytes = new_signing_key().map_err(failed)?;
    let written = own_directory(stack).and_then(|directory| {
        let mut file = tempfile::NamedTempFile::new_in(&directory)?;
        file.write_all(&bytes)?;
        file.persist(directory.join(FILE))
            .map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error| failed(error.to_string()))?;
    SigningKey::new(bytes).map_err(failed)
}

/// What the rehearsal key is called, whatever it is.
pub const KEY_ID: &str = "rehearsal";

/// What each outside issuer that the stack trusts would publish, if it signed with the rehearsal key. Issuers whose
/// documents the stack makes itself are not played: those have to be right.
pub fn documents(desired: &Desired, key: &SigningKey) -> BTreeMap<String, Vec<u8>> {
    let own: BTreeSet<&str> = desired
        .of_kind(document::KIND)
        .filter_map(|resource| resource.text("url"))
        .collect();
    let issuers: BTreeSet<&str> = desired
        .of_kind(federated_credential::KIND)
        .filter_map(|resource| resource.text("issuer"))
        .filter(|issuer| !own.contains(discovery::url(issuer).as_str()))
        .collect();
    let mut documents = BTreeMap::new();
    for issuer in issuers {
        let mut jwk = key.jwk(issuer);
        jwk["kid"] = KEY_ID.into();
        let jwks = serde_json::json!({ "keys": [jwk] }).to_string();
        documents.insert(
            discovery::url(issuer),
            Discovery::of(issuer).text().into_bytes(),
        );
        documents.insert(discovery::jwks_uri(issuer), jwks.into_bytes());
    }
    documents
}

/// A private key from a PEM file, for issuers that the stack publishes itself.
pub fn key_from_file(world: &World, file: &Path) -> Result<SigningKey, Failure> {
    let failed = |why: String| {
        Failure::from(
            crate::model::diagnostic::Diagnostic::error(
                "signing-key",
                format!("`{}` is no key to sign with: {why}", file.display()),
            )
            .help("give an RSA private key in PKCS#8 PEM: `openssl pkcs8 -topk8 -nocrypt -in old.key -out new.key` makes one of an older form"),
        )
    };
    let text = std::fs::read_to_string(world.directory.join(file))
        .map_err(|error| failed(error.to_string()))?;
    let body = text
        .split_once("-----BEGIN PRIVATE KEY-----")
        .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
        .map(|(body, _)| body.split_whitespace().collect::<String>())
        .ok_or_else(|| failed("it has no `BEGIN PRIVATE KEY`".to_owned()))?;
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(body)
        .map_err(|error| failed(error.to_string()))?;
    SigningKey::new(bytes).map_err(failed)
}
