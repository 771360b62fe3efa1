//! Logging in, against a login service that is a function.

use std::sync::Arc;

use azure_core::credentials::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::cloud::fake::{Answer, Fake};
use crate::cloud::login::{EmulatorLogin, LoginOptions, credential};
use crate::cloud::{Client, Clock, Transport};
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::step::{Request, Service};

fn options() -> LoginOptions {
    LoginOptions {
        tenant_id: "11111111-1111-1111-1111-111111111111".into(),
        client_id: Some("22222222-2222-2222-2222-222222222222".into()),
        ..LoginOptions::default()
    }
}

fn client(fake: &Arc<Fake>, cloud: Cloud, options: LoginOptions) -> Result<Client, Diagnostic> {
    let transport = Transport::given(fake.clone());
    let credential = credential(options, cloud, &transport)?;
    Ok(Client::new(
        cloud,
        credential,
        transport,
        Clock::starting_at(0),
    ))
}

/// What is said where no login works.
async fn refused(fake: &Arc<Fake>, options: LoginOptions) -> Diagnostic {
    let client = client(fake, Cloud::Public, options).unwrap();
    client.caller().await.unwrap_err()
}

fn access_token() -> Answer {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"tid":"t","appid":"a","oid":"o"}"#);
    let token = format!("e30.{claims}.x");
    Answer::json(
        200,
        json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token}),
    )
}

#[tokio::test]
async fn github_exchanges_the_jobs_token() {
    let fake = Fake::new(|number, _| match number {
        0 => Answer::json(200, json!({"value": "job-token"})),
        _ => access_token(),
    });
    let url = "https://pipelines.actions.example/token?api-version=2.0";
    let options = LoginOptions {
        github: Some((url.into(), Secret::new("runner"))),
        ..options()
    };
    let client = client(&fake, Cloud::UsGov, options).unwrap();
    assert_eq!(client.caller().await.unwrap().client_id, "a");
    let seen = fake.seen();
    assert_eq!(
        seen[0].url,
        format!("{url}&audience=api%3A%2F%2FAzureADTokenExchangeUSGov")
    );
    assert_eq!(seen[0].header("authorization"), Some("Bearer runner"));
    assert_eq!(
        seen[1].url,
        "https://login.microsoftonline.us/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token"
    );
    assert_eq!(seen[1].header("authorization"), None);
    assert!(seen[1].body.contains("client_assertion=job-token"));
    assert!(
        seen[1]
            .body
            .contains("scope=https%3A%2F%2Fgraph.microsoft.us%2F.default")
    );
    assert_eq!(client.caller().await.unwrap().tenant_id, "t");
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn pipelines_exchange_the_service_connections_token() {
    let fake = Fake::new(|number, _| match number {
        0 => Answer::json(200, json!({"oidcToken": "job-token"})),
        _ => access_token(),
    });
    let options = LoginOptions {
        pipelines: Some((
            "https://dev.azure.com/o/oidctoken".into(),
            Secret::new("job"),
        )),
        service_connection_id: Some("sc".into()),
        ..options()
    };
    let client = client(&fake, Cloud::Public, options).unwrap();
    assert!(client.caller().await.is_ok());
    let seen = fake.seen();
    assert_eq!(seen[0].method, "POST");
    assert!(
        seen[0]
            .url
            .ends_with("?api-version=7.1&serviceConnectionId=sc")
    );
}

#[tokio::test]
async fn a_refusal_is_told_and_nobody_steps_in() {
    let fake = Fake::new(|number, _| match number {
        0 => Answer::json(200, json!({"value": "job-token"})),
        _ => Answer::json(
            401,
            json!({"error": "invalid_client", "error_description": "AADSTS700213: No matching federated identity record found.\r\nTrace ID: 1", "error_codes": [700213]}),
        ),
    });
    let options = LoginOptions {
        github: Some((
            "https://actions.example/token".into(),
            Secret::new("runner"),
        )),
        ..options()
    };
    let diagnostic = refused(&fake, options).await;
    assert_eq!(diagnostic.code, "no-login");
    assert_eq!(
        diagnostic.help,
        ["GitHub Actions: AADSTS700213: No matching federated identity record found. Trace ID: 1"]
    );
    assert!(!format!("{diagnostic:?}").contains("job-token"));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn the_emulator_lets_its_own_client_in() {
    let fake = Fake::new(|_, _| access_token());
    let options = LoginOptions {
        emulator: Some(EmulatorLogin {
            client_id: "33333333-3333-3333-3333-333333333333".into(),
            assertion: "first-login".into(),
        }),
        // Not the emulator's, and not tried.
        github: Some((
            "https://actions.example/token".into(),
            Secret::new("runner"),
        )),
        secrets: vec!["AZURE_CLIENT_SECRET".into()],
        ..options()
    };
    let client = client(&fake, Cloud::Public, options).unwrap();
    assert!(client.caller().await.is_ok());
    assert_eq!(fake.seen().len(), 1);
    assert!(fake.seen()[0].body.contains("client_assertion=first-login"));
}

#[tokio::test]
async fn a_secret_is_no_login() {
    let fake = Fake::new(|_, _| access_token());
    let options = LoginOptions {
        secrets: vec!["AZURE_CLIENT_SECRET".into()],
        ..options()
    };
    let diagnostic = client(&fake, Cloud::Public, options).unwrap_err();
    assert_eq!(diagnostic.code, "secret-login");
    assert!(diagnostic.message.contains("AZURE_CLIENT_SECRET"));
}

#[tokio::test]
async fn a_jobs_token_is_asked_for_over_tls_only() {
    let fake = Fake::new(|_, _| access_token());
    let options = LoginOptions {
        github: Some(("http://actions.example/token".into(), Secret::new("runner"))),
        ..options()
    };
    let client = client(&fake, Cloud::Public, options).unwrap();
    let diagnostic = client.caller().await.unwrap_err();
    assert_eq!(
        diagnostic.help,
        [
            "GitHub Actions: `ACTIONS_ID_TOKEN_REQUEST_URL` is not a usable address: it does not begin with `https://`"
        ]
    );
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn tokens_never_print() {
    let fake = Fake::new(|_, _| access_token());
    let options = LoginOptions {
        github: Some((
            "https://actions.example/token".into(),
            Secret::new("s3cr3t"),
        )),
        ..options()
    };
    assert!(!format!("{options:?}").contains("s3cr3t"));
    let client = client(&fake, Cloud::Public, options).unwrap();
    let _ = client.caller().await;
    assert!(!format!("{client:?}").contains("e30."));
}

/// What each way says that is not set up; the last one is, and its service is not there.
#[tokio::test]
async fn every_way_says_what_it_lacks() {
    let fake = Fake::new(|_, _| Answer::json(400, json!({"error": "invalid_request"})));
    let pair = |url: &str| Some((url.into(), Secret::new("job")));
    let lacking = LoginOptions {
        client_id: None,
        github: pair("https://actions.example/token"),
        pipelines: pair("https://dev.azure.com/o/oidctoken"),
        service_connection_id: Some("sc".into()),
        federated_token_file: Some("/nowhere/token".into()),
        managed_identity: true,
        ..options()
    };
    let diagnostic = refused(&fake, lacking).await;
    const LACKS: &str = "not set up: `AZURE_CLIENT_ID` is not set (the client id of the application or managed identity to log in as)";
    let lacks = |way: &str| format!("{way}: {LACKS}");
    assert_eq!(diagnostic.message, "no way of logging in worked");
    assert_eq!(
        diagnostic.help[..3],
        [
            lacks("GitHub Actions"),
            lacks("Azure Pipelines"),
            lacks("workload identity")
        ]
    );
    assert!(diagnostic.help[3].starts_with("managed identity: "));
    assert_eq!(diagnostic.help.len(), 4);

    let options = LoginOptions {
        managed_identity: true,
        ..options()
    };
    let diagnostic = refused(&fake, options).await;
    assert_eq!(
        diagnostic.help[..3],
        [
            "GitHub Actions: not set up: `ACTIONS_ID_TOKEN_REQUEST_URL` is not set (a job needs `permissions: id-token: write`)",
            "Azure Pipelines: not set up: `SYSTEM_OIDCREQUESTURI` and `SYSTEM_ACCESSTOKEN` are not set (map the latter with `env:` in the step)",
            "workload identity: not set up: `AZURE_FEDERATED_TOKEN_FILE` is not set",
        ]
    );
}

/// What is logged in to Graph may not be let in to Azure.
#[tokio::test]
async fn a_later_token_can_be_refused() {
    let fake = Fake::new(|number, seen| match number {
        0 => access_token(),
        _ if seen.url.contains("/oauth2/") => Answer::json(
            400,
            json!({"error": "invalid_grant", "error_description": "AADSTS53003: Access has been blocked by Conditional Access policies.", "error_codes": [53003]}),
        ),
        _ => Answer::json(200, json!({})),
    });
    let options = LoginOptions {
        emulator: Some(EmulatorLogin {
            client_id: "33333333-3333-3333-3333-333333333333".into(),
            assertion: "first-login".into(),
        }),
        ..options()
    };
    let client = client(&fake, Cloud::Public, options).unwrap();
    assert!(client.caller().await.is_ok());
    let request = Request::get(Service::Arm, "/subscriptions?api-version=2022-12-01");
    let expected = Diagnostic::error(
        "no-login",
        "the login gave no further token: AADSTS53003: Access has been blocked by Conditional Access policies.",
    )
    .help("log in again and run the command again: it continues from what is there");
    assert_eq!(client.answer(&request, &[]).await, Err(expected));
}

/// The platform gives the job no token.
#[tokio::test]
async fn a_platform_without_a_token_is_named() {
    for (answer, said) in [
        (
            (404, "no"),
            "pipelines.actions.example answered 404 when asked for the job's identity token",
        ),
        (
            (200, "{}"),
            "pipelines.actions.example answered without an identity token",
        ),
    ] {
        let (status, body) = answer;
        let fake = Fake::new(move |_, _| Answer::Of(status, Vec::new(), body.to_owned()));
        let options = LoginOptions {
            github: Some((
                "https://pipelines.actions.example/token".into(),
                Secret::new("runner"),
            )),
            ..options()
        };
        let client = client(&fake, Cloud::Public, options).unwrap();
        let diagnostic = client.caller().await.unwrap_err();
        assert_eq!(diagnostic.help, [format!("GitHub Actions: {said}")]);
    }
}
