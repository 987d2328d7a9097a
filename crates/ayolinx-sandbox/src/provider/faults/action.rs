//! The action of a fault. For calls, "effect" is the work the provider does before it replies.

use serde::Deserialize;
use serde_json::{Value, json};

/// One misbehaviour. `kind` is the variant's name in snake case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Action {
    /// Waits, then goes on as usual. Calls and callbacks.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Connection closed (FIN) without a byte; nothing was done.
    DropBeforeEffect,
    /// Connection closed (FIN) without a byte; it was done.
    DropAfterEffect,
    /// Connection reset (RST) without a byte; nothing was done.
    ResetBeforeEffect,
    /// Connection reset (RST) without a byte; it was done.
    ResetAfterEffect,
    /// No answer for `ms` (default 60,000), then FIN.
    Hang {
        /// True when the work was done.
        #[serde(default)]
        after_effect: bool,
        /// Milliseconds.
        #[serde(default = "one_minute_ms")]
        ms: u64,
    },
    /// The right reply, its body slowly.
    Drip {
        /// At least 1.
        bytes_per_second: std::num::NonZeroU32,
    },
    /// Bytes that are not HTTP, then FIN.
    Garbage {
        /// True when the work was done.
        #[serde(default)]
        after_effect: bool,
    },
    /// HTTP 200 whose body is no JSON.
    GarbageBody {
        /// True when the work was done.
        #[serde(default)]
        after_effect: bool,
    },
    /// Half a status line, then FIN.
    HalfStatusLine {
        /// True when the work was done.
        #[serde(default)]
        after_effect: bool,
    },
    /// The right head, half of the right body, then FIN; it was done.
    Truncate,
    /// A proxy's HTML page with 502.
    #[serde(rename = "html_502")]
    Html502 {
        /// True when the work was done.
        #[serde(default)]
        after_effect: bool,
    },
    /// 500SS00 in JSON; it was done.
    #[serde(rename = "http_500_after_effect")]
    Http500AfterEffect,
    /// Any HTTP status, code and message.
    Error {
        /// HTTP status.
        http_status: u16,
        /// `responseCode`.
        response_code: String,
        /// `responseMessage`.
        #[serde(default)]
        message: String,
        /// True when the work was done.
        #[serde(default)]
        after_effect: bool,
    },
    /// 202SS00 without an artefact; it was done unless said otherwise.
    #[serde(rename = "in_progress_202")]
    InProgress202 {
        /// True when the work was done.
        #[serde(default = "yes")]
        after_effect: bool,
    },
    /// The reply names another reference.
    WrongEchoReference,
    /// The reply (or its QR content) names another amount.
    WrongEchoAmount,
    /// The QR with one digit of its checksum changed: no wallet reads it.
    BrokenQr,
    /// A QR that any amount can be paid with: static, without tag 54.
    StaticQr,
    /// A right QR over another amount.
    OtherAmountQr {
        /// Whole rupiah.
        #[serde(default = "one_rupiah")]
        rupiah: i64,
    },
    /// The create's reply names this end of the payment's time; the provider keeps the one that was asked for.
    OtherExpiry {
        /// Seconds from now, negative for the past; else by `shift_seconds`.
        from_now_seconds: Option<i64>,
        /// Seconds from what was asked for: -25200 is seven hours of a mislabelled zone.
        #[serde(default)]
        shift_seconds: i64,
    },
    /// A success without QR, URL, number, code, link or token.
    MissingArtefact,
    /// The e-wallet's or link's URL leads to another host.
    RedirectElsewhere {
        /// The URL given to the payer.
        #[serde(default = "elsewhere")]
        url: String,
    },
    /// HTTP 307; nothing was done.
    HttpRedirect {
        /// `Location`.
        location: String,
    },
    /// Callbacks: this one never arrives, nor do its repeats.
    Drop,
    /// Callbacks: sent that many more times, byte for byte.
    Duplicate {
        /// Number of further times.
        times: u32,
    },
    /// Callbacks: held until the next one was sent (at most a minute, scaled).
    Reorder,
    /// Callbacks: one rupiah too much.
    WrongAmount,
    /// Callbacks: signed over another body.
    WrongSignature,
    /// Callbacks: two days old, correctly signed.
    StaleTimestamp,
}

const fn one_minute_ms() -> u64 {
    60_000
}

const fn yes() -> bool {
    true
}

const fn one_rupiah() -> i64 {
    1
}

fn elsewhere() -> String {
    "https://pay.evil.example/checkout".to_owned()
}

impl Action {
    /// Reads an action object or the bare name of one without required fields.
    pub(super) fn read(text: &Value) -> Result<Self, String> {
        let object = match text {
            Value::String(name) => json!({"kind": name}),
            other => other.clone(),
        };
        serde_json::from_value(object).map_err(|error| error.to_string())
    }

    /// Returns whether no call knows it.
    pub(super) const fn is_only_for_callbacks(&self) -> bool {
        matches!(
            self,
            Self::Drop
                | Self::Duplicate { .. }
                | Self::Reorder
                | Self::WrongAmount
                | Self::WrongSignature
                | Self::StaleTimestamp
        )
    }

    /// Returns whether callbacks know it.
    pub(super) const fn suits_callbacks(&self) -> bool {
        self.is_only_for_callbacks() || matches!(self, Self::Delay { .. })
    }

    /// Returns one rule per kind, as documentation that can be posted.
    pub(crate) fn examples() -> Vec<Value> {
        vec![
            json!({"call":"qris_generate","channel":"BNC_QRIS","times":1,"action":{"kind":"delay","ms":500}}),
            json!({"call":"*","probability":0.1,"seed":7,"action":"drop_before_effect"}),
            json!({"call":"va_create","skip":2,"times":1,"action":"drop_after_effect"}),
            json!({"call":"retail_create","action":"reset_before_effect"}),
            json!({"call":"qris_generate","reference":"INV-1","action":"reset_after_effect"}),
            json!({"call":"ewallet_payment","action":{"kind":"hang","after_effect":true,"ms":60_000}}),
            json!({"call":"qris_query","action":{"kind":"drip","bytes_per_second":1}}),
            json!({"call":"*","action":{"kind":"garbage","after_effect":true}}),
            json!({"call":"*","action":{"kind":"garbage_body","after_effect":true}}),
            json!({"call":"*","action":{"kind":"half_status_line","after_effect":false}}),
            json!({"call":"*","action":"truncate"}),
            json!({"call":"*","action":{"kind":"html_502","after_effect":true}}),
            json!({"call":"link_create","action":"http_500_after_effect"}),
            json!({"call":"*","action":{"kind":"error","http_status":429,"response_code":"4294700","message":"Too Many Requests","after_effect":false}}),
            json!({"call":"*","action":{"kind":"in_progress_202","after_effect":true}}),
            json!({"call":"*","action":"wrong_echo_reference"}),
            json!({"call":"va_create","action":"wrong_echo_amount"}),
            json!({"call":"qris_generate","action":"broken_qr"}),
            json!({"call":"qris_generate","action":"static_qr"}),
            json!({"call":"qris_generate","action":{"kind":"other_amount_qr","rupiah":2_500}}),
            json!({"call":"va_create","action":{"kind":"other_expiry","from_now_seconds":900}}),
            json!({"call":"qris_generate","action":{"kind":"other_expiry","shift_seconds":-25_200}}),
            json!({"call":"*","action":{"kind":"error","http_status":500,"response_code":"581000002","message":"Gateway Error","after_effect":false}}),
            json!({"call":"*","action":"missing_artefact"}),
            json!({"call":"ewallet_payment","action":{"kind":"redirect_elsewhere","url":"https://pay.evil.example/checkout"}}),
            json!({"call":"*","action":{"kind":"http_redirect","location":"http://127.0.0.1:1/"}}),
            json!({"call":"callback","times":1,"action":"drop"}),
            json!({"call":"callback","action":{"kind":"duplicate","times":19}}),
            json!({"call":"callback","times":1,"action":"reorder"}),
            json!({"call":"callback","action":{"kind":"delay","ms":250}}),
            json!({"call":"callback","times":1,"action":"wrong_amount"}),
            json!({"call":"callback","times":1,"action":"wrong_signature"}),
            json!({"call":"callback","times":1,"action":"stale_timestamp"}),
        ]
    }
}
