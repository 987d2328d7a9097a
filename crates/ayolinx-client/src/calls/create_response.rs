//! Reads a create's success: the artefact must be there, and the echoed fields must be ours.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::channels::QrCheck;
use ayolinx_core::messages::ewallet::EwalletPaymentResponse;
use ayolinx_core::messages::payment_link::PaymentLinkResponse;
use ayolinx_core::messages::qris::QrisGenerateResponse;
use ayolinx_core::messages::retail::RetailCreateResponse;
use ayolinx_core::messages::virtual_account::VaCreateResponse;
use ayolinx_core::messages::{ReceivedAmount, our_spelling, parse};
use ayolinx_core::method::Method;
use ayolinx_core::qris;
use serde::Deserialize;

use crate::calls::create_request::CreateRequest;
use crate::calls::redirect::RedirectRule;
use crate::outcome::{Accepted, ProtocolReason};

pub(crate) fn accept(
    request: &CreateRequest<'_>,
    body: &[u8],
    provider_is_loopback: bool,
) -> Result<Accepted, ProtocolReason> {
    let reader = Reader {
        request,
        rule: RedirectRule {
            hosts: &request.channel.redirect_hosts,
            provider_is_loopback,
        },
    };
    match request.channel.method {
        Method::Qris => reader.qris(&read(body)?),
        Method::Ewallet => reader.ewallet(read(body)?),
        Method::VirtualAccount => reader.virtual_account(read(body)?),
        Method::Retail => reader.retail(read(body)?),
        Method::PaymentLink => reader.link(read(body)?),
    }
}

struct Reader<'a> {
    request: &'a CreateRequest<'a>,
    rule: RedirectRule<'a>,
}

impl Reader<'_> {
    fn qris(&self, response: &QrisGenerateResponse) -> Result<Accepted, ProtocolReason> {
        self.check(response.partner_reference_no.as_deref(), response.amount)?;
        let qr = response
            .qr_content
            .as_deref()
            .ok_or(ProtocolReason::NoArtefact)?;
        let qr = qr.trim();
        let qr_fault = match qris::check(qr, self.request.amount) {
            Ok(()) => None,
            Err(fault) if self.request.channel.qr_check == QrCheck::Report => Some(fault),
            Err(fault) => return Err(ProtocolReason::Qr(fault)),
        };
        Ok(Accepted {
            provider_reference: response.reference_no.clone(),
            qr_fault,
            expiry: response.expired_date.clone(),
            ..Accepted::of(Artefact::Qr {
                qr_string: qr.to_owned(),
            })
        })
    }

    fn ewallet(&self, response: EwalletPaymentResponse) -> Result<Accepted, ProtocolReason> {
        self.check(response.partner_reference_no.as_deref(), response.amount)?;
        let url = self.redirect(response.web_redirect_url)?;
        Ok(Accepted {
            provider_reference: response.reference_no,
            ..Accepted::of(Artefact::Redirect {
                url,
                link_code: None,
            })
        })
    }

    fn virtual_account(&self, response: VaCreateResponse) -> Result<Accepted, ProtocolReason> {
        let account = response.virtual_account_data;
        self.check(account.trx_id.as_deref(), account.total_amount)?;
        let number = account
            .virtual_account_no
            .ok_or(ProtocolReason::NoArtefact)?;
        let name = account
            .virtual_account_name
            .or_else(|| self.request.account_name());
        Ok(Accepted {
            expiry: account.expired_date,
            ..Accepted::of(Artefact::VirtualAccount {
                number: number.trim().to_owned(),
                bank: self.request.channel.short_name.clone(),
                account_name: name.unwrap_or_default(),
            })
        })
    }

    fn retail(&self, response: RetailCreateResponse) -> Result<Accepted, ProtocolReason> {
        self.check(response.partner_reference_no.as_deref(), response.amount)?;
        let code = response.va_number.ok_or(ProtocolReason::NoArtefact)?;
        Ok(Accepted {
            provider_reference: response.reference_no,
            expiry: response.expiry_date,
            ..Accepted::of(Artefact::PaymentCode {
                code: code.trim().to_owned(),
                store: self.request.channel.short_name.clone(),
                // The code is what pays; a page that is not allowed is left out.
                instructions_url: response.payment_url.filter(|url| self.rule.allows(url)),
            })
        })
    }

    /// Accepts a link's reply. Its `partnerReferenceNo` is the link's code, so there is no echo to
    /// check (protocol 4.11).
    fn link(&self, response: PaymentLinkResponse) -> Result<Accepted, ProtocolReason> {
        let url = self.redirect(response.payment_link)?;
        let ours = self.request.our_reference.as_str();
        let named = response.link_code.as_deref().map(our_spelling);
        let named = named.filter(|code| code != ours);
        let link_code = named.or_else(|| last_segment(&url));
        Ok(Accepted {
            link_code: link_code.clone(),
            ..Accepted::of(Artefact::Redirect { url, link_code })
        })
    }

    fn redirect(&self, url: Option<String>) -> Result<String, ProtocolReason> {
        let url = url.ok_or(ProtocolReason::NoArtefact)?;
        let url = url.trim();
        if self.rule.allows(url) {
            Ok(url.to_owned())
        } else {
            Err(ProtocolReason::RedirectNotAllowed)
        }
    }

    fn check(&self, reference: Option<&str>, amount: ReceivedAmount) -> Result<(), ProtocolReason> {
        if reference.is_some_and(|echo| our_spelling(echo) != self.request.our_reference) {
            return Err(ProtocolReason::OtherReference);
        }
        match amount {
            ReceivedAmount::Absent => Ok(()),
            ReceivedAmount::Read(amount) if amount == self.request.amount => Ok(()),
            ReceivedAmount::Read(_) | ReceivedAmount::Unreadable => {
                Err(ProtocolReason::OtherAmount)
            }
        }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ProtocolReason> {
    parse(body).map_err(|_unreadable| ProtocolReason::Unreadable)
}

fn last_segment(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let last = url.path_segments()?.next_back()?;
    (!last.is_empty()).then(|| last.to_owned())
}
