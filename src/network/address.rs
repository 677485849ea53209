//! Addresses on the network.

use ureq::http::Uri;

/// An address by HTTP.
#[derive(Clone, PartialEq, Debug)]
pub struct Address {
    text: String,
    uri: Uri,
}

impl Address {
    pub fn parse(text: &str) -> Option<Address> {
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = text.parse().ok()?;
        let is_whole = uri.host().is_some_and(|host| !host.is_empty())
            && matches!(uri.scheme_str(), Some("http" | "https"));
        is_whole.then(|| Address { text: text.to_owned(), uri })
    }

    /// Where a redirect from here leads.
    pub fn join(&self, location: &str) -> Option<Address> {
        let scheme = self.scheme();
        let authority = self.uri.authority()?;
        let path = self.uri.path();
        match location {
            _ if location.contains("://") && !location.starts_with(['/', '?']) => {
                Address::parse(location)
            }
            _ if location.starts_with("//") => Address::parse(&format!("{scheme}:{location}")),
            _ if location.starts_with('/') => {
                Address::parse(&format!("{scheme}://{authority}{location}"))
            }
            "" => None,
            _ if location.starts_with('?') => {
                Address::parse(&format!("{scheme}://{authority}{path}{location}"))
            }
            _ => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                Address::parse(&format!("{scheme}://{authority}{folder}/{location}"))
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or("http")
    }

    /// Without the brackets of an IPv6 address.
    pub fn host(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']').to_lowercase()
    }

    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.scheme() == "https" { 443 } else { 80 })
    }

    /// Whether it is on the same server as another one, or on the same by TLS: what may be sent there in
    /// the open may be sent sealed.
    pub fn is_at(&self, other: &Address) -> bool {
        let sealed = other.scheme() == "http" && self.scheme() == "https";
        let ports = (other.port(), self.port());
        self.host() == other.host()
            && (self.scheme() == other.scheme() && ports.0 == ports.1
                || sealed && ports == (80, 443))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_they_say() {
        let from = Address::parse("https://hub:8080/ada/model?a=b").unwrap();
        for (location, expected) in [
            ("/other?x#y", Some("https://hub:8080/other?x")),
            ("//cdn/file", Some("https://cdn/file")),
            ("http://cdn/a", Some("http://cdn/a")),
            ("other", Some("https://hub:8080/ada/other")),
            ("?page=2&to=http://x", Some("https://hub:8080/ada/model?page=2&to=http://x")),
            ("", None),
            ("http://", None),
            ("ftp://cdn/a", None),
            ("http://a b/", None),
            ("mailto:ada", Some("https://hub:8080/ada/mailto:ada")),
        ] {
            let to = from.join(location);
            assert_eq!(to.as_ref().map(Address::as_str), expected, "{location}");
        }
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        let is_at = |to: &str, from: &str| {
            Address::parse(to).unwrap().is_at(&Address::parse(from).unwrap())
        };
        assert!(is_at("https://HUB/a", "https://hub:443/b") && is_at("https://hub", "http://hub"));
        for other in ["http://hub", "https://hub:8443", "https://hub.evil", "https://evil/hub"] {
            assert!(!is_at(other, "https://hub"), "{other}");
        }
        assert!(!is_at("https://hub", "http://hub:8080"));
    }
}
