//! What a connection costs at most, seen on raw sockets: heads that never end, second requests on
//! public listeners, and what is no HTTP at all.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use service_shell::descriptors;

use crate::support::{Shop, an_order, quick, shared};

/// The deadline of a head, and what a busy machine may take on top.
const HEAD_ENDS_WITHIN: Duration = Duration::from_secs(8);
/// A reply that closes closes at once.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.replace("http://", "")).unwrap();
    let patience = Some(Duration::from_secs(25));
    stream.set_read_timeout(patience).unwrap();
    stream
}

/// Everything until the server closes, and how long it took.
fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut seen = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => seen.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("still open: {error}; {}", String::from_utf8_lossy(&seen)),
        }
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    (text, began.elapsed())
}

fn listeners() -> [(String, &'static str); 3] {
    let stack = shared();
    [
        (stack.callback_url(0), "/v1.0/qr/qr-mpm-notify"),
        (stack.checkout_url(), "/pay/nothing"),
        (stack.api_url(0), "/v1/orders"),
    ]
}

/// Trap T5: the framework has no deadline for the head of a second request, so those whom the
/// world can reach take one request a connection. The merchants' listener is internal.
#[test]
fn a_public_listener_waits_for_no_second_request() {
    let unsigned = "POST /v1.0/qr/qr-mpm-notify HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n\
                    content-length: 2\r\n\r\n{}";
    let page = "GET /pay/nothing HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n\r\n";
    let stack = shared();
    for (url, whole, status) in [
        (stack.callback_url(0), unsigned, 401),
        (stack.checkout_url(), page, 404),
    ] {
        for second in ["", "GET / HTTP/1.1\r\nho"] {
            let mut stream = connect(&url);
            let bytes = format!("{whole}{second}");
            stream.write_all(bytes.as_bytes()).unwrap();
            let (seen, took) = until_closed(&mut stream);
            assert!(took < CLOSES_WITHIN, "{url}: {took:?}");
            assert!(seen.starts_with(&format!("HTTP/1.1 {status} ")), "{seen}");
            assert_eq!(seen.matches("HTTP/1.1 ").count(), 1, "{seen}");
            assert!(
                seen.to_ascii_lowercase().contains("connection: close"),
                "{seen}"
            );
        }
    }
}

/// Sent at once, before the first reply says that it is the last.
#[test]
fn what_is_sent_behind_the_first_request_comes_to_nobody_on_a_public_listener() {
    let stack = shared();
    for (url, line, status) in [
        (stack.callback_url(0), "GET /v1.0/qr/qr-mpm-notify", 405),
        (stack.checkout_url(), "GET /pay/nothing", 404),
        (stack.console_url(), "GET /sign-in", 404),
    ] {
        let one = format!("{line} HTTP/1.1\r\nhost: a\r\n\r\n");
        for count in [2, 7, 50] {
            let mut stream = connect(&url);
            stream.write_all(one.repeat(count).as_bytes()).unwrap();
            let (seen, _) = until_closed(&mut stream);
            let mut statuses = seen
                .split("HTTP/1.1 ")
                .skip(1)
                .map(|reply| reply.get(..3).unwrap_or_default());
            let first = statuses.next().unwrap();
            let console_has_an_operator = first == "200" && url == stack.console_url();
            assert!(
                first == status.to_string() || console_has_an_operator,
                "{url}: {seen}"
            );
            assert!(statuses.all(|status| status == "400"), "{url}: {seen}");
        }
    }
}

/// The programs, of which `gateway-api` may open 1,024 files and no more.
fn with_few_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let of_this_build = std::env::current_exe().unwrap();
    let programs = of_this_build.ancestors().nth(2).unwrap();
    for name in ["ayolinx-sandbox", "callback-worker", "gatewayctl"] {
        std::os::unix::fs::symlink(programs.join(name), folder.path().join(name)).unwrap();
    }
    let script = format!(
        "#!/bin/sh\nulimit -n 1024\nexec '{}' \"$@\"\n",
        programs.join("gateway-api").display()
    );
    let path = folder.path().join("gateway-api");
    std::fs::write(&path, script).unwrap();
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, all).unwrap();
    folder
}

#[actix_rt::test]
async fn silent_visitors_of_the_payers_listener_take_no_file_from_the_shops() {
    descriptors::raise_limit();
    let folder = with_few_files();
    let stack = quick().programs_from(folder.path()).start().await.unwrap();
    let shop = Shop::of(&stack);
    for _ in 0..3 {
        let page = stack.checkout_url();
        let silent: Vec<TcpStream> = (0..1_100).map(|_| connect(&page)).collect();
        shop.made(&an_order("qris")).await;
        shop.get("/v1/orders").await.expect(200);
        drop(silent);
    }
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let waiting = listeners().map(|(url, path)| {
        std::thread::spawn(move || {
            let mut stream = connect(&url);
            let half = format!("GET {path} HTTP/1.1\r\nhost: gateway.te");
            stream.write_all(half.as_bytes()).unwrap();
            let (seen, took) = until_closed(&mut stream);
            assert!(took < HEAD_ENDS_WITHIN, "{url}: {took:?}");
            assert!(seen.starts_with("HTTP/1.1 408 "), "{url}: {seen}");
        })
    });
    for one in waiting {
        one.join().unwrap();
    }
}

#[test]
fn what_is_no_http_is_answered_without_a_body_and_closed() {
    let many: String = (0..120).map(|at| format!("x-{at}: y\r\n")).collect();
    let long = "y".repeat(200_000);
    for (url, path) in listeners() {
        for (head, status) in [
            ("GARBAGE\r\n\r\n".to_owned(), 400),
            (format!("GET {path} HTTP/1.1\r\n\r\n"), 400),
            (
                format!("GET {path} HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"),
                400,
            ),
            (
                format!(
                    "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"
                ),
                400,
            ),
            (
                format!(
                    "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
                ),
                400,
            ),
            (format!("GET {path} HTTP/1.1\r\nhost: a\r\n{many}\r\n"), 431),
            (
                format!("GET {path} HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n"),
                431,
            ),
        ] {
            let mut stream = connect(&url);
            // The server may refuse before it has read all.
            stream.write_all(head.as_bytes()).ok();
            let (seen, took) = until_closed(&mut stream);
            let shown: String = head.chars().take(80).collect();
            assert!(took < CLOSES_WITHIN, "{url} {shown:?}: {took:?}");
            assert!(
                seen.starts_with(&format!("HTTP/1.1 {status} ")),
                "{url} {shown:?}: {seen}"
            );
            assert!(
                seen.ends_with("\r\n\r\n"),
                "no body: {url} {shown:?}: {seen}"
            );
        }
    }
}

#[test]
fn a_body_that_nobody_reads_holds_no_connection() {
    let stack = shared();
    let waiting = [
        (stack.callback_url(0), "POST /nowhere"),
        (stack.callback_url(0), "PUT /v1.0/qr/qr-mpm-notify"),
        (stack.checkout_url(), "POST /nowhere"),
        (stack.checkout_url(), "PUT /pay/nothing"),
        (stack.api_url(0), "POST /nowhere"),
        (stack.api_url(0), "PUT /v1/orders"),
        (stack.api_url(0), "POST /v1/orders"),
    ]
    .map(|(url, line)| {
        std::thread::spawn(move || {
            let mut stream = connect(&url);
            let head = format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let mut dripping = stream.try_clone().unwrap();
            std::thread::spawn(move || {
                while dripping.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
            let (seen, took) = until_closed(&mut stream);
            assert!(seen.starts_with("HTTP/1.1 4"), "{url} {line}: {seen}");
            assert!(took < HEAD_ENDS_WITHIN, "{url} {line}: {took:?}");
        })
    });
    for one in waiting {
        one.join().unwrap();
    }
}
