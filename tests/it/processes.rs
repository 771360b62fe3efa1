//! Real processes: two applies at once, signals in the middle, a disk that is full.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const SUBSCRIPTION: &str = "22222222-2222-4222-8222-222222222222";
const LOCK: &str = r#"lock = { storage_account = "contosolocks", container = "locks" }"#;

/// An emulated tenant behind a socket, 40 ms away.
struct Served {
    url: String,
    process: Child,
    traffic: tempfile::NamedTempFile,
}

impl Served {
    fn start() -> Self {
        let traffic = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut process = trustform()
            .args(["emulator", "--listen", "127.0.0.1:0", "--latency", "40"])
            .args(["--container", "contosolocks/locks", "--tenant", TENANT])
            .args(["--resource-group", &format!("{SUBSCRIPTION}/shared")])
            .arg("--record")
            .arg(traffic.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let mut first = String::new();
        let out = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(out);
        lines.read_line(&mut first).expect("a line");
        let url = first
            .split_whitespace()
            .find(|word| word.starts_with("http"));
        let mut second = String::new();
        lines.read_line(&mut second).expect("a line");
        let shown = url.unwrap_or_default();
        assert_eq!(
            (first.as_str(), second.as_str()),
            (
                format!("Tenant {TENANT} at {shown}\n").as_str(),
                format!("Use it with `trustform plan --emulator {shown}`; Ctrl-C ends it\n")
                    .as_str()
            )
        );
        Self {
            url: url.expect("the emulator says where it is").to_owned(),
            process,
            traffic,
        }
    }

    /// Begins an apply in a directory of its own, as on a machine of its own.
    fn apply(&self, directory: &Path, more: &[&str]) -> Child {
        trustform()
            .args(["apply", "--auto-approve", "--emulator", &self.url])
            .args(more)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("an apply starts")
    }

    fn applied(&self, directory: &Path, more: &[&str]) -> Output {
        ended(self.apply(directory, more))
    }

    /// Whether nothing is left to do.
    fn converged(&self, directory: &Path) -> bool {
        let plan = trustform()
            .args(["plan", "--detailed-exitcode", "--emulator", &self.url])
            .current_dir(directory)
            .output();
        plan.expect("a plan").status.code() == Some(0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn trustform() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustform"));
    command.env_clear();
    command
}

fn ended(child: Child) -> Output {
    child.wait_with_output().expect("it ends")
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{:?}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// A directory with a stack of some applications, with a trust each.
fn stack(stack: &str, applications: usize) -> tempfile::TempDir {
    let mut text = format!("stack \"payments\" {{\n  tenant_id = \"{TENANT}\"\n  {stack}\n}}\n");
    for number in 0..applications {
        text.push_str(&format!(
            r#"
application "service-{number}" {{
  display_name = "service-{number}"
  federated_credential "main" {{
    issuer  = "https://token.actions.githubusercontent.com"
    subject = "repo:contoso/service-{number}:ref:refs/heads/main"
  }}
}}
"#
        ));
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join("trust.hcl"), text).expect("a stack");
    directory
}

#[test]
fn two_machines_apply_one_after_the_other() {
    let served = Served::start();
    let (one, other) = (stack(LOCK, 3), stack(LOCK, 3));
    let at_once = [
        served.apply(one.path(), &[]),
        served.apply(other.path(), &[]),
    ];
    let ends = at_once.map(ended);
    let mut codes = ends.each_ref().map(|end| end.status.code());
    codes.sort();
    assert_eq!(
        codes,
        [Some(0), Some(6)],
        "{}",
        ends.each_ref().map(said).join("\n")
    );
    let second = ends.iter().find(|end| end.status.code() == Some(6));
    let why = said(second.expect("one that is refused"));
    assert!(
        why.contains("this stack is being applied by process "),
        "{why}"
    );

    let more = stack(LOCK, 4);
    let at_once = [
        served.apply(one.path(), &["--lock-timeout", "60"]),
        served.apply(
            more.path(),
            &["--lock-timeout", "60", "--allow-deletes", "9"],
        ),
    ];
    for end in at_once.map(ended) {
        assert_eq!(end.status.code(), Some(0), "{}", said(&end));
    }
}

/// Azure answers 409 to a credential of an identity that is written while another one is. Two teams, each with a stack of
/// its own, work on an identity that neither of them made.
#[test]
fn two_stacks_write_under_one_identity_at_once() {
    let served = Served::start();
    let identity = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/shared/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner"
    );
    let written = |name: &str, block: &str| {
        let text = format!(
            "stack \"{name}\" {{\n  tenant_id = \"{TENANT}\"\n}}\nmanaged_identity \"runner\" {{\n{block}\n}}\n"
        );
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("trust.hcl"), text).expect("a stack");
        directory
    };
    let made = format!(
        "name = \"runner\"\nsubscription_id = \"{SUBSCRIPTION}\"\nresource_group = \"shared\"\nlocation = \"westeurope\""
    );
    let end = served.applied(written("platform", &made).path(), &[]);
    assert_eq!(end.status.code(), Some(0), "{}", said(&end));

    let teams = ["catalog", "checkout"].map(|team| {
        let credentials: String = (0..6)
            .map(|number| {
                format!(
                    "federated_credential \"b{number}\" {{\n  issuer = \"https://token.actions.githubusercontent.com\"\n  subject = \"repo:contoso/{team}:ref:refs/heads/b{number}\"\n}}\n"
                )
            })
            .collect();
        written(team, &format!(
                "existing = \"{identity}\"\nunmanaged_credentials = \"keep\"\n{credentials}"
            ))
    });
    let at_once = teams
        .each_ref()
        .map(|team| served.apply(team.path(), &["--no-pacing"]));
    for end in at_once.map(ended) {
        assert_eq!(end.status.code(), Some(0), "{}", said(&end));
    }
    for team in &teams {
        assert!(served.converged(team.path()));
    }
    let traffic = std::fs::read_to_string(served.traffic.path()).expect("the traffic");
    assert!(traffic.contains("ConcurrentFederatedIdentityCredentialsWrites"));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_an_apply_well_at_any_moment() {
    let served = Served::start();
    let mut halfway = 0;
    for (number, wait_ms) in [30, 250, 500, 1_800].into_iter().enumerate() {
        let signal = if number % 2 == 0 { "-INT" } else { "-TERM" };
        // A stack that grows: each time there is something to write.
        let directory = stack(LOCK, 3 * (number + 1));
        let child = served.apply(directory.path(), &[]);
        std::thread::sleep(Duration::from_millis(wait_ms));
        let pid = child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill").success());
        let begun = Instant::now();
        let end = ended(child);
        let text = said(&end);
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
        match end.status.code() {
            Some(5) => {
                halfway += 1;
                let told = [
                    "error: interrupted: what was in flight has been finished, nothing more was sent\n  help: run the command again: it goes on from here\n",
                    "error: interrupted while planning: nothing was sent since\n  help: run the command again\n",
                    "error: interrupted while waiting for the lock: nothing was sent since\n  help: run the command again\n",
                ];
                assert!(told.iter().any(|told| text.contains(told)), "{text}");
            }
            // Before it listened, and before it took the lock.
            None => assert!(wait_ms < 200, "{wait_ms} {text}"),
            code => panic!("{code:?} after {wait_ms} ms\n{text}"),
        }
        // The lock was let go of: nobody has to wait for it.
        let again = served.applied(directory.path(), &[]);
        assert_eq!(again.status.code(), Some(0), "{}", said(&again));
        assert!(served.converged(directory.path()));
    }
    assert!(halfway > 1, "{halfway} applies were interrupted");
}

/// Ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What an emulator with https says is enough to use it.
#[test]
fn an_emulator_says_how_it_is_used() {
    let directory = stack("", 1);
    let process = trustform()
        .args(["emulator", "--listen", "127.0.0.1:0", "--tenant", TENANT])
        .args(["--tls", "--data", "tenant.json"])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the emulator starts");
    let mut running = Running(process);
    let out = running.0.stdout.take().expect("its output");
    let lines = BufReader::new(out).lines().take(3);
    let lines: Vec<String> = lines.map(|line| line.expect("a line")).collect();
    let url = lines[0].split_whitespace().last().expect("a URL");
    let authority = directory.path().join("tenant.ca.pem");
    let authority = authority.display();
    assert_eq!(
        lines,
        [
            format!("Tenant {TENANT} at {url}"),
            format!("Its certificate's authority is `{authority}`"),
            format!(
                "Use it with `trustform plan --emulator {url} --emulator-ca {authority}`; Ctrl-C ends it"
            ),
        ]
    );
    let line = lines[2].split('`').nth(1).expect("a command line");
    let plan = trustform()
        .args(line.split(' ').skip(1))
        .current_dir(directory.path())
        .output()
        .expect("a plan");
    assert_eq!(plan.status.code(), Some(0), "{}", said(&plan));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_probe_and_nothing_is_left() {
    let served = Served::start();
    let directory = stack("", 1);
    let child = trustform()
        .args(["doctor", "--write-probe", "--emulator", &served.url])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a doctor starts");
    std::thread::sleep(Duration::from_millis(3_000));
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill").success());
    let end = ended(child);
    let text = said(&end);
    assert_eq!(end.status.code(), Some(5), "{text}");
    assert!(
        text.contains("interrupted: the rest was not tried"),
        "{text}"
    );
    assert!(text.contains("nothing of the probe is left"), "{text}");
}

/// `RLIMIT_FSIZE` is in units of 1024 bytes in bash; without SIGXFSZ a write beyond it fails as on a full disk.
#[cfg(target_os = "linux")]
fn on_a_full_disk(directory: &Path, kib: u32, arguments: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_trustform");
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec {program} {arguments}");
    let mut command = Command::new("bash");
    command
        .env_clear()
        .args(["-c", &script])
        .current_dir(directory);
    command.output().expect("bash")
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_nothing_that_is_there() {
    let served = Served::start();
    let directory = stack("", 1);
    let at = directory.path();
    let emulator = &served.url;

    // The lock cannot be written: nothing is sent.
    let end = on_a_full_disk(
        at,
        0,
        &format!("apply --auto-approve --emulator {emulator}"),
    );
    let text = said(&end);
    assert_eq!(end.status.code(), Some(1), "{text}");
    let told = "/.trustform` cannot be used: File too large (os error 27)\n  help: the stack's lock is kept there: it has to be a directory that this run can write to\n";
    assert!(text.contains(told), "{text}");
    let end = served.applied(at, &[]);
    assert_eq!(end.status.code(), Some(0), "{}", said(&end));

    // A plan that cannot be saved leaves no half of one, and the older one as it is.
    std::fs::write(at.join("old.plan"), "older").expect("a file");
    let end = on_a_full_disk(at, 0, &format!("plan --out old.plan --emulator {emulator}"));
    assert_eq!(end.status.code(), Some(1), "{}", said(&end));
    assert_eq!(
        std::fs::read_to_string(at.join("old.plan")).expect("it"),
        "older"
    );
    let left = std::fs::read_dir(at).expect("the directory").count();
    assert_eq!(left, 3, "trust.hcl, old.plan and .trustform");

    // An emulated tenant of the stack's own is as it was: what was done there is to be done again.
    let end = on_a_full_disk(at, 1, "apply --auto-approve --local");
    let text = said(&end);
    assert_eq!(end.status.code(), Some(5), "{text}");
    assert!(text.contains("tenant.json` cannot be written"), "{text}");
    let again = trustform()
        .args(["apply", "--auto-approve", "--local"])
        .current_dir(at)
        .output()
        .expect("an apply");
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
}
