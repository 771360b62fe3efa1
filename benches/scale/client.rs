//! One run of the program, measured from outside.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the system is asked for the process's peak: what it gains after the last time is not seen.
const EVERY: Duration = Duration::from_millis(1);

pub struct Run {
    pub wall: Duration,
    /// Seconds of processor time, its own and the system's for it; none where the system does not tell.
    pub cpu_s: Option<f64>,
    /// Peak resident memory; none where the system does not tell.
    pub peak_kib: Option<u64>,
    pub exit: Option<i32>,
    /// What it printed to the error output.
    pub said: String,
}

/// Runs the program in a directory, with nothing of the environment.
pub fn run(arguments: &[&str], directory: &Path) -> Run {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_trustform"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let stat = format!("/proc/{}/stat", child.id());
    let mut errors = child.stderr.take().expect("its error output");
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut peak, mut cpu) = (None, None);
            while !ended.load(Ordering::Relaxed) {
                peak = peak.max(high_water(&status));
                cpu = ticks(&stat).or(cpu);
                std::thread::sleep(EVERY);
            }
            (peak, cpu)
        });
        let mut said = String::new();
        let _ = errors.read_to_string(&mut said);
        let exit = child.wait().expect("the program ends").code();
        let wall = begin.elapsed();
        ended.store(true, Ordering::Relaxed);
        let (peak_kib, cpu_s) = watch.join().expect("the watch ends");
        Run {
            wall,
            cpu_s,
            peak_kib,
            exit,
            said,
        }
    })
}

/// `VmHWM` of a process: the most memory that it ever held; see proc(5).
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `utime` and `stime` of a process or thread, in seconds: the system counts in hundredths; see proc(5).
pub fn ticks(stat: &str) -> Option<f64> {
    let text = std::fs::read_to_string(stat).ok()?;
    let (_, after) = text.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / 100.0)
}
