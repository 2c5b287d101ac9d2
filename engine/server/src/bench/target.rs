//! Where deliveries go.

use super::Error;

/// An account of a running engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// `host:port`
    pub(super) authority: String,
    pub(super) path: String,
}

impl Target {
    /// `url` is the engine's or the account's; `source` names the account where the URL does not.
    pub(super) fn parse(url: &str, source: &str) -> Result<Self, Error> {
        let wrong = || Error::Url(url.chars().take(200).collect());
        let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
        let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        if parsed.scheme() != "http" || !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong());
        }
        let port = parsed.port_or_known_default().ok_or_else(wrong)?;
        let base = parsed.path().trim_end_matches('/');
        let path = if base.contains("/hooks/") { base.to_owned() } else { format!("{base}/hooks/{source}") };
        let query = parsed.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { authority: format!("{host}:{port}"), path: path + &query })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        let actual = Target::parse(url, "shop").ok().map(|target| target.url());
        assert_eq!(actual.as_deref(), expected, "{url}");
    }

    #[test]
    fn an_account_is_found_by_the_engines_url_or_its_own() {
        check("http://127.0.0.1:8484", Some("http://127.0.0.1:8484/hooks/shop"));
        check("http://localhost/", Some("http://localhost:80/hooks/shop"));
        check("http://[::1]:1", Some("http://[::1]:1/hooks/shop"));
        check("http://h:1/hooks/other?x=1", Some("http://h:1/hooks/other?x=1"));
        check("http://h:1/behind/a/proxy", Some("http://h:1/behind/a/proxy/hooks/shop"));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for url in ["https://h", "127.0.0.1:8484", "", "http://user:pass@h", "file:///x"] {
            check(url, None);
        }
    }
}
