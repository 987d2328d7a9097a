//! The endpoints that have dead webhooks: deliveries whose attempts all failed. A delivery that was never
//! attempted, since its endpoint was disabled for too long or deleted, is none of them. Their index,
//! `deliveries_dead_of_endpoint`, is read from endpoint to endpoint, so that one without such costs nothing; it
//! serves only the condition that it was made with, word for word.

/// A statement that may read `failing`: each endpoint that has dead webhooks, once, from the one that its
/// first parameter names.
macro_rules! of_failing_endpoints {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE failing AS ( \
                 (SELECT endpoint_id FROM deliveries \
                  WHERE state = 'dead' AND (last_error IS NULL \
                      OR last_error NOT IN ('endpoint_disabled', 'endpoint_deleted')) \
                    AND endpoint_id >= ? ORDER BY endpoint_id LIMIT 1) \
                 UNION ALL \
                 SELECT next.endpoint_id FROM failing CROSS JOIN LATERAL ( \
                     SELECT endpoint_id FROM deliveries \
                     WHERE state = 'dead' AND (last_error IS NULL \
                         OR last_error NOT IN ('endpoint_disabled', 'endpoint_deleted')) \
                       AND deliveries.endpoint_id > failing.endpoint_id \
                     ORDER BY endpoint_id LIMIT 1) AS next) ",
            $rest
        )
    };
}
pub(crate) use of_failing_endpoints;
