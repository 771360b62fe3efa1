//! The blob client against Azurite, Microsoft's own emulator of Blob Storage, and against ours: one story, the same
//! answers. Azurite comes from npm, in a fixed version, and runs as long as the test does.
//!
//! Without npm the test says so and passes; where `CI` is set, that is a failure.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::HeaderName;
use azure_core::http::{
    AsyncRawResponse, HttpClient, Method as HttpMethod, Request as HttpRequest,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use trustform::cloud::login::EmulatorLogin;
use trustform::cloud::{Client, Clock, LoginOptions, Lost, Transport, credential};
use trustform::emulator::authority;
use trustform::emulator::inprocess::InProcess;
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::model::national_cloud::Cloud;
use trustform::model::step::{Method, Reply, Request, Service};
use trustform::model::value::Value;

use crate::play::{Stage, TENANT};

/// It does not know the official crate's default service version; see `VERSION` in `src/cloud/blob.rs`.
const AZURITE: &str = "3.35.0";
const ACCOUNT: &str = "oidc4f1c";
const HOST: &str = "oidc4f1c.blob.core.windows.net";
const INSTALL: Duration = Duration::from_secs(300);
const START: Duration = Duration::from_secs(60);
/// Azurite ends when its input does, however the test ended.
const TIE: &str = "process.stdin.on('end', () => process.exit()).resume();";

#[tokio::test]
async fn blobs_are_handled_as_azurite_and_the_emulator_do() {
    let stage = Stage::new();
    stage
        .emulator
        .with_store(|store, _| store.provision_account(ACCOUNT, true));
    let ours = Arc::new(InProcess(stage.emulator.clone()));
    let login = LoginOptions {
        tenant_id: TENANT.to_owned(),
        emulator: Some(EmulatorLogin {
            client_id: ADMINISTRATOR_CLIENT_ID.to_owned(),
            assertion: ADMINISTRATOR_ASSERTION.to_owned(),
        }),
        ..LoginOptions::default()
    };
    let administrator = credential(login, Cloud::Public, &Transport::given(ours.clone()))
        .expect("the administrator's login");
    let emulated = story(ours, administrator, stage.clock.clone()).await;

    let npm = Command::new("npm").arg("--version").output();
    if !npm.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "npm is missing: blobs were not tested against Azurite"
        );
        eprintln!("npm is missing: blobs are not tested against Azurite");
        return;
    }
    let azurite = Azurite::start();
    let real = story(Arc::new(azurite.client()), Arc::new(Unsigned), Clock::Real).await;
    assert_eq!(
        real, emulated,
        "Azurite on the left, the emulator on the right"
    );
    let expected = [
        "create the container: 201",
        "put what is not there: 201",
        "put it once more: 409 BlobAlreadyExists",
        "put where another version is meant: 412 ConditionNotMet",
        "put where this version is meant: 201",
        "put the keys: 201",
        "get: 200 {\"issuer\":2} application/json max-age=60 stack=payments etag=last",
        "get what is not there: 404 BlobNotFound",
        "get the container: 200 blob",
        "anybody: 200 application/json {\"issuer\":2}",
        "anybody: 200 application/jwk-set+json {\"keys\":[]}",
        "delete another version: 412 ConditionNotMet",
        "delete: 202",
        "delete once more: 404 BlobNotFound",
        "get: 404 BlobNotFound",
        "list the container: [\"openid/v1/jwks\"]",
        "lease the keys: 201",
        "lease them once more: 409 LeaseAlreadyPresent",
        "put what another holds: 412 LeaseIdMissing",
        "delete what another holds: 412 LeaseIdMissing",
        "get the keys: 200 {\"keys\":[]}",
    ];
    assert_eq!(real, expected);
}

const DOCUMENT: &str = "/oidc4f1c/oidc/.well-known/openid-configuration";
const KEYS: &str = "/oidc4f1c/oidc/openid/v1/jwks";

/// What an issuer's documents go through, and what the service says to it.
async fn story(
    http: Arc<dyn HttpClient>,
    credential: Arc<dyn TokenCredential>,
    clock: Clock,
) -> Vec<String> {
    let mut told = Vec::new();
    let created = create_container(&*http, &*credential).await;
    told.push(format!("create the container: {created}"));
    let client = Client::new(
        Cloud::Public,
        credential,
        Transport::given(http.clone()),
        clock,
    );
    let put = |path: &str, kind: &str, text: &str, condition: (&str, &str)| {
        Request::new(Service::Blob, Method::Put, path)
            .header("content-type", kind)
            .header("cache-control", "max-age=60")
            .header("x-ms-meta-trustform", "payments")
            .header(condition.0, condition.1)
            .body(Value::text(text))
    };
    let document = |text: &str, condition| put(DOCUMENT, "application/json", text, condition);
    let remove =
        |etag: &str| Request::new(Service::Blob, Method::Delete, DOCUMENT).header("if-match", etag);
    let absent = ("if-none-match", "*");

    let first = client.send(&document("{\"issuer\":1}", absent)).await;
    told.push(format!("put what is not there: {}", short(&first)));
    let etag = first.ok().and_then(|reply| reply.etag).expect("an etag");
    let again = client.send(&document("{\"issuer\":9}", absent)).await;
    told.push(format!("put it once more: {}", short(&again)));
    let stale = document("{\"issuer\":9}", ("if-match", "\"0x8DEADBEEF0\""));
    let stale = short(&client.send(&stale).await);
    told.push(format!("put where another version is meant: {stale}"));
    let second = client
        .send(&document("{\"issuer\":2}", ("if-match", &etag)))
        .await;
    told.push(format!(
        "put where this version is meant: {}",
        short(&second)
    ));
    let last = second.ok().and_then(|reply| reply.etag).expect("an etag");
    assert_ne!(last, etag, "a write changes the etag");
    let keys = put(KEYS, "application/jwk-set+json", "{\"keys\":[]}", absent);
    told.push(format!(
        "put the keys: {}",
        short(&client.send(&keys).await)
    ));

    let get = client.send(&Request::get(Service::Blob, DOCUMENT)).await;
    let reply = get.expect("the document");
    let header = |name: &str| reply.header(name).unwrap_or_default();
    told.push(format!(
        "get: {} {} {} {} stack={} etag={}",
        reply.status,
        reply.body["content"].as_str().unwrap_or_default(),
        header("content-type"),
        header("cache-control"),
        header("x-ms-meta-trustform"),
        if reply.etag.as_ref() == Some(&last) {
            "last"
        } else {
            "another"
        },
    ));
    let nothing = Request::get(Service::Blob, "/oidc4f1c/oidc/nothing");
    let nothing = short(&client.send(&nothing).await);
    told.push(format!("get what is not there: {nothing}"));
    let container = Request::get(Service::Blob, "/oidc4f1c/oidc");
    let access = client.send(&container).await.expect("the container");
    told.push(format!(
        "get the container: {} {}",
        access.status,
        access.body["publicAccess"].as_str().unwrap_or_default()
    ));
    for path in [".well-known/openid-configuration", "openid/v1/jwks"] {
        told.push(format!("anybody: {}", anonymous(&*http, path).await));
    }

    let other = client.send(&remove(&etag)).await;
    told.push(format!("delete another version: {}", short(&other)));
    told.push(format!(
        "delete: {}",
        short(&client.send(&remove(&last)).await)
    ));
    let gone = Request::new(Service::Blob, Method::Delete, DOCUMENT);
    told.push(format!(
        "delete once more: {}",
        short(&client.send(&gone).await)
    ));
    let gone = client.send(&Request::get(Service::Blob, DOCUMENT)).await;
    told.push(format!("get: {}", short(&gone)));

    let list = Request::get(Service::Blob, "/oidc4f1c/oidc?comp=list");
    let list = client.send(&list).await.expect("the names");
    told.push(format!("list the container: {}", list.body["names"]));
    let lease = |id: &str| {
        Request::new(Service::Blob, Method::Put, KEYS)
            .header("x-ms-lease-action", "acquire")
            .header("x-ms-lease-duration", "60")
            .header("x-ms-lease-id", id)
    };
    for (what, id) in [
        ("lease the keys", "11111111-2222-4333-8444-555555555555"),
        (
            "lease them once more",
            "11111111-2222-4333-8444-666666666666",
        ),
    ] {
        told.push(format!("{what}: {}", short(&client.send(&lease(id)).await)));
    }
    // A document whose lease another holds is not written, whatever its version.
    let live = client.send(&Request::get(Service::Blob, KEYS)).await;
    let etag = live.ok().and_then(|reply| reply.etag).expect("an etag");
    let held = put(KEYS, "application/jwk-set+json", "{}", ("if-match", &etag));
    told.push(format!(
        "put what another holds: {}",
        short(&client.send(&held).await)
    ));
    let held = Request::new(Service::Blob, Method::Delete, KEYS).header("if-match", etag);
    told.push(format!(
        "delete what another holds: {}",
        short(&client.send(&held).await)
    ));
    let keys = client
        .send(&Request::get(Service::Blob, KEYS))
        .await
        .expect("the keys");
    let text = keys.body["content"].as_str().unwrap_or_default();
    told.push(format!("get the keys: {} {text}", keys.status));
    told
}

fn short(result: &Result<Reply, Lost>) -> String {
    match result {
        Ok(reply) => format!("{} {}", reply.status, reply.error_code())
            .trim_end()
            .to_owned(),
        Err(lost) => format!("{lost:?}"),
    }
}

/// The issuer's container is the administrator's to make: the program has no request for it.
async fn create_container(http: &dyn HttpClient, credential: &dyn TokenCredential) -> u16 {
    let token = credential
        .get_token(&["https://storage.azure.com/.default"], None)
        .await
        .expect("a token");
    let url = format!("https://{HOST}/oidc?restype=container");
    let mut request = HttpRequest::new(url.parse().expect("a URL"), HttpMethod::Put);
    for (name, value) in [
        ("authorization", format!("Bearer {}", token.token.secret())),
        ("content-length", "0".to_owned()),
        ("x-ms-version", "2025-11-05".to_owned()),
        ("x-ms-blob-public-access", "blob".to_owned()),
    ] {
        request.insert_header(name, value);
    }
    let answer = http.execute_request(&request).await.expect("an answer");
    answer.status().into()
}

/// What the token service gets when it looks for an issuer's documents.
async fn anonymous(http: &dyn HttpClient, path: &str) -> String {
    let url = format!("https://{HOST}/oidc/{path}");
    let request = HttpRequest::new(url.parse().expect("a URL"), HttpMethod::Get);
    let answer = http.execute_request(&request).await.expect("an answer");
    let (status, headers, body) = answer.deconstruct();
    let kind = headers.get_optional_string(&HeaderName::from_static("content-type"));
    let body = body.collect().await.expect("a body");
    format!(
        "{} {} {}",
        u16::from(status),
        kind.unwrap_or_default(),
        String::from_utf8_lossy(&body)
    )
}

/// Azurite with `--oauth basic` looks at a token's claims, not at its signature.
#[derive(Debug)]
struct Unsigned;

#[async_trait]
impl TokenCredential for Unsigned {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://storage.azure.com/.default"]);
        let now = time::OffsetDateTime::now_utc();
        let expires = now + time::Duration::hours(1);
        let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let claims = json!({
            "aud": "https://storage.azure.com", "iss": format!("https://sts.windows.net/{TENANT}/"), "tid": TENANT,
            "iat": now.unix_timestamp(), "nbf": now.unix_timestamp() - 60, "exp": expires.unix_timestamp(),
        });
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let token = format!("{}.{}.c2ln", encode(header), encode(claims));
        Ok(AccessToken::new(token, expires))
    }
}

/// A running Azurite; it ends with this value.
struct Azurite {
    process: Child,
    address: SocketAddr,
    authority: Vec<u8>,
    _data: tempfile::TempDir,
}

impl Azurite {
    fn start() -> Self {
        let main = installed();
        let data = tempfile::tempdir().expect("a temporary directory");
        let file = data.path().join("azurite.json");
        let certificate = authority::certificate(&file).expect("a certificate");
        let (chain, key) = (data.path().join("chain.pem"), data.path().join("key.pem"));
        std::fs::write(&chain, certificate.chain).expect("the certificate is written");
        std::fs::write(&key, certificate.key).expect("the key is written");
        let tie = data.path().join("tie.js");
        std::fs::write(&tie, TIE).expect("a file");
        let mut process = Command::new("node")
            .arg("--require")
            .arg(&tie)
            .arg(main)
            .args(["--blobHost", "127.0.0.1", "--blobPort", "0"])
            .args([
                "--oauth",
                "basic",
                "--inMemoryPersistence",
                "--disableTelemetry",
            ])
            .arg("--cert")
            .arg(&chain)
            .arg("--key")
            .arg(&key)
            .current_dir(data.path())
            .env(
                "AZURITE_ACCOUNTS",
                format!("{ACCOUNT}:{}", STANDARD.encode([7; 64])),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("node runs where npm does");
        let out = process.stdout.take().expect("its output");
        let (tell, told) = mpsc::channel();
        // Reads on until Azurite ends, or it would stop at a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("listens on https://") {
                    let _ = tell.send(url.trim().parse::<SocketAddr>());
                }
            }
        });
        let mut azurite = Self {
            process,
            address: ([127, 0, 0, 1], 0).into(),
            authority: std::fs::read(authority::certificate_path(&file)).expect("the authority"),
            _data: data,
        };
        let address = told.recv_timeout(START).expect("Azurite listens");
        azurite.address = address.expect("Azurite says where it listens");
        azurite
    }

    /// Connects to it whatever the host is called; TLS and `Host` are the real service's.
    fn client(&self) -> Rerouted {
        let root = reqwest::Certificate::from_pem(&self.authority).expect("the authority");
        let client = reqwest::Client::builder()
            .no_proxy()
            .add_root_certificate(root)
            .resolve(HOST, self.address)
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        Rerouted {
            client,
            port: self.address.port(),
        }
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Debug)]
struct Rerouted {
    client: reqwest::Client,
    port: u16,
}

#[async_trait]
impl HttpClient for Rerouted {
    async fn execute_request(&self, request: &HttpRequest) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        assert_eq!(request.url().host_str(), Some(HOST));
        let _ = request.url_mut().set_port(Some(self.port));
        self.client.execute_request(&request).await
    }
}

/// Azurite's program, fetched once.
fn installed() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("azurite-{AZURITE}"));
    let main = directory.join("node_modules/azurite/dist/src/blob/main.js");
    let complete = directory.join("complete");
    if complete.exists() {
        return main;
    }
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut npm = Command::new("npm")
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ])
        .args(["--loglevel", "error", "--prefix"])
        .arg(&directory)
        .arg(format!("azurite@{AZURITE}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("npm runs");
    let end = Instant::now() + INSTALL;
    let status = loop {
        if let Some(status) = npm.try_wait().expect("npm's state") {
            break status;
        }
        if Instant::now() > end {
            let _ = npm.kill();
            let _ = npm.wait();
            panic!("npm has not installed Azurite within {INSTALL:?}");
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(status.success(), "npm could not install Azurite: {status}");
    std::fs::write(complete, "").expect("a note that it is there");
    main
}
