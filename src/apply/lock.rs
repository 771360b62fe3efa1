//! One apply of a stack at a time on this machine: a file lock that the system lets go of when its holder dies.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::cloud::Clock;
use crate::model::diagnostic::Diagnostic;

/// Held until it is dropped, or its process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Let go of by name: a child process that is just being started still has the file open for a moment.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Milliseconds between two attempts.
const ATTEMPT_MS: u64 = 200;

/// Takes the lock, waiting for it up to `timeout_ms`. `holder` is what others are told while it is held.
///
/// # Errors
/// `locked` with the holder's own words; `unwritable` where the file cannot be made.
pub async fn acquire(
    file: &Path,
    holder: &str,
    timeout_ms: u64,
    clock: &Clock,
) -> Result<Lock, Diagnostic> {
    let unwritable = |error: io::Error| {
        Diagnostic::error(
            "unwritable",
            format!("the lock `{}` cannot be made: {error}", file.display()),
        )
        .help("it is a file of trustform's own, which keeps a second run out: what stands in its place can go")
    };
    let mut lock = open(file).map_err(unwritable)?;
    let mut waited = 0;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
            Err(TryLockError::WouldBlock) if waited < timeout_ms => {
                clock.sleep(ATTEMPT_MS).await;
                waited += ATTEMPT_MS;
            }
            Err(TryLockError::WouldBlock) => {
                let mut who = String::new();
                let _ = (&lock).take(1024).read_to_string(&mut who);
                let who = if who.trim().is_empty() {
                    "another run".to_owned()
                } else {
                    who.trim().to_owned()
                };
                return Err(Diagnostic::error("locked", format!("this stack is being applied by {who}"))
                    .help("wait for it to end, or wait here with `--lock-timeout SECONDS`; the lock of a dead process frees itself"));
            }
        }
    }
    lock.set_len(0).map_err(unwritable)?;
    lock.seek(SeekFrom::Start(0)).map_err(unwritable)?;
    lock.write_all(holder.as_bytes()).map_err(unwritable)?;
    Ok(Lock { file: lock })
}

fn open(file: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)
}
