//! The query of `GET /v1/orders/export`.

use crate::error::ApiError;

use super::list_orders::OrderFilters;
use super::query::Query;

pub(crate) const EXPORT_PARAMETERS: &[&str] = &[
    "format",
    "reference",
    "status",
    "method",
    "channel",
    "created_from",
    "created_to",
    "paid_from",
    "paid_to",
];

/// How orders are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A header and a line per order.
    Csv,
    /// A JSON object per line.
    Ndjson,
}

/// Which orders are wanted, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrders {
    /// How.
    pub format: ExportFormat,
    /// Which.
    pub filters: OrderFilters,
}

impl ExportOrders {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let query = Query::parse(query, EXPORT_PARAMETERS)?;
        let format = match query.text("format") {
            None | Some("csv") => ExportFormat::Csv,
            Some("ndjson") => ExportFormat::Ndjson,
            Some(_) => {
                return Err(ApiError::malformed_request(
                    "query parameter format: must be csv or ndjson",
                ));
            }
        };
        Ok(Self {
            format,
            filters: OrderFilters::read(&query)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_of_the_list_and_a_format_are_read() {
        let read = |query| ExportOrders::parse(query).map(|wanted| wanted.format);
        assert_eq!(read("").unwrap(), ExportFormat::Csv);
        assert_eq!(read("format=csv&status=paid").unwrap(), ExportFormat::Csv);
        assert_eq!(read("format=ndjson").unwrap(), ExportFormat::Ndjson);
        for bad in [
            "format=",
            "format=CSV",
            "format=xlsx",
            "limit=1",
            "cursor=x",
            "status=x",
        ] {
            assert!(ExportOrders::parse(bad).is_err(), "{bad}");
        }
    }
}
