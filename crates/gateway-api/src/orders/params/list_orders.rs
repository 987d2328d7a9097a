//! The queries of `GET /v1/orders` and `GET /v1/orders/{id}` (contract 4.3).

use ayolinx_core::method::Method;
use ayolinx_core::states::OrderState;
use chrono::{DateTime, Utc};

use crate::http::cursor::{Cursor, LIMIT_DEFAULT, LIMIT_MAX};
use crate::http::error::ApiError;
use crate::http::query::Query;

/// The longest a read may be held, in seconds.
pub const WAIT_SECS_MAX: u8 = 30;

pub(crate) const LIST_PARAMETERS: &[&str] = &[
    "reference",
    "status",
    "method",
    "channel",
    "created_from",
    "created_to",
    "paid_from",
    "paid_to",
    "rrn",
    "limit",
    "cursor",
];

/// Filters of a list of orders. `_from` is inclusive, `_to` exclusive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilters {
    /// The exact reference.
    pub reference: Option<String>,
    /// The state of the order.
    pub status: Option<OrderState>,
    /// The method of a payment.
    pub method: Option<Method>,
    /// The channel of a payment.
    pub channel: Option<String>,
    /// The earliest time of creation.
    pub created_from: Option<DateTime<Utc>>,
    /// The time before which it was created.
    pub created_to: Option<DateTime<Utc>>,
    /// The earliest time at which it was paid.
    pub paid_from: Option<DateTime<Utc>>,
    /// The time before which it was paid.
    pub paid_to: Option<DateTime<Utc>>,
    /// The retrieval reference number of a receipt.
    pub rrn: Option<String>,
}

impl OrderFilters {
    /// Reads the filters among a query's parameters.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn read(query: &Query) -> Result<Self, ApiError> {
        Ok(Self {
            reference: not_blank(query, "reference")?,
            status: query.read("status")?,
            method: query.read("method")?,
            channel: not_blank(query, "channel")?,
            created_from: query.time("created_from")?,
            created_to: query.time("created_to")?,
            paid_from: query.time("paid_from")?,
            paid_to: query.time("paid_to")?,
            rrn: not_blank(query, "rrn")?,
        })
    }
}

impl From<OrderFilters> for ledger::OrderFilter {
    fn from(filters: OrderFilters) -> Self {
        Self {
            reference: filters.reference,
            state: filters.status,
            method: filters.method.map(|method| method.as_str().to_owned()),
            channel: filters.channel,
            created_from: filters.created_from,
            created_to: filters.created_to,
            paid_from: filters.paid_from,
            paid_to: filters.paid_to,
            rrn: filters.rrn,
        }
    }
}

fn not_blank(query: &Query, name: &str) -> Result<Option<String>, ApiError> {
    match query.text(name) {
        Some("") => Err(ApiError::malformed_request(format!(
            "query parameter {name}: is blank"
        ))),
        text => Ok(text.map(str::to_owned)),
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOrders {
    /// The filters.
    pub filters: OrderFilters,
    /// The number of orders, 1 to 200.
    pub limit: u16,
    /// The end of the page before.
    pub cursor: Option<Cursor>,
}

impl ListOrders {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let query = Query::parse(query, LIST_PARAMETERS)?;
        Ok(Self {
            filters: OrderFilters::read(&query)?,
            limit: query
                .number("limit", 1..=LIMIT_MAX)?
                .unwrap_or(LIMIT_DEFAULT),
            cursor: query.text("cursor").map(Cursor::decode).transpose()?,
        })
    }
}

/// The longest wait of a held read, and the version that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitForOrder {
    /// Seconds, 0 to 30; 0 answers at once.
    pub wait_secs: u8,
    /// The version that the order's version must exceed; `None`: the version it has now.
    pub version: Option<i32>,
}

impl WaitForOrder {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let query = Query::parse(query, &["wait", "version"])?;
        Ok(Self {
            wait_secs: query.number("wait", 0..=WAIT_SECS_MAX)?.unwrap_or(0),
            version: query.number("version", 0..=i32::MAX)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_means_the_first_fifty() {
        let list = ListOrders::parse("").unwrap();
        assert_eq!(list.limit, 50);
        assert_eq!(list.filters, OrderFilters::default());
        assert_eq!(list.cursor, None);
    }

    #[test]
    fn every_filter_is_read() {
        let query = "reference=INV-1&status=paid&method=qris&channel=BNC_QRIS&created_from=2026-11-01T00:00:00%2B07:00\
                     &created_to=2026-12-01T00:00:00Z&paid_from=2026-11-01T00:00:00Z&paid_to=2026-12-01T00:00:00Z&rrn=627010842336&limit=200";
        let list = ListOrders::parse(query).unwrap();
        assert_eq!(list.limit, 200);
        assert_eq!(list.filters.reference.as_deref(), Some("INV-1"));
        assert_eq!(list.filters.status, Some(OrderState::Paid));
        assert_eq!(list.filters.method, Some(Method::Qris));
        assert_eq!(list.filters.channel.as_deref(), Some("BNC_QRIS"));
        assert_eq!(list.filters.rrn.as_deref(), Some("627010842336"));
        assert!(list.filters.created_from < list.filters.created_to);
        assert!(list.filters.paid_from < list.filters.paid_to);
    }

    #[test]
    fn anything_else_is_malformed() {
        for bad in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=abc",
            "limit=",
            "limit=1&limit=2",
            "status=PAID",
            "status=creating",
            "status=",
            "method=card",
            "created_from=yesterday",
            "created_from=2026-11-01",
            "cursor=",
            "cursor=abc",
            "page=2",
            "Limit=1",
            "reference=",
            "reference=a%00",
        ] {
            assert!(ListOrders::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_read_is_held_at_most_thirty_seconds() {
        let read = |query| WaitForOrder::parse(query).ok();
        let wait = |wait_secs, version| Some(WaitForOrder { wait_secs, version });
        assert_eq!(read(""), wait(0, None));
        assert_eq!(read("wait=30&version=7"), wait(30, Some(7)));
        for bad in [
            "wait=31",
            "wait=-1",
            "wait=1.5",
            "wait=",
            "wait=x",
            "version=-1",
            "version=x",
            "wait=1&wait=1",
            "w=1",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
