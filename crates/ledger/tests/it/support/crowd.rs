//! Many orders at once, straight in the database: of every state and way, some of them rare, with times that
//! several share, and some paid days after they were made. And filters drawn over all of that.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::states::OrderState;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::OrderFilter;

use crate::support::Books;

/// When the first of a crowd is made; another follows each half minute, three at a time.
pub(crate) fn first_time() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// So many orders of each of these merchants, whose references are `A-1`, `A-2`, …
pub(crate) fn plant(books: &Books, merchants: &str, many: u32) {
    let first = first_time();
    let id = |of: &str| {
        format!(
            "(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || \
              substr(md5('{of}' || m.id || n), 1, 3) || '8' || substr(md5('{of}' || m.id || n), 4, 15))::uuid"
        )
    };
    let each = format!(
        "FROM ({merchants}) m, generate_series(1, {many}) n, \
         LATERAL (SELECT '{first}'::timestamptz + (n - n % 3) * interval '30 s' AS at) made"
    );
    let paid = "n % 1777 <> 5 AND n % 10 < 6";
    books.sql(&format!(
        "SET session_replication_role = replica; \
         INSERT INTO orders (id, merchant_id, reference, state, amount_minor, currency, paid_minor, \
             payer_chooses, checkout_token, created_at, updated_at, expires_at, paid_at) \
         SELECT {order}, m.id, 'A-' || n, \
             CASE WHEN n % 1777 = 5 THEN 'failed' WHEN n % 10 < 6 THEN 'paid' \
                 WHEN n % 10 < 9 THEN 'expired' ELSE 'pending' END, \
             100, 'IDR', CASE WHEN {paid} THEN 100 ELSE 0 END, false, 'x', at, at, at + interval '1 hour', \
             CASE WHEN {paid} THEN at + CASE WHEN n % 97 = 1 THEN interval '3 days' \
                 ELSE interval '5 minutes' END END {each}; \
         INSERT INTO payments (id, order_id, merchant_id, position, method, channel, state, amount_minor, \
             currency, created_at, updated_at, expires_at, order_created_at) \
         SELECT {payment}, {order}, m.id, 1, way.method, way.channel, 'pending', 100, 'IDR', at, at, at, at \
         {each}, LATERAL (SELECT CASE WHEN n % 1999 = 7 THEN 'retail' WHEN n % 10 < 7 THEN 'qris' \
                 WHEN n % 10 < 9 THEN 'virtual_account' ELSE 'payment_link' END AS method, \
             CASE WHEN n % 1999 = 7 THEN 'ALFAMART' WHEN n % 10 < 7 THEN 'BNC_QRIS' \
                 WHEN n % 10 = 7 THEN 'VIRTUAL_ACCOUNT_BNI' WHEN n % 10 = 8 THEN 'VIRTUAL_ACCOUNT_BRI' \
                 END AS channel) way; \
         INSERT INTO payments (id, order_id, merchant_id, position, method, channel, state, amount_minor, \
             currency, created_at, updated_at, expires_at, order_created_at) \
         SELECT {other}, {order}, m.id, 2, way.method, way.channel, 'pending', 100, 'IDR', \
             at + interval '1 hour', at, at, at \
         {each}, LATERAL (SELECT CASE WHEN n % 26 = 0 THEN 'ewallet' ELSE 'qris' END AS method, \
             CASE WHEN n % 26 = 0 THEN 'EMONEY_DANA_SNAP' ELSE 'BNC_QRIS' END AS channel) way \
         WHERE n % 13 = 0; \
         INSERT INTO receipts (id, payment_id, amount_minor, held, rrn) \
         SELECT {receipt}, {payment}, 100, 'merchant', 'R' || n {each} WHERE {paid} AND n % 100 = 1",
        order = id("o"),
        payment = id("p"),
        other = id("q"),
        receipt = id("r"),
    ));
    books.sql("ANALYZE orders; ANALYZE payments; ANALYZE receipts");
}

/// A draw of filters, alone and together.
pub(crate) struct Filters {
    state: u64,
    many: u32,
}

impl Filters {
    /// Over so many orders of a merchant.
    pub(crate) fn over(many: u32) -> Self {
        Self {
            state: 0x2545_f491_4f6c_dd1d,
            many,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % end
    }

    /// One of these, or none.
    fn one<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let places = u64::try_from(2 * all.len()).unwrap();
        let drawn = usize::try_from(self.below(places)).unwrap();
        all.get(drawn).copied()
    }

    /// Nothing, a begin, an end, or both; now and then where there is nothing.
    fn times(&mut self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let span = u64::from(self.many) * 30;
        let mut time = || {
            let seconds = i64::try_from(self.below(span + span / 4)).unwrap();
            first_time() + TimeDelta::seconds(seconds)
        };
        let (one, two, day) = (time(), time(), TimeDelta::days(1));
        match self.below(8) {
            0 => (Some(one.min(two)), Some(one.max(two))),
            1 => (Some(one), Some(one + day)),
            2 => (Some(one), None),
            3 => (None, Some(one)),
            _ => (None, None),
        }
    }

    /// The next.
    pub(crate) fn draw(&mut self) -> OrderFilter {
        let name = self.below(u64::from(self.many) * 5 / 4) + 1;
        let state = [
            OrderState::Paid,
            OrderState::Expired,
            OrderState::Failed,
            OrderState::Refunded,
        ];
        let method = ["qris", "virtual_account", "retail", "ewallet"];
        let channel = ["BNC_QRIS", "VIRTUAL_ACCOUNT_BRI", "ALFAMART", "NO_CHANNEL"];
        let by_name = self.below(12);
        let (created_from, created_to) = self.times();
        let (paid_from, paid_to) = self.times();
        OrderFilter {
            reference: (by_name == 0).then(|| format!("A-{name}")),
            rrn: (by_name == 1).then(|| format!("R{}", name - name % 100 + 1)),
            state: self.one(&state),
            method: self.one(&method).map(str::to_owned),
            channel: self.one(&channel).map(str::to_owned),
            created_from,
            created_to,
            paid_from,
            paid_to,
        }
    }
}

/// What a filter says, in SQL; every value of it is drawn above.
fn condition(filter: &OrderFilter) -> String {
    let mut all = vec!["true".to_owned()];
    let mut add = |text: Option<String>| all.extend(text);
    add(filter
        .reference
        .as_ref()
        .map(|name| format!("o.reference = '{name}'")));
    add(filter
        .state
        .map(|state| format!("o.state = '{}'", state.as_str())));
    for (column, sign, time) in [
        ("created_at", ">=", filter.created_from),
        ("created_at", "<", filter.created_to),
        ("paid_at", ">=", filter.paid_from),
        ("paid_at", "<", filter.paid_to),
    ] {
        add(time.map(|time| format!("o.{column} {sign} '{time}'")));
    }
    let method = filter.method.as_ref();
    let channel = filter.channel.as_ref();
    if method.is_some() || channel.is_some() {
        add(Some(format!(
            "EXISTS (SELECT FROM payments p WHERE p.order_id = o.id {} {})",
            method.map_or(String::new(), |name| format!("AND p.method = '{name}'")),
            channel.map_or(String::new(), |name| format!("AND p.channel = '{name}'")),
        )));
    }
    add(filter.rrn.as_ref().map(|rrn| {
        format!(
            "EXISTS (SELECT FROM payments p JOIN receipts r ON r.payment_id = p.id \
             WHERE p.order_id = o.id AND r.rrn = '{rrn}')"
        )
    }));
    all.join(" AND ")
}

/// The references that a filter leaves, by a statement that looks at everything.
pub(crate) fn expected(books: &Books, merchant: MerchantId, filter: &OrderFilter) -> String {
    books.sql(&format!(
        "SELECT o.reference FROM orders o WHERE o.merchant_id = '{}' AND {} \
         ORDER BY o.created_at DESC, o.id DESC",
        merchant.as_uuid(),
        condition(filter)
    ))
}
