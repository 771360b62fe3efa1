//! The emulator's own certificate authority: its certificate lies beside the data, for clients to trust.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// A server's certificate with its chain, and its private key, in PEM.
pub struct Certificate {
    pub chain: String,
    pub key: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Certificate")
    }
}

/// The names that a server answers to: this machine's, and the services' own for tools that cannot be pointed elsewhere.
const NAMES: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "::1",
    "graph.microsoft.com",
    "login.microsoftonline.com",
    "management.azure.com",
    "*.blob.core.windows.net",
];

/// Where the authority's certificate is, for a data file `emulator.json`: `emulator.ca.pem`.
pub fn certificate_path(data: &Path) -> PathBuf {
    data.with_extension("ca.pem")
}

/// A new certificate of the authority that lies beside a data file; the authority is made when there is none.
///
/// # Errors
/// When its files cannot be read or written, or hold something else.
pub fn certificate(data: &Path) -> io::Result<Certificate> {
    let key_path = data.with_extension("ca-key.pem");
    let key = match std::fs::read_to_string(&key_path) {
        Ok(pem) => KeyPair::from_pem(&pem).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = KeyPair::generate().map_err(io::Error::other)?;
            write(&key_path, &key.serialize_pem())?;
            key
        }
        Err(error) => return Err(error),
    };
    // The same name and key each time, so that what trusts an older certificate of the authority trusts this one.
    let mut params = params(&[])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "trustform emulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let own = params.self_signed(&key).map_err(io::Error::other)?;
    let own_path = certificate_path(data);
    if !own_path.exists() {
        write(&own_path, &own.pem())?;
    }
    let issuer = Issuer::new(params, key);
    let mut leaf = self::params(NAMES)?;
    leaf.distinguished_name
        .push(DnType::CommonName, "localhost");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
    let leaf = leaf
        .signed_by(&leaf_key, &issuer)
        .map_err(io::Error::other)?;
    Ok(Certificate {
        chain: leaf.pem(),
        key: leaf_key.serialize_pem(),
    })
}

fn params(names: &[&str]) -> io::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2045, 1, 1);
    Ok(params)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
