//! The deeds of each aggressor, as loads and fault rules, and their end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use chaos::clock::jakarta_now;
use devstack::{Trouble, order_request};
use uuid::Uuid;

use super::{
    aggressor::Aggressor,
    scene::Scene,
    storm::{Make, Pace, Storm},
};
use crate::harness::shop::{RUPIAH, Shop};

const BNI: &str = "VIRTUAL_ACCOUNT_BNI";
const SLOW_WEBHOOK: Duration = Duration::from_secs(12);
/// Amount at which the stand-in provider does what is asked and answers late.
const ANSWERED_LATE: u64 = 25_902;
const FILTERS: [&str; 8] = [
    "method=qris&limit=200",
    "method=ewallet",
    "status=paid",
    "status=expired&method=qris",
    "channel=VIRTUAL_ACCOUNT_BNI&limit=200",
    "paid_from=2020-01-01T00:00:00Z",
    "rrn=123456789012",
    "status=pending&channel=BNC_QRIS&created_from=2020-01-01T00:00:00Z",
];

/// An aggressor at work. Dropping it ends its loads.
pub(crate) struct Attack<'a> {
    scene: &'a Scene,
    aggressor: Aggressor,
    storm: Storm,
    webhooks_before: u64,
}

impl<'a> Attack<'a> {
    /// Begins the attack.
    ///
    /// # Errors
    /// Fails when the provider takes no rules.
    pub(crate) async fn begin(aggressor: Aggressor, scene: &'a Scene) -> Result<Self, Trouble> {
        let attack = Self {
            scene,
            aggressor,
            storm: Storm::new()?,
            webhooks_before: scene.slow_endpoint.asked(),
        };
        if let Some(rules) = attack.rules() {
            scene.fault(Some(&rules)).await?;
        }
        attack.strike();
        Ok(attack)
    }

    /// Ends the attack and returns what was done; an error when that is nothing.
    ///
    /// # Errors
    /// Fails when the provider or the database cannot be brought to rest.
    pub(crate) async fn end(self) -> Result<Result<String, String>, Trouble> {
        let Self {
            scene,
            aggressor,
            storm,
            webhooks_before,
        } = self;
        let (counts, webhooks) = (Arc::clone(&storm.counts), scene.slow_endpoint.asked());
        drop(storm);
        scene.fault(None).await?;
        scene.slow_endpoint.answer_after(Duration::ZERO);
        scene.put_off_what_others_left()?;
        let webhooks = webhooks.saturating_sub(webhooks_before);
        let did = match aggressor.is_about_endpoints() {
            true => format!("{counts}; {webhooks} webhooks"),
            false => counts.to_string(),
        };
        let nothing = counts.all() == 0 || (aggressor.is_about_endpoints() && webhooks == 0);
        Ok(match nothing {
            true => Err(format!("the aggressor did nothing ({did})")),
            false => Ok(did),
        })
    }

    /// Returns the rules by which the provider misbehaves meanwhile.
    fn rules(&self) -> Option<String> {
        let delay =
            |ms: u32| format!(r#"{{"channel":"{BNI}","action":{{"kind":"delay","ms":{ms}}}}}"#);
        match self.aggressor {
            Aggressor::HangingChannel => Some(delay(60_000)),
            Aggressor::SlowChannel => Some(delay(3_000)),
            Aggressor::FailingChannel => Some(format!(
                r#"{{"channel":"{BNI}","probability":0.5,"seed":1,"action":"reset_before_effect"}},
                   {{"channel":"{BNI}","action":"http_500_after_effect"}}"#
            )),
            _ => None,
        }
    }

    fn strike(&self) {
        let doors = self.scene.doors;
        let page = &self.scene.open.page;
        match self.aggressor {
            Aggressor::HangingChannel | Aggressor::FailingChannel | Aggressor::SlowChannel => {
                self.orders(30, 400, "virtual_account", RUPIAH);
            }
            Aggressor::ShopAtLimit => self.orders(185, 1_200, "qris", ANSWERED_LATE),
            Aggressor::Guesses => self.paced(doors.checkout, (450, 300), guess(doors.checkout)),
            Aggressor::ValidPage => {
                let request = get(doors.checkout, page);
                self.paced(doors.checkout, (600, 300), same(request));
            }
            Aggressor::UnknownKeys => {
                self.paced(doors.api, (800, 300), with_unknown_keys(doors.api));
            }
            Aggressor::SilentConnections => self.storm.silent(doors.checkout, 1_100),
            Aggressor::WrongSignatures => {
                self.paced(doors.worker, (300, 200), forged(doors.worker));
            }
            Aggressor::LongPolls => {
                let path = format!("/v1/orders/{}?wait=30", self.scene.open.order);
                self.paced(doors.api, (150, 1_000), self.look(&path));
            }
            Aggressor::QrPictures => {
                let picture = page.replacen('?', "/qr.png?size=1024&", 1);
                let request = get(doors.checkout, &picture);
                self.storm.closed(doors.checkout, 8, &same(request));
            }
            Aggressor::KeyOverLimit => {
                self.paced(doors.api, (600, 100), self.look("/v1/orders?limit=1"));
            }
            Aggressor::FilterStorm => self.paced(doors.api, (150, 64), self.filtered()),
            Aggressor::SlowEndpoints => {
                self.scene.slow_endpoint.answer_after(SLOW_WEBHOOK);
                self.orders_of(&self.scene.slow_shops, 48);
            }
            Aggressor::HangingEndpoint => {
                self.scene.slow_endpoint.hang();
                self.orders_of(self.scene.slow_shops.get(..1).unwrap_or_default(), 20);
            }
            // Sessions are stopped while the shop lives, and nobody loads anything.
            Aggressor::StuckSession | Aggressor::StuckWriter => {}
        }
    }

    fn paced(&self, to: SocketAddr, (a_second, at_once): (u64, usize), make: Make) {
        self.storm.paced(to, Pace { a_second, at_once }, make);
    }

    fn orders(&self, a_second: u64, at_once: usize, method: &'static str, rupiah: u64) {
        let (to, shop) = (self.scene.doors.api, self.scene.other.clone());
        let name = self.aggressor.name();
        let make = move |number| create(&shop, to, &format!("A-{name}-{number}"), method, rupiah);
        self.paced(to, (a_second, at_once), Arc::new(make));
    }

    fn orders_of(&self, shops: &[Shop], a_second: u64) {
        let (to, shops) = (self.scene.doors.api, shops.to_vec());
        let name = self.aggressor.name();
        let make = move |number: u64| {
            let turn = usize::try_from(number).unwrap_or(0);
            let turn = turn.checked_rem(shops.len()).unwrap_or(0);
            let reference = format!("A-{name}-{number}");
            let of = |shop| create(shop, to, &reference, "qris", RUPIAH);
            shops.get(turn).map(of).unwrap_or_default()
        };
        self.paced(to, (a_second, 64), Arc::new(make));
    }

    fn look(&self, path: &str) -> Make {
        same(self.scene.other.look(self.scene.doors.api, path))
    }

    fn filtered(&self) -> Make {
        let (to, shop) = (self.scene.doors.api, &self.scene.other);
        let looks = FILTERS.map(|filter| shop.look(to, &format!("/v1/orders?{filter}")));
        Arc::new(move |number| {
            let turn = usize::try_from(number).unwrap_or(0) % FILTERS.len();
            looks.get(turn).cloned().unwrap_or_default()
        })
    }
}

fn create(shop: &Shop, to: SocketAddr, reference: &str, method: &str, rupiah: u64) -> Vec<u8> {
    let order = order_request(reference, method, rupiah).to_string();
    shop.create_of(to, reference, &order)
}

fn get(to: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {to}\r\n\r\n").into_bytes()
}

fn same(request: Vec<u8>) -> Make {
    Arc::new(move |_number| request.clone())
}

fn guess(to: SocketAddr) -> Make {
    Arc::new(move |_number| {
        let (order, token) = (Uuid::new_v4().simple(), Uuid::new_v4().simple());
        get(to, &format!("/pay/ord_{order}?t={token}"))
    })
}

fn with_unknown_keys(to: SocketAddr) -> Make {
    Arc::new(move |number| {
        let key = format!("gk_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let head = format!("HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {key}\r\n");
        match number % 2 {
            0 => format!("GET /v1/orders {head}\r\n").into_bytes(),
            _ => format!(
                "POST /v1/orders {head}Content-Type: application/json\r\n\
                 Content-Length: 2\r\n\r\n{{}}"
            )
            .into_bytes(),
        }
    })
}

/// Builds callbacks about unknown payments, with an invalid signature.
fn forged(to: SocketAddr) -> Make {
    let signature = format!("{}QQ==", "QUFB".repeat(85));
    Arc::new(move |_number| {
        let (payment, timestamp) = (Uuid::new_v4().simple(), jakarta_now());
        let body = format!(
            "{{\"additionalInfo\":{{\"channel\":\"BNC_QRIS\"}},\"originalReferenceNo\":\"X\",\
             \"originalPartnerReferenceNo\":\"{payment}\",\"latestTransactionStatus\":\"00\",\
             \"amount\":{{\"value\":\"{RUPIAH}.00\",\"currency\":\"IDR\"}}}}"
        );
        let length = body.len();
        format!(
            "POST /v1.0/qr/qr-mpm-notify HTTP/1.1\r\nHost: {to}\r\nX-TIMESTAMP: {timestamp}\r\n\
             X-SIGNATURE: {signature}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    })
}
