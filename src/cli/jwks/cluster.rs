//! The keys of a cluster, asked for with the user's kubectl and kubeconfig.

use std::process::{Command, Stdio};

use super::super::{Failure, World};
use crate::keys::jwks::MAX_DOCUMENT;
use crate::model::diagnostic::Diagnostic;

/// What `kubectl get --raw /openid/v1/jwks` prints.
pub fn jwks(world: &World, context: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new("kubectl");
    command.args(["get", "--raw", "/openid/v1/jwks", "--request-timeout=20s"]);
    if let Some(context) = context {
        command.args(["--context", context]);
    }
    let output = command
        .current_dir(&world.directory)
        .env_clear()
        .envs(&world.env)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("`kubectl` cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().chars().take(400).collect();
        return Err(failed(format!("`kubectl` failed: {said}")));
    }
    if output.stdout.len() > MAX_DOCUMENT {
        return Err(failed("`kubectl` printed more than 256 KiB".to_owned()));
    }
    Ok(output.stdout)
}

fn failed(message: String) -> Failure {
    Diagnostic::error("no-cluster", message)
        .help("run `kubectl get --raw /openid/v1/jwks` where the cluster can be reached, and give its output as a file or as `-`")
        .into()
}
