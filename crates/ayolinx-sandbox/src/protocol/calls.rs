//! The documented calls of the provider: path, SNAP service code, family of channels (protocol 2.4, 4, 6.2, 7.1).

/// The means of paying a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Product {
    /// QRIS code.
    Qris,
    /// DANA.
    Ewallet,
    /// Bank account number.
    VirtualAccount,
    /// Counter code.
    Retail,
    /// The provider's page where the payer chooses.
    PaymentLink,
}

impl Product {
    /// Returns the name in the control API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Qris => "qris",
            Self::Ewallet => "ewallet",
            Self::VirtualAccount => "virtual_account",
            Self::Retail => "retail",
            Self::PaymentLink => "payment_link",
        }
    }

    /// Returns the documented path of the callback (protocol 8); for links the path our gateway registers.
    pub(crate) const fn callback_path(self) -> &'static str {
        match self {
            Self::Qris => "/v1.0/qr/qr-mpm-notify",
            Self::Ewallet | Self::Retail => "/v1.0/debit/notify",
            Self::VirtualAccount => "/v1.0/transfer-va/payment",
            Self::PaymentLink => "/v1.0/payment-link/notify",
        }
    }
}

/// One documented call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Access token B2B.
    Token,
    /// QRIS generate.
    QrisGenerate,
    /// QRIS query.
    QrisQuery,
    /// QRIS cancel.
    QrisCancel,
    /// E-wallet payment URL.
    EwalletPayment,
    /// E-wallet status.
    EwalletStatus,
    /// VA create.
    VaCreate,
    /// VA inquiry.
    VaInquiry,
    /// Convenience store create.
    RetailCreate,
    /// Convenience store query.
    RetailQuery,
    /// Payment link create.
    LinkCreate,
}

impl Call {
    /// All calls.
    pub(crate) const ALL: [Self; 11] = [
        Self::Token,
        Self::QrisGenerate,
        Self::QrisQuery,
        Self::QrisCancel,
        Self::EwalletPayment,
        Self::EwalletStatus,
        Self::VaCreate,
        Self::VaInquiry,
        Self::RetailCreate,
        Self::RetailQuery,
        Self::LinkCreate,
    ];

    /// Returns the call behind a path.
    pub(crate) fn by_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.path() == path)
    }

    /// Returns the name in fault rules and in the journal.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::QrisGenerate => "qris_generate",
            Self::QrisQuery => "qris_query",
            Self::QrisCancel => "qris_cancel",
            Self::EwalletPayment => "ewallet_payment",
            Self::EwalletStatus => "ewallet_status",
            Self::VaCreate => "va_create",
            Self::VaInquiry => "va_inquiry",
            Self::RetailCreate => "retail_create",
            Self::RetailQuery => "retail_query",
            Self::LinkCreate => "link_create",
        }
    }

    /// Returns the path, as it is signed.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Token => "/v1.0/access-token/b2b",
            Self::QrisGenerate => "/v1.0/qr/qr-mpm-generate",
            Self::QrisQuery => "/v1.0/qr/qr-mpm-query",
            Self::QrisCancel => "/v1.0/qr/qr-mpm-cancel",
            Self::EwalletPayment => "/direct-debit/core/v1/debit/payment-host-to-host",
            Self::EwalletStatus => "/direct-debit/core/v1/debit/status",
            Self::VaCreate => "/v1.0/transfer-va/create-va",
            Self::VaInquiry => "/v1.0/transfer-va/inquiry-va",
            Self::RetailCreate => "/v1.0/retail/create",
            Self::RetailQuery => "/v1.0/retail/query",
            Self::LinkCreate => "/v1.0/payment-link/create",
        }
    }

    /// Returns the SNAP service code. Retail has none in the documents: its errors borrow the debit family's.
    pub(crate) const fn service(self) -> &'static str {
        match self {
            Self::Token => "73",
            Self::QrisGenerate => "47",
            Self::QrisQuery => "51",
            Self::QrisCancel => "77",
            Self::EwalletPayment | Self::RetailCreate => "54",
            Self::EwalletStatus | Self::RetailQuery => "55",
            Self::VaCreate => "27",
            Self::VaInquiry => "30",
            Self::LinkCreate => "01",
        }
    }

    /// Returns the documented success code (protocol 2.4).
    pub(crate) fn success_code(self) -> String {
        match self {
            Self::RetailCreate | Self::RetailQuery => "00".to_owned(),
            _ => format!("200{}00", self.service()),
        }
    }

    /// Returns the family of the call's channels; the token belongs to none.
    pub(crate) const fn product(self) -> Option<Product> {
        match self {
            Self::Token => None,
            Self::QrisGenerate | Self::QrisQuery | Self::QrisCancel => Some(Product::Qris),
            Self::EwalletPayment | Self::EwalletStatus => Some(Product::Ewallet),
            Self::VaCreate | Self::VaInquiry => Some(Product::VirtualAccount),
            Self::RetailCreate | Self::RetailQuery => Some(Product::Retail),
            Self::LinkCreate => Some(Product::PaymentLink),
        }
    }

    /// Returns whether it opens a transaction.
    pub(crate) const fn is_create(self) -> bool {
        matches!(
            self,
            Self::QrisGenerate
                | Self::EwalletPayment
                | Self::VaCreate
                | Self::RetailCreate
                | Self::LinkCreate
        )
    }
}
