//! The emulator in a process of its own, as far away as a service is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Milliseconds that every request takes longer.
const LATENCY: &str = "30";

/// Ends with this value.
pub struct Served {
    pub url: String,
    process: Child,
    _data: tempfile::TempDir,
}

impl Served {
    /// Serves a tenant that [`super::stack::plant`] made, or an empty one, or a new one with so many applications; recording is for counting only.
    pub fn start(tenant: Option<&[u8]>, seeded: usize, record: Option<&Path>, quota: bool) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_trustform"));
        command.args(["emulator", "--listen", "127.0.0.1:0", "--latency", LATENCY]);
        command.args(["--tenant", super::stack::TENANT]);
        if let Some(tenant) = tenant {
            let data = directory.path().join("tenant.json");
            std::fs::write(&data, tenant).expect("the tenant is written");
            command.arg("--data").arg(data);
        }
        if seeded > 0 {
            command.arg("--seed-tenant").arg(seeded.to_string());
        }
        if quota {
            command.arg("--quota");
        }
        if let Some(record) = record {
            command.arg("--record").arg(record);
        }
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let mut first = String::new();
        let out = process.stdout.take().expect("its output");
        let _ = BufReader::new(out).read_line(&mut first);
        let url = first
            .split_whitespace()
            .find(|word| word.starts_with("http"));
        Self {
            url: url.expect("the emulator says where it is").to_owned(),
            process,
            _data: directory,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// HTTP requests, and operations: a batch counts as the items in it.
pub fn count(record: &Path) -> (usize, usize) {
    let text = std::fs::read_to_string(record).expect("the record");
    let operations = text.lines().map(|line| {
        let request: Value = serde_json::from_str(line).expect("a line of the record");
        let items = request.pointer("/body/requests").and_then(Value::as_array);
        items.map_or(1, Vec::len)
    });
    (text.lines().count(), operations.sum())
}

/// What became of Graph's quota of writes.
pub struct Quota {
    pub writes: usize,
    /// The share of it that was used while there was more to write.
    pub used: f64,
    /// Requests that were refused for it.
    pub throttled: usize,
}

/// 3,000 writes in 150 s.
const WRITES: f64 = 3_000.0;
const SPAN_MS: u64 = 150_000;

pub fn quota(record: &Path) -> Quota {
    let text = std::fs::read_to_string(record).expect("the record");
    let (mut at, mut throttled) = (Vec::new(), 0);
    for line in text.lines() {
        let request: Value = serde_json::from_str(line).expect("a line of the record");
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let batch = text("path").ends_with("/$batch");
        throttled += usize::from(request["status"] == 429);
        if text("host").starts_with("graph.") && text("method") != "GET" && !batch {
            at.push(request["at_ms"].as_u64().expect("a time"));
        }
    }
    let (first, last) = (at[0], at[at.len() - 1]);
    let spans = (last - first) / SPAN_MS;
    let within = at
        .iter()
        .filter(|at| **at < first + spans * SPAN_MS)
        .count();
    Quota {
        writes: at.len(),
        used: within as f64 / (WRITES * spans.max(1) as f64),
        throttled,
    }
}
