//! Somebody else changes the tenant while a command works.

use std::io::Write;

use trustform::cli::{World, run};
use trustform::cloud::transport::SILENCE;

use crate::play::{Run, Stage, TENANT};

/// Does something once that was printed.
struct Shown<'a> {
    text: Vec<u8>,
    what: &'static str,
    then: Option<Box<dyn FnOnce() + 'a>>,
}

impl Write for Shown<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.extend_from_slice(bytes);
        if String::from_utf8_lossy(&self.text).contains(self.what)
            && let Some(then) = self.then.take()
        {
            then();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write(stage: &Stage, range: &str) {
    let text = format!(
        "stack \"shop\" {{
  tenant_id = \"{TENANT}\"
}}

named_location \"office\" {{
  display_name = \"Office\"
  ip {{
    ip_ranges = [\"{range}\"]
  }}
}}
"
    );
    std::fs::write(stage.directory.path().join("trust.hcl"), text).expect("a stack");
}

/// An apply that changes a location, while somebody deletes it.
fn applied(arguments: &[&str], input: &str) -> Run {
    let mut stage = Stage::new();
    write(&stage, "192.0.2.0/24");
    let first = stage.run("trustform apply --local --auto-approve", None);
    assert_eq!(first.exit, 0, "{}", first.err);
    write(&stage, "198.51.100.0/24");
    let all = "/v1.0/identity/conditionalAccess/namedLocations";
    let listed = stage.get(all);
    let location = format!(
        "{all}/{}",
        listed["value"][0]["id"].as_str().expect("an id")
    );
    let mut out = Shown {
        text: Vec::new(),
        what: "Plan: ",
        then: Some(Box::new(|| {
            assert_eq!(stage.behind_our_back("DELETE", &location, ""), "204\n");
        })),
    };
    played(&stage, &[&["apply"], arguments].concat(), &mut out, input)
}

/// Runs a command with `--local`.
fn played(stage: &Stage, arguments: &[&str], out: &mut Shown, input: &str) -> Run {
    let mut err = Vec::new();
    let all = ["trustform"].iter().chain(arguments).chain(&["--local"]);
    let exit = run(World {
        args: all.map(Into::into).collect(),
        env: stage.env.clone(),
        directory: stage.directory.path().to_owned(),
        input: &mut input.as_bytes(),
        out: &mut *out,
        err: &mut err,
        terminal: !input.is_empty(),
        tenant: Some(stage.emulator.clone()),
        clock: stage.clock.clone(),
        silence: SILENCE,
    });
    Run {
        out: String::from_utf8(std::mem::take(&mut out.text)).expect("text"),
        err: String::from_utf8(err).expect("text"),
        exit: exit as i32,
    }
}

/// What the first plan says, and how it ends.
const FIRST: &str = "shop (tenant 11111111-1111-4111-8111-111111111111)

~ named_location.office
    ip.ip_ranges
      - 192.0.2.0/24
      + 198.51.100.0/24

Plan: 1 to update. Digest 669cba654ad83f0c (apply exactly this with --expect 669cba654ad83f0c)

Stopped: 0 of 1 requests took effect.
  failed   named_location.office PATCH /v1.0/identity/conditionalAccess/namedLocations/835d5e5e-1f3e-4cbc-8336-1009eacabb05
";

#[test]
fn what_somebody_approved_is_not_replaced_by_another_plan() {
    let run = applied(&[], "yes\n");
    let again = "Run the command again: it goes on from here.\n";
    assert_eq!(run.out, format!("{FIRST}{again}"));
    let said = "
Make these changes? Only `yes` is accepted: error: Microsoft Graph refused `PATCH /v1.0/identity/conditionalAccess/namedLocations/835d5e5e-1f3e-4cbc-8336-1009eacabb05`: 404 ResourceNotFound: NamedLocation with id 835d5e5e-1f3e-4cbc-8336-1009eacabb05 does not exist in the directory.
  help: what it names is gone, or was never there: run `trustform plan` to see what is there
  help: Microsoft finds this request by `c9876d51-0754-4bc2-a130-c366f886e88d`
  help: it was sent again for 4 minutes
";
    assert_eq!((run.exit, run.err.as_str()), (1, said));
}

#[test]
fn what_nobody_looks_at_is_planned_anew() {
    let run = applied(&["--auto-approve"], "");
    let second = "
The tenant is not as the plan was made for: a new plan follows.

shop (tenant 11111111-1111-4111-8111-111111111111)

+ named_location.office
    display_name  Office
    ip.ip_ranges  [198.51.100.0/24]

Plan: 1 to create. Digest cbe92a63f6184844 (apply exactly this with --expect cbe92a63f6184844)

Applied and verified: 1 request.
";
    assert_eq!(run.out, format!("{FIRST}{second}"));
    let progress = "writing: 0 of 1 requests\n";
    assert_eq!((run.exit, run.err.as_str()), (0, progress));
}

#[test]
fn what_was_restored_has_to_stay() {
    let mut stage = Stage::new();
    let text = format!(
        "stack \"shop\" {{\n  tenant_id = \"{TENANT}\"\n}}\n\napplication \"deployer\" {{\n  display_name = \"shop-deployer\"\n  service_principal = false\n}}\n"
    );
    std::fs::write(stage.directory.path().join("trust.hcl"), text).expect("a stack");
    for command in ["apply", "destroy"] {
        let run = stage.run(&format!("trustform {command} --local --auto-approve"), None);
        assert_eq!(run.exit, 0, "{}", run.err);
    }
    let application = "/v1.0/applications(uniqueName='shop.deployer')";
    let mut out = Shown {
        text: Vec::new(),
        what: "Applied and verified",
        then: Some(Box::new(|| {
            assert_eq!(stage.behind_our_back("DELETE", application, ""), "204\n");
        })),
    };
    let arguments = ["restore", "application.deployer", "--auto-approve"];
    let run = played(&stage, &arguments, &mut out, "");
    let said = "error: an application was restored, and reads do not agree on it yet\n  help: run `apply` again in some minutes: it goes on from here\n";
    assert_eq!((run.exit, run.err.as_str()), (5, said));
}
