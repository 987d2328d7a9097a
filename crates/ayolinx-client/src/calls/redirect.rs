//! The rule for redirects of a payer: https, no user info, and only to the channel's hosts where it
//! names some.

use url::Url;

use crate::settings::is_loopback;

/// The rule for one channel.
pub(crate) struct RedirectRule<'a> {
    /// The hosts that are allowed; empty: any host.
    pub(crate) hosts: &'a [String],
    /// Set when the provider is on this machine and may redirect to this machine over http.
    pub(crate) provider_is_loopback: bool,
}

impl RedirectRule<'_> {
    pub(crate) fn allows(&self, url: &str) -> bool {
        if url
            .chars()
            .any(|letter| letter.is_control() || letter.is_whitespace())
        {
            return false;
        }
        let Ok(parsed) = Url::parse(url) else {
            return false;
        };
        let Some(host) = parsed.host() else {
            return false;
        };
        let local = self.provider_is_loopback && is_loopback(&host);
        let secure = parsed.scheme() == "https" || (parsed.scheme() == "http" && local);
        let anonymous = parsed.username().is_empty() && parsed.password().is_none();
        let name = host.to_string();
        let listed = self.hosts.is_empty()
            || self
                .hosts
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(&name));
        secure && anonymous && listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(hosts: &[&str], provider_is_loopback: bool, url: &str) -> bool {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let rule = RedirectRule {
            hosts: &hosts,
            provider_is_loopback,
        };
        rule.allows(url)
    }

    #[test]
    fn only_https_without_user_info() {
        assert!(allowed(&[], false, "https://m.dana.id/x?y=1&z=2"));
        for url in [
            "http://m.dana.id/x",
            "http://127.0.0.1/x",
            "javascript:alert(1)",
            "https://a@m.dana.id/",
            "https://m.dana.id/\nx",
            "//m.dana.id/x",
            "",
        ] {
            assert!(!allowed(&[], false, url), "{url}");
        }
    }

    #[test]
    fn only_the_channels_hosts_where_it_names_some() {
        let hosts = ["m.dana.id"];
        assert!(allowed(&hosts, false, "https://M.DANA.ID/x"));
        for url in [
            "https://m.dana.id.evil.example/x",
            "https://evil.example/m.dana.id",
            "https://evil.example\\@m.dana.id/",
        ] {
            assert!(!allowed(&hosts, false, url), "{url}");
        }
        assert!(!allowed(&hosts, true, "http://127.0.0.1:8090/x"));
    }

    #[test]
    fn a_provider_on_this_machine_may_use_http_to_this_machine() {
        for url in [
            "http://127.0.0.1:8090/pay/1",
            "http://localhost:8090/pay/1",
            "http://[::1]:8090/pay/1",
        ] {
            assert!(allowed(&[], true, url), "{url}");
        }
        assert!(!allowed(&[], true, "http://10.0.0.1/pay/1"));
    }
}
