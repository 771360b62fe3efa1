//! A tenant in its file.

use std::io::{self, Write};
use std::path::Path;

use super::route::Routes;
use super::store::Store;

/// Writes a tenant; readers see the old file or the new one, never a part. The file can be read by its owner only,
/// because the tenant's signing key is in it.
///
/// # Errors
/// When the directory cannot be made or the file cannot be written.
pub fn save(store: &Store, path: &Path) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&store.to_json())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Reads a tenant; `None` when there is no file.
///
/// # Errors
/// When the file cannot be read or is no tenant.
pub fn load(path: &Path, routes: &Routes) -> io::Result<Option<Store>> {
    match std::fs::read(path) {
        Ok(json) => Store::from_json(&json, routes).map(Some).map_err(|error| {
            let message = format!("{}: not an emulated tenant: {error}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
