//! Which addresses a request may go to. What leaves the house is steered by plugins and by names in somebody else's
//! DNS; without this a public name that points inside would let either reach what only the operator's network should.
//! The default is the public internet; every other address must be listed by the operator.

use std::fmt;
use std::net::IpAddr;

use super::network::Network;

/// An address that a request may not go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {kind}; if requests may go there, add {address} to allow_private")]
pub struct Denied {
    pub address: IpAddr,
    pub kind: Kind,
}

/// Why an address is not for requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Private,
    Loopback,
    LinkLocal,
    /// 100.64.0.0/10, which providers use behind their address translation.
    Shared,
    /// Where clouds tell machines their credentials. Listing a network around it does not open it, only the address itself does.
    Metadata,
    Multicast,
    /// An IPv6 address that stands for an IPv4 address: mapped, 6to4, Teredo, NAT64.
    Translated,
    /// Set aside for other uses: documentation, benchmarks, the future.
    Reserved,
    /// A public address, but asked for without encryption.
    PublicWithoutTls,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "a private address",
            Self::Loopback => "this machine",
            Self::LinkLocal => "a link-local address",
            Self::Shared => "an address behind a provider's translation",
            Self::Metadata => "a cloud's metadata service",
            Self::Multicast => "a multicast address",
            Self::Translated => "an IPv4 address in IPv6 form",
            Self::Reserved => "a reserved address",
            Self::PublicWithoutTls => "a public address, which takes https only",
        })
    }
}

/// Whether the request is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Https,
    /// Only towards addresses that the operator listed.
    Http,
}

impl Scheme {
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// What the operator allows beyond the public internet.
#[derive(Clone, Debug, Default)]
pub struct AddressGuard {
    allow_private: Vec<Network>,
}

impl AddressGuard {
    pub fn new(allow_private: Vec<Network>) -> Self {
        Self { allow_private }
    }

    /// Whether a request may go to `address`.
    pub fn check(&self, address: IpAddr, scheme: Scheme) -> Result<(), Denied> {
        let kind = kind_of(address);
        if self.is_listed(address, kind) {
            return Ok(());
        }
        match (kind, scheme) {
            (None, Scheme::Https) => Ok(()),
            (None, Scheme::Http) => Err(Denied { address, kind: Kind::PublicWithoutTls }),
            (Some(kind), _) => Err(Denied { address, kind }),
        }
    }

    fn is_listed(&self, address: IpAddr, kind: Option<Kind>) -> bool {
        let must_be_exact = kind == Some(Kind::Metadata);
        self.allow_private.iter().any(|network| network.contains(address) && (network.is_single() || !must_be_exact))
    }
}

/// Earlier lines win. The cloud addresses lie partly in ranges that an operator may have reasons to list.
const SPECIAL: &[(Network, Kind)] = &[
    (Network::v4(169, 254, 169, 254, 32), Kind::Metadata),
    (Network::v4(169, 254, 170, 2, 32), Kind::Metadata),
    (Network::v4(100, 100, 100, 200, 32), Kind::Metadata),
    (Network::v4(168, 63, 129, 16, 32), Kind::Metadata),
    (Network::v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), Kind::Metadata),
    (Network::v4(0, 0, 0, 0, 8), Kind::Reserved),
    (Network::v4(10, 0, 0, 0, 8), Kind::Private),
    (Network::v4(100, 64, 0, 0, 10), Kind::Shared),
    (Network::v4(127, 0, 0, 0, 8), Kind::Loopback),
    (Network::v4(169, 254, 0, 0, 16), Kind::LinkLocal),
    (Network::v4(172, 16, 0, 0, 12), Kind::Private),
    (Network::v4(192, 0, 0, 0, 24), Kind::Reserved),
    (Network::v4(192, 0, 2, 0, 24), Kind::Reserved),
    (Network::v4(192, 88, 99, 0, 24), Kind::Reserved),
    (Network::v4(192, 168, 0, 0, 16), Kind::Private),
    (Network::v4(198, 18, 0, 0, 15), Kind::Reserved),
    (Network::v4(198, 51, 100, 0, 24), Kind::Reserved),
    (Network::v4(203, 0, 113, 0, 24), Kind::Reserved),
    (Network::v4(224, 0, 0, 0, 4), Kind::Multicast),
    (Network::v4(240, 0, 0, 0, 4), Kind::Reserved),
    (Network::v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Kind::Loopback),
    (Network::v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), Kind::Translated),
    (Network::v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), Kind::Translated),
    (Network::v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Kind::Translated),
    (Network::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Kind::Translated),
    (Network::v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Kind::Translated),
    (Network::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Kind::Reserved),
    (Network::v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Kind::Reserved),
    (Network::v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Kind::Reserved),
    (Network::v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Kind::Private),
    (Network::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Kind::LinkLocal),
    (Network::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Kind::Multicast),
];

/// The only IPv6 addresses that are in public use. Whatever is given out later is refused until it is known here.
const GLOBAL_UNICAST: Network = Network::v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Why `address` is not public; none where it is.
fn kind_of(address: IpAddr) -> Option<Kind> {
    let special = SPECIAL.iter().find(|(network, _)| network.contains(address)).map(|(_, kind)| *kind);
    special.or_else(|| (address.is_ipv6() && !GLOBAL_UNICAST.contains(address)).then_some(Kind::Reserved))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(allowed: &[&str]) -> AddressGuard {
        AddressGuard::new(allowed.iter().map(|network| network.parse().unwrap()).collect())
    }

    #[track_caller]
    fn check(address: &str, expected: Option<Kind>) {
        let denied = guard(&[]).check(address.parse().unwrap(), Scheme::Https).err();
        assert_eq!(denied.map(|denied| denied.kind), expected, "{address}");
    }

    #[test]
    fn lets_public_addresses_pass() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "11.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2001:200::1",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn refuses_every_other_address() {
        let cases: &[(&str, Kind)] = &[
            ("0.0.0.0", Kind::Reserved),
            ("0.1.2.3", Kind::Reserved),
            ("10.0.0.1", Kind::Private),
            ("100.64.0.1", Kind::Shared),
            ("100.127.255.255", Kind::Shared),
            ("127.0.0.1", Kind::Loopback),
            ("127.255.255.254", Kind::Loopback),
            ("169.254.0.1", Kind::LinkLocal),
            ("169.254.169.254", Kind::Metadata),
            ("169.254.170.2", Kind::Metadata),
            ("168.63.129.16", Kind::Metadata),
            ("100.100.100.200", Kind::Metadata),
            ("172.16.0.1", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("192.0.0.8", Kind::Reserved),
            ("192.0.2.1", Kind::Reserved),
            ("192.88.99.1", Kind::Reserved),
            ("192.168.255.1", Kind::Private),
            ("198.18.0.1", Kind::Reserved),
            ("198.19.255.255", Kind::Reserved),
            ("198.51.100.7", Kind::Reserved),
            ("203.0.113.7", Kind::Reserved),
            ("224.0.0.1", Kind::Multicast),
            ("239.255.255.255", Kind::Multicast),
            ("240.0.0.1", Kind::Reserved),
            ("255.255.255.255", Kind::Reserved),
            ("::", Kind::Reserved),
            ("::1", Kind::Loopback),
            ("::7f00:1", Kind::Reserved),
            ("::ffff:127.0.0.1", Kind::Translated),
            ("::ffff:8.8.8.8", Kind::Translated),
            ("64:ff9b::a00:1", Kind::Translated),
            ("64:ff9b:1::a00:1", Kind::Translated),
            ("100::1", Kind::Reserved),
            ("2001::1", Kind::Translated),
            ("2001:10::1", Kind::Reserved),
            ("2001:db8::1", Kind::Reserved),
            ("2002:7f00:1::", Kind::Translated),
            ("3fff::1", Kind::Reserved),
            ("4000::1", Kind::Reserved),
            ("5f00::1", Kind::Reserved),
            ("fc00::1", Kind::Private),
            ("fdff::1", Kind::Private),
            ("fd00:ec2::254", Kind::Metadata),
            ("fe80::1", Kind::LinkLocal),
            ("fec0::1", Kind::Reserved),
            ("ff02::1", Kind::Multicast),
        ];
        for (address, kind) in cases {
            check(address, Some(*kind));
        }
    }

    #[test]
    fn lets_listed_addresses_pass_even_without_tls() {
        let guard = guard(&["10.1.0.0/16", "fd00::/8", "93.184.216.34"]);
        let may = |address: &str, scheme| guard.check(address.parse().unwrap(), scheme).is_ok();
        assert!(may("10.1.2.3", Scheme::Https) && may("10.1.2.3", Scheme::Http));
        assert!(may("fd01::1", Scheme::Http) && may("93.184.216.34", Scheme::Http));
        assert!(!may("10.2.0.1", Scheme::Https) && !may("8.8.8.8", Scheme::Http));
    }

    #[test]
    fn opens_a_metadata_service_only_by_its_own_address() {
        let metadata = "169.254.169.254".parse().unwrap();
        assert!(guard(&["169.254.0.0/16", "0.0.0.0/0"]).check(metadata, Scheme::Http).is_err());
        assert!(guard(&["169.254.169.254"]).check(metadata, Scheme::Http).is_ok());
    }

    #[test]
    fn says_what_to_do() {
        let denied = guard(&[]).check("10.0.0.5".parse().unwrap(), Scheme::Https).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "10.0.0.5 is a private address; if requests may go there, add 10.0.0.5 to allow_private"
        );
    }

    proptest! {
        /// The standard library's own predicates, as far as they are stable, never say private of what passes.
        #[test]
        fn agrees_with_the_standard_library_on_ipv4(bits: u32) {
            let address = std::net::Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
            if special {
                prop_assert!(guard(&[]).check(address.into(), Scheme::Https).is_err());
            }
        }

        #[test]
        fn lets_no_ipv6_address_outside_global_unicast_pass(bits: u128) {
            let address = std::net::Ipv6Addr::from_bits(bits);
            if address.segments()[0] >> 13 != 1 {
                prop_assert!(guard(&[]).check(address.into(), Scheme::Https).is_err());
            }
        }
    }
}
