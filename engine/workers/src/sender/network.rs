//! Ranges of addresses as an operator writes them: `10.0.0.0/8`, `fd12:3456::/32`, or one address alone.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses (CIDR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// A text that is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNetwork {
    #[error("'{0}' is no network; write it like 10.0.0.0/8, fd12:3456::/32 or 192.168.1.20")]
    Malformed(String),
    #[error("'{given}' has bits beyond its prefix; did you mean {meant}?")]
    HostBits { given: String, meant: Network },
}

impl Network {
    pub(crate) const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Self {
        Self { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    pub(crate) const fn v6(segments: [u16; 8], prefix: u8) -> Self {
        Self { first: IpAddr::V6(Ipv6Addr::from_segments(segments)), prefix }
    }

    /// Whether `address` lies in it. An IPv4 address written as IPv6 is no IPv4 address here.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                first.to_bits() == other.to_bits() & mask
            }
            (IpAddr::V6(first), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                first.to_bits() == other.to_bits() & mask
            }
            _ => false,
        }
    }

    /// Whether it holds one address only.
    pub fn is_single(&self) -> bool {
        self.prefix == width(self.first)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// `address` with everything beyond `prefix` bits cleared.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let malformed = || BadNetwork::Malformed(text.chars().take(64).collect());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let prefix = match prefix {
            None => width(address),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| malformed())?
            }
            Some(_) => return Err(malformed()),
        };
        if prefix > width(address) {
            return Err(malformed());
        }
        let meant = Self { first: masked(address, prefix), prefix };
        if meant.first == address { Ok(meant) } else { Err(BadNetwork::HostBits { given: text.to_owned(), meant }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, address: &str, expected: bool) {
        let network: Network = network.parse().unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), expected, "{network} {address}");
    }

    #[test]
    fn holds_the_addresses_that_share_its_prefix() {
        check("10.0.0.0/8", "10.255.255.255", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("0.0.0.0/0", "255.1.2.3", true);
        check("0.0.0.0/0", "::1", false);
        check("192.168.1.20", "192.168.1.20", true);
        check("192.168.1.20", "192.168.1.21", false);
        check("fd00::/8", "fdff::1", true);
        check("fd00::/8", "fe00::1", false);
        check("::/0", "2001::1", true);
        check("::1", "::1", true);
        check("127.0.0.0/8", "::ffff:127.0.0.1", false);
    }

    #[test]
    fn refuses_what_is_no_network() {
        for text in ["", "10", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "localhost", "10.0.0.0/8/8"] {
            assert!(matches!(text.parse::<Network>(), Err(BadNetwork::Malformed(_))), "{text}");
        }
        let error = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert_eq!(error.to_string(), "'10.1.2.3/8' has bits beyond its prefix; did you mean 10.0.0.0/8?");
    }
}
