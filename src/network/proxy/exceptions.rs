//! The hosts that are reached without the proxy: NO_PROXY, read as other programs read it.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The entries of NO_PROXY, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exceptions(Vec<String>);

impl Exceptions {
    /// Reads names, addresses and networks (`10.0.0.0/8`) between commas; a star matches everything.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split([',', ' ']).map(|entry| entry.trim().trim_matches(['[', ']']).to_lowercase());
        Self(entries.filter(|entry| !entry.is_empty()).collect())
    }

    /// Whether a host is one of them. A name includes the names below it.
    pub(super) fn hold(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        let address = host.parse::<IpAddr>().ok();
        self.0.iter().any(|entry| {
            let name = entry.trim_start_matches("*.").trim_start_matches('.');
            let below = || host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            entry == "*" || below() || address.is_some_and(|address| network_holds(entry, address))
        })
    }
}

fn network_holds(network: &str, address: IpAddr) -> bool {
    let Some((base, length)) = network.split_once('/') else { return false };
    let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) if length <= 32 => {
            (base.to_bits() ^ address.to_bits()).leading_zeros() >= length
        }
        (IpAddr::V6(base), IpAddr::V6(address)) if length <= 128 => {
            (base.to_bits() ^ address.to_bits()).leading_zeros() >= length
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_networks_are_distinguished() {
        let exceptions = Exceptions::parse("Inside.example, .corp.example,10.0.0.0/8 ,192.168.1.1,fd00::/8");
        for held in ["inside.example", "a.INSIDE.example", "x.corp.example", "10.9.8.7", "192.168.1.1", "fd12::1"] {
            assert!(exceptions.hold(held), "{held}");
        }
        for other in ["besinside.example", "11.0.0.1", "192.168.1.10", "fe80::1", "example"] {
            assert!(!exceptions.hold(other), "{other}");
        }
        assert!(Exceptions::parse("*").hold("anything"));
        assert!(!Exceptions::parse("").hold("anything"));
        assert!(!Exceptions::parse("10.0.0.0/99,x/8").hold("10.0.0.1"));
    }
}
