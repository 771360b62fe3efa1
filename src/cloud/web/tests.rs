//! Addresses that are refused, and servers that answer badly.

use super::*;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get as route;
use futures_util::stream;

#[tokio::test]
async fn urls_that_are_refused_before_anything_is_sent() {
    for (url, words) in [
        ("oidc.contoso.com", "not an https URL"),
        ("http://oidc.contoso.com", "not an https URL"),
        ("file:///etc/passwd", "not an https URL"),
        ("https://user:secret@oidc.contoso.com", "user name"),
        ("https://169.254.169.254/metadata/identity", "link-local"),
        ("https://[::1]/", "this machine"),
        ("https://[::ffff:127.0.0.1]/", "written as an IPv6 one"),
        ("https://0x7f.1/", "this machine"),
        ("https://2130706433/", "this machine"),
        ("https://localhost/", "this machine"),
        // A label this long is refused by the resolver itself, so that this test asks no DNS.
        (
            &format!("https://{}.example/", "a".repeat(64)),
            "no address",
        ),
    ] {
        let error = get(url, false).await.unwrap_err();
        assert!(error.message.contains(words), "{url}: {error}");
        assert!(!error.message.contains("10.0.0.1") && !error.help.is_empty());
    }
    let error = get("http://10.0.0.1/", true).await.unwrap_err();
    assert!(error.message.contains("private"), "{error}");
    let error = get(&format!("https://a.example/{}", "a".repeat(MAX_URL)), false)
        .await
        .unwrap_err();
    assert!(error.message.contains("longer"), "{error}");
}

#[test]
fn one_private_address_among_public_ones_is_refused() {
    let url = Url::parse("https://rebind.example/").unwrap();
    let public = "8.8.8.8:443".parse().unwrap();
    assert_eq!(admit(&url, &[public], false), Ok(()));
    assert!(admit(&url, &[public, "127.0.0.1:443".parse().unwrap()], false).is_err());
    let http = Url::parse("http://rebind.example/").unwrap();
    assert_eq!(
        admit(&http, &[public], true),
        Err(error(
            "`http://rebind.example/` is not fetched: http is allowed on this machine only",
            "serve it over https with a certificate of a public authority",
        ))
    );
}

async fn serve() -> SocketAddr {
    let forever = || async {
        let chunks = stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b' '; 4096]));
        Body::from_stream(chunks)
    };
    let app = Router::new()
        .route(
            "/good",
            route(|headers: HeaderMap| async move {
                assert!(!headers.contains_key("authorization") && !headers.contains_key("cookie"));
                (
                    [("content-type", "application/jwk-set+json")],
                    headers["host"].to_str().unwrap().to_owned(),
                )
            }),
        )
        .route(
            "/missing",
            route(|| async { (StatusCode::NOT_FOUND, "no") }),
        )
        .route(
            "/moved",
            route(|| async { (StatusCode::FOUND, [("location", "http://169.254.169.254/")]) }),
        )
        .route("/large", route(|| async { vec![b' '; MAX_BODY + 1] }))
        .route("/full", route(|| async { vec![b' '; MAX_BODY] }))
        .route("/endless", route(forever))
        .route(
            "/slow",
            route(|| async {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }),
        )
        .route(
            "/drip",
            route(|| async {
                let drops = stream::unfold((), |()| async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Some((Ok::<_, std::convert::Infallible>(" "), ()))
                });
                Body::from_stream(drops)
            }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn answers_and_limits() {
    let address = serve().await;
    let at = |path: &str| format!("http://{address}{path}");
    let page = get(&at("/good"), true).await.unwrap();
    assert_eq!(
        (page.status, page.content_type.as_deref()),
        (200, Some("application/jwk-set+json"))
    );
    assert_eq!(page.body, address.to_string().as_bytes());
    assert_eq!(get(&at("/missing"), true).await.unwrap().status, 404);
    assert_eq!(get(&at("/full"), true).await.unwrap().body.len(), MAX_BODY);

    let moved = error(
        format!(
            "`{}` answers 302 and points to `http://169.254.169.254/`",
            at("/moved")
        ),
        "serve the document at this URL itself: verifiers follow no redirects",
    );
    assert_eq!(get(&at("/moved"), true).await, Err(moved));
    for path in ["/large", "/endless"] {
        let expected = error(
            format!("the document at `{}` is larger than 256 KiB", at(path)),
            "discovery documents and key sets are small: check what is served there",
        );
        assert_eq!(get(&at(path), true).await, Err(expected));
    }
    let limits = Limits {
        body: MAX_BODY,
        time: Duration::from_millis(200),
    };
    for path in ["/slow", "/drip"] {
        let expected = error(
            format!("`{}` did not answer completely within 200ms", at(path)),
            "Microsoft Entra must be able to read it quickly from the internet: check the host and its firewall",
        );
        assert_eq!(get_within(&at(path), true, limits).await, Err(expected));
    }
    let error = get(&at("/good"), false).await.unwrap_err();
    assert!(error.message.contains("not an https URL"), "{error}");
}

#[tokio::test]
async fn a_name_stays_where_it_was_checked() {
    // DNS knows nothing of this name, and the port of the URL is the pinned address's: only the pin can answer.
    let address = serve().await;
    let url = Url::parse(&format!("http://rebind.invalid:{}/good", address.port())).unwrap();
    let page = fetch(&url, vec![address], MAX_BODY).await.unwrap();
    assert_eq!(
        page.body,
        format!("rebind.invalid:{}", address.port()).as_bytes()
    );
}

#[tokio::test]
async fn failures_say_what_happened() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    const HELP: &str = "Microsoft Entra fails on it too, with AADSTS90061: check the host, its certificate and its firewall";
    let refused = get(&format!("http://{free}/"), true).await.unwrap_err();
    let begin = format!("`http://{free}/` cannot be fetched: Connection refused");
    assert!(refused.message.starts_with(&begin), "{refused}");
    assert_eq!(refused.help, HELP);
    let plain = serve().await;
    let error = get(&format!("https://{plain}/"), true).await.unwrap_err();
    let begin = format!("`https://{plain}/` cannot be fetched: ");
    assert!(error.message.starts_with(&begin), "{error}");
    assert_eq!(error.help, HELP);
}
