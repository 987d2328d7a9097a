//! The requests of the load, as finished bytes: creates, reads, and callbacks signed as the
//! provider signs them, of orders that creates have made.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ayolinx_core::{
    secret::Secret,
    signing::{RsaSigningKey, SignedCallback, sign_callback},
};
use devstack::Trouble;

use crate::{
    harness::bed::Bed,
    tools::{clock::jakarta_now, http::Reply},
};

const QRIS: &str = "/v1.0/qr/qr-mpm-notify";
const RUPIAH: u64 = 25_000;

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A callback of the provider about money.
    Callback,
    /// A shop's create of an order with its payment.
    Create,
    /// A shop's read of an order.
    Read,
}

impl Kind {
    /// All kinds, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Callback, Self::Create, Self::Read];
    /// One order's life: created, reported, and read twice.
    pub const MIX: [Self; 4] = [Self::Create, Self::Read, Self::Callback, Self::Read];

    /// Returns its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Callback => "callbacks",
            Self::Create => "creates",
            Self::Read => "reads",
        }
    }
}

#[derive(Debug, Clone)]
struct Known {
    order: String,
    payment: String,
}

/// The maker of requests.
#[derive(Debug)]
pub struct Jobs {
    api_key: String,
    key: RsaSigningKey,
    known: Mutex<Vec<Known>>,
    signed: Mutex<Vec<Vec<u8>>>,
    number: AtomicU64,
}

impl Jobs {
    /// Creates the maker for a stack's merchant and its provider.
    ///
    /// # Errors
    /// Fails when the provider's key cannot be used.
    pub fn of(bed: &Bed) -> Result<Self, Trouble> {
        let pem = Secret::new(bed.provider_key()?);
        let key = RsaSigningKey::from_pem(&pem)
            .map_err(|error| Trouble::new(format!("the provider's key: {error}")))?;
        Ok(Self {
            api_key: bed.stack.merchant().api_key.clone(),
            key,
            known: Mutex::default(),
            signed: Mutex::default(),
            number: AtomicU64::new(1),
        })
    }

    /// Builds the next request of a kind.
    #[must_use]
    pub fn request(&self, kind: Kind, to: SocketAddr) -> Vec<u8> {
        match kind {
            Kind::Create => self.create(to),
            Kind::Read => self.read(to),
            Kind::Callback => {
                let ready = lock(&self.signed).pop();
                ready.unwrap_or_else(|| self.callback(to))
            }
        }
    }

    /// Signs callbacks ahead of time: signing costs the machine more than taking them.
    pub fn sign_ahead(&self, count: u64, to: SocketAddr) {
        let callbacks: Vec<Vec<u8>> = (0..count).map(|_| self.callback(to)).collect();
        *lock(&self.signed) = callbacks;
    }

    /// Remembers the order of a create.
    pub fn created(&self, reply: &Reply) {
        let body = String::from_utf8_lossy(&reply.body);
        let after = |mark: &str| {
            let (_, rest) = body.split_once(mark)?;
            rest.split_once('"').map(|(id, _)| id.to_owned())
        };
        let order = after("{\"id\":\"");
        let payment = after("\"payments\":[{\"id\":\"");
        if let (Some(order), Some(payment)) = (order, payment) {
            lock(&self.known).push(Known { order, payment });
        }
    }

    /// Counts the orders that can be read and reported.
    #[must_use]
    pub fn known(&self) -> usize {
        lock(&self.known).len()
    }

    fn next(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Picks one of the known orders, in turn, so that all are paid before any is reported twice.
    fn pick(&self, number: u64) -> Known {
        let known = lock(&self.known);
        let count = u64::try_from(known.len()).unwrap_or(0);
        let index = number.checked_rem(count).unwrap_or(0);
        let found = known.get(usize::try_from(index).unwrap_or(0)).cloned();
        found.unwrap_or_else(|| Known {
            order: "ord_0".to_owned(),
            payment: "0".to_owned(),
        })
    }

    fn create(&self, to: SocketAddr) -> Vec<u8> {
        let number = self.next();
        let body = format!(
            "{{\"reference\":\"M-{number}\",\"amount\":{{\"value\":\"{RUPIAH}.00\",\"currency\":\"IDR\"}},\
             \"payment\":{{\"method\":\"qris\"}},\"expires_in\":3600}}"
        );
        let (key, length) = (&self.api_key, body.len());
        format!(
            "POST /v1/orders HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {key}\r\n\
             Idempotency-Key: m-{number}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn read(&self, to: SocketAddr) -> Vec<u8> {
        let (key, order) = (&self.api_key, self.pick(self.next()).order);
        format!(
            "GET /v1/orders/{order} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {key}\r\n\r\n"
        )
        .into_bytes()
    }

    fn callback(&self, to: SocketAddr) -> Vec<u8> {
        let number = self.next();
        let payment = self.pick(number).payment;
        let timestamp = jakarta_now();
        let body = format!(
            "{{\"additionalInfo\":{{\"channel\":\"BNC_QRIS\"}},\"originalReferenceNo\":\"M{number}\",\
             \"originalPartnerReferenceNo\":\"{payment}\",\"latestTransactionStatus\":\"00\",\
             \"finishedTime\":\"{timestamp}\",\
             \"amount\":{{\"value\":\"{RUPIAH}.00\",\"currency\":\"IDR\"}}}}"
        );
        let signed = SignedCallback {
            route: QRIS,
            body: body.as_bytes(),
            timestamp: &timestamp,
        };
        let (signature, length) = (sign_callback(&self.key, &signed), body.len());
        format!(
            "POST {QRIS} HTTP/1.1\r\nHost: {to}\r\nX-TIMESTAMP: {timestamp}\r\n\
             X-SIGNATURE: {signature}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
