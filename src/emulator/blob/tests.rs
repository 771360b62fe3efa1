use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientMethodOptions, ClientOptions, Etag, RequestContent, Transport, Url};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
};
use azure_storage_blob::models::{
    BlobClientGetPropertiesResultHeaders, BlobClientUploadOptions,
    BlobContainerClientCreateOptions, PublicAccessType,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use futures_util::TryStreamExt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::emulator::Answer;
use crate::emulator::inprocess::{Emulator, InProcess, new_tenant};
use crate::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use crate::emulator::request::{Reply, Request};
use crate::emulator::route::{Part, Principal, Routes};
use crate::emulator::store::Store;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";

#[derive(Debug)]
struct Administrator;

#[async_trait]
impl ClientAssertion for Administrator {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(ADMINISTRATOR_ASSERTION.to_owned())
    }
}

fn options(emulator: &Arc<Emulator>) -> ClientOptions {
    ClientOptions {
        transport: Some(Transport::new(Arc::new(InProcess(Arc::clone(emulator))))),
        ..ClientOptions::default()
    }
}

struct Bench {
    emulator: Arc<Emulator>,
    clock: Arc<AtomicU64>,
    credential: Arc<dyn TokenCredential>,
}

/// A tenant that knows nothing but its administrator and Storage, with the account `acct` and its container `oidc`.
fn bench() -> Bench {
    let routes = Routes::new(vec![Part {
        principal: Some(|_, id| {
            (id == ADMINISTRATOR_CLIENT_ID).then(|| Principal {
                id: TENANT.into(),
                client_id: id.into(),
                display_name: "administrator".into(),
                enabled: true,
            })
        }),
        resource: Some(|_, _| Some("storage".into())),
        ..Part::default()
    }]);
    let clock = Arc::new(AtomicU64::new(1_763_632_800_000));
    let now = clock.load(Ordering::Relaxed);
    let mut store = Store::new(new_tenant(TENANT, now).unwrap(), &routes).unwrap();
    store.provision_account("acct", true);
    let read = Arc::clone(&clock);
    let emulator = Emulator::new(
        store,
        routes,
        Arc::new(move || read.load(Ordering::Relaxed)),
        None,
    );
    let options = ClientAssertionCredentialOptions {
        client_options: options(&emulator),
    };
    let (tenant, client_id) = (TENANT.to_owned(), ADMINISTRATOR_CLIENT_ID.to_owned());
    let credential =
        ClientAssertionCredential::new(tenant, client_id, Administrator, Some(options)).unwrap();
    Bench {
        emulator,
        clock,
        credential,
    }
}

impl Bench {
    fn options(&self) -> ClientOptions {
        options(&self.emulator)
    }

    fn container(&self) -> BlobContainerClient {
        let url = Url::parse("https://acct.blob.core.windows.net/oidc").unwrap();
        let options = BlobContainerClientOptions {
            client_options: self.options(),
            ..Default::default()
        };
        BlobContainerClient::new(url, Some(Arc::clone(&self.credential)), Some(options)).unwrap()
    }

    async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> Reply {
        let token = self
            .credential
            .get_token(&["https://storage.azure.com/.default"], None)
            .await
            .unwrap();
        let mut request = Request::new(method, url)
            .unwrap()
            .with_header("authorization", &format!("Bearer {}", token.token.secret()));
        for (name, value) in headers {
            request = request.with_header(name, value);
        }
        match self.emulator.answer(&request).await {
            Answer::Reply(reply) => reply,
            _ => Reply::empty(0),
        }
    }

    async fn anonymous(&self, url: &str) -> Reply {
        match self
            .emulator
            .answer(&Request::new("GET", url).unwrap())
            .await
        {
            Answer::Reply(reply) => reply,
            _ => Reply::empty(0),
        }
    }
}

fn code(reply: &Reply) -> (u16, &str) {
    (
        reply.status,
        reply
            .headers
            .get("x-ms-error-code")
            .map_or("", String::as_str),
    )
}

#[tokio::test]
async fn the_official_client_runs_unchanged() {
    let bench = bench();
    let container = bench.container();
    let create = BlobContainerClientCreateOptions {
        access: Some(PublicAccessType::Blob),
        ..Default::default()
    };
    container.create(Some(create)).await.unwrap();
    let blob = container.blob_client(".well-known/openid-configuration");
    let document = r#"{"issuer":"https://acct.blob.core.windows.net/oidc"}"#;
    let upload = || BlobClientUploadOptions {
        blob_content_type: Some("application/json".into()),
        blob_cache_control: Some("max-age=300".into()),
        ..Default::default()
    };
    let create_only = || BlobClientUploadOptions {
        if_none_match: Some(Etag::from("*")),
        ..upload()
    };
    blob.upload(RequestContent::from_str(document), Some(create_only()))
        .await
        .unwrap();
    let again = blob
        .upload(RequestContent::from_str(document), Some(create_only()))
        .await
        .unwrap_err();
    assert_eq!(again.http_status().map(u16::from), Some(409));
    let stale = BlobClientUploadOptions {
        if_match: Some(Etag::from("\"0x1\"")),
        ..upload()
    };
    let stale = blob
        .upload(RequestContent::from_str("{}"), Some(stale))
        .await
        .unwrap_err();
    assert_eq!(stale.http_status().map(u16::from), Some(412));
    let properties = blob.get_properties(None).await.unwrap();
    let etag = properties.etag().unwrap().unwrap();
    assert_eq!(
        properties.cache_control().unwrap().as_deref(),
        Some("max-age=300")
    );
    let matching = BlobClientUploadOptions {
        if_match: Some(etag),
        ..upload()
    };
    blob.upload(RequestContent::from_str("{\"a\":1}"), Some(matching))
        .await
        .unwrap();
    let body = blob
        .download(None)
        .await
        .unwrap()
        .body
        .collect()
        .await
        .unwrap();
    assert_eq!(&body[..], b"{\"a\":1}");
    let mut names = Vec::new();
    let mut pages = container.list_blobs(None).unwrap();
    while let Some(blob) = pages.try_next().await.unwrap() {
        names.push(blob.name.unwrap());
    }
    assert_eq!(names, [".well-known/openid-configuration"]);
    let seen = bench
        .anonymous("https://acct.blob.core.windows.net/oidc/.well-known/openid-configuration")
        .await;
    assert_eq!((seen.status, &seen.body[..]), (200, &b"{\"a\":1}"[..]));
    assert_eq!(seen.headers["content-type"], "application/json");
    let path_style = bench
        .anonymous("http://127.0.0.1:8080/acct/oidc/.well-known/openid-configuration")
        .await;
    assert_eq!(path_style.body, seen.body);
    blob.delete(None).await.unwrap();
    let gone = container
        .blob_client("x")
        .get_properties(None)
        .await
        .unwrap_err();
    assert_eq!(gone.http_status().map(u16::from), Some(404));
}

#[tokio::test]
async fn only_public_containers_are_read_anonymously() {
    let bench = bench();
    let url = "https://acct.blob.core.windows.net/oidc";
    let blob = format!("{url}/jwks.json");
    bench
        .send("PUT", &format!("{url}?restype=container"), &[])
        .await;
    bench
        .send("PUT", &blob, &[("x-ms-blob-type", "BlockBlob")])
        .await;
    assert_eq!(
        code(&bench.anonymous(&blob).await),
        (404, "ResourceNotFound")
    );
    let acl = format!("{url}?restype=container&comp=acl");
    assert_eq!(
        bench
            .send("PUT", &acl, &[("x-ms-blob-public-access", "blob")])
            .await
            .status,
        200
    );
    assert_eq!(bench.anonymous(&blob).await.status, 200);
    assert_eq!(
        code(
            &bench
                .anonymous(&format!("{url}?restype=container&comp=list"))
                .await
        ),
        (404, "ResourceNotFound")
    );
    bench
        .emulator
        .with_store(|store, _| store.provision_account("acct", false));
    assert_eq!(
        code(&bench.anonymous(&blob).await),
        (409, "PublicAccessNotPermitted")
    );
    assert_eq!(
        code(
            &bench
                .send("PUT", &acl, &[("x-ms-blob-public-access", "blob")])
                .await
        ),
        (409, "PublicAccessNotPermitted")
    );
    assert_eq!(bench.send("GET", &blob, &[]).await.status, 200);
}

#[tokio::test]
async fn a_lease_keeps_others_out_until_it_expires() {
    let bench = bench();
    let url = "https://acct.blob.core.windows.net/oidc";
    let (blob, lease) = (format!("{url}/lock"), format!("{url}/lock?comp=lease"));
    bench
        .send("PUT", &format!("{url}?restype=container"), &[])
        .await;
    let put = [("x-ms-blob-type", "BlockBlob")];
    bench.send("PUT", &blob, &put).await;
    let acquire = [
        ("x-ms-lease-action", "acquire"),
        ("x-ms-lease-duration", "60"),
    ];
    let acquired = bench.send("PUT", &lease, &acquire).await;
    assert_eq!(acquired.status, 201);
    let id = acquired.headers["x-ms-lease-id"].clone();
    assert_eq!(
        code(&bench.send("PUT", &lease, &acquire).await),
        (409, "LeaseAlreadyPresent")
    );
    assert_eq!(
        code(&bench.send("PUT", &blob, &put).await),
        (412, "LeaseIdMissing")
    );
    assert_eq!(
        code(
            &bench
                .send("DELETE", &blob, &[("x-ms-lease-id", TENANT)])
                .await
        ),
        (412, "LeaseIdMismatchWithBlobOperation")
    );
    let with_id = [
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-lease-id", id.as_str()),
    ];
    assert_eq!(bench.send("PUT", &blob, &with_id).await.status, 201);
    let renew = [
        ("x-ms-lease-action", "renew"),
        ("x-ms-lease-id", id.as_str()),
    ];
    bench.clock.fetch_add(50_000, Ordering::Relaxed);
    assert_eq!(bench.send("PUT", &lease, &renew).await.status, 200);
    bench.clock.fetch_add(59_000, Ordering::Relaxed);
    assert_eq!(
        code(&bench.send("PUT", &blob, &put).await),
        (412, "LeaseIdMissing")
    );
    bench.clock.fetch_add(1_000, Ordering::Relaxed);
    assert_eq!(
        bench.send("HEAD", &blob, &[]).await.headers["x-ms-lease-state"],
        "expired"
    );
    assert_eq!(bench.send("PUT", &blob, &put).await.status, 201);
    assert_eq!(
        code(&bench.send("PUT", &lease, &renew).await),
        (409, "LeaseNotPresentWithLeaseOperation")
    );
    let again = bench
        .send(
            "PUT",
            &lease,
            &[
                ("x-ms-lease-action", "acquire"),
                ("x-ms-lease-duration", "-1"),
            ],
        )
        .await;
    let id = again.headers["x-ms-lease-id"].clone();
    assert_eq!(
        bench
            .send(
                "PUT",
                &lease,
                &[
                    ("x-ms-lease-action", "break"),
                    ("x-ms-lease-break-period", "10")
                ]
            )
            .await
            .headers["x-ms-lease-time"],
        "10"
    );
    assert_eq!(
        code(
            &bench
                .send(
                    "PUT",
                    &lease,
                    &[("x-ms-lease-action", "renew"), ("x-ms-lease-id", &id)]
                )
                .await
        ),
        (409, "LeaseIsBrokenAndCannotBeRenewed")
    );
    bench.clock.fetch_add(10_000, Ordering::Relaxed);
    assert_eq!(bench.send("PUT", &lease, &acquire).await.status, 201);
}
