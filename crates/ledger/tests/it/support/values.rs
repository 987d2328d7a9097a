//! What the provider may answer and say.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Failure;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::receipt::ReceiptDetails;
use ledger::{CallOutcome, Observation, Source};

use super::{PRICE, rupiah};

pub(crate) fn artefact(method: Method) -> Artefact {
    match method {
        Method::Qris => Artefact::Qr {
            qr_string: "000201010212".to_owned(),
        },
        Method::Ewallet => Artefact::Redirect {
            url: "https://wallet.example.co.id/pay".to_owned(),
            link_code: None,
        },
        Method::PaymentLink => Artefact::Redirect {
            url: "https://link.example.co.id/pay".to_owned(),
            link_code: Some("PLH-7".to_owned()),
        },
        Method::VirtualAccount => Artefact::VirtualAccount {
            number: "9882917200000001".to_owned(),
            bank: "BNI".to_owned(),
            account_name: "BUDI SANTOSO".to_owned(),
        },
        Method::Retail => Artefact::PaymentCode {
            code: "ALFA123".to_owned(),
            store: "ALFAMART".to_owned(),
            instructions_url: None,
        },
    }
}

pub(crate) fn accepted(method: Method) -> CallOutcome {
    CallOutcome::Accepted(Box::new(Observation {
        artefact: Some(artefact(method)),
        ..Observation::fact(Source::Reply, Fact::Accepted)
    }))
}

pub(crate) fn refused() -> CallOutcome {
    CallOutcome::Refused(Failure {
        code: "4004701".to_owned(),
        message: "Invalid Field Format".to_owned(),
    })
}

pub(crate) fn unknown() -> CallOutcome {
    CallOutcome::Unknown("timeout".to_owned())
}

/// A fresh callback with this status, over this many rupiah.
pub(crate) fn word(status: &str, whole: i64) -> ProviderWord {
    ProviderWord {
        channelled: Channelled::Callback,
        status: Some(ProviderStatus::from_code(status)),
        amount: ReceivedAmount::Read(rupiah(whole)),
        provider_reference: None,
        payment_request_id: None,
        finished_at: None,
        channel: None,
        details: ReceiptDetails::default(),
    }
}

pub(crate) fn paid() -> ProviderWord {
    word("00", PRICE)
}

/// A success that names its transfer, as SNAP virtual account notices do.
pub(crate) fn transfer(key: &str, whole: i64) -> ProviderWord {
    ProviderWord {
        payment_request_id: Some(key.to_owned()),
        provider_reference: Some(key.to_owned()),
        ..word("00", whole)
    }
}
