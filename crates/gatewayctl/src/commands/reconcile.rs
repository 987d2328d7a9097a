//! Our books against the provider's inquiry, payment by payment. Reads only: what differs is said, with what
//! to do about it. Exit codes: 0 all agree, 1 something differs, 2 not everything could be asked.

use std::cell::RefCell;
use std::time::Duration;

use ayolinx_client::{AyolinxClient, Outcome};
use ayolinx_core::channels::ChannelTable;
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::method::Method;
use ayolinx_core::order_view::jakarta_millis;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream;
use ledger::{Ledger, PaymentInBooks};
use payment_flows::InquiryLimits;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::access;
use crate::cli::reconcile::Reconcile;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::progress::Progress;

const PAGE: i64 = 200;
const LINE_PATIENCE: Duration = Duration::from_secs(600);

/// What came of holding one payment against the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Agrees,
    /// The name of the difference, what the provider says, and what to do.
    Differs(&'static str, String, &'static str),
    /// There is no inquiry for it.
    CannotBeAsked,
    NoAnswer(String),
}

const SYNC: &str = "gatewayctl sync";
const LOOK: &str =
    "ask the provider's support with the payment's id; do not pay out until it is clear";

/// Everything a question needs.
struct Asker {
    client: AyolinxClient,
    channels: ChannelTable,
    limits: InquiryLimits,
}

#[derive(Default)]
struct Tally {
    asked: u64,
    agree: u64,
    differences: Vec<(PaymentInBooks, Held)>,
    links: Vec<PaymentInBooks>,
    unanswered: Vec<(PaymentInBooks, String)>,
    next_from: Option<DateTime<Utc>>,
}

pub(crate) async fn run(asked: Reconcile) -> Result<Output, Failure> {
    if asked.from >= asked.to {
        return Err(Failure::usage("--from must be before --to"));
    }
    let settings = access::settings()?;
    let books = access::patient_books(&settings)?;
    let asker = Asker {
        client: access::client(&settings, books.clone())?,
        channels: settings.shared.channels.clone(),
        limits: InquiryLimits::default(),
    };
    let minutes = Duration::from_secs(u64::from(asked.deadline).saturating_mul(60));
    let tally = Box::pin(go_through(&books, &asker, &asked, Instant::now() + minutes)).await?;
    Ok(told(&tally))
}

async fn go_through(
    books: &Ledger,
    asker: &Asker,
    asked: &Reconcile,
    deadline: Instant,
) -> Result<Tally, Failure> {
    let range = (asked.from, asked.to);
    let total = books
        .transact(move |tx| tx.count_payments_in_books(range))
        .await?;
    let bar = Progress::of("payments", u64::try_from(total).unwrap_or_default());
    let bar = RefCell::new(bar);
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = books
            .transact(move |tx| tx.payments_in_books(range, after, PAGE))
            .await?;
        let Some(last) = page.last() else {
            return Ok(tally);
        };
        after = Some(last.id);
        if Instant::now() >= deadline {
            tally.next_from = page.first().map(PaymentInBooks::made_at);
            return Ok(tally);
        }
        let held: Vec<(PaymentInBooks, Held)> = stream::iter(page)
            .map(|payment| async {
                let held = asker.hold(&payment).await;
                bar.borrow_mut().step();
                (payment, held)
            })
            .buffered(usize::from(asked.at_once))
            .collect()
            .await;
        for (payment, held) in held {
            tally.add(payment, held);
        }
    }
}

impl Tally {
    fn add(&mut self, payment: PaymentInBooks, held: Held) {
        match held {
            Held::CannotBeAsked => self.links.push(payment),
            Held::NoAnswer(reason) => self.unanswered.push((payment, reason)),
            Held::Agrees => {
                self.asked = self.asked.saturating_add(1);
                self.agree = self.agree.saturating_add(1);
            }
            Held::Differs(..) => {
                self.asked = self.asked.saturating_add(1);
                self.differences.push((payment, held));
            }
        }
    }
}

impl Asker {
    async fn hold(&self, payment: &PaymentInBooks) -> Held {
        let Some(code) = payment.channel.as_deref() else {
            return Held::CannotBeAsked;
        };
        if payment.method == Method::PaymentLink {
            return Held::CannotBeAsked;
        }
        let channel = self.channels.get(code);
        let rate = channel.map_or(1, |channel| channel.inquiries_per_second);
        match self.limits.reserve(code, rate, LINE_PATIENCE) {
            Some(wait) => sleep(wait).await,
            None => return Held::NoAnswer("the channel's line is too long".to_owned()),
        }
        let id = payment.id.to_string();
        match self.client.inquire(payment.method, code, &id).await {
            Outcome::Accepted(answer) => compared(payment, &answer),
            other => {
                let name = other.name().to_owned();
                Held::NoAnswer(other.detail().unwrap_or(name))
            }
        }
    }
}

fn compared(ours: &PaymentInBooks, theirs: &InquiryAnswer) -> Held {
    let is_paid_here = matches!(ours.state, PaymentState::Paid | PaymentState::Refunded);
    let differs = |kind, what: &'static str| {
        let said = format!("{:?}", theirs.status);
        Held::Differs(kind, said, what)
    };
    match (&theirs.status, ours.state) {
        // Looked at by hand already: the money is in suspense.
        (ProviderStatus::Success, PaymentState::Review) => Held::Agrees,
        (ProviderStatus::Success, _) if !is_paid_here => differs("paid_there", SYNC),
        (ProviderStatus::Success, _) => same_amount(ours, theirs),
        (ProviderStatus::Refunded, PaymentState::Paid) => differs("refunded_there", SYNC),
        (ProviderStatus::Refunded, _) => Held::Agrees,
        (ProviderStatus::NotFound, _) if is_paid_here => differs("not_found", LOOK),
        (ProviderStatus::NotFound, PaymentState::Pending) => differs("not_found", SYNC),
        (_, _) if is_paid_here => differs("paid_here", LOOK),
        _ => Held::Agrees,
    }
}

fn same_amount(ours: &PaymentInBooks, theirs: &InquiryAnswer) -> Held {
    match theirs.amount {
        ReceivedAmount::Read(amount) if amount == ours.received => Held::Agrees,
        ReceivedAmount::Read(amount) => Held::Differs("amount", amount.to_decimal_string(), LOOK),
        ReceivedAmount::Absent | ReceivedAmount::Unreadable => {
            Held::Differs("amount", "no readable amount".to_owned(), LOOK)
        }
    }
}

fn told(tally: &Tally) -> Output {
    let mut human = String::new();
    if !tally.differences.is_empty() {
        let rows: Vec<Vec<String>> = tally.differences.iter().map(row).collect();
        let head = [
            "WHAT",
            "PAYMENT",
            "REFERENCE",
            "CHANNEL",
            "HERE",
            "RECEIVED",
            "THERE",
            "DO",
        ];
        human.push_str(&table(&head, &rows));
        human.push('\n');
    }
    if !tally.links.is_empty() {
        let links = tally.links.len();
        human.push_str(&format!(
            "payment links, about which nobody can ask: {links}\n"
        ));
        for link in &tally.links {
            human.push_str(&format!(
                "  {} {} {}\n",
                link.id,
                link.reference,
                link.state.as_str()
            ));
        }
    }
    for (payment, reason) in &tally.unanswered {
        human.push_str(&format!("no answer about {}: {reason}\n", payment.id));
    }
    if let Some(from) = tally.next_from {
        let from = jakarta_millis(from);
        human.push_str(&format!("the time is up; go on with --from {from}\n"));
    }
    human.push_str(&format!(
        "asked about {}: {} agree, {} differ; {} without an answer\n",
        tally.asked,
        tally.agree,
        tally.differences.len(),
        tally.unanswered.len()
    ));
    let is_partial = !tally.unanswered.is_empty() || tally.next_from.is_some();
    let code = match (tally.differences.is_empty(), is_partial) {
        (false, _) => 1,
        (true, true) => 2,
        (true, false) => 0,
    };
    Output::new(human, as_json(tally)).with_code(code)
}

fn row((payment, held): &(PaymentInBooks, Held)) -> Vec<String> {
    let (kind, said, advice) = parts(held);
    let advice = if advice == SYNC {
        format!("{SYNC} {}", payment.order)
    } else {
        advice.to_owned()
    };
    vec![
        kind.to_owned(),
        payment.id.to_string(),
        payment.reference.clone(),
        payment.channel.clone().unwrap_or_default(),
        payment.state.as_str().to_owned(),
        payment.received.to_decimal_string(),
        said.to_owned(),
        advice,
    ]
}

fn parts(held: &Held) -> (&'static str, &str, &'static str) {
    match held {
        Held::Differs(kind, said, advice) => (kind, said, advice),
        Held::Agrees | Held::CannotBeAsked | Held::NoAnswer(_) => ("", "", ""),
    }
}

fn as_json(tally: &Tally) -> Value {
    let named = |payment: &PaymentInBooks| {
        json!({
            "payment_id": payment.id.to_string(),
            "order_id": payment.order.to_string(),
            "reference": payment.reference,
            "method": payment.method.as_str(),
            "channel": payment.channel,
            "status": payment.state.as_str(),
            "amount": payment.amount.to_decimal_string(),
            "received": payment.received.to_decimal_string(),
            "created_at": jakarta_millis(payment.created_at),
        })
    };
    let with = |payment: &PaymentInBooks, more: Value| {
        let mut all = named(payment);
        if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
            all.extend(more);
        }
        all
    };
    let differences: Vec<Value> = tally
        .differences
        .iter()
        .map(|(payment, held)| {
            let (kind, said, advice) = parts(held);
            with(
                payment,
                json!({"difference": kind, "provider": said, "do": advice}),
            )
        })
        .collect();
    let unanswered: Vec<Value> = tally
        .unanswered
        .iter()
        .map(|(payment, reason)| with(payment, json!({"reason": reason})))
        .collect();
    json!({
        "asked": tally.asked,
        "agree": tally.agree,
        "differences": differences,
        "cannot_be_asked": tally.links.iter().map(named).collect::<Vec<_>>(),
        "unanswered": unanswered,
        "next_from": tally.next_from.map(jakarta_millis),
    })
}
