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
    pub fn start(tenant: Option<&[u8]>, seeded: usize, record: Option<&Path>) -> Self {
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
