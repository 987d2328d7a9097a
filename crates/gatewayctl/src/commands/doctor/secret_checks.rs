//! The client secret: it signs every call but the token's, so only a signed call shows whether it is right.

use ayolinx_client::{AyolinxClient, InquiryOutcome, Outcome, Which};
use ayolinx_core::channels::ChannelTable;
use ayolinx_core::method::Method;
use uuid::Uuid;

use super::Findings;

const SECRET: &str = "client secret";
const CHECK_SECRET: &str = "Set AYOLINX_CLIENT_SECRET to the secret of this client id and environment, as the provider's \
                            portal shows it, and nothing around it";
const CHECK_PREVIOUS: &str =
    "The provider has not gone over to AYOLINX_CLIENT_SECRET yet; keep the previous one";
const ASK_AGAIN: &str = "Run it again; `gatewayctl live-check` asks more";

/// Inquires, signed with it, about a payment that nobody made: "not found" shows that the signature holds.
pub(super) async fn client_secret(
    client: &AyolinxClient,
    accepted: impl Fn() -> Which,
    channels: &ChannelTable,
    findings: &mut Findings,
) {
    let can_be_asked = |method: Method| method != Method::PaymentLink;
    let mut offered = channels.iter().filter(|channel| channel.is_available());
    let Some(channel) = offered.find(|channel| can_be_asked(channel.method)) else {
        let found = "not tried: no channel is offered that can be asked about";
        findings.warn(SECRET, found, "");
        return;
    };
    let nobodys = Uuid::new_v4().simple().to_string();
    let outcome = client
        .inquire(channel.method, &channel.code, &nobodys)
        .await;
    told(&outcome, accepted(), findings);
}

fn told(outcome: &InquiryOutcome, accepted: Which, findings: &mut Findings) {
    match outcome {
        Outcome::Accepted(_) if accepted == Which::Previous => {
            let found = "the provider takes only AYOLINX_CLIENT_SECRET_PREVIOUS";
            findings.warn(SECRET, found, CHECK_PREVIOUS);
        }
        Outcome::Accepted(_) => {
            let found = "an inquiry that is signed with it is answered";
            findings.ok(SECRET, found);
        }
        Outcome::AuthenticationRefused(said) => {
            let (code, message) = (&said.code, &said.message);
            let found = format!(
                "an inquiry that is signed with it is refused with responseCode {code} {message:?}"
            );
            findings.fail(SECRET, found, CHECK_SECRET);
        }
        Outcome::Rejected(said) => {
            let (code, message) = (&said.code, &said.message);
            let found =
                format!("not known: an inquiry is refused with responseCode {code} {message:?}");
            findings.warn(SECRET, found, ASK_AGAIN);
        }
        other => {
            let why = other.detail().unwrap_or_else(|| other.name().to_owned());
            let found = format!("not known: an inquiry has no usable answer ({why})");
            findings.warn(SECRET, found, ASK_AGAIN);
        }
    }
}
