//! Money that is returned, and money that a person decides about: the API's refunds and `resolve`, in an
//! operator's name.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::{OrderId, RefundId};
use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::money::{Amount, Currency};
use ledger::{LedgerError, NewRefund, RefundCompletion, RefundLine, Resolved, Source, Urgency};

use super::error::Refused;
use super::format::{plain, when, when_or_never};
use super::forms::text;
use super::responses::see;
use super::session::act;
use crate::pages::rupiah::rupiah;
use crate::state::Api;

const TEXT_CHARS_MAX: usize = 500;

type Answer = Result<HttpResponse, Refused>;

/// A refund on its order's page.
pub(super) struct RefundRow {
    pub(super) id: String,
    pub(super) amount: String,
    pub(super) reason: String,
    pub(super) state: String,
    pub(super) waits: bool,
    pub(super) evidence: String,
    pub(super) asked: String,
    pub(super) completed: String,
    /// The account to receive the money, for whoever makes the transfer.
    pub(super) payee: String,
}

impl RefundRow {
    /// Returns the row of a refund; `shows_payee` where the operator asked to see the customer, which
    /// the log records.
    pub(super) fn new(line: RefundLine, shows_payee: bool) -> Self {
        Self {
            id: line.id.to_string(),
            amount: rupiah(line.amount),
            reason: line.reason,
            waits: line.completed_at.is_none() && line.cancelled_at.is_none(),
            payee: line
                .payee
                .filter(|_| shows_payee)
                .map(|payee| format!("{} {} {}", payee.bank, payee.account, payee.name))
                .unwrap_or_default(),
            state: plain(&line.state),
            evidence: line.evidence.unwrap_or_default(),
            asked: when(line.created_at),
            completed: when_or_never(line.completed_at),
        }
    }
}

fn back(order: OrderId, said: &str) -> HttpResponse {
    see(&format!("/orders/{order}?said={said}"))
}

/// Asks for a refund in the shop's name. The form carries the refund's id: sent twice it asks once.
pub(super) async fn ask(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let order: OrderId = id.parse().map_err(|_| Refused::NotFound)?;
    let refund: RefundId = form
        .value("refund")
        .parse()
        .map_err(|_| Refused::Unreadable)?;
    let reason = text(form.value("reason"), TEXT_CHARS_MAX)?;
    if reason.is_empty() {
        return Ok(back(order, "no_reason"));
    }
    let amount = match sum(form.value("amount")) {
        Ok(amount) => amount,
        Err(NoSum) => return Ok(back(order, "no_sum")),
    };
    let new = NewRefund {
        id: refund,
        amount,
        reason,
        payee: None,
        source: Source::Operator,
    };
    let mut action = seat.action("refund_asked", refund, "done");
    let asked = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            let merchant = tx.merchant_of(order)?;
            let is_asked = tx.ask_refund(merchant, order, &new)?.is_ok();
            if !is_asked {
                "refused".clone_into(&mut action.outcome);
            }
            tx.record_action(&action)?;
            Ok(is_asked)
        })
        .await;
    match asked {
        Ok(true) | Err(LedgerError::Conflict(_)) => Ok(back(order, "asked")),
        Ok(false) => Ok(back(order, "not_asked")),
        Err(error) => Err(error.into()),
    }
}

/// The error of a text that is not a sum of money.
#[derive(Debug, PartialEq, Eq)]
struct NoSum;

/// Reads whole rupiah as people type them, `25000` or `Rp25.000`; an empty text stands for all.
fn sum(typed: &str) -> Result<Option<Amount>, NoSum> {
    let typed = typed.trim().trim_start_matches("Rp").trim_start();
    if typed.is_empty() {
        return Ok(None);
    }
    let mut groups = typed.split('.');
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return Err(NoSum);
        }
        digits.push_str(group);
    }
    let amount = Amount::parse_decimal(&digits, Currency::Idr).map_err(|_| NoSum)?;
    if amount.is_zero() {
        return Err(NoSum);
    }
    Ok(Some(amount))
}

/// Books that the money was returned.
pub(super) async fn complete(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let id: RefundId = id.parse().map_err(|_| Refused::NotFound)?;
    let order: OrderId = form.value("order").parse().map_err(|_| Refused::NotFound)?;
    let evidence = text(form.value("evidence"), TEXT_CHARS_MAX)?;
    if evidence.is_empty() {
        return Ok(back(order, "no_evidence"));
    }
    let mut action = seat.action("refund_completed", id, "done");
    let how = RefundCompletion {
        evidence,
        source: Source::Operator,
    };
    let is_done = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            let merchant = tx.merchant_of_refund(id)?;
            let is_done = tx.complete_refund(merchant, id, &how)?.is_ok();
            if !is_done {
                "refused".clone_into(&mut action.outcome);
            }
            tx.record_action(&action)?;
            Ok(is_done)
        })
        .await?;
    let said = if is_done {
        "completed"
    } else {
        "not_completed"
    };
    Ok(back(order, said))
}

/// Cancels a refund that waits.
pub(super) async fn cancel_refund(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let id: RefundId = id.parse().map_err(|_| Refused::NotFound)?;
    let order: OrderId = form.value("order").parse().map_err(|_| Refused::NotFound)?;
    let mut action = seat.action("refund_cancelled", id, "done");
    let is_done = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            let merchant = tx.merchant_of_refund(id)?;
            let is_done = tx.cancel_refund(merchant, id, Source::Operator)?.is_ok();
            if !is_done {
                "refused".clone_into(&mut action.outcome);
            }
            tx.record_action(&action)?;
            Ok(is_done)
        })
        .await?;
    let said = if is_done {
        "refund_cancelled"
    } else {
        "not_cancelled_refund"
    };
    Ok(back(order, said))
}

/// Decides about an order's money under review.
pub(super) async fn resolve(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let id: OrderId = id.parse().map_err(|_| Refused::NotFound)?;
    let named = form.value("verdict");
    let verdict = ReviewVerdict::ALL
        .into_iter()
        .find(|one| one.as_str() == named);
    let Some(verdict) = verdict else {
        return Ok(back(id, "no_verdict"));
    };
    let note = Some(text(form.value("note"), TEXT_CHARS_MAX)?).filter(|note| !note.is_empty());
    let mut action = seat.action("review_resolved", id, verdict.as_str());
    let is_done = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            let merchant = tx.merchant_of(id)?;
            let decided = (verdict, note.as_deref());
            let resolved = tx.resolve_review(merchant, id, decided, Source::Operator)?;
            let is_done = resolved != Resolved::Nothing;
            if !is_done {
                "refused".clone_into(&mut action.outcome);
            }
            tx.record_action(&action)?;
            Ok(is_done)
        })
        .await?;
    let said = if is_done { "resolved" } else { "not_resolved" };
    Ok(back(id, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_as_people_type_them_and_never_as_something_else() {
        let rupiah = |whole| Ok(Some(Amount::rupiah(whole).unwrap()));
        for (typed, read) in [
            ("", Ok(None)),
            ("  ", Ok(None)),
            ("25000", rupiah(25_000)),
            (" Rp 25.000 ", rupiah(25_000)),
            ("1.250.000", rupiah(1_250_000)),
            ("0", Err(NoSum)),
            ("25.00", Err(NoSum)),
            ("25.0000", Err(NoSum)),
            ("2500.000", Err(NoSum)),
            ("25,000", Err(NoSum)),
            ("-25000", Err(NoSum)),
            (".500", Err(NoSum)),
            ("all", Err(NoSum)),
        ] {
            assert_eq!(sum(typed), read, "{typed}");
        }
    }
}
