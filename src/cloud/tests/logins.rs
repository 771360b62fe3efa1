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

fn options() -> LoginOptions {
    LoginOptions {
        tenant_id: Some("11111111-1111-1111-1111-111111111111".into()),
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
    let diagnostic = client(&fake, Cloud::Public, options)
        .unwrap()
        .caller()
        .await
        .unwrap_err();
    assert_eq!(diagnostic.code, "no-login");
    let help = diagnostic.help.join("\n");
    assert!(
        help.contains("GitHub Actions") && help.contains("AADSTS700213"),
        "{help}"
    );
    assert!(!help.contains("az`"), "{help}");
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
    assert!(
        diagnostic.help[0].contains("https://"),
        "{:?}",
        diagnostic.help
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
