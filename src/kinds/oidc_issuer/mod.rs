//! `oidc_issuer`: an issuer whose documents we publish on Blob Storage. It means two documents, and where it says so the
//! container and the storage account that they stand in.

mod hosting;
pub mod rotation;
pub mod rules;
mod signing_key;

use super::Kind;
use super::document;
use super::lower::Lowering;
use super::managed_identity::check;
use super::storage_account;
use crate::keys::discovery::{self, Discovery};
use crate::model::address::Segment;
use crate::model::desired::{Resource, Stack};
use crate::model::schema::{Complaint, Default, Field, Group, Output, Shape, Type};
use crate::model::value::{Map, Part, Ref, Value};

pub const KIND: &str = "oidc_issuer";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "An OpenID Connect issuer whose discovery document and JWKS are published in a container of Blob Storage, where Entra fetches them.",
    parents: &[],
    implied: false,
    fields: &[
        Field::string("storage_account", "The storage account's name. Required unless `external`.").check(account),
        Field::string("container", "A container whose blobs may be read anonymously.").check(container),
        Field::bool("static_website", "The documents stand in the account's static website, which anybody may read though the account forbids public access. Its host is known once the account is there.").check(website),
        Field::block("external", EXTERNAL, "The documents are served from elsewhere: `issuer write` makes them, and nothing is uploaded."),
        Field::string("manage", "What is made here: `documents` in a container that is there, the `container` too, or the storage `account` with it.").words(&["documents", "container", "account"]).default(Default::Text("documents")),
        Field::string("subscription_id", "The subscription of the storage account. For `manage = \"container\"` and `\"account\"` and for `static_website`, which go through Azure Resource Manager.").check(check::guid),
        Field::string("resource_group", "The account's resource group, which is there.").check(check::group),
        Field::string("location", "The account's region, as in `westeurope`. For `manage = \"account\"`."),
        Field::string("sku", "How the account is replicated. Default: `Standard_LRS`. For `manage = \"account\"`.").words(hosting::SKUS),
        Field::bool("delete_lock", "Whether a lock keeps everybody from deleting the account; it needs a login that may write locks. For `manage = \"account\"`."),
        Field::string("path", "A prefix inside the container, so that several issuers share one.").check(path),
        Field::bool("trailing_slash", "Whether the issuer ends with `/`: it must equal the tokens' `iss` byte for byte."),
        Field::new("signing_key", Type::Labelled(signing_key::FIELDS), "The keys that sign the issuer's tokens. A key is published for as long as its block stands.").required(),
        Field::block("rotation", rotation::FIELDS, "The waits between the steps of a key rotation; they only veto."),
        Field::string("cache_control", "How long the documents may be kept. Default: `public, max-age=300`."),
    ],
    groups: &[Group::One(&["container", "static_website", "external"]), Group::AtMostOne(&["storage_account", "external"])],
    outputs: &[
        Output { name: "url", doc: "The issuer: what a credential trusts, and `--service-account-issuer`." },
        Output { name: "jwks_uri", doc: "Where the keys are served." },
        Output { name: "discovery_url", doc: "Where the discovery document is served." },
        Output { name: "kids", doc: "The key ids that are published." },
    ],
};

static EXTERNAL: &[Field] = &[Field::string(
    "url",
    "The issuer: an https URL that Microsoft Entra can reach.",
)
.required()
.check(https)];

/// What Entra fetches from.
fn https(value: &Value) -> Result<(), Complaint> {
    let fits = |text: &str| {
        url::Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.host().is_some()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
        }) && !text.contains(char::is_whitespace)
    };
    match value.as_str() {
        Some(text) if !fits(text) => Err(Complaint::new(format!(
            "`{text}` cannot be the URL of an issuer"
        ))
        .help("use an https URL without a query, such as `https://oidc.contoso.com/cluster`")),
        _ => Ok(()),
    }
}

/// Names that the parts of a blob's URL are built from.
fn account(value: &Value) -> Result<(), Complaint> {
    let fits = |name: &str| {
        (3..=24).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    match value.as_str() {
        Some(name) if !fits(name) => Err(Complaint::new(format!(
            "`{name}` is not the name of a storage account"
        ))
        .help("use 3 to 24 lower-case letters and digits")),
        _ => Ok(()),
    }
}

fn website(value: &Value) -> Result<(), Complaint> {
    match value.as_bool() {
        Some(false) => Err(Complaint::new("`static_website` is `true` or not there")
            .help("name the `container` in its place")),
        _ => Ok(()),
    }
}

fn container(value: &Value) -> Result<(), Complaint> {
    let fits = |name: &str| {
        (3..=63).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !name.starts_with('-')
            && !name.ends_with('-')
            && !name.contains("--")
    };
    match value.as_str() {
        Some(name) if name.starts_with('$') => Err(Complaint::new(format!("`{name}` follows the container's access level at the blob endpoint, which is private by default")).help("use `static_website = true`, or an ordinary container with anonymous access to its blobs")),
        Some(name) if !fits(name) => Err(Complaint::new(format!("`{name}` is not the name of a container")).help("use 3 to 63 lower-case letters, digits and single hyphens")),
        _ => Ok(()),
    }
}

fn path(value: &Value) -> Result<(), Complaint> {
    let fits = |path: &str| {
        path.split('/').all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                && part != "."
                && part != ".."
        })
    };
    match value.as_str() {
        Some(path) if !path.is_empty() && !fits(path) => Err(Complaint::new(format!(
            "`{path}` cannot be the path of an issuer"
        ))
        .help("use letters, digits, `.`, `_` and `-`, with `/` between and not at the ends")),
        _ => Ok(()),
    }
}

pub struct OidcIssuer;

impl Kind for OidcIssuer {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn rules(&self) -> &'static [&'static super::rule::Rule] {
        rules::ALL
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn is_object(&self) -> bool {
        false
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        let Some((keys, since)) = signing_key::published(resource, lowering) else {
            return;
        };
        resource
            .body
            .insert(rotation::SIGNING_SINCE.into(), Value::Map(since));
        let kids = keys.keys.iter().filter_map(|key| key.kid.as_deref());
        resource
            .body
            .insert("kids".into(), Value::List(kids.map(Value::text).collect()));
        resource.body.insert("jwks".into(), keys.text().into());
        let stack = lowering.stack;
        let hosted = resource.text("container").is_some() || is_website(resource);
        if hosted && resource.text("storage_account").is_none() {
            lowering.refuse(resource, "", "missing", "`storage_account` is missing: the documents stand in it", "name the storage account, or serve the documents from elsewhere with `external = { url = … }`");
        }
        if !hosting::lower(resource, lowering) {
            return;
        }
        let (Some(issuer), Some(place)) = (stated(resource, stack), place(resource)) else {
            return;
        };
        let hole = |text: &str| with_host(text, resource);
        let document = |text: String, url: String, name: &str| {
            let cache = resource
                .text("cache_control")
                .unwrap_or("public, max-age=300");
            Map::from([
                ("url".to_owned(), hole(&url)),
                (
                    "path".to_owned(),
                    document::path(&place.account, &place.container, &place.name(name)).into(),
                ),
                (
                    "content".to_owned(),
                    holes(&document::content(&text), &hole),
                ),
                ("text".to_owned(), hole(&text)),
                ("content_type".to_owned(), "application/json".into()),
                ("cache_control".to_owned(), cache.into()),
                ("stack".to_owned(), stack.name.as_str().into()),
            ])
        };
        let discovery = document(
            Discovery::of(&issuer).text(),
            discovery::url(&issuer),
            ".well-known/openid-configuration",
        );
        let jwks = document(keys.text(), discovery::jwks_uri(&issuer), "openid/v1/jwks");
        lowering.imply(
            resource,
            Segment::new(document::KIND, document::JWKS),
            "",
            jwks,
        );
        lowering.imply(
            resource,
            Segment::new(document::KIND, "discovery"),
            "",
            discovery,
        );
    }

    fn known(&self, resource: &Resource, stack: &Stack) -> Vec<(&'static str, Value)> {
        let Some(issuer) = stated(resource, stack) else {
            return Vec::new();
        };
        let mut known = vec![
            (
                "jwks_uri",
                with_host(&discovery::jwks_uri(&issuer), resource),
            ),
            (
                "discovery_url",
                with_host(&discovery::url(&issuer), resource),
            ),
            ("url", with_host(&issuer, resource)),
        ];
        known.extend(resource.at("kids").map(|kids| ("kids", kids.clone())));
        known
    }
}

/// The discovery document and the JWKS of an issuer with this URL, to the byte.
pub fn documents(resource: &Resource, url: &str) -> Option<(String, String)> {
    let discovery = Discovery::of(url).text();
    Some((discovery, resource.text("jwks")?.to_owned()))
}

/// What stands for a website's host in the files, where `url` is known to be the issuer's URL.
pub fn host_in<'a>(resource: &Resource, url: &'a str) -> impl Fn(&Ref) -> Option<Part> + use<'a> {
    let account = hosting::account(resource);
    move |reference| {
        let host =
            reference.output == storage_account::WEB_ENDPOINT && reference.address == account;
        host.then(|| Part::Literal(url.to_owned()))
    }
}

/// Where the documents stand.
struct Place {
    account: String,
    container: String,
    path: String,
}

impl Place {
    fn name(&self, document: &str) -> String {
        if self.path.is_empty() {
            document.to_owned()
        } else {
            format!("{}/{document}", self.path)
        }
    }
}

fn place(resource: &Resource) -> Option<Place> {
    Some(Place {
        account: resource.text("storage_account")?.to_owned(),
        container: match is_website(resource) {
            true => hosting::WEB.to_owned(),
            false => resource.text("container")?.to_owned(),
        },
        path: resource.text("path").unwrap_or_default().to_owned(),
    })
}

/// Whether the documents stand in a static website.
pub fn is_website(resource: &Resource) -> bool {
    resource.at("static_website") == Some(&Value::Bool(true))
}

/// What stands for the host of a static website while a text is made: no name ends with `invalid` (RFC 6761).
const HOST: &str = "https://website.invalid";

/// A text with the website's host, which only Azure knows, as a hole.
fn with_host(text: &str, resource: &Resource) -> Value {
    let host = Part::Ref(Ref {
        address: hosting::account(resource),
        output: storage_account::WEB_ENDPOINT.to_owned(),
    });
    if !is_website(resource) {
        return text.into();
    }
    let mut parts = Vec::new();
    for (at, piece) in text.split(HOST).enumerate() {
        if at > 0 {
            parts.push(host.clone());
        }
        if !piece.is_empty() {
            parts.push(Part::Literal(piece.to_owned()));
        }
    }
    Value::Text(parts)
}

fn holes(value: &Value, hole: &dyn Fn(&str) -> Value) -> Value {
    match value {
        Value::Text(_) => value.as_str().map_or_else(|| value.clone(), hole),
        Value::List(items) => Value::List(items.iter().map(|item| holes(item, hole)).collect()),
        Value::Map(map) => Value::map(
            map.iter()
                .map(|(name, item)| (name.as_str(), holes(item, hole))),
        ),
        other => other.clone(),
    }
}

/// The issuer's URL; that of a static website where `known` tells its host.
pub fn url_with(
    resource: &Resource,
    stack: &Stack,
    known: &dyn Fn(&Ref) -> Option<Part>,
) -> Option<String> {
    let url = with_host(&stated(resource, stack)?, resource);
    url.fill(known).as_str().map(str::to_owned)
}

/// The issuer's URL, byte for byte; none while it is not known.
pub fn url(resource: &Resource, stack: &Stack) -> Option<String> {
    url_with(resource, stack, &|_| None)
}

/// The same, with [`HOST`] in the place of a host that is not known.
fn stated(resource: &Resource, stack: &Stack) -> Option<String> {
    if is_website(resource) {
        return Some(HOST.to_owned());
    }
    if resource
        .at("external")
        .is_some_and(|block| !block.is_empty())
    {
        return resource.text("external.url").map(str::to_owned);
    }
    let place = place(resource)?;
    let mut url = format!(
        "https://{}.{}/{}",
        place.account,
        stack.cloud.blob_suffix(),
        place.container
    );
    if !place.path.is_empty() {
        url = format!("{url}/{}", place.path);
    }
    if resource.at("trailing_slash") == Some(&Value::Bool(true)) {
        url.push('/');
    }
    Some(url)
}
