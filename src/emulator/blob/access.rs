//! Who may do what: a bearer of the tenant's own token, or anybody as far as a container is public.

use super::state::PublicAccess;
use super::{Call, Failure, NOT_FOUND, failure};
use crate::emulator::store::{Store, text};
use crate::emulator::token;

const NO_AUTHENTICATION: Failure = failure(
    401,
    "NoAuthenticationInformation",
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
);
const BAD_AUTHENTICATION: Failure = failure(
    401,
    "InvalidAuthenticationInfo",
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
);

/// Checks that the caller may make a request. Data roles are not played: a token for Storage may do everything.
pub(super) fn check(store: &Store, call: &Call<'_>) -> Result<(), Failure> {
    // learn.microsoft.com, storage-blob-static-website: public whatever the container's level, and read-only.
    if super::account_of_website(call.request.hostname()).is_some() {
        return match call.request.method.as_str() {
            "GET" | "HEAD" if !call.target.blob.is_empty() => Ok(()),
            "GET" | "HEAD" => Err(NOT_FOUND),
            _ => Err(failure(
                405,
                "UnsupportedHttpVerb",
                "The resource doesn't support specified Http Verb.",
            )),
        };
    }
    if let Some(token) = token::bearer(call.request) {
        let claims = store.key.verify(token).ok_or(BAD_AUTHENTICATION)?;
        let own = format!("https://{}.blob.core.", call.target.account);
        let audience = text(&claims, "aud").trim_end_matches('/');
        let known = [
            "https://storage.azure.com",
            "e406a681-f3d4-42a8-90b6-c2b029497af1",
        ];
        if token::is_expired(&claims, call.now)
            || !(known.contains(&audience) || audience.starts_with(&own))
        {
            return Err(BAD_AUTHENTICATION);
        }
        return Ok(());
    }
    if call.request.header("authorization").is_some() {
        return Err(failure(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of the Authorization header is formed correctly including the signature.",
        ));
    }
    anonymous(store, call)
}

/// learn.microsoft.com, anonymous-read-access-configure.
fn anonymous(store: &Store, call: &Call<'_>) -> Result<(), Failure> {
    if !["GET", "HEAD"].contains(&call.request.method.as_str()) || call.target.container.is_empty()
    {
        return Err(NO_AUTHENTICATION);
    }
    if !store.blobs.allows_public_access(&call.target.account) {
        return Err(failure(
            409,
            "PublicAccessNotPermitted",
            "Public access is not permitted on this storage account.",
        ));
    }
    let access = store
        .blobs
        .container(&call.target)
        .map_or(PublicAccess::None, |container| container.access);
    let enough = match call.target.blob.is_empty() {
        true => access == PublicAccess::Container,
        false => access != PublicAccess::None,
    };
    if enough { Ok(()) } else { Err(NOT_FOUND) }
}
