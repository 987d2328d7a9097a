//! Requests that are HTTP and still odd: whatever reaches our code is answered with a problem that
//! has a request id.

use crate::edge::send_raw;

fn ask(line: &str, rest: &str) -> crate::edge::Reply {
    send_raw(format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{rest}\r\n").as_bytes())
}

#[test]
fn odd_targets_and_methods_are_problems() {
    for (line, status, code) in [
        ("GET //v1/orders", 404, "not_found"),
        ("GET /v1/orders/../orders", 404, "not_found"),
        ("GET /v1/orders/%ff", 404, "not_found"),
        ("GET /v1/orders/%", 404, "not_found"),
        ("GET /v1%2forders", 404, "not_found"),
        ("GET /v1/orders/ord_1%0d%0ax:y", 404, "not_found"),
        ("GET http://elsewhere.test/nowhere", 404, "not_found"),
        ("OPTIONS *", 404, "not_found"),
        ("CONNECT elsewhere.test:443", 404, "not_found"),
        ("TRACE /v1/orders", 405, "method_not_allowed"),
        ("OPTIONS /v1/orders", 405, "method_not_allowed"),
        ("BREW /v1/orders", 405, "method_not_allowed"),
        ("GET /v1/orders?limit=%ff", 400, "malformed_request"),
        ("GET /v1/orders?=", 400, "malformed_request"),
    ] {
        let reply = ask(line, "");
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (status, code),
            "{line}"
        );
    }
}

#[test]
fn bodies_that_break_off_are_problems() {
    let json = "content-type: application/json\r\n";
    for (rest, body) in [
        ("transfer-encoding: chunked\r\n", "zz\r\n"),
        ("transfer-encoding: chunked\r\n", "5\r\n{\"a\"}XX"),
    ] {
        let text = format!(
            "POST /v1/orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{json}{rest}\r\n{body}"
        );
        let reply = send_raw(text.as_bytes());
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "malformed_request"),
            "{body:?}"
        );
    }
}

#[test]
fn a_body_that_is_announced_and_refused_is_not_waited_for() {
    // Wrong path, wrong method, wrong type: none of them is worth reading a body for.
    for (line, kind) in [
        ("POST /nowhere", "application/json"),
        ("PUT /v1/orders", "application/json"),
        ("POST /v1/orders", "text/plain"),
    ] {
        let began = std::time::Instant::now();
        let text = format!(
            "{line} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n{{"
        );
        let reply = send_raw(text.as_bytes());
        reply.problem();
        assert!(
            began.elapsed().as_secs() < 8,
            "{line}: {:?}",
            began.elapsed()
        );
    }
}
