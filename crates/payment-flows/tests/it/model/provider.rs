//! The provider's truth: what it was sent, what it took, who paid. It keeps the documented rules,
//! and holds the gateway to those of sending.

use std::collections::BTreeMap;

use ayolinx_core::messages::paths;
use serde_json::{Value, json};

pub(crate) const PRICE: i64 = 150_000;
/// What a payer pays who pays the wrong sum.
pub(crate) const WRONG: i64 = 40_000;

/// "Not found" is proven by two answers this far apart (contract 4.1), less what a run itself takes.
const PROOF_SECONDS: i64 = 55;

/// A request as the provider reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    Create {
        id: String,
        ewallet: bool,
        rupiah: String,
    },
    Inquire {
        id: String,
    },
    Cancel {
        id: String,
    },
}

impl Question {
    pub(crate) fn of(path: &str, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match path {
            paths::QRIS_GENERATE | paths::EWALLET_PAYMENT => Self::Create {
                id: text("partnerReferenceNo"),
                ewallet: path == paths::EWALLET_PAYMENT,
                rupiah: body["amount"]["value"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            },
            paths::QRIS_CANCEL => Self::Cancel {
                id: text("originalPartnerReferenceNo"),
            },
            _ => Self::Inquire {
                id: text("originalPartnerReferenceNo"),
            },
        }
    }
}

/// How the provider takes a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Kind,
    Refusing,
    Throttling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// The provider has it not.
    Absent,
    Open,
    Paying,
    Paid(i64),
    Refunded(i64),
    Cancelled,
    Failed,
}

impl Truth {
    /// Status and amount as inquiries and callbacks name them.
    pub(crate) const fn said(self) -> (&'static str, Option<i64>) {
        match self {
            Self::Absent => ("07", None),
            Self::Open => ("03", Some(PRICE)),
            Self::Paying => ("02", Some(PRICE)),
            Self::Paid(amount) => ("00", Some(amount)),
            Self::Refunded(amount) => ("04", Some(amount)),
            Self::Cancelled => ("05", Some(PRICE)),
            Self::Failed => ("06", Some(PRICE)),
        }
    }
}

/// One of our payment ids as the provider knows it.
#[derive(Debug, Clone)]
pub(crate) struct Deal {
    pub(crate) truth: Truth,
    pub(crate) ewallet: bool,
    /// Everything an inquiry or a callback on its way has ever said.
    pub(crate) said: Vec<(&'static str, Option<i64>)>,
    pub(crate) sends: u32,
    sends_allowed: u32,
    not_found_since: Option<i64>,
}

/// A callback that the provider may deliver, once or more often.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) amount: Option<i64>,
    /// Settled by an earlier delivery: only a duplicate from then on.
    pub(crate) settled: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Provider {
    pub(crate) deals: BTreeMap<String, Deal>,
    pub(crate) letters: Vec<Letter>,
    /// Seconds that went by in this run.
    pub(crate) clock: i64,
    pub(crate) sins: Vec<String>,
}

impl Provider {
    fn deal(&mut self, id: &str) -> &mut Deal {
        self.deals.entry(id.to_owned()).or_insert_with(|| Deal {
            truth: Truth::Absent,
            ewallet: false,
            said: Vec::new(),
            sends: 0,
            sends_allowed: 1,
            not_found_since: None,
        })
    }

    /// A request was sent; what it does is decided when it is let on.
    pub(crate) fn arrived(&mut self, question: &Question) {
        let Question::Create { id, ewallet, .. } = question else {
            return;
        };
        let deal = self.deal(id);
        deal.ewallet = *ewallet;
        deal.sends += 1;
        deal.not_found_since = None;
        if deal.sends > deal.sends_allowed {
            let sin = format!("{id} was sent again without proof that it never arrived");
            self.sins.push(sin);
        }
    }

    /// The effect of a request, and the answer to it.
    pub(crate) fn handle(&mut self, question: &Question, mood: Mood) -> (u16, String) {
        match question {
            Question::Create { id, rupiah, .. } => self.create(id, rupiah, mood),
            Question::Inquire { id } => self.inquire(id),
            Question::Cancel { id } => self.cancel(id),
        }
    }

    fn create(&mut self, id: &str, rupiah: &str, mood: Mood) -> (u16, String) {
        let deal = self.deal(id);
        let ewallet = deal.ewallet;
        match mood {
            Mood::Throttling => {
                deal.sends_allowed += 1;
                coded(429, "4294700")
            }
            _ if deal.truth != Truth::Absent => coded(409, "4094701"),
            Mood::Refusing => coded(400, "4004702"),
            Mood::Kind => {
                deal.truth = Truth::Open;
                let reply = if ewallet {
                    json!({"responseCode": "2005400", "partnerReferenceNo": id,
                           "webRedirectUrl": "https://m.dana.id/pay"})
                } else {
                    json!({"responseCode": "2004700", "partnerReferenceNo": id,
                           "qrContent": qr_over(rupiah)})
                };
                (200, reply.to_string())
            }
        }
    }

    fn inquire(&mut self, id: &str) -> (u16, String) {
        let clock = self.clock;
        let deal = self.deal(id);
        let (status, amount) = deal.truth.said();
        deal.said.push((status, amount));
        let Some(amount) = amount else {
            match deal.not_found_since {
                Some(since) if clock - since >= PROOF_SECONDS => {
                    deal.sends_allowed = deal.sends + 1;
                }
                Some(_) => {}
                None => deal.not_found_since = Some(clock),
            }
            return coded(404, "4045101");
        };
        let answer = json!({"responseCode": "2005100", "originalPartnerReferenceNo": id,
            "latestTransactionStatus": status,
            "amount": {"value": format!("{amount}.00"), "currency": "IDR"}});
        (200, answer.to_string())
    }

    fn cancel(&mut self, id: &str) -> (u16, String) {
        let deal = self.deal(id);
        match deal.truth {
            Truth::Absent => coded(404, "4047701"),
            Truth::Open | Truth::Cancelled => {
                deal.truth = Truth::Cancelled;
                let answer = json!({"responseCode": "2007700", "originalPartnerReferenceNo": id});
                (200, answer.to_string())
            }
            Truth::Paying | Truth::Paid(_) | Truth::Refunded(_) | Truth::Failed => {
                coded(403, "4037700")
            }
        }
    }

    /// Something befell the n-th deal, when it can; the callback about it may be delivered from now.
    pub(crate) fn befalls(&mut self, at: usize, next: Truth) -> bool {
        let ids: Vec<String> = self.deals.keys().cloned().collect();
        let Some(id) = ids.get(at % ids.len().max(1)) else {
            return false;
        };
        let deal = self.deal(id);
        let possible = match (deal.truth, next) {
            (Truth::Open | Truth::Paying, Truth::Paid(_) | Truth::Cancelled | Truth::Failed)
            | (Truth::Open, Truth::Paying)
            | (Truth::Paying, Truth::Open)
            | (Truth::Paid(WRONG), Truth::Paid(PRICE)) => true,
            (Truth::Paid(paid), Truth::Refunded(back)) => paid == back,
            _ => false,
        };
        if !possible {
            return false;
        }
        deal.truth = next;
        let (status, amount) = next.said();
        deal.said.push((status, amount));
        self.letters.push(Letter {
            id: id.clone(),
            status,
            amount,
            settled: false,
        });
        true
    }
}

fn coded(status: u16, code: &str) -> (u16, String) {
    let body = json!({"responseCode": code, "responseMessage": "said so"});
    (status, body.to_string())
}

impl Letter {
    /// The callback's body; the same bytes at every delivery.
    pub(crate) fn body(&self) -> String {
        let amount = self.amount.unwrap_or_default();
        json!({"originalPartnerReferenceNo": self.id, "latestTransactionStatus": self.status,
               "amount": {"value": format!("{amount}.00"), "currency": "IDR"}})
        .to_string()
    }
}

/// A QR as wallets read it.
fn qr_over(value: &str) -> String {
    let amount = format!("54{:02}{value}", value.len());
    let payload = format!("00020101021226180014ID.CO.TEST.WWW5303360{amount}5802ID6304");
    let crc = ayolinx_core::qris::crc16(payload.as_bytes());
    format!("{payload}{crc:04X}")
}
