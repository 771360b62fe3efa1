use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::emulator::authority;
use crate::emulator::fault::Fault;
use crate::emulator::inprocess::new_tenant;
use crate::emulator::route::Routes;
use crate::emulator::store::Store;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";

struct Running {
    url: String,
    emulator: Arc<Emulator>,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

fn start(options: Options) -> Running {
    let routes = Routes::default();
    let mut store = Store::new(new_tenant(TENANT, 0).unwrap(), &routes).unwrap();
    store.provision_account("acct", true);
    let access = crate::emulator::blob::PublicAccess::Container;
    store.provision_container("acct", "oidc", access, 0);
    let emulator = Emulator::new(store, routes, Arc::new(|| 1_763_632_800_000), None);
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let scheme = if options.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let url = format!(
        "{scheme}://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let stopped = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve(Arc::clone(&emulator), listener, options, stopped));
    Running {
        url,
        emulator,
        stop,
        task,
    }
}

#[tokio::test]
async fn requests_overlap_and_a_reset_breaks_the_connection() {
    let server = start(Options {
        latency: Duration::from_millis(200),
        ..Options::default()
    });
    let client = reqwest::Client::new();
    let list = format!("{}/acct/oidc?restype=container&comp=list", server.url);
    let began = Instant::now();
    let all = (0..20).map(|_| client.get(&list).send());
    for reply in futures_util::future::join_all(all).await {
        assert_eq!(reply.unwrap().status(), 200);
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "one after the other they take four"
    );
    server.emulator.with_store(|store, _| {
        let next = store.faults.count;
        store.faults.schedule.insert(next, Fault::ResetBefore);
    });
    let cut = async { client.get(&list).send().await?.bytes().await };
    assert!(cut.await.is_err());
    let graph = client
        .get(format!("{}/v1.0/applications", server.url))
        .send()
        .await
        .unwrap();
    assert_eq!(graph.status(), 401);
    assert_eq!(graph.headers()["www-authenticate"], "Bearer");
    drop(server.stop);
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn https_with_its_own_authority_and_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("emulator.json");
    let certificate = authority::certificate(&data).unwrap();
    let options = Options {
        certificate: Some(certificate),
        data: Some(data.clone()),
        ..Options::default()
    };
    let server = start(options);
    let root = std::fs::read(authority::certificate_path(&data)).unwrap();
    let root = reqwest::Certificate::from_pem(&root).unwrap();
    let client = reqwest::Client::builder()
        .add_root_certificate(root)
        .build()
        .unwrap();
    let document = format!(
        "{}/{TENANT}/v2.0/.well-known/openid-configuration",
        server.url
    );
    let reply = client.get(document).send().await.unwrap();
    assert_eq!(reply.version(), reqwest::Version::HTTP_2);
    let body: serde_json::Value = reply.json().await.unwrap();
    assert_eq!(
        body["jwks_uri"],
        format!("{}/{TENANT}/discovery/v2.0/keys", server.url)
    );
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
    let kept = persist::load(&data, &Routes::default()).unwrap().unwrap();
    assert_eq!(kept.tenant.id, TENANT);
    authority::certificate(&data).unwrap();
    assert!(listen("0.0.0.0:0".parse().unwrap()).is_err());
}
