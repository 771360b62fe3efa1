//! A kind cluster whose service account speaks for an agent identity blueprint: from its signing key to an access token,
//! and each way in which that is known to fail. `kubectl` is a script that prints what the cluster's API server would.

use std::os::unix::fs::PermissionsExt;

use crate::play::{Stage, TENANT};
use crate::scenario::Step;
use crate::tokens::{good, public, refused, write_key};

const BLUEPRINT: &str = r#"
agent_identity_blueprint "demo" {
  display_name          = "entra-demo agents"
  sponsors              = ["5a1c7d52-6c70-4d41-9d5b-0d9f1f4a7c11"]
  unmanaged_credentials = "delete"

  federated_credential "sidecar" {
    kubernetes {
      issuer          = oidc_issuer.kind.url
      namespace       = "entra-demo"
      service_account = "sidecar-sa"
    }
  }
}
"#;

fn write(stage: &Stage, name: &str, text: &str) {
    std::fs::write(stage.directory.path().join(name), text).expect("a file");
}

fn stage() -> Stage {
    let mut stage = Stage::new();
    let directory = stage.directory.path().to_owned();
    write_key(&directory, "sa-signer");
    write_key(&directory, "other");
    let issuer = format!(
        "stack \"kind\" {{\n  tenant_id = \"{TENANT}\"\n}}\noidc_issuer \"kind\" {{\n  storage_account = \"oidc4f1c\"\n  container = \"oidc\"\n  signing_key \"first\" {{\n    public_key = file(\"sa-signer.pub.pem\")\n  }}\n}}\n"
    );
    write(&stage, "trust.hcl", &issuer);
    write(&stage, "blueprint.trust.hcl", BLUEPRINT);
    // What a kind cluster that signs with the key shows to `kubectl`.
    std::fs::create_dir(directory.join("bin")).expect("a directory");
    let script = directory.join("bin/kubectl");
    let text = format!(
        "#!/bin/sh\necho \"$@\" >> \"{0}/asked\"\n[ \"$HOME\" = /home/operator ] || exit 3\n[ -f \"{0}/cluster.json\" ] || {{ echo 'Unable to connect to the server' >&2; exit 1; }}\ncat \"{0}/cluster.json\"\n",
        directory.display()
    );
    std::fs::write(&script, text).expect("a script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!("{}:/usr/bin:/bin", directory.join("bin").display());
    stage.env.insert("PATH".to_owned(), path);
    stage
        .env
        .insert("HOME".to_owned(), "/home/operator".to_owned());
    stage
}

const MINT: &str = "trustform emulator mint sidecar --key sa-signer.key --out token.jwt";
const EXCHANGE: &str = "trustform token exchange token.jwt --local";

#[test]
fn from_a_signing_key_to_an_access_token() {
    let mut stage = stage();
    let stage = &mut stage;
    // The JWKS is known before the cluster is: the API server computes the same kid.
    let ours = good(
        stage,
        "trustform jwks build --public-keys sa-signer.pub.pem",
    );
    good(stage, "trustform apply --local --auto-approve");
    let manifests = good(stage, "trustform issuer manifests");
    let issuer = "https://oidc4f1c.blob.core.windows.net/oidc";
    let settings: Vec<&str> = manifests
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert!(settings.contains(&format!("service-account-issuer: {issuer}").as_str()));
    assert!(settings.contains(&"name: sidecar-sa"), "{manifests}");
    assert!(!settings.iter().any(|line| line.contains("api-audiences")));
    write(stage, "cluster.json", &ours);
    assert_eq!(good(stage, "trustform jwks build --from-cluster"), ours);
    good(stage, "trustform issuer check --local");

    good(stage, MINT);
    let out = good(stage, EXCHANGE);
    assert!(out.contains("Issued."), "{out}");
    let again = good(stage, "trustform plan --local");
    assert!(again.contains("No changes"), "{again}");

    // The cluster made a key of its own after all.
    good(
        stage,
        "trustform emulator mint sidecar --key other.key --kid other --out token.jwt",
    );
    refused(stage, "AADSTS7000272");
    let run = stage.run(
        &format!("trustform issuer check {issuer} --kid other --local"),
        None,
    );
    assert!(
        run.exit == 2 && run.out.contains("AADSTS7000272"),
        "{run:?}"
    );
    // Another pod, a token for the API server, a slash.
    for (change, code) in [
        (
            "--subject system:serviceaccount:default:sidecar-sa",
            "AADSTS700213",
        ),
        ("--audience https://kubernetes.default.svc", "AADSTS700212"),
        (
            "--issuer https://oidc4f1c.blob.core.windows.net/oidc/",
            "AADSTS700211",
        ),
        (
            "--issuer https://kubernetes.default.svc.cluster.local",
            "AADSTS700211",
        ),
    ] {
        good(stage, &format!("{MINT} {change}"));
        refused(stage, code);
    }
    // The account forbids what `--allow-blob-public-access true` permits.
    good(stage, MINT);
    public(stage, false);
    refused(stage, "AADSTS90061");
    public(stage, true);
    // The keys were never uploaded.
    let jwks = format!("{issuer}/openid/v1/jwks");
    tenant(stage, "DELETE", &jwks, "");
    refused(stage, "AADSTS90061");
    good(stage, "trustform apply --local --auto-approve");
    good(stage, EXCHANGE);
}

fn tenant(stage: &mut Stage, method: &str, path: &str, body: &str) {
    stage.step(&Step::Tenant {
        method: method.to_owned(),
        path: path.to_owned(),
        body: body.to_owned(),
        reply: String::new(),
    });
}

#[test]
fn a_blueprint_that_is_there_keeps_what_is_right() {
    let mut stage = stage();
    let stage = &mut stage;
    good(stage, "trustform apply --local --auto-approve");
    // Somebody ran the guide's script, too: the same trust stands under another name.
    let blueprint = stage.get("/beta/applications?$filter=displayName eq 'entra-demo agents'");
    let client_id = blueprint["value"][0]["appId"].as_str().expect("an id");
    let existing = format!(
        "agent_identity_blueprint \"demo\" {{\n  existing = {{ client_id = \"{client_id}\" }}\n"
    );
    let trust = &BLUEPRINT[BLUEPRINT.find("  federated_credential").expect("a trust")..];
    write(stage, "blueprint.trust.hcl", &(existing.clone() + trust));
    let out = good(stage, "trustform plan --local");
    assert!(out.contains("No changes"), "{out}");
    // A client id that is no blueprint's.
    let wrong = existing.replace(client_id, "22222222-2222-4222-8222-222222222222");
    write(stage, "blueprint.trust.hcl", &(wrong + trust));
    let run = stage.run("trustform plan --local", None);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(
        run.err.contains("22222222-2222-4222-8222-222222222222"),
        "{run:?}"
    );
}

#[test]
fn keys_come_straight_from_a_cluster() {
    let mut stage = stage();
    let stage = &mut stage;
    let run = stage.run("trustform jwks build --from-cluster", None);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(
        run.err
            .contains("`kubectl` failed: Unable to connect to the server"),
        "{run:?}"
    );
    let set = good(
        stage,
        "trustform jwks build --public-keys sa-signer.pub.pem",
    );
    write(stage, "cluster.json", &set);
    let out = good(
        stage,
        "trustform jwks check --from-cluster --context kind-kind",
    );
    assert!(out.contains("RSA 2048"), "{out}");
    let asked = stage.directory.path().join("asked");
    let asked = std::fs::read_to_string(asked).expect("what was asked");
    assert_eq!(
        asked.lines().last(),
        Some("get --raw /openid/v1/jwks --request-timeout=20s --context kind-kind")
    );
    write(stage, "cluster.json", "error: forbidden");
    let run = stage.run("trustform jwks check --from-cluster", None);
    assert_eq!(run.exit, 1, "{run:?}");
    let help = "  help: run `kubectl get --raw /openid/v1/jwks` where the cluster can be reached, and give its output as a file or as `-`\n";
    write(stage, "cluster.json", &"x".repeat(256 * 1024 + 1));
    let run = stage.run("trustform jwks check --from-cluster", None);
    assert_eq!(
        run.err,
        format!("error: `kubectl` printed more than 256 KiB\n{help}")
    );
    stage.env.insert("PATH".to_owned(), "/nowhere".to_owned());
    let run = stage.run("trustform jwks check --from-cluster", None);
    assert_eq!(
        run.err,
        format!("error: `kubectl` cannot be run: No such file or directory (os error 2)\n{help}")
    );
}
