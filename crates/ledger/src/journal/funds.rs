//! The money of a locked order: its rows as the core sees them, and the way back into rows.

use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::method::Method;
use ayolinx_core::order::{Before, Decision};
use ayolinx_core::posting::Booking;
use ayolinx_core::reading::paid_at;
use ayolinx_core::receipt::{
    Notice, NoticeName, NoticeSays, NoticeVerdict, Place, Posted, Receipt, Returned,
};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::locked::Locked;
use crate::rows::orders::OrderRow;
use crate::rows::payments::PaymentRow;
use crate::rows::receipts::{NoticeRow, ReceiptRow, notices_of, receipts_of};
use crate::rows::values::{amount, parse};
use crate::tx::Tx;

impl OrderRow {
    /// Returns the state apart from money: a state that shows no money is that state.
    pub(crate) fn base(&self) -> Result<OrderState, LedgerError> {
        let state = self.state()?;
        Ok(match (state, &self.base_state) {
            (
                OrderState::Pending
                | OrderState::Expired
                | OrderState::Cancelled
                | OrderState::Failed,
                _,
            ) => state,
            (_, Some(base)) => parse("order state", base)?,
            (_, None) if self.paid_late => OrderState::Expired,
            (_, None) => OrderState::Pending,
        })
    }
}

impl PaymentRow {
    /// Returns the state apart from money: a state that shows no money is that state.
    pub(crate) fn base(&self) -> Result<PaymentState, LedgerError> {
        let state = self.state()?;
        Ok(match (state, &self.base_state) {
            (
                PaymentState::Creating
                | PaymentState::Unknown
                | PaymentState::Pending
                | PaymentState::Expired
                | PaymentState::Cancelled
                | PaymentState::Failed,
                _,
            ) => state,
            (_, Some(base)) => parse("payment state", base)?,
            (_, None) => PaymentState::Pending,
        })
    }
}

impl Locked {
    /// Returns whether any money of it was ever heard of.
    pub(crate) fn has_money(&self) -> Result<bool, LedgerError> {
        if self.order.base_state.is_some() {
            return Ok(true);
        }
        for payment in &self.payments {
            let state = payment.state()?;
            let shows_money = matches!(
                state,
                PaymentState::Paid | PaymentState::Review | PaymentState::Refunded
            );
            if shows_money || payment.received_minor > 0 {
                return Ok(true);
            }
        }
        Ok(matches!(
            self.order.state()?,
            OrderState::Paid | OrderState::Review | OrderState::Refunded
        ))
    }

    /// Returns the states that its order and payments show.
    pub(crate) fn shown(&self) -> Result<Before, LedgerError> {
        Ok(Before {
            order: self.order.state()?,
            payments: self
                .payments
                .iter()
                .map(PaymentRow::state)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Tx<'_> {
    /// Reads the receipts and notices of a locked order, unless they are there.
    pub(crate) fn read_receipts(&mut self, locked: &mut Locked) -> Result<(), LedgerError> {
        if locked.receipts.is_none() {
            let payments: Vec<Uuid> = locked.payments.iter().map(|row| row.id).collect();
            locked.notices = notices_of(self.connection()?, &payments)?;
            locked.receipts = Some(receipts_of(self.connection()?, &payments)?);
        }
        Ok(())
    }

    /// Reads the receipts and notices like [`Tx::read_receipts`] where there may be any.
    pub(crate) fn read_money(&mut self, locked: &mut Locked) -> Result<(), LedgerError> {
        if locked.has_money()? {
            self.read_receipts(locked)?;
        }
        Ok(())
    }

    /// Returns a locked order as the core sees it.
    pub(crate) fn funds(&mut self, locked: &Locked) -> Result<OrderFunds, LedgerError> {
        let now = self.now()?;
        let order = &locked.order;
        let mut payments = Vec::with_capacity(locked.payments.len());
        for row in &locked.payments {
            payments.push(self.payment_funds(locked, row)?);
        }
        Ok(OrderFunds {
            state: order.state()?,
            base: order.base()?,
            payer_chooses: order.payer_chooses,
            is_in_time: now < order.expires_at,
            payments,
        })
    }

    fn payment_funds(
        &self,
        locked: &Locked,
        row: &PaymentRow,
    ) -> Result<PaymentFunds, LedgerError> {
        let channel = row.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL);
        let amount_rule = (self.context.channels.get(channel))
            .map(|channel| channel.amount_rule)
            .unwrap_or_default();
        let mut receipts: Vec<Receipt> = locked
            .receipts_of(row.id)
            .map(|receipt| receipt.read(row))
            .collect::<Result<_, _>>()?;
        if locked.receipts_of(row.id).any(ReceiptRow::is_of_before) {
            take_out_what_left(&mut receipts, row)?;
        }
        let mut notices: Vec<Notice> = (locked.notices.iter())
            .filter(|notice| notice.payment_id == row.id)
            .map(|notice| notice.read(&row.currency))
            .collect::<Result<_, _>>()?;
        if receipts.is_empty() && notices.is_empty() {
            notices.extend(notice_of_before(row.state()?));
        }
        let method = row.method()?;
        Ok(PaymentFunds {
            id: row.id(),
            base: row.base()?,
            asked: row.asked()?,
            amount_rule,
            can_inquire: self.context.plans.inquiry_of(method).is_some(),
            names_transfers: method == Method::VirtualAccount,
            expires_at: row.expires_at,
            receipts,
            notices,
        })
    }

    /// Puts what the core decided into the rows of a locked order, to be written.
    pub(crate) fn put_funds(
        &mut self,
        locked: &mut Locked,
        funds: &OrderFunds,
        decision: &Decision,
    ) -> Result<(), LedgerError> {
        let created_at = locked.order.created_at;
        let mut counted: Vec<(bool, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
        let mut receipts = Vec::new();
        let mut notices = Vec::new();
        for (payment, allocated) in funds.payments.iter().zip(&decision.allocation.payments) {
            let id = payment.id.as_uuid();
            let row = locked.payment_mut(id)?;
            let before = row.clone();
            allocated.state.as_str().clone_into(&mut row.state);
            let knows_money = !payment.receipts.is_empty() || !payment.notices.is_empty();
            row.base_state = knows_money.then(|| payment.base.as_str().to_owned());
            (row.received_minor, row.refunded_minor) = (0, 0);
            let mut first: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
            for (receipt, posted) in payment.receipts.iter().zip(&allocated.receipts) {
                if posted.place != Place::Rejected {
                    row.received_minor = added(row.received_minor, posted.amount.minor())?;
                    row.refunded_minor = added(row.refunded_minor, posted.returned.minor())?;
                }
                if receipt.counts() {
                    let at = paid_at(receipt.finished_at, created_at, receipt.received_at);
                    let order = receipt.finished_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
                    counted.push((posted.place == Place::Booked, order, at));
                    if first.is_none_or(|(known, _)| order < known) {
                        first = Some((order, at));
                    }
                }
                receipts.push(ReceiptRow::of(id, receipt, *posted));
            }
            if let Some((_, at)) = first {
                row.paid_at = Some(at);
            }
            notices.extend(
                payment
                    .notices
                    .iter()
                    .map(|notice| NoticeRow::of(id, notice)),
            );
            if *row != before {
                let row = row.clone();
                self.writes.payments.insert(id, row);
            }
        }
        // The order's money is what is booked, else what was.
        counted.sort_by_key(|(is_booked, order, _)| (!is_booked, *order));
        if let Some((_, _, at)) = counted.first() {
            locked.order.paid_at = Some(*at);
        }
        let knows_money = !receipts.is_empty() || !notices.is_empty();
        if knows_money {
            locked.order.base_state = Some(decision.base.as_str().to_owned());
        }
        self.save_receipts(locked, receipts, notices);
        Ok(())
    }

    fn save_receipts(
        &mut self,
        locked: &mut Locked,
        receipts: Vec<ReceiptRow>,
        notices: Vec<NoticeRow>,
    ) {
        let known = locked.receipts.get_or_insert_default();
        for row in &receipts {
            if !known.contains(row) {
                self.writes.receipts.insert(row.id, row.clone());
            }
        }
        for row in &notices {
            if !locked.notices.contains(row) {
                self.writes.notices.insert(row.key(), row.clone());
            }
        }
        *known = receipts;
        locked.notices = notices;
    }
}

/// Takes out of suspense what left it under the version before, which did not note that on a receipt:
/// the payment's suspense counts, and the earliest receipts are those that left.
fn take_out_what_left(receipts: &mut [Receipt], row: &PaymentRow) -> Result<(), LedgerError> {
    let mut too_much = subtracted(0, row.suspense_minor)?;
    for receipt in &*receipts {
        if let Some(posted) = receipt.posted.filter(|it| it.place == Place::Suspense) {
            too_much = added(too_much, posted.amount.minor())?;
            too_much = subtracted(too_much, posted.returned.minor())?;
        }
    }
    for receipt in receipts {
        let Some(posted) = receipt.posted.filter(|it| it.place == Place::Suspense) else {
            continue;
        };
        if too_much <= 0 {
            return Ok(());
        }
        let left = posted.amount.minor().min(too_much);
        too_much = subtracted(too_much, left)?;
        let total = amount(left, &row.currency)?;
        receipt.given_back = Returned {
            total,
            whole: left == posted.amount.minor(),
        };
        receipt.posted = Some(Posted {
            returned: total,
            place: match total == posted.amount {
                true => Place::Returned,
                false => Place::Suspense,
            },
            ..posted
        });
    }
    Ok(())
}

fn subtracted(sum: i64, minor: i64) -> Result<i64, LedgerError> {
    sum.checked_sub(minor)
        .ok_or_else(|| LedgerError::corrupt("amount out of range"))
}

fn added(sum: i64, minor: i64) -> Result<i64, LedgerError> {
    sum.checked_add(minor)
        .ok_or_else(|| LedgerError::corrupt("amount out of range"))
}

/// Returns the notice that a payment of the version before stands for. That version kept none: a payment
/// without any receipt came under review, or was given back, by a report that named no sum.
fn notice_of_before(state: PaymentState) -> Option<Notice> {
    let (says, verdict) = match state {
        PaymentState::Review => (NoticeSays::Paid, None),
        PaymentState::Refunded => (
            NoticeSays::Returned(Returned::WHOLE),
            Some(NoticeVerdict::Settled),
        ),
        PaymentState::Creating
        | PaymentState::Unknown
        | PaymentState::Pending
        | PaymentState::Paid
        | PaymentState::Expired
        | PaymentState::Cancelled
        | PaymentState::Failed => return None,
    };
    Some(Notice {
        name: NoticeName::Nothing,
        says,
        verdict,
    })
}

/// Returns whether anything that an order's JSON shows of its receipts differs from before.
pub(crate) fn shows_other_details(before: &OrderFunds, after: &OrderFunds) -> bool {
    let shown = |funds: &OrderFunds| -> Vec<_> {
        (funds.payments.iter())
            .flat_map(|payment| &payment.receipts)
            .map(|it| (it.id, it.details.clone(), it.provider_reference.clone()))
            .collect()
    };
    shown(before) != shown(after)
}

/// Returns what became known of receipts, for the history: no personal data.
pub(crate) fn receipts_told(before: &OrderFunds, after: &OrderFunds) -> Option<String> {
    let known: Vec<&Receipt> = (before.payments.iter())
        .flat_map(|payment| &payment.receipts)
        .collect();
    let told: Vec<String> = (after.payments.iter())
        .flat_map(|payment| &payment.receipts)
        .filter(|receipt| !known.contains(receipt))
        .map(receipt_told)
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn receipt_told(receipt: &Receipt) -> String {
    let details = &receipt.details;
    let mut text = format!("{} of {}", receipt.id, receipt.received.to_decimal_string());
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!(", {name} {value}"));
        }
    };
    add("fee", details.fee.map(|fee| fee.to_decimal_string()));
    add("rrn", details.rrn.clone());
    add("issuer", details.issuer.clone());
    add("settles on", details.settles_on.map(|day| day.to_string()));
    text
}

/// Moves the sums of a payment by a booking.
pub(crate) fn hold(row: &mut PaymentRow, booking: Booking, minor: i64) -> Result<(), LedgerError> {
    let negative = minor
        .checked_neg()
        .ok_or_else(|| LedgerError::corrupt("amount out of range"))?;
    let (merchant, suspense) = match booking {
        Booking::ReceiveForMerchant => (minor, 0),
        Booking::ReceiveIntoSuspense => (0, minor),
        Booking::SuspenseToMerchant => (minor, negative),
        Booking::MerchantToSuspense => (negative, minor),
        Booking::ReleaseSuspense => (0, negative),
        Booking::RefundFromMerchant => (negative, 0),
    };
    row.merchant_minor = moved(row.merchant_minor, merchant)?;
    row.suspense_minor = moved(row.suspense_minor, suspense)?;
    Ok(())
}

fn moved(held: i64, by: i64) -> Result<i64, LedgerError> {
    held.checked_add(by)
        .filter(|sum| *sum >= 0)
        .ok_or_else(|| LedgerError::corrupt("a payment cannot hold less than nothing"))
}
