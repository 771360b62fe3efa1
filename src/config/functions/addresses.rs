//! IP addresses and the networks they lie in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Arguments;
use crate::config::context::Eval;
use crate::config::value::Value;

/// A network: its first address, how many bits name it, and how many an address has.
#[derive(Clone, Copy)]
struct Network {
    first: u128,
    prefix: u32,
    bits: u32,
}

impl Network {
    fn text(self) -> String {
        format!("{}/{}", address(self.first, self.bits), self.prefix)
    }

    /// How many addresses it has; none where that does not fit.
    fn size(self) -> Option<u128> {
        1u128.checked_shl(self.bits - self.prefix)
    }
}

fn address(number: u128, bits: u32) -> IpAddr {
    match bits {
        32 => IpAddr::V4(Ipv4Addr::from(number as u32)),
        _ => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

fn network(arguments: &Arguments) -> Eval<Network> {
    let text = arguments.text(0)?;
    let parsed = text.split_once('/').and_then(|(address, prefix)| {
        let (number, bits) = match address.parse().ok()? {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
            IpAddr::V6(v6) => (u128::from(v6), 128),
        };
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= bits)?;
        let host = bits - prefix;
        let first = match host {
            128 => 0,
            host => number >> host << host,
        };
        Some(Network {
            first,
            prefix,
            bits,
        })
    });
    parsed.ok_or_else(|| arguments.wrong(0, "expected a network, as in `10.0.0.0/16`"))
}

/// One address of a network; a negative number counts from its end.
pub(super) fn cidrhost(arguments: &Arguments) -> Eval<Value> {
    let network = network(arguments)?;
    let number = arguments.whole(1)?;
    let last = network.size().map_or(u128::MAX, |size| size - 1);
    let distance = u128::from(number.unsigned_abs());
    let host = match number < 0 {
        true => distance
            .checked_sub(1)
            .and_then(|back| last.checked_sub(back)),
        false => Some(distance).filter(|host| *host <= last),
    };
    match host {
        Some(host) => arguments.made(address(network.first | host, network.bits).to_string()),
        None => Err(arguments.wrong(
            1,
            format!(
                "a network of {} bits has no address number {number}",
                network.prefix
            ),
        )),
    }
}

pub(super) fn cidrnetmask(arguments: &Arguments) -> Eval<Value> {
    let network = network(arguments)?;
    if network.bits != 32 {
        return Err(arguments.wrong(0, "IPv6 networks have no netmask"));
    }
    let mask = u32::MAX.checked_shl(32 - network.prefix).unwrap_or(0);
    arguments.made(Ipv4Addr::from(mask).to_string())
}

/// A network inside, of so many more bits, by its number.
pub(super) fn cidrsubnet(arguments: &Arguments) -> Eval<Value> {
    let network = network(arguments)?;
    let inner = smaller(arguments, network, 1)?;
    let number = arguments.whole(2)?;
    let most = inner.prefix - network.prefix;
    let fits = u128::try_from(number)
        .ok()
        .filter(|number| most >= 64 || number >> most == 0);
    let Some(number) = fits else {
        return Err(arguments.wrong(
            2,
            format!("{most} more bits do not number a network {number}"),
        ));
    };
    let shifted = number.checked_shl(network.bits - inner.prefix).unwrap_or(0);
    arguments.made(
        Network {
            first: network.first | shifted,
            ..inner
        }
        .text(),
    )
}

/// The network with the bits that argument `at` adds.
fn smaller(arguments: &Arguments, network: Network, at: usize) -> Eval<Network> {
    let more = arguments.whole(at)?;
    let prefix = u32::try_from(more)
        .ok()
        .and_then(|more| network.prefix.checked_add(more))
        .filter(|prefix| *prefix <= network.bits);
    match prefix {
        Some(prefix) => Ok(Network { prefix, ..network }),
        None => Err(arguments.wrong(
            at,
            format!(
                "{} bits are left to add to {}",
                network.bits - network.prefix,
                network.prefix
            ),
        )),
    }
}

/// Networks inside, one after the other, each where its size lets it begin.
pub(super) fn cidrsubnets(arguments: &Arguments) -> Eval<Value> {
    let network = network(arguments)?;
    let mut next = Some(network.first);
    let mut made = Vec::new();
    for at in 1..arguments.values.len() {
        let inner = smaller(arguments, network, at)?;
        if inner.prefix == network.prefix {
            return Err(arguments.wrong(at, "at least one bit must be added"));
        }
        let full = || arguments.wrong(at, "the network has no room left for this one");
        let size = inner.size().ok_or_else(full)?;
        let from = next.ok_or_else(full)?;
        let first = match from % size {
            0 => from,
            over => from.checked_add(size - over).ok_or_else(full)?,
        };
        let last = first.checked_add(size - 1).ok_or_else(full)?;
        let end = network.first | network.size().map_or(u128::MAX, |size| size - 1);
        if last > end {
            return Err(full());
        }
        next = last.checked_add(1);
        made.push(Value::text(Network { first, ..inner }.text()));
    }
    Ok(Value::list(made))
}
