//! E-mail addresses as the provider takes them: ASCII (contract 4.1, protocol 4.7, 4.9, 4.11).

use url::Host;

const CHARS_MAX: usize = 254;
const LOCAL_CHARS_MAX: usize = 64;
const HOST_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;

/// Returns the address as a mail server takes it, or `None`: a dot-atom before the `@`, a dotted host name after it.
/// A host name in other letters is written in its ASCII form (`münchen.example` as `xn--mnchen-3ya.example`), which
/// names the same host; before the `@` nothing can be rewritten.
#[must_use]
pub fn ascii_email(text: &str) -> Option<String> {
    let (local, host) = text.rsplit_once('@')?;
    let host = match host.is_ascii() {
        true => host.to_owned(),
        false => match Host::parse(host).ok()? {
            Host::Domain(name) => name,
            Host::Ipv4(_) | Host::Ipv6(_) => return None,
        },
    };
    let right = (1..=LOCAL_CHARS_MAX).contains(&local.len())
        && local.split('.').all(is_atom)
        && host.len() <= HOST_CHARS_MAX
        && host.contains('.')
        && host.split('.').all(is_host_label);
    let address = format!("{local}@{host}");
    (right && address.len() <= CHARS_MAX).then_some(address)
}

fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
}

fn is_host_label(text: &str) -> bool {
    (1..=LABEL_CHARS_MAX).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_server_takes_is_sent_as_it_is() {
        for good in [
            "budi@example.co.id",
            "a+b@x.io",
            "o'neil.b@sub-1.example.com",
            "info@xn--mnchen-3ya.example",
            "Budi@EXAMPLE.com",
        ] {
            assert_eq!(ascii_email(good).as_deref(), Some(good));
        }
    }

    #[test]
    fn a_host_name_in_other_letters_is_written_in_ascii() {
        for (text, ascii) in [
            ("info@münchen.example", "info@xn--mnchen-3ya.example"),
            ("info@MÜNCHEN.example", "info@xn--mnchen-3ya.example"),
            ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
            ("a@пример.испытание", "a@xn--e1afmkfd.xn--80akhbyknj4f"),
        ] {
            assert_eq!(ascii_email(text).as_deref(), Some(ascii), "{text}");
        }
    }

    #[test]
    fn everything_else_is_not_sent() {
        for bad in [
            "",
            "budi",
            "@example.com",
            "budi@",
            "budi@localhost",
            "a b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@-x.com",
            "a@x..com",
            "a@b@c.com",
            "bü@example.com",
            "a@exa mple.com",
            "a@mün chen.example",
            "a@münchen.example/x",
            "Budi <budi@example.com>",
            "a,b@example.com",
        ] {
            assert_eq!(ascii_email(bad), None, "{bad}");
        }
        let long = format!("a@{}.com", ["x".repeat(60).as_str(); 5].join("."));
        assert_eq!(ascii_email(&long), None);
    }
}
