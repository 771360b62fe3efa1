//! Real sockets, to an emulator that is a few lines of text.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cloud::fake::Numbered;
use crate::cloud::reply::Lost;
use crate::cloud::transport::SILENCE;
use crate::cloud::{Client, Clock, Transport};
use crate::model::national_cloud::Cloud;
use crate::model::step::{Request, Service};

/// Answers one connection with `answer`, and gives what was asked.
async fn emulator(answer: &'static str) -> (Client, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut some = [0; 4096];
            let read = socket.read(&mut some).await.unwrap();
            asked.extend_from_slice(&some[..read]);
        }
        socket.write_all(answer.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        String::from_utf8(asked).unwrap().to_ascii_lowercase()
    });
    let transport = Transport::emulator(&url, None, SILENCE).unwrap();
    let credential = Arc::new(Numbered::default());
    let client = Client::new(Cloud::UsGov, credential, transport, Clock::Real);
    (client, served)
}

fn get() -> Request {
    Request::get(Service::Graph, "/applications(appId='1')?$select=id")
}

#[tokio::test]
async fn an_emulator_sees_what_the_service_would() {
    let (client, served) =
        emulator("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"1\"\r\n\r\n{\"id\":\"1\"}")
            .await;
    let reply = client.send(&get()).await.unwrap();
    assert_eq!(
        (reply.body["id"].as_str(), reply.etag.as_deref()),
        (Some("1"), Some("\"1\""))
    );
    let asked = served.await.unwrap();
    assert!(
        asked.starts_with("get /v1.0/applications(appid='1')?$select=id http/1.1\r\n"),
        "{asked}"
    );
    assert_eq!(asked.matches("host:").count(), 1, "{asked}");
    assert!(asked.contains("host: graph.microsoft.us\r\n"), "{asked}");
    assert!(
        asked.contains("authorization: bearer token-0\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains(concat!(
            "user-agent: trustform/",
            env!("CARGO_PKG_VERSION"),
            "\r\n"
        )),
        "{asked}"
    );
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_lost() {
    let (client, _served) =
        emulator("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":").await;
    assert!(matches!(client.send(&get()).await, Err(Lost::Cut(_))));
    let (client, _served) = emulator("").await;
    assert!(matches!(client.send(&get()).await, Err(Lost::Cut(_))));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (client, _served) = emulator(
        "HTTP/1.1 302 Found\r\nLocation: https://graph.evil.example/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert!(matches!(client.send(&get()).await, Err(Lost::Unusable(_))));
}

#[tokio::test]
async fn a_missing_emulator_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let transport = Transport::emulator(&url, None, SILENCE).unwrap();
    let credential = Arc::new(Numbered::default());
    let client = Client::new(Cloud::Public, credential, transport, Clock::Real);
    let Err(Lost::Unusable(why)) = client.send(&get()).await else {
        panic!("nobody listens there");
    };
    assert!(
        why.contains("no emulator answers at http://127.0.0.1:"),
        "{why}"
    );
}
