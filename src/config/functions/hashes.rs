//! Functions that digest text.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use super::Arguments;
use crate::config::context::Eval;
use crate::config::value::Value;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn md5(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(hexadecimal(&md5::Md5::digest(text.as_bytes())))
}

pub(super) fn sha1(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    arguments.made(hexadecimal(hash.as_ref()))
}

pub(super) fn sha256(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(hexadecimal(&sha2::Sha256::digest(text.as_bytes())))
}

pub(super) fn sha512(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(hexadecimal(&sha2::Sha512::digest(text.as_bytes())))
}

pub(super) fn base64sha256(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(STANDARD.encode(sha2::Sha256::digest(text.as_bytes())))
}

pub(super) fn base64sha512(arguments: &Arguments) -> Eval<Value> {
    let text = arguments.text(0)?;
    arguments.made(STANDARD.encode(sha2::Sha512::digest(text.as_bytes())))
}

/// Of a namespace (`dns`, `url`, `oid`, `x500` or a UUID) and a name.
pub(super) fn uuidv5(arguments: &Arguments) -> Eval<Value> {
    let (namespace, name) = (arguments.text(0)?, arguments.text(1)?);
    let namespace = match &*namespace {
        "dns" => uuid::Uuid::NAMESPACE_DNS,
        "url" => uuid::Uuid::NAMESPACE_URL,
        "oid" => uuid::Uuid::NAMESPACE_OID,
        "x500" => uuid::Uuid::NAMESPACE_X500,
        text => uuid::Uuid::try_parse(text).map_err(|_| {
            arguments.wrong(0, "the namespace is `dns`, `url`, `oid`, `x500` or a UUID")
        })?,
    };
    arguments.made(uuid::Uuid::new_v5(&namespace, name.as_bytes()).to_string())
}
