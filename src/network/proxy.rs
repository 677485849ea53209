//! Which proxy stands between us and an address, as Python reads it from the environment.

use super::Address;
use crate::environment::Environment;
use crate::error::{Error, Result};
use std::net::IpAddr;
use ureq::Proxy;

/// The proxies of the environment, and what goes without them.
pub struct Proxies {
    http: Option<NamedProxy>,
    https: Option<NamedProxy>,
    without: Vec<String>,
}

/// A proxy and the variable that names it.
#[derive(Clone)]
pub struct NamedProxy {
    pub variable: &'static str,
    pub proxy: Proxy,
}

impl Proxies {
    /// Small letters come first, as in Python and curl, and the proxy of a scheme before that of all.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no address of a proxy.
    pub fn of(environment: &Environment) -> Result<Proxies> {
        let either = |names: [&'static str; 4]| {
            let set = |name| Some((name, environment.text(name)?));
            names.into_iter().find_map(set).map(|(name, value)| named(name, value)).transpose()
        };
        let without = environment.text("no_proxy").or_else(|| environment.text("NO_PROXY"));
        let without = without.unwrap_or_default().split([',', ' ']).map(str::trim);
        Ok(Proxies {
            http: either(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?,
            https: either(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            without: without.filter(|host| !host.is_empty()).map(str::to_lowercase).collect(),
        })
    }

    pub fn proxy_for(&self, address: &Address) -> Option<&NamedProxy> {
        let proxy = if address.scheme() == "https" { &self.https } else { &self.http };
        let without = self.without.iter().any(|entry| goes_without(address, entry));
        proxy.as_ref().filter(|_| !without)
    }
}

fn named(variable: &'static str, value: &str) -> Result<NamedProxy> {
    // By SOCKS, the proxy looks names up in Python, too: there may be no name server here.
    let address = value.trim().replacen("socks5://", "socks5h://", 1);
    let proxy = Proxy::new(&address).map_err(|_| {
        // The value may hold a password.
        let remedy = "this is no address of a proxy: write http://host:port or socks5://host:port";
        Error::argument(variable, value.rsplit('@').next().unwrap_or_default(), remedy)
    })?;
    Ok(NamedProxy { variable, proxy })
}

/// Whether an entry of NO_PROXY stands for the host: `*`, a name with all below it, `.name` with
/// what is below it only, an address, or a network.
fn goes_without(address: &Address, entry: &str) -> bool {
    let host = address.host();
    if let Some((network, bits)) = entry.split_once('/') {
        let parsed = (host.parse(), network.parse(), bits.parse());
        return matches!(parsed, (Ok(host), Ok(network), Ok(bits)) if is_in(host, network, bits));
    }
    let (entry, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            (name, port.parse().ok())
        }
        _ => (entry, None),
    };
    let entry = entry.trim_start_matches('[').trim_end_matches(']');
    let below = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    let named = match entry.trim_start_matches('*').strip_prefix('.') {
        Some(name) => below(name),
        None => entry == "*" || entry == host || below(entry),
    };
    named && port.is_none_or(|port: u16| port == address.port())
}

/// Whether an address is in the network whose addresses have so many bits in common.
fn is_in(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let differ = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::of(&Environment::from(variables)).unwrap()
    }

    fn proxy(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let proxies = proxies(variables);
        let found = proxies.proxy_for(&Address::parse(url).unwrap())?;
        Some(format!("{} {}", found.variable, found.proxy.uri()))
    }

    #[test]
    fn the_proxy_of_the_scheme_comes_first_and_small_letters_do() {
        let all = ("ALL_PROXY", "socks5://all:1080");
        let https = ("HTTPS_PROXY", "secure:3128");
        let url = "https://hub";
        assert_eq!(proxy(&[], url), None);
        assert_eq!(proxy(&[("HTTPS_PROXY", "")], url), None);
        assert_eq!(proxy(&[all], url).unwrap(), "ALL_PROXY socks5h://all:1080/");
        assert_eq!(proxy(&[all, https], url).unwrap(), "HTTPS_PROXY http://secure:3128/");
        let small = ("https_proxy", "http://small:1");
        assert_eq!(proxy(&[all, https, small], url).unwrap(), "https_proxy http://small:1/");
        assert_eq!(proxy(&[https], "http://hub"), None);
        assert!(proxy(&[("http_proxy", "http://a:1")], "http://hub").is_some());
    }

    #[test]
    fn what_is_no_proxy_is_named_without_its_password() {
        let variables = [("HTTPS_PROXY", "gopher://ada:secret@host:1")];
        let error = Proxies::of(&Environment::from(&variables[..])).err().unwrap().to_string();
        assert!(error.starts_with("HTTPS_PROXY = host:1: this is no address"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn no_proxy_means_what_it_means_in_python() {
        for (entries, url, without) in [
            ("*", "http://hub", true),
            ("hub.org", "http://hub.org", true),
            ("hub.org", "http://www.hub.org", true),
            ("hub.org", "http://wwwhub.org", false),
            (".hub.org", "http://www.hub.org", true),
            (".hub.org", "http://hub.org", false),
            ("*.hub.org", "http://www.HUB.org", true),
            ("a, localhost ,b", "http://localhost:8080", true),
            ("localhost:8080", "http://localhost:8080", true),
            ("localhost:8080", "http://localhost:8081", false),
            ("127.0.0.1", "http://127.0.0.1:5", true),
            ("192.168.0.0/16", "http://192.168.3.4", true),
            ("192.168.0.0/16", "http://192.169.3.4", false),
            ("0.0.0.0/0", "http://1.2.3.4", true),
            ("::1", "http://[::1]:80", true),
            ("[::1]:80", "http://[::1]", true),
            ("fe80::/10", "http://[fe80::1]", true),
            ("192.168.0.0/16", "http://hub", false),
        ] {
            let variables = [("http_proxy", "http://proxy:1"), ("NO_PROXY", entries)];
            assert_eq!(proxy(&variables, url).is_none(), without, "{entries} {url}");
        }
    }
}
