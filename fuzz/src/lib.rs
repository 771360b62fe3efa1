//! What the targets share: loading a text as a stack, and how long it may take.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use trustform::cli::World;
use trustform::cloud::Clock;
use trustform::config::{self, Access, FileError, Input, Loaded};
use trustform::kinds;
use trustform::model::diagnostic::Diagnostic;
use trustform::model::source::Sources;
use trustform::render::style::Style;
use trustform::render::{diagnostic, sarif};

/// The time of every run, in seconds since 1970.
pub const NOW: i64 = 1_795_200_000;

/// Seconds of processor time that the work on one mebibyte may take, and on any text. The sanitizer and the counters of
/// coverage make it five to ten times slower than it is without them.
const SECONDS_PER_MIB: f64 = 10.0;

/// What a text says as the only file of a stack: what it declares, as JSON, and what is said of it, as people see it.
pub fn stack(name: &str, text: &str) -> (Option<String>, String) {
    loaded(name, text, |input| config::load(input, &kinds::shapes()))
}

/// The same for a central policy.
pub fn policy(name: &str, text: &str) -> (Option<String>, String) {
    let mut sources = Sources::default();
    let files = [sources.add(name, text)];
    let loaded = config::load_central(&files, &mut sources, &kinds::shapes());
    shown(loaded, &sources)
}

fn loaded(name: &str, text: &str, load: impl FnOnce(Input) -> Loaded) -> (Option<String>, String) {
    let mut sources = Sources::default();
    let files = [sources.add(name, text)];
    let input = Input {
        sources: &mut sources,
        files: &files,
        environment: &[],
        automatic: &[],
        central: &[],
        given: &[],
        access: Access {
            read: &|_| Err(FileError::NotFound),
            list: &|_| Err(FileError::NotFound),
        },
    };
    let loaded = load(input);
    shown(loaded, &sources)
}

fn shown(loaded: Loaded, sources: &Sources) -> (Option<String>, String) {
    let valid = loaded.is_ok();
    let mut said = loaded.diagnostics;
    let mut json = None;
    if valid {
        let (desired, more) = kinds::lower::lower(loaded.desired);
        said.extend(more);
        json = Some(serde_json::to_string(&desired).expect("what is declared is JSON"));
    }
    (json, report(&said, sources))
}

/// Diagnostics in every form that they have.
pub fn report(said: &[Diagnostic], sources: &Sources) -> String {
    let _ = sarif::sarif(said, sources);
    said.iter()
        .for_each(|one| drop(diagnostic::json(one, sources)));
    diagnostic::text(said, sources, Style { color: false })
}

/// Does the work twice: it has to come to the same, and to keep within its time.
pub fn twice<T: PartialEq + std::fmt::Debug>(bytes: usize, work: impl Fn() -> T) -> T {
    let started = processor();
    let first = work();
    let took = processor().saturating_sub(started).as_secs_f64();
    let allowed = SECONDS_PER_MIB * (bytes as f64 / f64::from(1 << 20)).max(1.0);
    assert!(took <= allowed, "{bytes} bytes took {took:.1} s");
    assert_eq!(first, work(), "the same text twice is not the same");
    first
}

/// What this thread has computed for: other programs on the machine do not count.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Runs a command line with `input` on the standard input, and gives its exit code, output and messages.
pub fn command(arguments: &[&str], input: &[u8]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = trustform::cli::run(World {
        args: std::iter::once("trustform")
            .chain(arguments.iter().copied())
            .map(Into::into)
            .collect(),
        env: Default::default(),
        directory: nowhere(),
        input: &mut &*input,
        out: &mut out,
        err: &mut err,
        terminal: false,
        tenant: None,
        clock: Clock::starting_at(NOW * 1000),
        silence: Duration::from_secs(1),
    });
    let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
    (exit as u8, text(out), text(err))
}

/// A directory with nothing in it.
fn nowhere() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let place = std::env::temp_dir().join("trustform-fuzz");
        std::fs::create_dir_all(&place).expect("a directory");
        place
    };
    MADE.get_or_init(make).clone()
}
