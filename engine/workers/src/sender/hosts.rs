//! Which hosts a request may go to. A request passes when every list that it comes with allows its host: the plugin's
//! manifest says where it wants to send, the operator's list says where it may.

use std::fmt;

use reqwest::Url;

use super::address_guard::Scheme;

/// A list of hosts: exact names such as `help.example.com`, or `*.example.com` for every name below it (and not
/// itself). Without a port an entry stands for the scheme's own port.
#[derive(Clone, PartialEq, Eq)]
pub struct AllowedHosts {
    origin: String,
    patterns: Vec<Pattern>,
}

#[derive(Clone, PartialEq, Eq)]
struct Pattern {
    /// Everything below `host`.
    is_wildcard: bool,
    host: String,
    port: Option<u16>,
}

/// An entry of a list of hosts that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{entry}' in {origin} is no host: {problem}")]
pub struct BadHost {
    pub entry: String,
    pub origin: String,
    pub problem: &'static str,
}

impl AllowedHosts {
    /// Reads a list. `origin` says where it stands, as in "`hosts` of source 'support'"; refusals name it.
    pub fn parse<I>(origin: impl Into<String>, entries: I) -> Result<Self, BadHost>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let origin = origin.into();
        let mut patterns = Vec::new();
        for entry in entries {
            let entry = entry.as_ref();
            let pattern = Pattern::parse(entry).map_err(|problem| BadHost {
                entry: entry.chars().take(256).collect(),
                origin: origin.clone(),
                problem,
            })?;
            patterns.push(pattern);
        }
        Ok(Self { origin, patterns })
    }

    /// A list of the one host that `url` names: an operator who configures a URL allows its host.
    pub fn of_url(origin: impl Into<String>, url: &str) -> Result<Self, BadHost> {
        let origin = origin.into();
        // The URL itself may be a secret, as those of chat webhooks are.
        let bad = |problem| BadHost { entry: "the URL".to_owned(), origin: origin.clone(), problem };
        let host = host_of(url).ok_or_else(|| bad("it must be an http or https URL with a host"))?;
        Self::parse(origin.clone(), [host])
    }

    pub(crate) fn allows(&self, target: &Target) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(target))
    }

    /// Where the list stands.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Debug for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<_> = self.patterns.iter().map(ToString::to_string).collect();
        f.debug_struct("AllowedHosts").field("origin", &self.origin).field("patterns", &patterns).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_wildcard { "*." } else { "" })?;
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Self, &'static str> {
        if entry.contains("://") {
            return Err("write the host alone, without https://");
        }
        if entry.chars().any(|c| matches!(c, '/' | '\\' | '@' | '?' | '#' | '%') || c.is_whitespace() || c.is_control())
        {
            return Err("write a name like help.example.com, *.example.com or help.example.com:8443");
        }
        let (is_wildcard, rest) = entry.strip_prefix("*.").map_or((false, entry), |rest| (true, rest));
        if rest.contains('*') {
            return Err("a * may only stand at the beginning, as in *.example.com");
        }
        let (host, port) = split_port(rest)?;
        let host =
            normal_host(host).ok_or("write a name like help.example.com, *.example.com or help.example.com:8443")?;
        if is_wildcard && (!host.contains('.') || literal(&host).is_some()) {
            return Err("a * needs a name of at least two labels behind it, as in *.example.com");
        }
        Ok(Self { is_wildcard, host, port })
    }

    fn matches(&self, target: &Target) -> bool {
        let is_host = if self.is_wildcard {
            target.host.strip_suffix(&self.host).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            target.host == self.host
        };
        is_host && target.port == self.port.unwrap_or(target.scheme.default_port())
    }
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let end_of_host = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = text.get(end_of_host..).and_then(|rest| rest.rfind(':')) else {
        return Ok((text, None));
    };
    let (host, port) = text.split_at(end_of_host + colon);
    match port.trim_start_matches(':').parse::<u16>() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err("its port must be a number from 1 to 65535"),
    }
}

/// The host as URLs are normalised to it: lower case, punycode, IPv4 in four decimal parts, no dot at the end.
fn normal_host(host: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    let host = url.host_str()?.trim_end_matches('.');
    (!host.is_empty() && url.port().is_none()).then(|| host.to_owned())
}

/// The address that `host` is, where it is no name.
pub(crate) fn literal(host: &str) -> Option<std::net::IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The host of `url` as it would stand in a list of hosts, with its port where that is not the scheme's own. This is what
/// `$base_url` in a manifest stands for.
pub fn host_of(url: &str) -> Option<String> {
    let target = Target::of(&Url::parse(url).ok()?)?;
    Some(target.to_string())
}

/// Where a request goes. What is shown of it holds no path and no query, which may carry secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// None where `url` is not of http or https, or has no host.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return None,
        };
        let host = url.host_str()?.trim_end_matches('.');
        let port = url.port().unwrap_or(scheme.default_port());
        (!host.is_empty()).then(|| Self { scheme, host: host.to_owned(), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entry: &str, url: &str, expected: bool) {
        let hosts = AllowedHosts::parse("a list", [entry]).unwrap();
        let target = Target::of(&Url::parse(url).unwrap()).unwrap();
        assert_eq!(hosts.allows(&target), expected, "{entry} {url}");
    }

    #[test]
    fn matches_exact_names() {
        check("help.example.com", "https://help.example.com/api", true);
        check("Help.Example.COM", "https://help.example.com", true);
        check("help.example.com", "https://HELP.example.com./x", true);
        check("help.example.com.", "https://help.example.com/x", true);
        check("help.example.com", "https://example.com", false);
        check("help.example.com", "https://help.example.com.evil.org", false);
        check("help.example.com", "https://xhelp.example.com", false);
        check("hilfe.münchen.example", "https://hilfe.xn--mnchen-3ya.example/", true);
    }

    #[test]
    fn matches_names_below_a_wildcard() {
        check("*.example.com", "https://a.example.com", true);
        check("*.example.com", "https://a.b.example.com", true);
        check("*.example.com", "https://example.com", false);
        check("*.example.com", "https://evilexample.com", false);
        check("*.example.com", "https://.example.com", false);
        check("*.example.com:8443", "https://a.example.com:8443", true);
    }

    #[test]
    fn matches_ports_and_addresses() {
        check("help.example.com", "https://help.example.com:443/", true);
        check("help.example.com", "https://help.example.com:8443/", false);
        check("help.example.com:8443", "https://help.example.com:8443/", true);
        check("help.example.com:8443", "https://help.example.com/", false);
        check("help.example.com", "http://help.example.com/", true);
        check("127.0.0.1:8080", "http://127.0.0.1:8080/", true);
        check("127.0.0.1", "http://0x7f.1/", true);
        check("[::1]:8080", "http://[::1]:8080/", true);
        check("[::1]", "http://[0:0:0:0:0:0:0:1]/", true);
    }

    #[test]
    fn refuses_what_is_no_host() {
        for entry in [
            "",
            "*",
            "*.",
            "*.com",
            "a.*.com",
            "https://a.com",
            "a.com/x",
            "a@b.com",
            "a b",
            "a.com:0",
            "a.com:99999",
            "a.com:x",
            "*.10.0.0.1",
            "[::1",
            ".",
        ] {
            assert!(AllowedHosts::parse("a list", [entry]).is_err(), "{entry}");
        }
        let error = AllowedHosts::parse("`hosts` of source 'support'", ["https://a.com"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "'https://a.com' in `hosts` of source 'support' is no host: write the host alone, without https://"
        );
    }

    #[test]
    fn gives_the_host_of_a_url() {
        assert_eq!(host_of("https://Example.helpdesk.test/api/v2").as_deref(), Some("example.helpdesk.test"));
        assert_eq!(host_of("http://10.0.0.5:8080/").as_deref(), Some("10.0.0.5:8080"));
        assert_eq!(host_of("ftp://example.com"), None);
        assert_eq!(host_of("help.example.com"), None);
        let error = AllowedHosts::of_url("destination 'ops'", "secret").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
