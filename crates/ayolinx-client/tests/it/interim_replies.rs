//! Interim replies (1xx) of the provider, or of what stands before it, are no outcome: the exchange is read on.

use ayolinx_client::{CreateOutcome, Outcome, UnknownReason};
use ayolinx_core::method::Method;

use crate::bodies::{REFERENCE, channel, request};
use crate::drawn::{Drawn, behind_interim, draw};
use crate::stub::{Act, Stub};

const TOKEN: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 85\r\n\r\n\
{\"responseCode\":\"2007300\",\"responseMessage\":\"Successful\",\"accessToken\":\"token-1\"    }";
const CREATED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 106\r\n\r\n\
{\"responseCode\":\"2004700\",\"qrContent\":\"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE\" }";
const PAID: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n\
{\"responseCode\":\"2005100\",\"latestTransactionStatus\":\"00\"}";
const CANCELLED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n{\"responseCode\":\"2007700\"}";

const DRAWS: usize = 30;

fn drawn(reply: &'static [u8]) -> Vec<Drawn> {
    draw(behind_interim(reply), DRAWS)
}

async fn create_at(stub: &Stub) -> CreateOutcome {
    let channel = channel("BNC_QRIS");
    stub.client().create(&request(&channel)).await
}

#[actix_rt::test]
async fn whatever_comes_before_it_the_reply_to_each_call_counts() {
    for (index, token) in drawn(TOKEN).into_iter().enumerate() {
        let calls =
            [CREATED, PAID, CANCELLED].map(|reply| Act::Packets(drawn(reply)[index].clone()));
        let stub = Stub::with_token_acts(&[Act::Packets(token)], &calls);
        let client = stub.client();
        let channel = channel("BNC_QRIS");
        let created = client.create(&request(&channel)).await;
        assert_eq!(created.name(), "accepted", "{created:?} {calls:?}");
        let asked = client.inquire(Method::Qris, "BNC_QRIS", REFERENCE).await;
        assert_eq!(asked.name(), "accepted", "{asked:?} {calls:?}");
        let cancelled = client.cancel_qris(REFERENCE, "BNC_QRIS").await;
        assert_eq!(cancelled.name(), "accepted", "{cancelled:?} {calls:?}");
        assert_eq!((stub.token_requests(), stub.calls().len()), (1, 3));
    }
}

#[actix_rt::test]
async fn interim_replies_without_a_reply_are_unknown() {
    let switching = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    for drawn in draw(behind_interim(switching), DRAWS) {
        let stub = Stub::new(&[Act::Packets(drawn.clone())]);
        let reason = UnknownReason::Broken;
        assert_eq!(
            create_at(&stub).await,
            Outcome::OutcomeUnknown { reason },
            "{drawn:?}"
        );
        assert_eq!(stub.calls().len(), 1);
    }
}

#[actix_rt::test]
async fn interim_replies_without_end_are_unknown() {
    let endless = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20_000);
    let stub = Stub::new(&[Act::Raw(endless)]);
    let reason = UnknownReason::Broken;
    assert_eq!(create_at(&stub).await, Outcome::OutcomeUnknown { reason });
    assert_eq!(stub.calls().len(), 1);
}
