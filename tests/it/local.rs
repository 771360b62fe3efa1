//! The emulated tenant that a stack keeps in its directory: where it cannot be used, that is said.

use trustform::cli::{World, run};
use trustform::cloud::Clock;
use trustform::cloud::transport::SILENCE;

const HERE: &str = "11111111-1111-4111-8111-111111111111";
const ELSEWHERE: &str = "22222222-2222-4222-8222-222222222222";

/// The exit code and the error of `trustform plan --local`, in a stack of that tenant.
fn planned(directory: &std::path::Path, tenant: &str) -> (i32, String) {
    let stack = format!("stack \"payments\" {{\n  tenant_id = \"{tenant}\"\n}}\n");
    std::fs::write(directory.join("trust.hcl"), stack).expect("a stack");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(World {
        args: ["trustform", "apply", "--local"].map(Into::into).to_vec(),
        env: [("NO_COLOR".to_owned(), "1".to_owned())].into(),
        directory: directory.to_owned(),
        input: &mut std::io::empty(),
        out: &mut out,
        err: &mut err,
        terminal: false,
        tenant: None,
        clock: Clock::starting_at(1_795_168_800_000),
        silence: SILENCE,
    });
    let place = directory.display().to_string();
    let err = String::from_utf8(err).expect("text");
    (exit as i32, err.replace(&place, "/work/stack"))
}

#[test]
fn a_kept_tenant_is_the_stacks_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    assert_eq!(planned(directory, HERE), (0, String::new()));
    let refused = |why: &str| {
        let said = format!(
            "error: the emulated tenant in `/work/stack/.trustform/tenant.json` cannot be used: {why}\n  help: remove the file to begin with an empty tenant\n"
        );
        (1, said)
    };
    let other = format!("it plays the tenant `{HERE}`, and the stack names `{ELSEWHERE}`");
    assert_eq!(planned(directory, ELSEWHERE), refused(&other));
    let file = directory.join(".trustform/tenant.json");
    std::fs::write(&file, "{").expect("a file");
    assert_eq!(
        planned(directory, HERE),
        refused("not an emulated tenant: EOF while parsing an object at line 1 column 1")
    );
    // What is advised helps.
    std::fs::remove_file(&file).expect("a file");
    assert_eq!(planned(directory, ELSEWHERE), (0, String::new()));
}
