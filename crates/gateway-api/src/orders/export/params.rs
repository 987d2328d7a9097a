//! The query of `GET /v1/orders/export`.

use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::orders::params::list_orders::OrderFilters;

pub(crate) const EXPORT_PARAMETERS: &[&str] = &[
    "format",
    "bom",
    "reference",
    "status",
    "method",
    "channel",
    "created_from",
    "created_to",
    "paid_from",
    "paid_to",
    "rrn",
];

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A header and a line per order.
    Csv {
        /// A byte order mark at the start, by which Excel recognizes UTF-8.
        byte_order_mark: bool,
    },
    /// A JSON object per line.
    Ndjson,
}

/// The parameters of an export: which orders, in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrders {
    /// The format.
    pub format: ExportFormat,
    /// The filters.
    pub filters: OrderFilters,
}

impl ExportOrders {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let query = Query::parse(query, EXPORT_PARAMETERS)?;
        let refused = |text| Err(ApiError::malformed_request(text));
        let byte_order_mark = match query.text("bom") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return refused("query parameter bom: must be true or false"),
        };
        let format = match query.text("format") {
            None | Some("csv") => ExportFormat::Csv { byte_order_mark },
            Some("ndjson") if byte_order_mark => {
                return refused("query parameter bom: only for format=csv, JSON has none");
            }
            Some("ndjson") => ExportFormat::Ndjson,
            Some(_) => return refused("query parameter format: must be csv or ndjson"),
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
        let csv = |byte_order_mark| ExportFormat::Csv { byte_order_mark };
        assert_eq!(read("").unwrap(), csv(false));
        assert_eq!(read("format=csv&status=paid").unwrap(), csv(false));
        assert_eq!(read("format=csv&bom=false").unwrap(), csv(false));
        assert_eq!(read("bom=true&status=paid").unwrap(), csv(true));
        assert_eq!(read("format=ndjson").unwrap(), ExportFormat::Ndjson);
        assert_eq!(
            read("format=ndjson&bom=false").unwrap(),
            ExportFormat::Ndjson
        );
        for bad in [
            "format=ndjson&bom=true",
            "bom=",
            "bom=1",
            "bom=TRUE",
            "bom=true&bom=true",
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
