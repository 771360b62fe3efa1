//! Refusals in words: what the service said, why it says so, and what to do. Pure.

use super::reply::Lost;
use super::rights;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Reply, Request, Service};

/// The longest piece of a service's own words that is repeated, in characters.
const MAX_WORDS: usize = 600;

/// A request without its query: what is selected explains nothing.
fn shown(request: &Request) -> String {
    let text = request.to_string();
    text.split('?').next().unwrap_or_default().to_owned()
}

/// Why a request could not be answered.
pub fn lost(lost: &Lost, request: &Request) -> Diagnostic {
    let service = name(request.service);
    let shown = shown(request);
    match lost {
        Lost::Refused(diagnostic) => (**diagnostic).clone(),
        Lost::Unsent(why) => Diagnostic::error(
            "connection-failed",
            format!("no connection to {service} for `{shown}`: {}", clean(why)),
        )
        .help(match request.service {
            // An account that does not exist has no name in DNS either.
            Service::Blob => "nothing was sent: check that the storage account exists, the network, its proxy and the national cloud in the `stack` block",
            _ => "nothing was sent: check the network, its proxy and the national cloud in the `stack` block",
        }),
        Lost::Cut(why) => Diagnostic::error(
            "connection-failed",
            format!("the connection to {service} broke during `{shown}`: {}", clean(why)),
        )
        .help("run the command again: it continues from what is there"),
        Lost::Unusable(why) => Diagnostic::error(
            "unusable-answer",
            format!("{service} gave no usable answer to `{shown}`: {}", clean(why)),
        )
        .help("nothing was concluded from it: run the command again; where it stays so, a proxy or captive portal in between is the usual reason"),
    }
}

/// Why the service kept a request waiting until we gave up.
pub fn exhausted(last: &Result<Reply, Lost>, request: &Request, waited_ms: i64) -> Diagnostic {
    let shown = shown(request);
    let waited = match waited_ms / 1000 {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    };
    match last {
        Err(reason) => lost(reason, request),
        // An answer that usually passes, and did not.
        Ok(reply) if (400..429).contains(&reply.status) => {
            refusal(reply, request).help(format!("it was sent again for {waited}"))
        }
        Ok(reply) => Diagnostic::error(
            "service-unavailable",
            format!(
                "{} kept answering {} to `{shown}` for {waited}",
                name(request.service),
                reply.status
            ),
        )
        .help("run the command again later: it continues from what is there"),
    }
}

/// Why the service refused a request.
pub fn refusal(reply: &Reply, request: &Request) -> Diagnostic {
    let code = reply.error_code();
    let said = clean(reply.error_message());
    let shown = shown(request);
    let mut message = format!(
        "{} refused `{shown}`: {}",
        name(request.service),
        reply.status
    );
    if !code.is_empty() {
        message.push_str(&format!(" {}", clean(code)));
    }
    if !said.is_empty() {
        message.push_str(&format!(": {said}"));
    }
    let (kind, helps) = reason(reply, request);
    let diagnostic = helps
        .into_iter()
        .fold(Diagnostic::error(kind, message), Diagnostic::help);
    let id = ["request-id", "x-ms-request-id"]
        .iter()
        .find_map(|header| reply.header(header));
    match id {
        Some(id) => diagnostic.help(format!("Microsoft finds this request by `{}`", clean(id))),
        None => diagnostic,
    }
}

/// A stable code, and what to do.
fn reason(reply: &Reply, request: &Request) -> (&'static str, Vec<String>) {
    let one = |code, help: &str| (code, vec![help.to_owned()]);
    let code = reply.error_code();
    match (reply.status, code) {
        (_, "Directory_QuotaExceeded") => one(
            "quota-exceeded",
            "delete objects that are no longer needed, or ask an administrator to raise the quota",
        ),
        (_, policy) if policy.ends_with("AsPerAppPolicy") => one(
            "tenant-policy",
            "an app management policy of the tenant forbids this: ask an administrator for an exemption",
        ),
        // Two texts of the service before blueprints were in v1.0.
        (400, code)
            if code.ends_with("_NotSupportedOnApiVersion")
                || reply
                    .error_message()
                    .contains("not supported on the API version") =>
        {
            one(
                "api-version",
                "this tenant's service knows agent identity blueprints in beta only: add `api_version = \"beta\"` to the blueprint",
            )
        }
        (400, "AgentBlueprint_IncompatibleProperty") => one(
            "request-refused",
            "agent identity blueprints do not take the property that the message names: remove it from the file",
        ),
        (400, "AgentBlueprint_LimitExceeded") => one(
            "quota-exceeded",
            "delete blueprints that are no longer needed, or ask an administrator to raise the limit",
        ),
        // MicrosoftDocs/azure-docs#101310; with which status is not known.
        _ if reply.error_message().contains("workload identity premium") => one(
            "licence-missing",
            "policies about service principals need Microsoft Entra Workload ID Premium: without it nobody can make or change one",
        ),
        (400, "Request_UnsupportedQuery") => one(
            "unsupported-query",
            "this tenant's directory does not answer such a query",
        ),
        (401, _) => one(
            "not-authenticated",
            "the token was refused even after a new login: check the clock of this machine, the national cloud in the `stack` block, and any conditional access policy",
        ),
        (403, "RequestDisallowedByPolicy") if stores(request) => one(
            "tenant-policy",
            "an Azure Policy of the subscription forbids such a storage account or container, often because anyone could read it: publish on the account's website with `static_website = true`, which needs no public access, or ask whoever manages the policy for an exemption",
        ),
        (403, "RequestDisallowedByPolicy") => one(
            "tenant-policy",
            "an Azure Policy of the subscription forbids this: ask whoever manages it for an exemption",
        ),
        (405, _) if request.service == Service::Arm => one(
            "request-refused",
            "this identity takes no federated credentials: only user-assigned ones do, and not in every region",
        ),
        (409, "ScopeLocked") => one(
            "not-permitted",
            "a lock on it or its resource group forbids it: remove the lock first",
        ),
        (409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity") => one(
            "conflict",
            "another run is writing credentials of this identity: run the command again when that is through",
        ),
        (409, "RoleAssignmentExists") => one(
            "conflict",
            "the identity holds the role at this scope already, by an assignment that this login did not see: run the command again; if it was made long ago, the login needs the role Reader at the scope",
        ),
        (403, "AuthorizationFailure") => one(
            "not-permitted",
            "the storage account's network rules keep this machine out",
        ),
        (403, _) => one("not-permitted", rights::needed(request).words),
        (404, "ContainerNotFound") => one(
            "not-found",
            "create the container first, with public access to its blobs, or let it be made with `manage = \"container\"`",
        ),
        (404, _) if request.service == Service::Blob => one(
            "not-found",
            "create the storage account first, or let it be made with `manage = \"account\"`",
        ),
        (404, _) => one(
            "not-found",
            "what it names is gone, or was never there: run `trustform plan` to see what is there",
        ),
        (409, "StorageAccountAlreadyTaken") => one(
            "name-taken",
            "names of storage accounts are one for all of Azure, and somebody holds this one: choose another `storage_account`",
        ),
        (409, "StorageAccountInAnotherResourceGroup") => one(
            "name-taken",
            "the account is in another resource group of this subscription: name that group, or choose another `storage_account`",
        ),
        (400, "LocationNotAvailableForResourceType" | "LocationNotAvailableForResourceGroup") => {
            one(
                "region-refused",
                "name a region that the subscription may use: `az account list-locations --query [].name` prints them",
            )
        }
        (409, "PublicAccessNotPermitted") => one(
            "not-permitted",
            "the storage account forbids public access to blobs: set `allowBlobPublicAccess` on it",
        ),
        (412, "LeaseIdMissing") => one(
            "leased",
            "somebody holds a lease on the document, and it is as it was: run the command again once the lease has ended, or break it with `az storage blob lease break`",
        ),
        (409, "BlobAlreadyExists") | (412, _) => one(
            "changed-meanwhile",
            "someone else changed it since it was read: run the command again",
        ),
        (409, _) => one(
            "conflict",
            "something else in the tenant holds this key: run `trustform plan` to see what is there",
        ),
        (500.., _) => one("service-failed", "run the command again later"),
        _ if request.reads() => one("request-refused", "the message above says what it is about"),
        _ => one(
            "request-refused",
            "the message above names the property; nothing after this step was sent",
        ),
    }
}

fn stores(request: &Request) -> bool {
    let path = request.to_string();
    path.contains("/Microsoft.Storage/")
}

fn name(service: Service) -> &'static str {
    match service {
        Service::Graph | Service::GraphBeta => "Microsoft Graph",
        Service::Arm => "Azure Resource Manager",
        Service::Blob => "Blob Storage",
    }
}

/// A service's words on one line: no control characters for the terminal, and not without end.
pub fn clean(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match words.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::step::Method;

    use super::*;
    use serde_json::json;

    #[test]
    fn a_denied_request_names_the_missing_right() {
        let denied = Reply {
            status: 403,
            body: json!({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}}),
            headers: vec![("request-id".into(), "6f1c".into())],
            ..Reply::default()
        };
        let table = [
            (
                Service::Graph,
                Method::Patch,
                "/applications(uniqueName='a')",
                "Application.ReadWrite.OwnedBy",
            ),
            (
                Service::Graph,
                Method::Get,
                "/applications",
                "Application.Read.All",
            ),
            (
                Service::Graph,
                Method::Post,
                "/servicePrincipals/1/appRoleAssignedTo",
                "AppRoleAssignment.ReadWrite.All",
            ),
            (
                Service::Graph,
                Method::Post,
                "/oauth2PermissionGrants",
                "DelegatedPermissionGrant.ReadWrite.All",
            ),
            (
                Service::Blob,
                Method::Put,
                "/a/b/c",
                "Storage Blob Data Contributor",
            ),
        ];
        for (service, method, path, right) in table {
            let diagnostic = refusal(&denied, &Request::new(service, method, path));
            assert!(
                diagnostic.help[0].contains(right),
                "{path}: {:?}",
                diagnostic.help
            );
            assert!(diagnostic.message.contains("Insufficient privileges"));
            assert!(diagnostic.help.iter().any(|help| help.contains("6f1c")));
        }
    }

    #[test]
    fn words_cannot_steer_a_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\n c"), "a [2Jb c");
        assert_eq!(clean(&"x".repeat(700)).chars().count(), 601);
    }
}
