//! Where a payer may be sent: https, no user info, and only to the channel's hosts where it names some.

use url::Url;

use crate::settings::is_loopback;

/// What is allowed for one channel.
pub(crate) struct RedirectRule<'a> {
    /// Empty: any host.
    pub(crate) hosts: &'a [String],
    /// A provider on this machine may redirect to this machine over http.
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

    #[track_caller]
    fn check(hosts: &[&str], provider_is_loopback: bool, url: &str, allowed: bool) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let rule = RedirectRule {
            hosts: &hosts,
            provider_is_loopback,
        };
        assert_eq!(rule.allows(url), allowed, "{url}");
    }

    #[test]
    fn only_https_without_user_info_and_to_listed_hosts() {
        check(&[], false, "https://m.dana.id/x?y=1&z=2", true);
        check(&[], false, "http://m.dana.id/x", false);
        check(&[], false, "http://127.0.0.1/x", false);
        check(&[], false, "javascript:alert(1)", false);
        check(&[], false, "https://a@m.dana.id/", false);
        check(&[], false, "https://m.dana.id/\nx", false);
        check(&[], false, "", false);
        check(&["m.dana.id"], false, "https://M.DANA.ID/x", true);
        check(
            &["m.dana.id"],
            false,
            "https://m.dana.id.evil.example/x",
            false,
        );
        check(
            &["m.dana.id"],
            false,
            "https://evil.example/m.dana.id",
            false,
        );
        check(&["m.dana.id"], true, "http://127.0.0.1:8090/x", false);
    }

    #[test]
    fn a_provider_on_this_machine_may_use_http_to_this_machine() {
        check(&[], true, "http://127.0.0.1:8090/pay/1", true);
        check(&[], true, "http://localhost:8090/pay/1", true);
        check(&[], true, "http://[::1]:8090/pay/1", true);
        check(&[], true, "http://10.0.0.1/pay/1", false);
    }
}
