//! Replies that say what they should in a dress that fronts and old servers give them: none of it loses an outcome.

use std::io::Write as _;

use ayolinx_client::{Outcome, ProtocolReason};
use ayolinx_core::method::Method;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::bodies::{REFERENCE, channel, request};
use crate::stub::{Act, Stub, token_body};

const CREATED: &str = r#"{"responseCode":"2004700","partnerReferenceNo":"REFERENCE","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#;
const PAID: &str = r#"{"responseCode":"2005100","originalPartnerReferenceNo":"REFERENCE","latestTransactionStatus":"00"}"#;
const CANCELLED: &str = r#"{"responseCode":"2007700","originalPartnerReferenceNo":"REFERENCE"}"#;

type Dress = fn(&str) -> Vec<u8>;

/// A head, and what follows it.
fn whole(head: &str, body: &[u8]) -> Vec<u8> {
    [head.as_bytes(), b"\r\n\r\n", body].concat()
}

fn sized(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    whole(
        &format!("HTTP/1.1 200 OK\r\nContent-Length: {length}{headers}"),
        body,
    )
}

fn marked(json: &str) -> Vec<u8> {
    format!("\u{feff}{json}").into_bytes()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

const DRESSES: [(&str, Dress); 10] = [
    ("a byte order mark", |json| sized("", &marked(json))),
    ("gzip that nobody asked for", |json| {
        sized("\r\nContent-Encoding: gzip", &gzip(json.as_bytes()))
    }),
    ("gzip over a byte order mark", |json| {
        sized("\r\ncontent-encoding: X-GZIP", &gzip(&marked(json)))
    }),
    ("a length said twice", |json| {
        sized(
            &format!("\r\ncontent-length: {}", json.len()),
            json.as_bytes(),
        )
    }),
    ("a thousand headers", |json| {
        sized(&"\r\nX-Trace: 0123456789".repeat(1_000), json.as_bytes())
    }),
    ("a header that is none", |json| {
        sized("\r\nno header", json.as_bytes())
    }),
    ("no length", |json| {
        whole("HTTP/1.1 200 OK", json.as_bytes())
    }),
    ("HTTP/1.0", |json| whole("HTTP/1.0 200 OK", json.as_bytes())),
    ("chunks", |json| {
        let body = format!("{:x}\r\n{json}\r\n0\r\n\r\n", json.len());
        whole(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
            body.as_bytes(),
        )
    }),
    ("interim replies and all that", |json| {
        let mut all =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
        all.extend(sized("\r\nContent-Encoding: gzip", &gzip(&marked(json))));
        all
    }),
];

/// The four calls at a provider that dresses its replies so and spells our reference so.
async fn all_are_accepted(name: &str, dress: Dress, spelt: &str) {
    let act = |json: &str| Act::Raw(dress(&json.replace("REFERENCE", spelt)));
    let stub = Stub::with_token_acts(
        &[act(&token_body(1))],
        &[act(CREATED), act(PAID), act(CANCELLED)],
    );
    let client = stub.client();
    let channel = channel("BNC_QRIS");
    let created = client.create(&request(&channel)).await;
    assert_eq!(created.name(), "accepted", "{name}: {created:?}");
    let asked = client.inquire(Method::Qris, "BNC_QRIS", REFERENCE).await;
    assert_eq!(asked.name(), "accepted", "{name}: {asked:?}");
    let cancelled = client.cancel_qris(REFERENCE, "BNC_QRIS").await;
    assert_eq!(cancelled.name(), "accepted", "{name}: {cancelled:?}");
    assert_eq!(
        (stub.token_requests(), stub.calls().len()),
        (1, 3),
        "{name}"
    );
}

#[actix_rt::test]
async fn whatever_it_wears_a_reply_is_read() {
    for (name, dress) in DRESSES {
        all_are_accepted(name, dress, REFERENCE).await;
    }
}

#[actix_rt::test]
async fn our_reference_is_ours_in_capitals_and_among_blanks() {
    let plain: Dress = |json| sized("", json.as_bytes());
    let capitals = REFERENCE.to_ascii_uppercase();
    for spelt in [
        capitals.clone(),
        format!("  {REFERENCE}"),
        format!("{capitals}\\t "),
        format!("\\n{REFERENCE}\u{a0}"),
    ] {
        all_are_accepted(&spelt, plain, &spelt).await;
    }
    let others = REFERENCE.replacen('0', "1", 1);
    let stub = Stub::new(&[Act::Raw(plain(&CREATED.replace("REFERENCE", &others)))]);
    let channel = channel("BNC_QRIS");
    let created = stub.client().create(&request(&channel)).await;
    assert!(
        matches!(
            created,
            Outcome::Protocol {
                reason: ProtocolReason::OtherReference,
                ..
            }
        ),
        "{created:?}"
    );
}

#[actix_rt::test]
async fn what_cannot_be_undone_is_unknown_and_never_refused() {
    let refusing = r#"{"responseCode":"4004700","responseMessage":"no"}"#;
    let half = gzip(CREATED.as_bytes());
    let half = &half[..half.len() / 2];
    let bomb = gzip(&vec![b' '; 1_000_000]);
    for body in [half, &bomb, refusing.as_bytes()] {
        let stub = Stub::new(&[Act::Raw(sized("\r\nContent-Encoding: gzip", body))]);
        let channel = channel("BNC_QRIS");
        let created = stub.client().create(&request(&channel)).await;
        assert!(
            ["unknown", "protocol"].contains(&created.name()),
            "{created:?}"
        );
        assert_eq!(stub.calls().len(), 1);
    }
}
