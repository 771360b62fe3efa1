//! Which addresses may be asked for a document that someone else named: public ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address may not be asked, in words; none if it is public.
/// Source: the IANA special-purpose address registries (RFC 6890), and Azure's platform address 168.63.129.16.
pub fn refusal(ip: IpAddr, allow_loopback: bool) -> Option<&'static str> {
    match ip {
        _ if allow_loopback && ip.is_loopback() => None,
        IpAddr::V4(ip) => refusal_v4(ip),
        IpAddr::V6(ip) => refusal_v6(ip),
    }
}

fn refusal_v4(ip: Ipv4Addr) -> Option<&'static str> {
    Some(match ip.octets() {
        [0, ..] => "this machine's (`this network`)",
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => "private",
        [100, 64..=127, ..] => "shared among a provider's customers (100.64.0.0/10)",
        [127, ..] => "this machine's",
        [169, 254, ..] => "link-local (clouds serve their machines' credentials there)",
        [168, 63, 129, 16] => "the one where Azure's platform serves the machines in it",
        [192, 0, 0, _] => "reserved for protocols",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "reserved for documentation",
        [192, 88, 99, _] => "a 6to4 relay's",
        [198, 18..=19, ..] => "reserved for benchmarks",
        [224..=239, ..] => "a multicast one",
        [240..=255, ..] => "reserved",
        _ => return None,
    })
}

fn refusal_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    Some(match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0] if (g, h) == (0, 1) => "this machine's",
        [0, 0, 0, 0, 0, 0xffff] => "an IPv4 address written as an IPv6 one",
        // NAT64 (RFC 6052): all that an IPv6-only network knows of the IPv4 internet.
        [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [(g1, g2), (h1, h2)] = [g, h].map(|part| ((part >> 8) as u8, part as u8));
            return refusal_v4(Ipv4Addr::new(g1, g2, h1, h2));
        }
        [0xfc00..=0xfdff, ..] => "private (unique local)",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xff00..=0xffff, ..] => "a multicast one",
        [0x2001, 0x0..=0x1ff, ..] => "reserved for protocols",
        [0x2001, 0xdb8, ..] | [0x3fff, 0x0..=0xfff, ..] => "reserved for documentation",
        [0x2002, ..] => "an IPv4 address written as an IPv6 one (6to4)",
        [0x2000..=0x3fff, ..] => return None,
        _ => "reserved",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses() {
        const PUBLIC: &str =
            "8.8.8.8 20.60.1.1 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 168.63.129.17
             169.253.0.1 192.0.1.1 2603:1030:20e::1 2a00:1450::1 64:ff9b::8.8.8.8";
        for public in PUBLIC.split_whitespace() {
            assert_eq!(refusal(public.parse().unwrap(), false), None, "{public}");
        }
        const REFUSED: &str =
            "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1
             127.255.0.1 169.254.169.254 168.63.129.16 172.16.0.1 172.31.255.255 192.0.0.8
             192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1
             203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1
             ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe
             64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1
             fd00:ec2::254 fe80::1 fec0::1 ff02::1";
        for refused in REFUSED.split_whitespace() {
            assert!(
                refusal(refused.parse().unwrap(), false).is_some(),
                "{refused}"
            );
        }
        for (ip, allowed) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(
                refusal(ip.parse().unwrap(), true).is_none(),
                allowed,
                "{ip}"
            );
        }
    }
}
