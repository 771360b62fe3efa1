//! The operation that makes an account: it is begun at once and goes on.
//!
//! Source: learn.microsoft.com, async-operations: `InProgress`, then `Succeeded`, or `Failed` with an error.

use serde_json::json;

use super::{ACCOUNTS, making};
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::route::Route;
use crate::emulator::store::text;

const PATH: &str = "/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations/{operation}";
/// What the id of an operation ends with that fails.
const FAILS: &str = "-fails";

/// Who began an operation may ask for it, whatever the scope of the role.
pub const READ: Route = Route::new("GET", PATH, &[], read);

/// The answer to a write that goes on.
pub fn begun(
    call: &Call<'_>,
    subscription: &str,
    location: &str,
    name: &str,
    fails: bool,
) -> Reply {
    let operation = format!(
        "{}/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations/{name}{}?api-version=2023-05-01",
        call.request.root(),
        if fails { FAILS } else { "" }
    );
    Reply::empty(202)
        .with_header("azure-asyncoperation", operation.clone())
        .with_header("location", operation)
        .with_header("retry-after", "5")
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let operation = call.key(2).1;
    let status = |status: &str| json!({"name": operation, "status": status});
    if operation.ends_with(FAILS) {
        let mut failed = status("Failed");
        failed["error"] =
            json!({"code": "InternalServerError", "message": "Encountered internal server error."});
        return Ok(Reply::json(200, &failed));
    }
    let mut accounts = call.store.primary().rows(&ACCOUNTS, None);
    match accounts.find(|account| text(account, "name") == operation) {
        Some(account) if making(account, call.now) => {
            Ok(Reply::json(200, &status("InProgress")).with_header("retry-after", "2"))
        }
        Some(_) => Ok(Reply::json(200, &status("Succeeded"))),
        None => Err(Failure::new(
            404,
            "OperationNotFound",
            format!("The operation '{operation}' was not found."),
        )),
    }
}
