//! What is too large to be written down in a scenario: each bound is told in words, and nothing more is read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::play::Stage;
use crate::scenario::Step;

const STACK: &str =
    "stack \"payments\" {\n  tenant_id = \"11111111-1111-4111-8111-111111111111\"\n}\n";
const MIB: usize = 1 << 20;

fn stage(files: &[(&str, String)]) -> Stage {
    let mut stage = Stage::new();
    for (path, content) in files {
        stage.step(&Step::File {
            path: (*path).to_owned(),
            content: content.clone(),
        });
    }
    stage
}

/// The whole of what a command says that refuses.
#[track_caller]
fn refuses(stage: &mut Stage, command: &str, expected: &str) {
    let run = stage.run(command, None);
    assert_eq!(run.err, expected, "{}", run.out);
    assert_eq!(run.exit, 1);
}

fn comment(mebibytes: usize) -> String {
    format!("# {}\n", "x".repeat(mebibytes * MIB))
}

#[test]
fn files() {
    let mut one = stage(&[("trust.hcl", STACK.to_owned() + &comment(9))]);
    refuses(
        &mut one,
        "trustform validate",
        r#"error: `trust.hcl` cannot be read: it is larger than 8 MiB
"#,
    );
    let mut several = stage(&[
        ("trust.hcl", STACK.to_owned()),
        ("a.trust.hcl", comment(6)),
        ("b.trust.hcl", comment(6)),
        ("c.trust.hcl", comment(6)),
    ]);
    refuses(
        &mut several,
        "trustform validate",
        r#"error: the files of the stack are larger than 16 MiB together
  help: split the stack, or let `for_each` make what is alike
"#,
    );
    let call = "module \"all\" {\n  source = \"./modules\"\n}\n";
    let mut modules = stage(&[("trust.hcl", STACK.to_owned() + call)]);
    for at in 10..27 {
        modules.step(&Step::File {
            path: format!("modules/{at}.trust.hcl"),
            content: format!("# {}", "x".repeat(MIB - 2)),
        });
    }
    refuses(
        &mut modules,
        "trustform validate",
        r#"error: the files of all modules are larger than 16 MiB together
 --> trust.hcl:5:12
  |
5 |   source = "./modules"
  |            ^^^^^^^^^^^ here they pass the bound
  |
  = help: split the stack, or let `for_each` make what is alike
"#,
    );
}

#[test]
fn expressions_of_the_language() {
    let chain: String = (0..100)
        .map(|at| {
            format!(
                "application \"a{at}\" {{\n  for_each     = toset(keys(application.a{}))\n  display_name = each.key\n}}\n",
                at + 1
            )
        })
        .collect();
    let last =
        "application \"a100\" {\n  for_each     = toset([\"x\"])\n  display_name = each.key\n}\n";
    let mut deep = stage(&[("trust.hcl", STACK.to_owned() + &chain + last)]);
    refuses(
        &mut deep,
        "trustform validate",
        r#"error: expressions refer to each other more than 200 levels deep
   --> trust.hcl:201:41
    |
201 |   for_each     = toset(keys(application.a50))
    |                                         ^^^ here it passes the bound
    |
    = help: let them refer to one `local` instead of each to the next
"#,
    );

    let output = "output \"all\" { value = fileset(\"many\", \"*.json\") }\n";
    let mut many = stage(&[("trust.hcl", STACK.to_owned() + output)]);
    let directory = many.directory.path().join("many");
    std::fs::create_dir(&directory).expect("a directory");
    for at in 0..=10_000 {
        std::fs::write(directory.join(format!("{at}.json")), "").expect("a file");
    }
    refuses(
        &mut many,
        "trustform validate",
        r#"error: `fileset`: more than 10,000 files and directories lie below this one: name a smaller one
 --> trust.hcl:4:32
  |
4 | output "all" { value = fileset("many", "*.json") }
  |                                ^^^^^^ this is the string `"many"`
"#,
    );
}

#[test]
fn objects() {
    let members = |sign: &str| -> String {
        (0..25_000)
            .map(|at| format!("    team-{at}{sign} x\n"))
            .collect()
    };
    let teams = |value: &str| format!("{STACK}locals {{\n  teams = {value}\n}}\n");
    let object = format!("{{\n{}  }}", members(" ="));
    let mut written = stage(&[("trust.hcl", teams(&object))]);
    refuses(
        &mut written,
        "trustform validate",
        r#"error: syntax error: an object has too many keys
 --> trust.hcl:5:11
  |
5 |   teams = {
  |           ^ begins here
  |
  = help: write them as YAML in a file of their own, and read that with `yamldecode(file(…))`
"#,
    );
    let mut advised = stage(&[
        ("trust.hcl", teams("yamldecode(file(\"teams.yaml\"))")),
        ("teams.yaml", members(":")),
    ]);
    let run = advised.run("trustform validate", None);
    assert_eq!((run.exit, run.err.as_str()), (0, ""), "{}", run.out);
}

#[test]
fn keys() {
    let issuer = "oidc_issuer \"kind\" {\n  storage_account = \"oidc4f1c\"\n  container       = \"oidc\"\n  signing_key \"one\" {\n    public_key = file(\"one.key\")\n  }\n}\n";
    for (content, said) in [
        (
            format!("-----BEGIN PUBLIC KEY-----\n{}", "A".repeat(300_000)),
            "this text is larger than the 256 KiB that a key file may have",
        ),
        (
            format!("{{\"kty\": \"RSA\", \"n\": \"{}\"}}", "A".repeat(300_000)),
            "this JWK is larger than 256 KiB",
        ),
    ] {
        let expected = format!(
            r#"error: {said}
 --> trust.hcl:8:18
  |
8 |     public_key = file("one.key")
  |                  ^^^^^^^^^^^^^^^
  |
  = help: check that this is the file that was meant
"#
        );
        let files = [
            ("trust.hcl", STACK.to_owned() + issuer),
            ("one.key", content),
        ];
        refuses(&mut stage(&files), "trustform validate", &expected);
    }
    let key =
        json!({"kty": "RSA", "kid": "huge", "n": format!("AQ{}", "A".repeat(2730)), "e": "AQAB"});
    let mut huge = stage(&[("huge.jwk", key.to_string())]);
    refuses(
        &mut huge,
        "trustform jwks build --public-keys huge.jwk",
        "warning: no key of this JWKS can verify a token for Microsoft Entra
  help: sign with an RSA key of at least 2048 bits: `openssl genrsa -out sa.key 2048`, then `openssl pkey -in sa.key -pubout -out sa.pub`

error: this is not an RSA public key that can be read: a number in it has more than 16,384 bits
  help: give a public key as `openssl pkey -in sa.key -pubout` writes it
",
    );
}

#[test]
fn documents_of_an_issuer() {
    let url = "https://oidc4f1c.blob.core.windows.net/oidc";
    let mut stage = stage(&[("trust.hcl", STACK.to_owned())]);
    let put = |stage: &mut Stage, name: &str, content: String| {
        stage.step(&Step::Tenant {
            method: "PUT".to_owned(),
            path: format!("{url}/{name}"),
            body: format!("x-ms-blob-type: BlockBlob\n\n{content}"),
            reply: String::new(),
        });
    };
    stage.step(&Step::Storage {
        account: "oidc4f1c".to_owned(),
        container: "oidc".to_owned(),
    });
    let jwks = format!("{url}/jwks");
    let discovery = json!({"issuer": url, "jwks_uri": jwks, "response_types_supported": ["id_token"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]});
    put(
        &mut stage,
        ".well-known/openid-configuration",
        discovery.to_string(),
    );
    put(
        &mut stage,
        "jwks",
        json!({"keys": [], "x": "x".repeat(300_000)}).to_string(),
    );
    let check = format!("trustform issuer check {url} --local");
    let keys = stage.run(&check, None);
    let expected = format!(
        "{url}
  keys at {jwks}

error: this JWKS is larger than 256 KiB: an exchange fails with AADSTS90061
  help: publish the keys that are in use, and no certificates with them

It must not stay like this.
"
    );
    assert_eq!((keys.out, keys.exit), (expected, 2));
    let long = json!({"issuer": url, "jwks_uri": jwks, "x": "x".repeat(300_000)});
    put(
        &mut stage,
        ".well-known/openid-configuration",
        long.to_string(),
    );
    let document = stage.run(&check, None);
    let expected = format!(
        "{url}

error: this discovery document is larger than 256 KiB: an exchange fails with AADSTS90061
  help: it is a JSON object with at least `issuer` and `jwks_uri` (OpenID Connect Discovery 1.0, section 3)

It must not stay like this.
"
    );
    assert_eq!((document.out, document.exit), (expected, 2));
}

#[test]
fn tokens_and_expressions() {
    let jwt = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", "A".repeat(16 * 1024));
    let mut long = stage(&[("trust.hcl", STACK.to_owned()), ("token.jwt", jwt)]);
    refuses(
        &mut long,
        "trustform token inspect token.jwt",
        "error: the token has 16410 bytes: at most 16384 are read
  help: a token is three parts of base64url with dots between them, and begins with `ey`
",
    );
    let checked = long.run("trustform token check token.jwt", None);
    let expected = "✗ the token has 16410 bytes: at most 16384 are read (AADSTS50027)\n";
    assert_eq!((checked.out.as_str(), checked.exit), (expected, 1));

    let application = format!(
        "application \"deployer\" {{\n  display_name = \"deployer\"\n  federated_credential \"long\" {{\n    issuer = \"https://gitlab.com\"\n    claims_matching_expression = \"claims['sub'] matches '{}*'\"\n  }}\n}}\n",
        "x".repeat(4096)
    );
    let mut expression = stage(&[("trust.hcl", STACK.to_owned() + &application)]);
    refuses(
        &mut expression,
        "trustform validate",
        r#"error: the expression has 4121 bytes: at most 4096 are read
 --> trust.hcl:8:35
  |
8 |     claims_matching_expression = "claims['sub'] matches 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
  |                                   ^
  |
  = help: split it into several credentials
"#,
    );
}

/// A verifier reads as many keys as an issuer needs, and says where it stopped.
#[test]
fn more_keys_than_are_read() {
    let keys: Vec<_> = (0..=100)
        .map(|at| json!({"kty": "RSA", "kid": format!("key-{at}"), "n": "AQ", "e": "AQAB"}))
        .collect();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg": "RS256", "kid": "key-100"}"#);
    let claims = json!({"iss": "https://login.contoso.com", "aud": "api://payments", "sub": "x", "exp": 1_795_172_400});
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let mut stage = stage(&[
        ("token.jwt", format!("{header}.{claims}.c2ln")),
        ("jwks.json", json!({ "keys": keys }).to_string()),
    ]);
    let run = stage.run(
        "trustform token verify token.jwt --jwks jwks.json --audience api://payments --issuer https://login.contoso.com",
        None,
    );
    let expected = "\
✓ kind      a token of an issuer that is not known by name
✓ algorithm RS256
✗ signature the key is published, but after the first 100 of 101: later ones are not read
✓ issuer    https://login.contoso.com
✓ tenant    the issuer's
✓ audience  api://payments
✓ lifetime  it ends in 60 minutes (clocks may differ by 5 minutes)

Refuse this token.
";
    assert_eq!((run.out.as_str(), run.exit), (expected, 1));
}

/// A document that somebody else published where ours belongs.
#[test]
fn a_document_in_the_way() {
    let issuer = r#"
oidc_issuer "kind" {
  storage_account = "oidc4f1c"
  container       = "oidc"
  signing_key "one" {
    public_key = file("one.pub")
  }
}
"#;
    let key = include_str!("../../examples/kubernetes-blob-issuer/keys/2026-11.pub.pem");
    let mut stage = stage(&[
        ("trust.hcl", STACK.to_owned() + issuer),
        ("one.pub", key.to_owned()),
    ]);
    stage.step(&Step::Storage {
        account: "oidc4f1c".to_owned(),
        container: "oidc".to_owned(),
    });
    stage.step(&Step::Tenant {
        method: "PUT".to_owned(),
        path: "https://oidc4f1c.blob.core.windows.net/oidc/openid/v1/jwks".to_owned(),
        body: format!("x-ms-blob-type: BlockBlob\n\n{}", " x".repeat(MIB)),
        reply: String::new(),
    });
    refuses(
        &mut stage,
        "trustform plan --local",
        "error: the blob `https://oidc4f1c.blob.core.windows.net/oidc/openid/v1/jwks` is larger than 1 MiB, and no document of an issuer is
  help: somebody else wrote it: find out what it is, then delete it or publish in another container
",
    );
}

/// More than any answer of a service has.
#[test]
fn an_endless_answer() {
    let application = "\napplication \"deployer\" {\n  display_name = \"deployer\"\n}\n";
    let mut stage = stage(&[("trust.hcl", STACK.to_owned() + application)]);
    stage.step(&Step::Answer {
        request: "GET /v1.0/applications(uniqueName='payments.deployer')".to_owned(),
        answer: format!("200 {{\"x\": \"{}\"}}", "x".repeat(33 * MIB)),
    });
    refuses(
        &mut stage,
        "trustform plan --emulator http://127.0.0.1:PORT",
        "error: Microsoft Graph gave no usable answer to `GET /v1.0/applications(uniqueName='payments.deployer')`: the answer is longer than 32 MiB
  help: nothing was concluded from it: run the command again; where it stays so, a proxy or captive portal in between is the usual reason
",
    );
}

#[test]
fn mistakes() {
    let wrong: Vec<String> = (0..1_200)
        .map(|n| format!("  a{n:04} = missing\n"))
        .collect();
    let locals = format!("locals {{\n{}}}\n", wrong.concat());
    let mut stage = stage(&[("trust.hcl", STACK.to_owned() + &locals)]);
    let run = stage.run("trustform validate", None);
    let end = r#"error: nothing is called `missing`
    --> trust.hcl:1004:11
     |
1004 |   a0999 = missing
     |           ^^^^^^^ not known
     |
     = help: text stands in quotes: `"missing"`

note: there is more than these 1,000, which is not shown
  help: mend these first, and run the command again
"#;
    assert_eq!(&run.err[run.err.len() - end.len()..], end);
    assert_eq!(run.err.matches("error: ").count(), 1_000);
    let run = stage.run("trustform validate --format json", None);
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(json["diagnostics"].as_array().map(Vec::len), Some(1_001));
}
