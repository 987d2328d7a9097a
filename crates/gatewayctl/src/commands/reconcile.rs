//! Compares our ledger with the provider's inquiry, payment by payment. Reads only. It is a difference when
//! applying the answer would change something, judged as it would be applied; a doubt when the ledger holds
//! money that the provider does not report. Exit codes: 0 all agree, 1 a difference or doubt, 2 not all could
//! be asked.

use std::cell::RefCell;
use std::time::Duration;

use ayolinx_client::{AyolinxClient, Outcome};
use ayolinx_core::channels::ChannelTable;
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::jakarta_millis;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ledger::{Ledger, PaymentInBooks, Urgency};
use payment_flows::InquiryLimits;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::cli::reconcile::Reconcile;
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::progress::Progress;

const PAGE: i64 = 200;
const LINE_PATIENCE: Duration = Duration::from_secs(600);

/// The result of comparing one payment with the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Agrees,
    /// Applying the answer would change something: its name, and the report of the provider.
    Differs(&'static str, String),
    /// Applying it would change nothing, but our ledger says more than the provider does.
    Doubtful(&'static str, String),
    /// There is no inquiry for it.
    CannotBeAsked,
    NoAnswer(String),
}

const SYNC: &str = "gatewayctl sync";
const LOOK: &str =
    "ask the provider's support with the payment's id; do not pay out until it is clear";

/// The means of a question.
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
    doubts: Vec<(PaymentInBooks, Held)>,
    links: Vec<PaymentInBooks>,
    unanswered: Vec<(PaymentInBooks, String)>,
    next_from: Option<DateTime<Utc>>,
}

pub(crate) async fn run(asked: Reconcile) -> Result<Output, Failure> {
    if asked.from >= asked.to {
        return Err(Failure::usage("--from must be before --to"));
    }
    let settings = connect::settings()?;
    let books = connect::patient_books(&settings)?;
    let asker = Asker {
        client: connect::client(&settings, books.clone())?,
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
        .at(Urgency::Write)
        .transact(move |tx| tx.count_payments_in_books(range))
        .await?;
    let bar = Progress::of("payments", u64::try_from(total).unwrap_or_default());
    let bar = RefCell::new(bar);
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = books
            .at(Urgency::Write)
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
                let held = asker.hold(books, &payment).await;
                bar.borrow_mut().step();
                held.map(|held| (payment, held))
            })
            .buffered(usize::from(asked.at_once))
            .try_collect()
            .await?;
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
            Held::Doubtful(..) => {
                self.asked = self.asked.saturating_add(1);
                self.doubts.push((payment, held));
            }
        }
    }
}

impl Asker {
    async fn hold(&self, books: &Ledger, payment: &PaymentInBooks) -> Result<Held, Failure> {
        let Some(code) = payment.channel.as_deref() else {
            return Ok(Held::CannotBeAsked);
        };
        if payment.method == Method::PaymentLink {
            return Ok(Held::CannotBeAsked);
        }
        let channel = self.channels.get(code);
        let rate = channel.map_or(1, |channel| channel.inquiries_per_second);
        match self.limits.reserve(code, rate, LINE_PATIENCE) {
            Some(wait) => sleep(wait).await,
            None => return Ok(Held::NoAnswer("the channel's line is too long".to_owned())),
        }
        let id = payment.id.to_string();
        match self.client.inquire(payment.method, code, &id).await {
            Outcome::Accepted(answer) => judged(books, payment, &answer).await,
            other => {
                let name = other.name().to_owned();
                Ok(Held::NoAnswer(other.detail().unwrap_or(name)))
            }
        }
    }
}

async fn judged(
    books: &Ledger,
    ours: &PaymentInBooks,
    theirs: &InquiryAnswer,
) -> Result<Held, Failure> {
    let (id, word) = (ours.id, ProviderWord::of_inquiry(theirs));
    let judgement = books
        .at(Urgency::Write)
        .transact(move |tx| tx.judge_answer(id, &word))
        .await?;
    let is_paid_here = matches!(ours.state, PaymentState::Paid | PaymentState::Refunded);
    let said = match theirs.amount.read() {
        Some(amount) => format!("{:?} {}", theirs.status, amount.to_decimal_string()),
        None => format!("{:?}", theirs.status),
    };
    if judgement.would_be.is_some() {
        return Ok(Held::Differs(difference(&theirs.status), said));
    }
    Ok(match &theirs.status {
        ProviderStatus::Success if judgement.is_another_sum => Held::Doubtful("amount", said),
        ProviderStatus::Success | ProviderStatus::Refunded => Held::Agrees,
        ProviderStatus::NotFound if is_paid_here => Held::Doubtful("not_found", said),
        ProviderStatus::NotFound if ours.state == PaymentState::Pending => {
            Held::Doubtful("not_found", said)
        }
        ProviderStatus::Initiated | ProviderStatus::Paying | ProviderStatus::Pending
            if is_paid_here =>
        {
            Held::Doubtful("paid_here", said)
        }
        ProviderStatus::Initiated
        | ProviderStatus::Paying
        | ProviderStatus::Pending
        | ProviderStatus::Cancelled
        | ProviderStatus::Failed
        | ProviderStatus::NotFound
        | ProviderStatus::Other(_) => Held::Agrees,
    })
}

const fn difference(status: &ProviderStatus) -> &'static str {
    match status {
        ProviderStatus::Success => "paid_there",
        ProviderStatus::Refunded => "refunded_there",
        ProviderStatus::Cancelled => "cancelled_there",
        ProviderStatus::Failed => "failed_there",
        ProviderStatus::Initiated
        | ProviderStatus::Paying
        | ProviderStatus::Pending
        | ProviderStatus::NotFound
        | ProviderStatus::Other(_) => "state",
    }
}

fn told(tally: &Tally) -> Output {
    let mut human = String::new();
    if !tally.differences.is_empty() || !tally.doubts.is_empty() {
        let found = tally.differences.iter().chain(&tally.doubts);
        let rows: Vec<Vec<String>> = found.map(row).collect();
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
        "asked about {}: {} agree, {} differ, {} doubtful; {} without an answer\n",
        tally.asked,
        tally.agree,
        tally.differences.len(),
        tally.doubts.len(),
        tally.unanswered.len()
    ));
    let is_partial = !tally.unanswered.is_empty() || tally.next_from.is_some();
    let all_agree = tally.differences.is_empty() && tally.doubts.is_empty();
    let code = match (all_agree, is_partial) {
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
        Held::Differs(kind, said) => (kind, said, SYNC),
        Held::Doubtful(kind, said) => (kind, said, LOOK),
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
    let told = |(payment, held): &(PaymentInBooks, Held)| {
        let (kind, said, advice) = parts(held);
        let ours = format!("{} {}", payment.state, payment.received.to_decimal_string());
        let more = json!({
            "order": payment.order.to_string(),
            "payment": payment.id.to_string(),
            "ours": ours,
            "theirs": said,
            "difference": kind,
            "do": advice,
        });
        with(payment, more)
    };
    let differences: Vec<Value> = tally.differences.iter().map(told).collect();
    let doubts: Vec<Value> = tally.doubts.iter().map(told).collect();
    let unanswered: Vec<Value> = tally
        .unanswered
        .iter()
        .map(|(payment, reason)| with(payment, json!({"reason": reason})))
        .collect();
    json!({
        "asked": tally.asked,
        "agree": tally.agree,
        "differences": differences,
        "doubts": doubts,
        "cannot_be_asked": tally.links.iter().map(named).collect::<Vec<_>>(),
        "unanswered": unanswered,
        "next_from": tally.next_from.map(jakarta_millis),
    })
}
