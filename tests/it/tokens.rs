//! Tokens from end to end: a cluster's key, its documents in a blob, a service account's token, an access token; and
//! every way in which that chain is known to break.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use serde_json::Value as Json;
use trustform::emulator::session::Session;

use crate::play::{Run, Stage, TENANT};
use crate::scenario::Step;

/// A private key and its public half, as `openssl` writes them.
pub fn write_key(directory: &Path, name: &str) {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let private: Pkcs8V1Der = pair.as_der().expect("its encoding");
    let public: PublicKeyX509Der = pair.public_key().as_der().expect("its public half");
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("base64"))
            .collect();
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            lines.join("\n")
        )
    };
    let write = |suffix: &str, text: String| {
        std::fs::write(directory.join(format!("{name}{suffix}")), text).expect("a file");
    };
    write(".key", pem("PRIVATE KEY", private.as_ref()));
    write(".pub.pem", pem("PUBLIC KEY", public.as_ref()));
}

fn stage() -> Stage {
    let stage = Stage::new();
    let directory = stage.directory.path();
    write_key(directory, "sa-signer");
    write_key(directory, "other");
    std::fs::write(
        directory.join("trust.hcl"),
        format!(
            r#"
stack "kind" {{
  tenant_id = "{TENANT}"
}}

oidc_issuer "cluster" {{
  storage_account = "oidc4f1c"
  container       = "oidc"
  signing_key "first" {{
    public_key = file("sa-signer.pub.pem")
  }}
}}

application "agent" {{
  display_name = "agent"
  permissions "microsoft_graph" {{
    application   = ["Application.Read.All"]
    admin_consent = true
  }}
  federated_credential "sidecar" {{
    issuer  = oidc_issuer.cluster.url
    subject = "system:serviceaccount:entra-demo:sidecar-sa"
  }}
}}
"#
        ),
    )
    .expect("a stack file");
    stage
}

pub fn good(stage: &mut Stage, line: &str) -> String {
    let Run { out, err, exit } = stage.run(line, None);
    assert_eq!(exit, 0, "{line}\n{out}{err}");
    out
}

pub fn refused(stage: &mut Stage, code: &str) -> String {
    let run = stage.run("trustform token exchange token.jwt --local", None);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.out.contains(code), "{code}: {}", run.out);
    run.out
}

const MINT: &str = "trustform emulator mint sidecar --key sa-signer.key --out token.jwt";

/// Whether the storage account lets anybody read its containers.
pub fn public(stage: &Stage, allowed: bool) {
    stage
        .emulator
        .with_store(|store, _| store.provision_account("oidc4f1c", allowed));
}

#[test]
fn a_clusters_chain_holds_and_breaks_as_it_does_in_earnest() {
    let mut stage = stage();
    good(&mut stage, "trustform apply --local --auto-approve");
    good(&mut stage, MINT);
    let out = good(&mut stage, "trustform token exchange token.jwt --local");
    assert!(
        out.contains("Issued.") && out.contains("Application.Read.All"),
        "{out}"
    );
    assert!(!out.contains("eyJ"), "no token is printed: {out}");

    // A kid that nobody publishes, a signature of another key under the right name.
    good(&mut stage, &format!("{MINT} --kid unknown"));
    let out = refused(&mut stage, "AADSTS7000272");
    assert!(out.contains("signing_key"), "the place in the file: {out}");
    good(
        &mut stage,
        "trustform emulator mint sidecar --key other.key --out token.jwt",
    );
    refused(&mut stage, "AADSTS7000272");

    // A slash.
    good(
        &mut stage,
        &format!("{MINT} --issuer https://oidc4f1c.blob.core.windows.net/oidc/"),
    );
    let out = refused(&mut stage, "AADSTS700211");
    assert!(out.contains("slash at the end"), "{out}");

    // A container that only its owner may read.
    good(&mut stage, MINT);
    public(&stage, false);
    refused(&mut stage, "AADSTS90061");
    public(&stage, true);
    good(&mut stage, "trustform token exchange token.jwt --local");
}

#[test]
fn without_the_uploaded_keys_nobody_gets_in() {
    let mut stage = stage();
    good(&mut stage, "trustform apply --local --auto-approve");
    good(&mut stage, MINT);
    let blob = "https://oidc4f1c.blob.core.windows.net/oidc/openid/v1/jwks";
    stage.step(&Step::Tenant {
        method: "DELETE".to_owned(),
        path: blob.to_owned(),
        body: String::new(),
        reply: String::new(),
    });
    let out = refused(&mut stage, "AADSTS90061");
    assert!(
        out.contains("oidc_issuer") || out.contains("documents"),
        "{out}"
    );
    good(&mut stage, "trustform apply --local --auto-approve");
    good(&mut stage, "trustform token exchange token.jwt --local");
}

#[test]
fn a_key_that_is_exchanged_already_need_not_wait() {
    let mut stage = stage();
    good(&mut stage, "trustform apply --local --auto-approve");
    let file = stage.directory.path().join("trust.hcl");
    let text = std::fs::read_to_string(&file).expect("the stack");
    let with_next = text.replace(
        "  signing_key \"first\"",
        "  signing_key \"next\" {\n    public_key = file(\"other.pub.pem\")\n  }\n  signing_key \"first\"",
    );
    std::fs::write(&file, with_next).expect("a file");
    // Signed before the key is published: not exchanged.
    good(
        &mut stage,
        "trustform emulator mint sidecar --key other.key --out next.jwt",
    );
    let rotate = "trustform jwks rotate --local --token next.jwt";
    let run = stage.run(rotate, None);
    assert!(
        run.exit == 1
            && run.err.contains("error: the token is not exchanged yet: AADSTS7000272: ")
            && run.err.ends_with("\n  help: `trustform token exchange` explains it; if the key is not known yet, wait and try again\n"),
        "{run:?}"
    );

    good(&mut stage, "trustform apply --local --auto-approve");
    let out = good(&mut stage, "trustform jwks rotate --local");
    assert!(out.contains("Next: wait until"), "{out}");
    let out = good(&mut stage, rotate);
    assert!(
        out.contains(": it is known already.\n\nNext: let the issuer sign with"),
        "{out}"
    );
    // A token of the old key proves nothing about the new one.
    good(&mut stage, &MINT.replace("token.jwt", "old.jwt"));
    let out = good(&mut stage, &rotate.replace("next", "old"));
    assert!(out.contains("Next: wait until"), "{out}");
}

#[test]
fn an_issued_token_verifies_as_its_api_would_verify_it() {
    let mut stage = stage();
    good(&mut stage, "trustform apply --local --auto-approve");
    good(&mut stage, MINT);
    let out = good(
        &mut stage,
        "trustform token exchange token.jwt --local --print-token",
    );
    let token = out
        .lines()
        .rfind(|line| line.starts_with("ey"))
        .expect("the token");
    std::fs::write(stage.directory.path().join("access.jwt"), token).expect("a file");
    // It works on Graph, as far as its one role goes.
    let now = stage.clock.now_ms().unsigned_abs();
    let (read, write) = stage.emulator.with_store(|store, routes| {
        let mut session = Session::new(store.clone(), routes.clone(), now).expect("a session");
        session.act_with(token.to_owned());
        let body = serde_json::json!({ "displayName": "more" });
        let read = session.graph("GET", "/v1.0/applications", &Json::Null);
        let write = session.graph("POST", "/v1.0/applications", &body);
        (read.status, write.status)
    });
    assert_eq!((read, write), (200, 403));
    let inspected = good(&mut stage, "trustform token inspect access.jwt");
    assert!(inspected.contains("for Microsoft Graph"), "{inspected}");
    let verify = format!(
        "trustform token verify access.jwt --issuer https://sts.windows.net/{TENANT}/ --audience https://graph.microsoft.com --local"
    );
    let run = stage.run(&verify, None);
    assert_eq!(run.exit, 1);
    assert!(
        run.out.contains("✗ kind"),
        "a token for Graph is nobody else's to verify: {}",
        run.out
    );
    assert!(run.out.contains("✓ signature"), "{}", run.out);
    assert!(
        run.out.contains("✓ issuer") && run.out.contains("✓ lifetime"),
        "{}",
        run.out
    );
}

#[test]
fn strange_tokens_get_a_clear_verdict() {
    let mut stage = stage();
    for (text, what) in [
        ("", "not-a-token"),
        ("hello", "no dot"),
        ("a.b.c.d.e", "encrypted"),
        ("\u{1b}[31m.b.c", "base64url"),
    ] {
        std::fs::write(stage.directory.path().join("token.jwt"), text).expect("a file");
        let run = stage.run("trustform token inspect token.jwt", None);
        assert_eq!(run.exit, 1, "{text}");
        assert!(!run.err.contains('\u{1b}'));
        assert!(
            run.err.contains(what) || what == "not-a-token",
            "{what}: {}",
            run.err
        );
    }
    std::fs::write(
        stage.directory.path().join("token.jwt"),
        "a".repeat(100_000),
    )
    .expect("a file");
    let run = stage.run("trustform token inspect token.jwt", None);
    assert!(run.err.contains("bytes"), "{}", run.err);
}

#[test]
fn a_file_that_is_too_long_is_no_token() {
    let mut stage = stage();
    let file = stage.directory.path().join("long.jwt");
    std::fs::write(file, "e".repeat(64 * 1024 + 1)).expect("a file");
    let run = stage.run("trustform token inspect long.jwt", None);
    let said = "error: `long.jwt` cannot be read: it has more than 65536 bytes, and a token has a few thousand\n  help: give a file with a token, or `-` and the token on the input\n";
    assert_eq!((run.exit, run.err.as_str()), (1, said));
}
