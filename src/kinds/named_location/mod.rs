//! `named_location`: ranges of addresses that conditional access policies name.
//!
//! Source: Microsoft Graph, "ipNamedLocation resource type", "Create namedLocation".

pub mod emulator;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value as Json;

use super::lower::Lowering;
use super::{Claim, Kind, Scene, Task, by_name, conditional_access_policy, step};
use crate::model::address::Segment;
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::{Action, FieldChange};
use crate::model::schema::{Compare, Complaint, Default, Field, Output, Shape};
use crate::model::step::{Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

pub const KIND: &str = "named_location";

pub(super) const PATH: &str = "/identity/conditionalAccess/namedLocations";

/// Most ranges of a location. Source: Microsoft, "Conditional Access: Network assignment".
const MOST: usize = 2_000;

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "Ranges of public addresses, as `conditional_access_policy` names them. A mark behind its display name, which plans do not show, says whose it is. A login that may read policies (`Policy.Read.All`) finds by it what no block declares any more.",
    parents: &[],
    implied: false,
    fields: &[
        Field::string("display_name", "What people call it.").required(),
        Field::block("ip", IP, "Its addresses.").required(),
        Field::string("mark", "What proves it ours.")
            .computed()
            .compare(Compare::Never),
    ],
    groups: &[],
    outputs: &[
        Output {
            name: "id",
            doc: "What policies name it by.",
        },
        Output {
            name: "object_id",
            doc: "The same as `id`.",
        },
    ],
};

static IP: &[Field] = &[
    Field::strings(
        "ip_ranges",
        "Public ranges, as in `192.0.2.0/24` or `2001:db8::/32`; at most 2,000.",
    )
    .check(ranges)
    .required()
    .compare(Compare::IgnoreCase),
    Field::bool("trusted", "Whether `AllTrusted` means it, too.")
        .default(Default::Bool(false))
        .reset(),
];

fn ranges(value: &Value) -> Result<(), Complaint> {
    let mut all = value.items().chain([value]).filter_map(Value::as_str);
    match all.find(|range| range_of(range).is_none()) {
        Some(wrong) => Err(
            Complaint::new(format!("`{wrong}` is no range of addresses")).help(
                "write it as in `192.0.2.0/24` or `2001:db8::/32`; Entra takes none wider than `/8`",
            ),
        ),
        None => Ok(()),
    }
}

/// A range in the one form in which it is compared and sent.
fn range_of(text: &str) -> Option<String> {
    let (address, bits) = text.split_once('/')?;
    let bits: u8 = bits.parse().ok().filter(|bits| *bits >= 8)?;
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        return (bits <= 32).then(|| format!("{address}/{bits}"));
    }
    let address = address.parse::<Ipv6Addr>().ok()?;
    (bits <= 128).then(|| format!("{address}/{bits}"))
}

/// Whether a range has an address. An IPv4 address that is written as one of IPv6 is itself.
pub fn contains(range: &str, address: IpAddr) -> bool {
    let parsed = range.split_once('/').and_then(|(base, bits)| {
        let (base, bits) = (base.parse::<IpAddr>().ok()?, bits.parse::<u32>().ok()?);
        Some((base, bits))
    });
    match (parsed, address.to_canonical()) {
        (Some((IpAddr::V4(base), bits @ 0..=32)), IpAddr::V4(address)) => {
            let differs = base.to_bits() ^ address.to_bits();
            differs.leading_zeros() >= bits
        }
        (Some((IpAddr::V6(base), bits @ 0..=128)), IpAddr::V6(address)) => {
            let differs = base.to_bits() ^ address.to_bits();
            differs.leading_zeros() >= bits
        }
        _ => false,
    }
}

pub struct NamedLocation;

impl Kind for NamedLocation {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        by_name::lower(resource, lowering);
        let ranges = resource.at("ip.ip_ranges").into_iter();
        match ranges.flat_map(Value::items).count() {
            0 => lowering.refuse(
                resource,
                "ip",
                "missing-attribute",
                "a location needs a range of addresses",
                "add one, as in `ip_ranges = [\"192.0.2.0/24\"]`",
            ),
            many if many > MOST => lowering.refuse(
                resource,
                "ip.ip_ranges",
                "too-many-ranges",
                format!("{many} ranges are more than the {MOST} that a location holds"),
                "join neighbouring ranges, or make several locations",
            ),
            _ => {}
        }
        if let Some(Value::Map(ip)) = resource.body.get_mut("ip")
            && let Some(all) = ip.get_mut("ip_ranges")
        {
            let one = |range: &Value| match range.as_str().and_then(range_of) {
                Some(range) => range.into(),
                None => range.clone(),
            };
            *all = Value::set(all.items().map(one).collect::<Vec<_>>());
        }
    }

    fn reads(&self, desired: &Desired, _live: &Live) -> Vec<Read> {
        vec![by_name::list(KIND, PATH, desired)]
    }

    fn spares(&self, read: &Read) -> bool {
        by_name::spares(read)
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        if by_name::is_list(read) && reply.status == 200 {
            by_name::decode(KIND, &reply.body, body_of, live);
        }
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        _parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        by_name::find(resource, live, KIND)
    }

    fn claim(&self, object: &Object, _owner: Option<&Resource>, scene: &Scene) -> Claim {
        match by_name::claim(object, scene) {
            Claim::Ours => in_use(object, scene).map_or(Claim::Ours, Claim::Reported),
            claim => claim,
        }
    }

    fn segment(&self, object: &Object, scene: &Scene) -> Segment {
        by_name::segment(object, scene)
    }

    fn released(&self, object: &Object, _stack: &Stack) -> Option<FieldChange> {
        by_name::released(object)
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        let mut steps = by_name::steps(task, PATH, wire_body, proven, Phase::Clear);
        steps.splice(0..0, untrusted(task));
        steps
    }
}

fn body_of(json: &Json) -> Map {
    let ranges = json["ipRanges"].as_array().into_iter().flatten();
    let ranges = ranges.filter_map(|range| range["cidrAddress"].as_str());
    let ranges = ranges.map(|range| range_of(range).unwrap_or_else(|| range.to_owned()));
    let ip = Value::map([
        (
            "ip_ranges",
            Value::set(ranges.map(Value::from).collect::<Vec<_>>()),
        ),
        ("trusted", Value::Bool(json["isTrusted"] == true)),
    ]);
    Map::from([("ip".to_owned(), ip)])
}

fn wire_body(resource: &Resource) -> Map {
    let range = |range: &Value| {
        let version = match range.as_str().is_some_and(|range| range.contains(':')) {
            true => "#microsoft.graph.iPv6CidrRange",
            false => "#microsoft.graph.iPv4CidrRange",
        };
        Value::map([
            ("@odata.type", version.into()),
            ("cidrAddress", range.clone()),
        ])
    };
    let ranges = resource
        .at("ip.ip_ranges")
        .into_iter()
        .flat_map(Value::items);
    let trusted = resource
        .at("ip.trusted")
        .cloned()
        .unwrap_or(Value::Bool(false));
    Map::from([
        (
            "@odata.type".to_owned(),
            "#microsoft.graph.ipNamedLocation".into(),
        ),
        ("isTrusted".to_owned(), trusted),
        (
            "ipRanges".to_owned(),
            Value::List(ranges.map(range).collect()),
        ),
    ])
}

/// What a policy names cannot be deleted: a block of this stack, by its id, or one that is not ours, or not any more.
fn in_use(location: &Object, scene: &Scene) -> Option<Box<Diagnostic>> {
    let id = &location.key;
    let blocks = scene.desired.of_kind(conditional_access_policy::KIND);
    let mut blocks = blocks.filter(|_| !scene.destroy);
    let ours = blocks.find(|block| {
        let ids = block.at("excluded_locations").into_iter();
        ids.flat_map(Value::items)
            .filter_map(Value::as_str)
            .any(|one| one.eq_ignore_ascii_case(&id.id))
    });
    let policies = scene.live.of_kind(conditional_access_policy::KIND);
    let mut policies = policies.filter(|policy| conditional_access_policy::names(policy, id));
    let mut theirs = || policies.find(|one| !matches!(by_name::claim(one, scene), Claim::Ours));
    let (why, help) = match ours {
        Some(block) => (
            format!("`{}` names it by its id", block.address),
            "take the id out of `excluded_locations`",
        ),
        None => (
            format!(
                "the policy `{}` names it, and that is not this stack's to change",
                theirs()?.name
            ),
            "take it out of that policy's conditions, or let it go without deleting it: a `removed` block with `from = named_location.LABEL` and `destroy = false`",
        ),
    };
    let message = format!("`{}` (id {}) stays: {why}", location.name, id.id);
    let said = Diagnostic::warning("location-in-use", message)
        .about(format!("{KIND} {}", id.id))
        .help(help);
    Some(Box::new(said))
}

/// Whether a location, declared or there, is trusted.
pub fn is_trusted(body: &Map) -> bool {
    let ip = body.get("ip");
    ip.and_then(|ip| ip.get("trusted")) == Some(&Value::Bool(true))
}

/// A trusted location cannot be deleted: before it goes, it is not trusted any more. Source: Microsoft, "Conditional Access:
/// Network assignment" (trusted locations).
fn untrusted(task: &Task) -> Option<Step> {
    let location = task.object.filter(|_| task.action == Action::Delete)?;
    let body = Value::map([
        ("@odata.type", "#microsoft.graph.ipNamedLocation".into()),
        ("isTrusted", Value::Bool(false)),
    ]);
    let path = format!("{PATH}/{}", location.key.id);
    is_trusted(&location.body).then(|| Step {
        // What it is for, the delete shows.
        done_if: vec![Pattern::new(404, "")],
        ..step(
            task,
            Phase::Clear,
            Request::new(Service::Graph, Method::Patch, path).body(body),
        )
    })
}

/// Ranges of IPv6 may come back in another form.
fn proven(resource: &Resource) -> Map {
    let mut members = wire_body(resource);
    let ranges = resource
        .at("ip.ip_ranges")
        .into_iter()
        .flat_map(Value::items);
    if ranges
        .filter_map(Value::as_str)
        .any(|range| range.contains(':'))
    {
        members.remove("ipRanges");
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_one_form() {
        let table = [
            ("192.0.2.0/24", Some("192.0.2.0/24")),
            ("2001:0:9d38:90d6:0:0:0:0/63", Some("2001:0:9d38:90d6::/63")),
            ("2001:DB8::/32", Some("2001:db8::/32")),
            ("10.0.0.0/7", None),
            ("192.0.2.0", None),
            ("192.0.2.0/33", None),
            ("github.com/24", None),
        ];
        for (text, expected) in table {
            assert_eq!(range_of(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_range_has_its_own_addresses() {
        for (range, address, is_in) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7/32", "192.0.2.7", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::1/128", "2001:db8::1", true),
            ("192.0.2.0/33", "192.0.2.0", false),
            ("192.0.2.0", "192.0.2.0", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(contains(range, address), is_in, "{address} in {range}");
        }
    }
}
