//! Where each service answers, and the full address of a request: https, and never another host than the service's own.

use azure_core::http::Url;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::step::Service;

/// What a blob's name may keep as it is in a path.
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'$');

/// The base URLs of one national cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    pub login: &'static str,
    pub graph: &'static str,
    pub arm: &'static str,
    /// What follows the account's name: `blob.core.windows.net`.
    pub blob_suffix: &'static str,
}

/// A blob or a container, by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobAddress {
    Container(Url),
    Blob(Url),
    /// What is in a container.
    List(Url),
}

impl Endpoints {
    pub fn of(cloud: Cloud) -> Self {
        Self {
            login: cloud.login(),
            graph: cloud.graph(),
            arm: cloud.arm(),
            blob_suffix: cloud.blob_suffix(),
        }
    }

    /// The base of a JSON service; Blob Storage has one per account.
    fn base(&self, service: Service) -> &'static str {
        match service {
            Service::Arm => self.arm,
            Service::Graph | Service::GraphBeta | Service::Blob => self.graph,
        }
    }

    /// The scope that a token for this service is asked for.
    ///
    /// Storage has one in every cloud: Microsoft, "Authorize access to blobs using Microsoft Entra ID".
    pub fn scope(&self, service: Service) -> String {
        match service {
            Service::Blob => "https://storage.azure.com/.default".to_owned(),
            _ => format!("{}/.default", self.base(service)),
        }
    }

    /// The URL of a Graph or ARM request. The path begins with `/` and cannot leave the service's version.
    pub fn url(&self, service: Service, path: &str) -> Result<Url, Diagnostic> {
        let base = self.base(service);
        let version = service.version();
        let refused = |why: &str| {
            Diagnostic::error(
                "unsendable-request",
                format!("`{version}{path}` is not a path that can be sent: {why}"),
            )
        };
        if !path.starts_with('/') {
            return Err(refused("it does not begin with `/`"));
        }
        let url = Url::parse(&format!("{base}{version}{path}"))
            .map_err(|error| refused(&error.to_string()))?;
        if !self.owns(service, &url) {
            return Err(refused("it leads out of the service"));
        }
        Ok(url)
    }

    /// Whether a URL is this service's own, in the same version: the only links that a token follows.
    pub fn owns(&self, service: Service, url: &Url) -> bool {
        let Ok(base) = Url::parse(self.base(service)) else {
            return false;
        };
        let prefix = format!("{}/", service.version());
        url.scheme() == "https"
            && url.origin() == base.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().starts_with(&prefix)
    }

    /// The URL of `/account/container` or `/account/container/name`. The name's slashes are kept.
    pub fn blob(&self, path: &str) -> Result<BlobAddress, Diagnostic> {
        let refused = |why: &str| {
            Diagnostic::error(
                "unsendable-request",
                format!("`{path}` is not the path of a blob: {why}"),
            )
        };
        let mut parts = path
            .strip_prefix('/')
            .ok_or_else(|| refused("it does not begin with `/`"))?
            .splitn(3, '/');
        let account = parts.next().unwrap_or_default();
        let container = parts.next().unwrap_or_default();
        let name = parts.next().filter(|name| !name.is_empty());
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(3..=24).contains(&account.len()) || !account.bytes().all(lower) {
            return Err(refused(
                "a storage account has 3 to 24 lower-case letters and digits",
            ));
        }
        let in_container = |byte| lower(byte) || byte == b'-';
        if !["$web", "$root"].contains(&container)
            && (!(3..=63).contains(&container.len()) || !container.bytes().all(in_container))
        {
            return Err(refused(
                "a container has 3 to 63 lower-case letters, digits and hyphens",
            ));
        }
        if name.is_some_and(|name| name.split('/').any(|part| part == "." || part == "..")) {
            return Err(refused("its name has a `.` or `..` segment"));
        }
        let mut text = format!("https://{account}.{}/{container}", self.blob_suffix);
        if let Some(name) = name {
            text.push('/');
            text.extend(utf8_percent_encode(name, NAME));
        }
        let url = Url::parse(&text).map_err(|error| refused(&error.to_string()))?;
        Ok(match name {
            Some(_) => BlobAddress::Blob(url),
            None => BlobAddress::Container(url),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_is_https_only() {
        for cloud in Cloud::ALL {
            let at = Endpoints::of(cloud);
            for base in [at.login, at.graph, at.arm] {
                assert!(base.starts_with("https://"), "{base}");
            }
        }
    }

    #[test]
    fn paths_stay_within_the_service() {
        let at = Endpoints::of(Cloud::Public);
        let url = at.url(
            Service::Graph,
            "/applications?$filter=displayName eq 'a b'&$top=5",
        );
        assert_eq!(
            url.unwrap().as_str(),
            "https://graph.microsoft.com/v1.0/applications?$filter=displayName%20eq%20%27a%20b%27&$top=5"
        );
        assert!(at.url(Service::Graph, "/../beta/applications").is_err());
        assert!(at.url(Service::Graph, ".evil.example/x").is_err());
        let arm = at.url(Service::Arm, "//evil.example/x").unwrap();
        assert_eq!(arm.host_str(), Some("management.azure.com"));
    }

    #[test]
    fn links_elsewhere_are_not_ours() {
        let at = Endpoints::of(Cloud::Public);
        let owns = |url: &str| at.owns(Service::Graph, &Url::parse(url).unwrap());
        assert!(owns(
            "https://graph.microsoft.com/v1.0/applications?$skiptoken=x"
        ));
        assert!(!owns("https://graph.microsoft.com/beta/applications"));
        assert!(!owns("https://graph.microsoft.com/v1.01/applications"));
        assert!(!owns("https://graph.microsoft.com:8443/v1.0/applications"));
        assert!(!owns("http://graph.microsoft.com/v1.0/applications"));
        assert!(!owns("https://graph.microsoft.com@evil.example/v1.0/x"));
        assert!(!owns("https://graph.microsoft.us/v1.0/applications"));
    }

    #[test]
    fn blobs_keep_their_slashes() {
        let at = Endpoints::of(Cloud::China);
        let url = |path: &str| match at.blob(path) {
            Ok(BlobAddress::Blob(url) | BlobAddress::Container(url) | BlobAddress::List(url)) => {
                url.to_string()
            }
            Err(diagnostic) => diagnostic.message,
        };
        assert_eq!(
            url("/oidc4f1c/oidc/.well-known/openid-configuration"),
            "https://oidc4f1c.blob.core.chinacloudapi.cn/oidc/.well-known/openid-configuration"
        );
        assert_eq!(
            url("/oidc4f1c/$web/a b?c#d"),
            "https://oidc4f1c.blob.core.chinacloudapi.cn/$web/a%20b%3Fc%23d"
        );
        assert!(matches!(
            at.blob("/oidc4f1c/oidc"),
            Ok(BlobAddress::Container(_))
        ));
        for bad in [
            "x",
            "/a.evil/oidc/x",
            "/oidc4f1c/a@b/x",
            "/oidc4f1c/oidc/../x",
            "/oidc4f1c",
        ] {
            assert!(at.blob(bad).is_err(), "{bad}");
        }
    }
}
