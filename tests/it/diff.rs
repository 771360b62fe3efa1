//! `diff`: what a pull request changes about access, with no tenant and nothing contacted.

use std::process::Command;

use crate::play::{Run, Stage, TENANT};

const PROD: &str = "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'";
const OPEN: &str =
    "claims['sub'] matches 'repo:contoso*/*' and claims['repository_owner_id'] eq '5544123'";

fn write(stage: &Stage, directory: &str, expression: &str) {
    let directory = stage.directory.path().join(directory);
    std::fs::create_dir_all(&directory).expect("a directory");
    let text = format!(
        r#"
stack "payments" {{
  tenant_id = "{TENANT}"
}}
application "deployer" {{
  display_name = "payments-@octocat"
  permissions "microsoft_graph" {{
    application   = ["Application.ReadWrite.All"]
    admin_consent = true
  }}
  federated_credential "environments" {{
    issuer                     = "https://token.actions.githubusercontent.com"
    claims_matching_expression = "{expression}"
  }}
}}
"#
    );
    std::fs::write(directory.join("trust.hcl"), text).expect("a stack file");
}

fn git(stage: &Stage, arguments: &[&str]) {
    let done = Command::new("git")
        .current_dir(stage.directory.path())
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn seventeen_characters_less_against_a_commit() {
    let mut stage = Stage::new();
    write(&stage, "infra", PROD);
    git(&stage, &["init", "--quiet"]);
    git(&stage, &["add", "-A"]);
    git(&stage, &["commit", "--quiet", "-m", "one"]);
    let run = stage.run("trustform diff infra", None);
    assert_eq!((run.exit, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.contains("No changes."), "{}", run.out);

    write(&stage, "infra", OPEN);
    let run = stage.run("trustform diff infra", None);
    assert_eq!((run.exit, run.err.as_str()), (2, ""), "{}", run.out);
    let said = "! anyone who can open a pull request in any repository of owner 5544123 (contoso) may act as payments-@octocat: repo:contoso/a:pull_request";
    assert!(run.out.contains(said), "{}", run.out);
    assert!(
        run.out
            .contains("which holds Microsoft Graph Application.ReadWrite.All (tier 0)")
    );
    assert!(run.out.contains("Widening"), "{}", run.out);

    let run = stage.run("trustform diff infra --format markdown", None);
    assert_eq!(run.exit, 2);
    // In code, nobody is called.
    let words: String = run.out.split('`').step_by(2).collect();
    assert!(!words.contains("@octocat"), "{}", run.out);
    let run = stage.run("trustform diff infra --format json", None);
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let gained = &json["access"]["gained"][0];
    assert_eq!(gained["token"]["sub"], "repo:contoso/a");
    assert_eq!(
        gained["dangers"][0]["example"],
        "repo:contoso/a:pull_request"
    );
    assert_eq!(gained["holding"][0]["tier"], 0);

    // The way back takes access away, and widens nothing.
    git(&stage, &["add", "-A"]);
    git(&stage, &["commit", "--quiet", "-m", "two"]);
    write(&stage, "infra", PROD);
    let run = stage.run("trustform diff infra", None);
    assert!(run.out.contains("may no longer act as"), "{}", run.out);
    assert!(
        !run.out.contains("Widening") && !run.out.contains("  + "),
        "{}",
        run.out
    );
    let run = stage.run("trustform diff infra --base HEAD~1", None);
    assert_eq!(run.exit, 0, "{}", run.out);
}

#[test]
fn a_directory_and_no_repository() {
    let mut stage = Stage::new();
    write(&stage, "base", PROD);
    write(&stage, "head", OPEN);
    let run = stage.run("trustform diff head --base-dir base", None);
    assert_eq!(run.exit, 2, "{}", run.err);
    let run = stage.run("trustform diff head", None);
    assert_eq!(run.exit, 1);
    let help =
        "  help: give another commit with `--base REF`, or a directory with `--base-dir DIR`\n";
    assert_eq!(
        run.err,
        format!("error: `/work/stack/head` is in no git repository\n{help}")
    );
    git(&stage, &["init", "--quiet"]);
    let run = stage.run("trustform diff head --base nothing", None);
    let said = |run: Run| (run.exit, run.err);
    assert_eq!(
        said(run),
        (
            1,
            format!("error: git knows no commit `nothing` here\n{help}")
        )
    );
    let run = stage.run("trustform diff head --base=--output=x", None);
    assert_eq!(
        said(run),
        (
            1,
            format!("error: `--output=x` cannot name a commit\n{help}")
        )
    );
}
