//! Replies of the provider to a create and to an inquiry: accepted only with an artefact, our
//! reference and our amount; refused only by a code that says so; everything else leaves it open.

use std::sync::OnceLock;

use ayolinx_client::{CreateRequest, Outcome, create_reply, inquiry_reply};
use ayolinx_core::artefact::Artefact;
use ayolinx_core::channels::{Channel, ChannelTable, Environment};
use ayolinx_core::messages::ReceivedAmount;
use ayolinx_core::method::Method;
use ayolinx_core::money::{Amount, Currency};
use chrono::DateTime;
use url::Url;

use crate::reading::{Tree, minor_units, read};

const OURS: &str = "01934c5e7a107bbb8ccc0123456789ab";
const MINOR: i64 = 2_500_000;
const HOST: &str = "pay.example.id";

/// Takes the method from the first byte, the HTTP status from the second; the rest is the body.
pub(crate) fn run(data: &[u8]) {
    let Some(([choice, status], body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let channels = channels();
    let Some(channel) = usize::from(*choice)
        .checked_rem(channels.len())
        .and_then(|at| channels.get(at))
    else {
        return;
    };
    let statuses = [200, 202, 400, 401, 403, 404, 409, 429, 500, 502];
    let status = statuses
        .get(usize::from(status % 10))
        .copied()
        .unwrap_or(200);
    let Ok(amount) = Amount::from_minor(MINOR, Currency::Idr) else {
        return;
    };
    let request = CreateRequest {
        our_reference: OURS.to_owned(),
        amount,
        expires_at: DateTime::UNIX_EPOCH,
        channel,
        notification_url: None,
        return_url: None,
        description: None,
        customer: None,
        items: Vec::new(),
        customer_digits: None,
        link_channels: Vec::new(),
        sub_merchant_id: None,
        external_store_id: None,
    };
    let tree = read(body);
    match create_reply(&request, status, body, false) {
        Outcome::Accepted(accepted) => {
            let tree = said_success(tree.as_ref());
            echoes_are_ours(channel.method, tree);
            is_whole(&accepted.artefact);
        }
        Outcome::Rejected(_) => refused(tree.as_ref()),
        outcome => assert!(outcome.detail().is_some()),
    }
    match inquiry_reply(OURS, status, body) {
        Outcome::Accepted(answer) if answer.our_reference.is_some() => {
            said_success(tree.as_ref());
            assert_eq!(answer.our_reference.as_deref(), Some(OURS));
        }
        Outcome::Accepted(answer) => {
            let known = answer.amount == ReceivedAmount::Absent || code(tree.as_ref()).is_some();
            assert!(known, "an answer without a code");
        }
        Outcome::Rejected(_) => refused(tree.as_ref()),
        outcome => assert!(outcome.detail().is_some()),
    }
}

/// Returns one channel of each method, each with one host that a payer may be sent to.
fn channels() -> &'static [Channel] {
    static CHANNELS: OnceLock<Vec<Channel>> = OnceLock::new();
    CHANNELS.get_or_init(|| {
        let table = ChannelTable::built_in(Environment::NonProduction);
        let methods = [
            Method::Qris,
            Method::Ewallet,
            Method::VirtualAccount,
            Method::Retail,
            Method::PaymentLink,
        ];
        let first = |method| table.of_method(method).next().cloned();
        let mut all: Vec<Channel> = methods.into_iter().filter_map(first).collect();
        for channel in &mut all {
            channel.redirect_hosts = vec![HOST.to_owned()];
        }
        all
    })
}

fn code(tree: Option<&Tree>) -> Option<String> {
    let code = tree?.at("responseCode")?.scalar()?;
    Some(code.trim().to_owned())
}

fn said_success(tree: Option<&Tree>) -> &Tree {
    let code = code(tree).unwrap_or_default();
    assert!(
        code == "00" || code.starts_with("200"),
        "{code:?} is no success"
    );
    match tree {
        Some(tree) => tree,
        None => panic!("accepted without a reply"),
    }
}

fn refused(tree: Option<&Tree>) {
    let code = code(tree).unwrap_or_default();
    let open = ["401", "429"].iter().any(|start| code.starts_with(start));
    let known = code.len() == 7
        && (code.starts_with("409") && (code.ends_with("00") || code.ends_with("01"))
            || code.starts_with("404") && code.ends_with("18"));
    assert!(
        code.starts_with('4') && !open && !known,
        "{code:?} is no refusal"
    );
}

/// Checks that a reference or amount that the reply repeats is the one asked for.
fn echoes_are_ours(method: Method, tree: &Tree) {
    let (place, reference, amount) = match method {
        Method::VirtualAccount => (tree.at("virtualAccountData"), "trxId", "totalAmount"),
        Method::PaymentLink => return,
        Method::Qris | Method::Ewallet | Method::Retail => {
            (Some(tree), "partnerReferenceNo", "amount")
        }
    };
    let Some(place) = place else {
        panic!("accepted without its data");
    };
    if let Some(echo) = place.at(reference).and_then(Tree::scalar) {
        assert_eq!(echo.trim().to_ascii_lowercase(), OURS);
    }
    let amount = place.at(amount).and_then(|amount| amount.at("value"));
    if let Some(value) = amount.and_then(Tree::scalar) {
        assert_eq!(minor_units(&value), Some(MINOR), "{value:?}");
    }
}

/// Checks that an artefact can be shown, and sends a payer nowhere but to the channel's own host.
fn is_whole(artefact: &Artefact) {
    let text = match artefact {
        Artefact::Qr { qr_string } => {
            let ours = !qr_string.is_ascii() || crate::qris::is_ours(qr_string);
            assert!(ours, "{qr_string:?} is not over our amount");
            qr_string
        }
        Artefact::Redirect { url, .. } => {
            leads_home(url);
            url
        }
        Artefact::VirtualAccount { number, .. } => number,
        Artefact::PaymentCode {
            code,
            instructions_url,
            ..
        } => {
            if let Some(url) = instructions_url {
                leads_home(url);
            }
            code
        }
    };
    assert!(!text.trim().is_empty(), "an artefact that is blank");
}

fn leads_home(text: &str) {
    let Ok(url) = Url::parse(text) else {
        panic!("{text:?} is no URL");
    };
    assert_eq!(url.scheme(), "https", "{text:?}");
    assert_eq!(url.host_str(), Some(HOST), "{text:?}");
    assert!(!text.contains(char::is_whitespace), "{text:?}");
}
