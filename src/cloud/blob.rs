//! Blobs through the official crate: a [`Request`] becomes a download, an upload or a delete of one blob.

use std::collections::HashMap;
use std::sync::Arc;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{Etag, RequestContent, Url};
use azure_storage_blob::models::{
    BlobClientAcquireLeaseOptions, BlobClientDeleteOptions, BlobClientDownloadResult,
    BlobClientUploadOptions, BlobContainerClientListBlobsOptions,
};
use azure_storage_blob::{
    BlobClient, BlobClientOptions, BlobContainerClient, BlobContainerClientOptions,
};
use futures_util::TryStreamExt;
use serde_json::json;

use super::clock::Clock;
use super::endpoints::{BlobAddress, Endpoints};
use super::reply::Lost;
use super::rest;
use super::session::{RefuseOn401, Session};
use super::transport::Transport;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Reply, Request};

/// The newest service version that Azurite 3.35 knows too; the crate's own default is newer.
const VERSION: &str = "2025-11-05";
/// The longest document that is read or written, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;
/// After a container's path: the names of what is in it.
const LIST: &str = "?comp=list";
/// More names than this are not asked for.
const LISTED: i32 = 200;
const LEASE_ID: &str = "x-ms-lease-id";

/// Blob Storage of one cloud: all accounts.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    endpoints: Endpoints,
    session: Arc<Session>,
    transport: Transport,
    clock: Clock,
}

impl Blobs {
    pub(super) fn new(
        endpoints: Endpoints,
        session: &Arc<Session>,
        transport: &Transport,
        clock: Clock,
    ) -> Self {
        Self {
            endpoints,
            session: session.clone(),
            transport: transport.clone(),
            clock,
        }
    }

    /// Sends once; a second time with a new token where the first was refused.
    ///
    /// A GET answers `{"content": "…"}` for a blob, and its level of public access (`blob`, `container`, `none`) for a
    /// container, or with `?comp=list` behind it the names of its first blobs. 409 `BlobAlreadyExists` and 412 are answers. A PUT with `x-ms-lease-action` is about the blob's lease.
    pub(super) async fn send(&self, path: &str, request: &Request) -> Result<Reply, Lost> {
        let (path, list) = match path.strip_suffix(LIST) {
            Some(path) => (path, true),
            None => (path, false),
        };
        let address = match self.endpoints.blob(path).map_err(refused)? {
            BlobAddress::Container(url) if list => BlobAddress::List(url),
            address => address,
        };
        let first = self.once(&address, request).await;
        match first {
            Ok(reply) if reply.status == 401 => self.once(&address, request).await,
            other => other,
        }
    }

    async fn once(&self, address: &BlobAddress, request: &Request) -> Result<Reply, Lost> {
        let sent = match (request.method, address) {
            (Method::Get, BlobAddress::Blob(url)) => self.download(url).await,
            (Method::Get, BlobAddress::Container(url)) => self.container(url).await,
            (Method::Get, BlobAddress::List(url)) => self.list(url).await,
            (Method::Put, BlobAddress::Blob(url)) => match header(request, "x-ms-lease-action") {
                Some(action) => self.lease(url, request, action).await,
                None => self.upload(url, request).await,
            },
            (Method::Delete, BlobAddress::Blob(url)) => self.delete(url, request).await,
            _ => return Err(unsendable(request, "blobs are read, put and deleted only")),
        };
        match sent {
            Ok(reply) => Ok(reply),
            Err(Failed::Lost(lost)) => Err(lost),
            Err(Failed::Azure(error)) => self.answer(&error),
        }
    }

    async fn download(&self, url: &Url) -> Result<Reply, Failed> {
        let result = self.blob(url)?.download(None).await?;
        let BlobClientDownloadResult {
            body,
            properties,
            headers,
        } = result;
        let content = body
            .map_err(Failed::Azure)
            .try_fold(Vec::new(), |mut content, chunk| async move {
                content.extend_from_slice(&chunk);
                if content.len() > MAX_DOCUMENT {
                    return Err(Failed::Lost(refused(too_large(url))));
                }
                Ok(content)
            })
            .await?;
        let mut kept: Vec<(String, String)> = properties
            .metadata
            .into_iter()
            .map(|(name, value)| (format!("x-ms-meta-{}", name.to_ascii_lowercase()), value))
            .chain([
                (
                    "content-type".to_owned(),
                    properties.content_type.unwrap_or_default(),
                ),
                (
                    "cache-control".to_owned(),
                    properties.cache_control.unwrap_or_default(),
                ),
            ])
            .filter(|(_, value)| !value.is_empty())
            .collect();
        kept.extend(text(&headers, "last-modified").map(|at| ("last-modified".to_owned(), at)));
        kept.sort();
        Ok(Reply {
            status: 200,
            body: json!({"content": String::from_utf8_lossy(&content)}),
            etag: text(&headers, "etag"),
            retry_after: None,
            headers: kept,
        })
    }

    /// The first names of a container, as `{"names": […]}`.
    async fn list(&self, url: &Url) -> Result<Reply, Failed> {
        let options = BlobContainerClientListBlobsOptions {
            maxresults: Some(LISTED),
            ..BlobContainerClientListBlobsOptions::default()
        };
        let mut pages = self
            .of_container(url)?
            .list_blobs(Some(options))?
            .into_pages();
        let names: Vec<String> = match pages.try_next().await? {
            Some(page) => {
                let items = page.into_model()?.blob_items.into_iter();
                items.filter_map(|item| item.name).collect()
            }
            None => Vec::new(),
        };
        Ok(Reply {
            status: 200,
            body: json!({"names": names}),
            ..Reply::default()
        })
    }

    async fn container(&self, url: &Url) -> Result<Reply, Failed> {
        let answer = self.of_container(url)?.get_properties(None).await?;
        let access = text(answer.headers(), "x-ms-blob-public-access");
        Ok(Reply {
            status: 200,
            body: json!({"publicAccess": access.unwrap_or_else(|| "none".to_owned())}),
            etag: text(answer.headers(), "etag"),
            ..Reply::default()
        })
    }

    async fn upload(&self, url: &Url, request: &Request) -> Result<Reply, Failed> {
        let content = request
            .body
            .as_ref()
            .and_then(|body| body.as_str())
            .ok_or_else(|| Failed::Lost(unsendable(request, "its document is not known text")))?;
        if content.len() > MAX_DOCUMENT {
            let why = "its document is larger than 1 MiB";
            return Err(Failed::Lost(unsendable(request, why)));
        }
        let mut options = BlobClientUploadOptions::default();
        let mut metadata = HashMap::new();
        for (name, value) in &request.headers {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "content-type" => options.blob_content_type = Some(value.clone()),
                "cache-control" => options.blob_cache_control = Some(value.clone()),
                "if-match" => options.if_match = Some(Etag::from(value.as_str())),
                "if-none-match" => options.if_none_match = Some(Etag::from(value.as_str())),
                LEASE_ID => options.lease_id = Some(value.clone()),
                _ => match name.strip_prefix("x-ms-meta-") {
                    Some(key) => {
                        metadata.insert(key.to_owned(), value.clone());
                    }
                    None => return Err(Failed::Lost(strange(request, &name))),
                },
            }
        }
        options.metadata = Some(metadata).filter(|metadata| !metadata.is_empty());
        let content = RequestContent::from(content.as_bytes().to_vec());
        let result = self.blob(url)?.upload(content, Some(options)).await?;
        Ok(Reply {
            status: 201,
            etag: result.etag.map(|etag| etag.to_string()),
            ..Reply::default()
        })
    }

    async fn delete(&self, url: &Url, request: &Request) -> Result<Reply, Failed> {
        let mut options = BlobClientDeleteOptions::default();
        for (name, value) in &request.headers {
            match name.to_ascii_lowercase().as_str() {
                "if-match" => options.if_match = Some(Etag::from(value.as_str())),
                LEASE_ID => options.lease_id = Some(value.clone()),
                other => return Err(Failed::Lost(strange(request, other))),
            }
        }
        let answer = self.blob(url)?.delete(Some(options)).await?;
        Ok(Reply {
            status: u16::from(answer.status()),
            ..Reply::default()
        })
    }

    /// Acquires a lease of `x-ms-lease-duration` seconds under the id that is proposed, or renews it.
    async fn lease(&self, url: &Url, request: &Request, action: &str) -> Result<Reply, Failed> {
        let said = |name| header(request, name).unwrap_or_default();
        let id = said(LEASE_ID);
        let status = match action {
            "acquire" => {
                let seconds = said("x-ms-lease-duration").parse();
                let seconds =
                    seconds.map_err(|_| Failed::Lost(strange(request, "x-ms-lease-duration")))?;
                let options = BlobClientAcquireLeaseOptions {
                    proposed_lease_id: Some(id.to_owned()),
                    ..BlobClientAcquireLeaseOptions::default()
                };
                let answer = self
                    .blob(url)?
                    .acquire_lease(seconds, Some(options))
                    .await?;
                answer.status()
            }
            "renew" => {
                let answer = self.blob(url)?.renew_lease(id.to_owned(), None).await?;
                answer.status()
            }
            _ => return Err(Failed::Lost(strange(request, "x-ms-lease-action"))),
        };
        Ok(Reply {
            status: u16::from(status),
            ..Reply::default()
        })
    }

    fn blob(&self, url: &Url) -> azure_core::Result<BlobClient> {
        let options = BlobClientOptions {
            client_options: self.options(),
            version: VERSION.to_owned(),
        };
        BlobClient::new(url.clone(), Some(self.session.clone()), Some(options))
    }

    fn of_container(&self, url: &Url) -> azure_core::Result<BlobContainerClient> {
        let options = BlobContainerClientOptions {
            client_options: self.options(),
            version: VERSION.to_owned(),
        };
        BlobContainerClient::new(url.clone(), Some(self.session.clone()), Some(options))
    }

    fn options(&self) -> azure_core::http::ClientOptions {
        let mut options = self.transport.options();
        options
            .per_try_policies
            .push(Arc::new(RefuseOn401(self.session.clone())));
        options
    }

    /// An error of the crate is an answer if the service gave it.
    fn answer(&self, error: &azure_core::Error) -> Result<Reply, Lost> {
        let ErrorKind::HttpResponse {
            status,
            error_code,
            raw_response,
        } = error.kind()
        else {
            return Err(rest::lost(error));
        };
        let status = u16::from(*status);
        let headers = raw_response.as_ref().map(|raw| raw.headers());
        let header = |name| headers.and_then(|headers| text(headers, name));
        let code = header("x-ms-error-code").or_else(|| error_code.clone());
        if (300..400).contains(&status) && status != 304 {
            return Err(Lost::Unusable(format!(
                "it answered {status}, a redirect, which is not followed because it could take the token elsewhere"
            )));
        }
        // Storage names itself on every answer: a 404 page of something in between must not pass for a missing blob.
        if status == 404 && header("x-ms-error-code").is_none() {
            return Err(Lost::Unusable(
                "it answered 404 without an error code of Blob Storage".to_owned(),
            ));
        }
        let body = raw_response.as_ref().map(|raw| raw.body().as_ref());
        let message = message(body.unwrap_or_default());
        Ok(Reply {
            status,
            body: json!({"error": {"code": code.unwrap_or_default(), "message": message}}),
            etag: header("etag"),
            retry_after: header("retry-after")
                .and_then(|text| rest::retry_after(&text, &self.clock)),
            headers: header("x-ms-request-id")
                .map(|id| ("x-ms-request-id".to_owned(), id))
                .into_iter()
                .collect(),
        })
    }
}

/// The first line of `<Message>`; the others repeat the request's id and time.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let inner = text
        .split_once("<Message>")
        .and_then(|(_, rest)| rest.split_once("</Message>"));
    let line = inner.and_then(|(inner, _)| inner.lines().next());
    line.unwrap_or_default().to_owned()
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let mut headers = request.headers.iter();
    let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn text(headers: &Headers, name: &'static str) -> Option<String> {
    headers.get_optional_string(&HeaderName::from_static(name))
}

fn too_large(url: &Url) -> Diagnostic {
    Diagnostic::error(
        "document-too-large",
        format!("the blob `{url}` is larger than 1 MiB, and no document of an issuer is"),
    )
    .help("somebody else wrote it: find out what it is, then delete it or publish in another container")
}

fn refused(diagnostic: Diagnostic) -> Lost {
    Lost::Refused(Box::new(diagnostic))
}

fn unsendable(request: &Request, why: &str) -> Lost {
    refused(Diagnostic::error(
        "unsendable-request",
        format!("`{request}` cannot be sent: {why}"),
    ))
}

fn strange(request: &Request, header: &str) -> Lost {
    unsendable(
        request,
        &format!("the header `{header}` means nothing here"),
    )
}

enum Failed {
    Lost(Lost),
    Azure(azure_core::Error),
}

impl From<azure_core::Error> for Failed {
    fn from(error: azure_core::Error) -> Self {
        Failed::Azure(error)
    }
}
