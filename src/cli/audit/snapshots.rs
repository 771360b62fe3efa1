//! Snapshots in files, and what tells one from another.

use std::io::{BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::output::write;
use crate::audit::snapshot;
use crate::cli::{Failure, World};
use crate::model::diagnostic::Diagnostic;
use crate::model::tenant::Tenant;

/// Bytes of a snapshot that is read.
const LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// A snapshot and the SHA-256 of its bytes, in hexadecimal.
pub fn load(world: &World, file: &Path) -> Result<(Tenant, String), Failure> {
    let path = world.directory.join(file);
    let failed = |why: String| {
        let message = format!("the snapshot `{}` cannot be used: {why}", file.display());
        let help = "`trustform audit --save FILE` makes one";
        Failure::from(Diagnostic::error("unreadable", message).help(help))
    };
    let size = std::fs::metadata(&path).map_err(|error| failed(error.to_string()))?;
    if size.len() > LIMIT {
        return Err(failed("it has more than 2 GiB".to_owned()));
    }
    let text = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    let tenant = snapshot::parse(&text).map_err(failed)?;
    Ok((tenant, hex(Sha256::digest(&text).as_slice())))
}

/// Keeps a tenant in a file.
pub fn save(world: &World, file: &Path, tenant: &Tenant) -> Result<(), Failure> {
    write(world, file, |out| {
        serde_json::to_writer(out, tenant).map_err(std::io::Error::from)
    })
}

/// The SHA-256 of the snapshot that [`save`] would write, in hexadecimal.
pub fn digest(tenant: &Tenant) -> String {
    let mut hash = BufWriter::new(Hash(Sha256::new()));
    // Neither the tenant nor the hash can refuse.
    let _ = serde_json::to_writer(&mut hash, tenant);
    let _ = hash.flush();
    hex(hash.get_ref().0.clone().finalize().as_slice())
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
