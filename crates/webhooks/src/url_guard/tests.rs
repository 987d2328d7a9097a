//! URLs an attacker, a careless shop or a test would register.

use super::{AddressClass, UrlGuard, UrlRefused};

fn closed() -> UrlGuard {
    UrlGuard::new::<&str>(&[], &[]).unwrap()
}

fn open_inside() -> UrlGuard {
    UrlGuard::new(
        &["shop.internal", "printer.internal:9000"],
        &["127.0.0.0/8", "10.0.0.0/8:8080", "[fd00::/8]:8080"],
    )
    .unwrap()
}

#[track_caller]
fn refuses(guard: &UrlGuard, url: &str, why: UrlRefused) {
    assert_eq!(
        guard.check(url).map(|c| c.as_str().to_owned()),
        Err(why),
        "{url}"
    );
}

#[test]
fn public_https_urls_pass() {
    for url in [
        "https://shop.example.co.id/hook",
        "https://shop.example.co.id",
        "https://shop.example.co.id:443/hook?x=1&y=%20",
        "https://shop.example.co.id:8443/a/b|c{d}",
        "https://93.184.216.34/hook",
        "https://[2606:4700:4700::1111]:8443/hook",
        "HTTPS://Shop.Example/Hook",
        "https://toko-münchen.example/hook",
    ] {
        assert!(
            closed().check(url).is_ok(),
            "{url} {:?}",
            closed().check(url)
        );
    }
}

#[test]
fn what_is_not_public_https_is_refused() {
    for (url, why) in [
        ("", UrlRefused::Malformed),
        ("shop.example/hook", UrlRefused::Malformed),
        ("https:shop.example/hook", UrlRefused::Malformed),
        ("https:///hook", UrlRefused::Malformed),
        ("https://", UrlRefused::Malformed),
        ("https://shop.example:0/", UrlRefused::Port),
        ("https://shop.example:70000/", UrlRefused::Malformed),
        ("ftp://shop.example/", UrlRefused::Scheme),
        ("file:///etc/passwd", UrlRefused::Scheme),
        ("gopher://127.0.0.1/", UrlRefused::Scheme),
        ("unix:///var/run/docker.sock", UrlRefused::Scheme),
        ("http://shop.example/hook", UrlRefused::PlainHttp),
        ("http://shop.example:443/hook", UrlRefused::PlainHttp),
        ("http://93.184.216.34/", UrlRefused::PlainHttp),
        ("https://shop.example:22/hook", UrlRefused::Port),
        ("https://shop.example:80/hook", UrlRefused::Port),
        ("https://user@shop.example/", UrlRefused::Userinfo),
        ("https://user:pw@shop.example/", UrlRefused::Userinfo),
        ("https://@shop.example/", UrlRefused::Userinfo),
        ("https://:@shop.example/", UrlRefused::Userinfo),
        ("https://evil.example@127.0.0.1/", UrlRefused::Userinfo),
        ("https://shop.example/#top", UrlRefused::Fragment),
        ("https://shop.example\\@127.0.0.1/", UrlRefused::Malformed),
        ("https://shop.example/a b", UrlRefused::Malformed),
        (" https://shop.example/", UrlRefused::Malformed),
        ("https://shop.exa\tmple/", UrlRefused::Malformed),
        ("https://shop.example/\n", UrlRefused::Malformed),
        ("https://sh%6fp.example/", UrlRefused::Malformed),
        ("https://./", UrlRefused::Malformed),
        ("https://shop..example/", UrlRefused::Malformed),
        ("https://localhost../", UrlRefused::Malformed),
        ("https://127.0.0.1../", UrlRefused::Malformed),
    ] {
        refuses(&closed(), url, why);
    }
    refuses(
        &closed(),
        &format!("https://shop.example/{}", "a".repeat(2048)),
        UrlRefused::Malformed,
    );
}

#[test]
fn what_leads_inside_is_refused() {
    for (url, why) in [
        (
            "https://127.0.0.1/",
            UrlRefused::Address(AddressClass::Loopback),
        ),
        (
            "https://10.0.0.1:8443/",
            UrlRefused::Address(AddressClass::Private),
        ),
        (
            "https://0.0.0.0/",
            UrlRefused::Address(AddressClass::Unspecified),
        ),
        (
            "https://[::1]/",
            UrlRefused::Address(AddressClass::Loopback),
        ),
        (
            "https://[::]/",
            UrlRefused::Address(AddressClass::Unspecified),
        ),
        (
            "https://[::ffff:7f00:1]/",
            UrlRefused::Address(AddressClass::Mapped),
        ),
        (
            "https://localhost/",
            UrlRefused::Address(AddressClass::Loopback),
        ),
        (
            "https://LOCALHOST./",
            UrlRefused::Address(AddressClass::Loopback),
        ),
        (
            "https://shop.localhost/",
            UrlRefused::Address(AddressClass::Loopback),
        ),
        ("https://169.254.169.254/", UrlRefused::NeverAllowed),
        ("https://[fe80::1]/", UrlRefused::NeverAllowed),
        ("https://[fd00:ec2::254]/", UrlRefused::NeverAllowed),
        ("https://[::ffff:a9fe:a9fe]/", UrlRefused::NeverAllowed),
    ] {
        refuses(&closed(), url, why);
    }
}

#[test]
fn odd_spellings_of_numeric_hosts_are_refused_even_where_the_address_is_allowed() {
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0177.1",
        "127.0.0.01",
        "0x7f.0x0.0x0.0x1",
        "017700000001",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "[0:0:0:0:0:0:0:1]",
        "[::0001]",
        "[::ffff:127.0.0.1]",
        "[FD00::1]",
        "[fd00:0::1]",
    ] {
        for url in [
            format!("http://{host}/hook"),
            format!("http://{host}:8080/hook"),
            format!("https://{host}/hook"),
        ] {
            refuses(&open_inside(), &url, UrlRefused::NumericHost);
        }
    }
    for host in ["%31%32%37.0.0.1", "127.0.0.%31"] {
        refuses(
            &open_inside(),
            &format!("http://{host}/"),
            UrlRefused::Malformed,
        );
    }
}

#[test]
fn allowed_hosts_and_networks_open_http_and_any_port() {
    for url in [
        "http://127.0.0.1:9000/hook",
        "http://127.9.9.9/hook",
        "http://localhost:9000/hook",
        "http://10.1.2.3:8080/",
        "https://10.1.2.3:8080/",
        "http://[fd00::1]:8080/",
        "http://shop.internal/",
        "http://Shop.Internal:1234/",
        "http://printer.internal:9000/",
    ] {
        assert!(open_inside().check(url).is_ok(), "{url}");
    }
}

#[test]
fn allowances_stop_at_their_port_and_range() {
    for (url, why) in [
        (
            "http://10.1.2.3:8081/",
            UrlRefused::Address(AddressClass::Private),
        ),
        (
            "http://192.168.0.1:8080/",
            UrlRefused::Address(AddressClass::Private),
        ),
        (
            "http://[fd00::1]:8081/",
            UrlRefused::Address(AddressClass::Private),
        ),
        ("http://[::1]/", UrlRefused::Address(AddressClass::Loopback)),
        (
            "http://[::ffff:a01:203]:8080/",
            UrlRefused::Address(AddressClass::Mapped),
        ),
        ("http://169.254.169.254:8080/", UrlRefused::NeverAllowed),
        ("http://8.8.8.8:8080/", UrlRefused::PlainHttp),
    ] {
        refuses(&open_inside(), url, why);
    }
}

#[test]
fn metadata_addresses_stay_refused_when_their_host_is_allowed() {
    let guard = UrlGuard::new::<&str>(
        &["169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"],
        &[],
    )
    .unwrap();
    for url in [
        "http://169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
    ] {
        refuses(&guard, url, UrlRefused::NeverAllowed);
    }
}

#[test]
fn a_name_that_only_a_network_could_permit_waits_for_its_address() {
    let guard = UrlGuard::new::<&str>(&[], &["10.0.0.0/8:8080"]).unwrap();
    assert!(guard.check("http://shop.cluster.example:8080/").is_ok());
    refuses(
        &guard,
        "http://shop.cluster.example:8081/",
        UrlRefused::PlainHttp,
    );
}
