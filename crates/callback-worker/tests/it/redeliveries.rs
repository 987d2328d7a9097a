//! Ranges of events that are sent again: one that fails holds up no other, and comes to an end.

use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use callback_worker::loops::step_one_range;
use chrono::{TimeDelta, Utc};
use devstack::TestDatabase;
use ledger::{
    Ledger, LedgerSettings, NewEndpoint, REDELIVERY_ATTEMPTS_MAX, RangeBegun, RedeliveryRange,
    Source, Urgency,
};
use payment_flows::FlowMetrics;
use prometheus::{Registry, TextEncoder};
use service_shell::pace::Did;
use uuid::Uuid;

use crate::deliveries::context;

struct Ranges {
    ledger: Ledger,
    registry: Registry,
    metrics: FlowMetrics,
    // Dropped after the pool.
    database: TestDatabase,
}

impl Ranges {
    fn open() -> Self {
        let database = TestDatabase::create(|url| {
            ledger::migrate(url).unwrap();
            ledger::grant_to_services(url, devstack::SERVICES_ROLE).unwrap();
        });
        let settings = LedgerSettings {
            database_url: database.services_url(),
            connections_max: 4,
            waiting_max: 64,
            deadline: Duration::from_secs(20),
        };
        let registry = Registry::new();
        Self {
            ledger: Ledger::new(&settings, context()),
            metrics: FlowMetrics::new(&registry).unwrap(),
            registry,
            database,
        }
    }

    /// A shop with an endpoint, three events, and the wish to have them sent again.
    async fn shop(&self) -> MerchantId {
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.add_merchant(merchant, "Warung Budi"))
            .await
            .unwrap();
        self.database.query(&format!(
            "INSERT INTO events (id, merchant_id, type, body) \
             SELECT gen_random_uuid(), '{}', 'order.paid', '{{}}' FROM generate_series(1, 3)",
            merchant.as_uuid()
        ));
        let endpoint = NewEndpoint {
            id: ayolinx_core::ids::EndpointId::from_uuid(Uuid::now_v7()),
            merchant_id: merchant,
            url: "https://shop.example.co.id/hook".to_owned(),
            event_types: None,
            secret: ayolinx_core::secret::Secret::new("whsec_x".to_owned()),
        };
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.add_endpoint(&endpoint))
            .await
            .unwrap();
        assert_eq!(self.begin(merchant).await, RangeBegun::Accepted(3));
        merchant
    }

    async fn begin(&self, merchant: MerchantId) -> RangeBegun {
        let range = RedeliveryRange {
            from: Utc::now() - TimeDelta::hours(1),
            to: Utc::now() + TimeDelta::hours(1),
            event_type: None,
        };
        let begun = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.begin_redelivery(merchant, &range, Source::Merchant));
        begun.await.unwrap()
    }

    /// No delivery can be written for these shops, as if a step of theirs took too long.
    fn fail_for(&self, shops: &[MerchantId]) {
        let shops: Vec<String> = shops
            .iter()
            .map(|shop| format!("'{}'", shop.as_uuid()))
            .collect();
        self.database.query(&format!(
            "CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN \
                 IF EXISTS (SELECT FROM webhook_endpoints e WHERE e.id = NEW.endpoint_id \
                            AND e.merchant_id::text = ANY (ARRAY[{}]::text[])) THEN \
                     RAISE EXCEPTION 'canceling statement due to statement timeout'; \
                 END IF; RETURN NEW; END $$; \
             CREATE OR REPLACE TRIGGER fails BEFORE INSERT ON deliveries \
                 FOR EACH ROW EXECUTE FUNCTION fails()",
            shops.join(", ")
        ));
    }

    /// Steps until nothing is due; how many steps that took.
    async fn step_all(&self) -> usize {
        let mut steps = 0;
        while step_one_range(&self.ledger, &self.metrics).await.unwrap() == Did::Something {
            steps += 1;
            assert!(steps < 100, "a range is due again and again");
        }
        steps
    }

    fn due(&self, shop: MerchantId) -> String {
        let due = self.database.query(&format!(
            "SELECT count(*) FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
             WHERE e.merchant_id = '{}' AND d.state = 'due'",
            shop.as_uuid()
        ));
        due.trim().to_owned()
    }

    fn alarms(&self) -> String {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        let line = text
            .lines()
            .find(|line| line.contains(r#"what="redelivery_gave_up""#));
        line.unwrap().split(' ').next_back().unwrap().to_owned()
    }
}

/// Every choice of failing shops among four, whichever asked first.
#[tokio::test]
async fn a_range_that_fails_holds_up_no_other_whichever_it_is() {
    let ranges = Ranges::open();
    for choice in 0..16_u32 {
        let mut shops = Vec::new();
        for _ in 0..4 {
            shops.push(ranges.shop().await);
        }
        let fails = |place: usize| choice & (1 << place) != 0;
        let failing: Vec<MerchantId> = (0..4).filter(|at| fails(*at)).map(|at| shops[at]).collect();
        ranges.fail_for(&failing);
        ranges.step_all().await;
        for (place, shop) in shops.iter().enumerate() {
            let expected = if fails(place) { "0" } else { "3" };
            assert_eq!(ranges.due(*shop), expected, "{place} of {choice:b}");
        }
        ranges.fail_for(&[]);
        ranges
            .database
            .query("UPDATE redeliveries SET due_at = now() WHERE finished_at IS NULL");
        ranges.step_all().await;
        for shop in &failing {
            assert_eq!(ranges.due(*shop), "3", "what failed is done once it can be");
        }
    }
    assert_eq!(ranges.alarms(), "0");
}

#[tokio::test]
async fn a_range_whose_step_keeps_failing_waits_longer_each_time_and_is_given_up_with_an_alarm() {
    let ranges = Ranges::open();
    let shop = ranges.shop().await;
    ranges.fail_for(&[shop]);
    for attempt in 0..REDELIVERY_ATTEMPTS_MAX {
        assert_eq!(ranges.step_all().await, 1, "one attempt and then a pause");
        let pause = ranges.database.query(
            "SELECT round(extract(epoch FROM due_at - now())) FROM redeliveries \
             WHERE finished_at IS NULL",
        );
        let pause: i64 = pause.trim().parse().unwrap();
        let planned = (5_i64 << attempt.min(20)).min(600);
        let range = planned * 9 / 10 - 3..=planned * 11 / 10 + 1;
        assert!(range.contains(&pause), "{pause} after attempt {attempt}");
        ranges
            .database
            .query("UPDATE redeliveries SET due_at = now()");
    }
    assert_eq!(ranges.alarms(), "0");
    assert_eq!(ranges.begin(shop).await, RangeBegun::OneIsRunning);
    assert_eq!(ranges.step_all().await, 1);
    assert_eq!(ranges.alarms(), "1");
    let row = ranges
        .database
        .query("SELECT gave_up, finished_at IS NOT NULL FROM redeliveries");
    assert_eq!(row.trim(), "t|t");
    ranges.fail_for(&[]);
    assert_eq!(ranges.begin(shop).await, RangeBegun::Accepted(3));
    ranges.step_all().await;
    assert_eq!(ranges.due(shop), "3");
}
