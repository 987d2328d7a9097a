//! Opens one small transaction of each method, each once, and examines the replies nobody has seen.

use std::time::Duration;

use ayolinx_core::channels::Channel;
use ayolinx_core::messages::ewallet::{EwalletInfo, EwalletPaymentRequest};
use ayolinx_core::messages::payment_link::{LinkItem, PaymentLinkRequest};
use ayolinx_core::messages::qris::QrisGenerateRequest;
use ayolinx_core::messages::retail::RetailCreateRequest;
use ayolinx_core::messages::virtual_account::VaCreateRequest;
use ayolinx_core::messages::{ChannelInfo, UrlParam, WireMoney, paths};
use ayolinx_core::method::Method;
use ayolinx_core::provider_time::{format_jakarta, format_unix_seconds};
use chrono::{TimeDelta, Utc};
use serde::Serialize;

use super::opened_transaction::{Made, Part, QUERY};
use super::provider_http::{Answer, Call, Got};
use super::run::Run;
use super::{provider_behaviour, response_checks};

const RETURN_URL: &str = "https://shop.example.co.id/return";
const NAME: &str = "LIVE/CHECK";
const EMAIL: &str = "live-check@example.co.id";
const PHONE: &str = "081234567890";
const LIFE: TimeDelta = TimeDelta::minutes(30);
/// Life of a wallet's page: DANA's sandbox is said to refuse more than half an hour, to the second.
const WALLET_LIFE: TimeDelta = TimeDelta::minutes(20);
const LONG_WALLET_LIFE: TimeDelta = TimeDelta::hours(24);

/// Opens all of them.
pub(crate) async fn open_all(run: &mut Run, expire_after: Duration) {
    let channels: Vec<Channel> = run.channels.iter().cloned().collect();
    let open: Vec<&Channel> = channels.iter().filter(|one| one.is_available()).collect();
    let first = |method| open.iter().find(|one| one.method == method).copied();
    if let Some(channel) = first(Method::Qris) {
        let soon = TimeDelta::from_std(expire_after).unwrap_or(LIFE);
        for (part, life) in [
            (Part::Plain, LIFE),
            (Part::Query, LIFE),
            (Part::Expiring, soon),
        ] {
            qris(run, channel, Made::new(part, channel, life)).await;
        }
    }
    if let Some(channel) = first(Method::Ewallet) {
        ewallet(run, channel).await;
    }
    for channel in open
        .iter()
        .filter(|one| one.method == Method::VirtualAccount)
    {
        virtual_account(run, channel).await;
    }
    if let Some(channel) = first(Method::Retail) {
        retail(run, channel).await;
    }
    if let Some(channel) = first(Method::PaymentLink) {
        link(run, channel).await;
    }
    response_checks::not_tried(run, &channels);
}

/// Sends a create once. What is accepted is remembered, to be cleaned up.
async fn create<T: Serialize>(run: &mut Run, mut made: Made, path: &'static str, body: &T) -> Got {
    let Made {
        channel, reference, ..
    } = &made;
    run.step(&format!("opens {channel} {reference}"));
    let bytes = run
        .style
        .serialise(body)
        .map_err(|error| error.to_string())?;
    let got = run.provider.send(Call::of(path, bytes)).await;
    made.is_open = got.as_ref().is_ok_and(Answer::is_success);
    run.made.push(made);
    got
}

fn url(run: &Run, part: Part, channel: &Channel) -> Vec<UrlParam> {
    let url = run.callback_url(channel.method);
    let with_query = |url: String| match part {
        Part::Query => format!("{url}?{QUERY}"),
        Part::Plain | Part::Expiring => url,
    };
    url.map(|url| UrlParam::notification(with_query(url)))
        .into_iter()
        .collect()
}

fn info(channel: &Channel) -> ChannelInfo {
    ChannelInfo {
        channel: channel.code.clone(),
    }
}

async fn qris(run: &mut Run, channel: &Channel, made: Made) {
    let body = QrisGenerateRequest {
        partner_reference_no: made.reference.clone(),
        amount: WireMoney::from(channel.min),
        valid_up_to: Some(format_jakarta(made.expires_at)),
        url_params: url(run, made.part, channel),
        additional_info: info(channel),
    };
    let (part, expires_at) = (made.part, made.expires_at);
    let got = create(run, made, paths::QRIS_GENERATE, &body).await;
    if part == Part::Plain {
        response_checks::qris(run, &got, expires_at);
        if let Ok(answer) = &got
            && answer.is_success()
        {
            provider_behaviour::qr_content(run, channel, answer);
        }
    }
}

async fn ewallet(run: &mut Run, channel: &Channel) {
    let mut told: Vec<(&'static str, Got)> = Vec::new();
    for form in ["unix seconds", "ISO +07:00"] {
        let made = Made::new(Part::Plain, channel, WALLET_LIFE);
        let body = wallet_body(run, channel, &made, form);
        let got = create(run, made, paths::EWALLET_PAYMENT, &body).await;
        // Another form, under another reference, only when this one was refused for certain.
        let is_format = got
            .as_ref()
            .is_ok_and(|answer| answer.code().starts_with("400"));
        told.push((form, got));
        if !is_format {
            break;
        }
    }
    response_checks::ewallet(run, &told);
    let (form, taken) = match told.last() {
        Some((form, Ok(answer))) => (*form, answer.is_success()),
        _ => ("unix seconds", false),
    };
    if taken {
        let made = Made::new(Part::Plain, channel, LONG_WALLET_LIFE);
        let body = wallet_body(run, channel, &made, form);
        let got = create(run, made, paths::EWALLET_PAYMENT, &body).await;
        provider_behaviour::long_wallet(run, channel, &got);
    }
}

fn wallet_body(run: &Run, channel: &Channel, made: &Made, form: &str) -> EwalletPaymentRequest {
    let notification = url(run, Part::Plain, channel);
    let mut url_params = vec![UrlParam::pay_return(RETURN_URL)];
    url_params.extend(notification);
    if url_params.len() < 2 {
        url_params.push(UrlParam::notification("https://pay.example.co.id/notify"));
    }
    EwalletPaymentRequest {
        partner_reference_no: made.reference.clone(),
        valid_up_to: if form == "unix seconds" {
            format_unix_seconds(made.expires_at)
        } else {
            format_jakarta(made.expires_at)
        },
        amount: WireMoney::from(channel.min),
        url_params,
        additional_info: EwalletInfo {
            channel: channel.code.clone(),
            order_title: Some("Live check".to_owned()),
            sub_merchant_id: None,
            external_store_id: None,
        },
    }
}

async fn virtual_account(run: &mut Run, channel: &Channel) {
    let own = channel.partner_service_id.clone().unwrap_or_default();
    let mut prefixes = vec![own];
    if channel.code == "VIRTUAL_ACCOUNT_BRI" {
        // Two sources, two prefixes (10 #28).
        prefixes.extend(["15574", "15573"].map(str::to_owned));
        prefixes.dedup();
    }
    let mut told: Vec<(String, Got)> = Vec::new();
    for prefix in prefixes {
        let made = Made::new(Part::Plain, channel, LIFE);
        let digits = Utc::now().timestamp_millis() % 100_000_000;
        let body = VaCreateRequest {
            partner_service_id: prefix.clone(),
            customer_no: format!("{}{digits:08}", prefix.trim()),
            virtual_account_name: NAME.to_owned(),
            virtual_account_email: Some(EMAIL.to_owned()),
            virtual_account_phone: Some(format!("62{}", PHONE.trim_start_matches('0'))),
            trx_id: made.reference.clone(),
            virtual_account_trx_type: "C".to_owned(),
            total_amount: WireMoney::from(channel.min),
            expired_date: Some(format_jakarta(made.expires_at)),
            additional_info: info(channel),
        };
        let got = create(run, made, paths::VA_CREATE, &body).await;
        let is_refused = got
            .as_ref()
            .is_ok_and(|answer| answer.code().starts_with('4'));
        told.push((prefix, got));
        if !is_refused {
            break;
        }
    }
    response_checks::virtual_account(run, channel, &told);
}

async fn retail(run: &mut Run, channel: &Channel) {
    let made = Made::new(Part::Plain, channel, LIFE);
    let body = RetailCreateRequest {
        partner_reference_no: made.reference.clone(),
        valid_up_to: format_jakarta(made.expires_at),
        customer_name: "Live Check".to_owned(),
        customer_email: EMAIL.to_owned(),
        customer_phone: Some(format!("62{}", PHONE.trim_start_matches('0'))),
        amount: WireMoney::from(channel.min),
        url_params: url(run, Part::Plain, channel),
        additional_info: info(channel),
    };
    let got = create(run, made, paths::RETAIL_CREATE, &body).await;
    response_checks::retail(run, &got);
    let made = Made::new(Part::Plain, channel, LIFE);
    let nameless = Nameless {
        partner_reference_no: made.reference.clone(),
        valid_up_to: body.valid_up_to,
        customer_email: body.customer_email,
        amount: body.amount,
        additional_info: body.additional_info,
    };
    let got = create(run, made, paths::RETAIL_CREATE, &nameless).await;
    provider_behaviour::refused_store(run, &got);
}

/// A store's create that lacks the customer's name, which it demands, to show how it refuses.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Nameless {
    partner_reference_no: String,
    valid_up_to: String,
    customer_email: String,
    amount: WireMoney,
    additional_info: ChannelInfo,
}

async fn link(run: &mut Run, channel: &Channel) {
    let made = Made::new(Part::Plain, channel, LIFE);
    let all = run.channels.offered_by_links();
    let offered: Vec<String> = all.map(|one| one.code.clone()).collect();
    let body = PaymentLinkRequest {
        partner_reference_no: made.reference.clone(),
        customer_name: "Live Check".to_owned(),
        customer_email: EMAIL.to_owned(),
        customer_phone_number: PHONE.trim_start_matches('0').to_owned(),
        customer_phone_number_country_code: "+62".to_owned(),
        list_item: vec![LinkItem {
            name: "Live check".to_owned(),
            price: "10000".to_owned(),
            qty: "1".to_owned(),
        }],
        list_payment_channel: offered,
        description: "Live check".to_owned(),
        expiry_time: format_jakarta(made.expires_at),
        url_params: url(run, Part::Plain, channel),
    };
    let (reference, expires_at) = (made.reference.clone(), made.expires_at);
    let got = create(run, made, paths::PAYMENT_LINK_CREATE, &body).await;
    response_checks::link(run, &got, &reference, expires_at);
}
