//! What `live-check` is to report of a provider as we read it, and of one that reads everything otherwise:
//! topic, verdict, part of the reading.

pub(crate) const AS_WE_READ: &[(&str, &str, &str)] = &[
    ("left part of the token's string", "right", "the client id"),
    (
        "life of a token: expiresIn",
        "right",
        "900 seconds, as a text",
    ),
    ("parallel tokens", "right", "several live side by side"),
    ("answer about an unknown reference", "right", "404…01"),
    ("HTTP status of refusals", "right", "first three digits"),
    (
        "spelling of bodies that are hashed",
        "right",
        "the bytes received",
    ),
    ("spelling of X-TIMESTAMP", "right", "taken: +07:00, +00:00;"),
    (
        "how far clocks may be apart",
        "right",
        "240 s behind and 240 s ahead",
    ),
    ("form of X-EXTERNAL-ID", "right", "digits only"),
    ("X-EXTERNAL-ID again on one day", "right", "409…00"),
    ("reply of a QRIS create", "right", "2004700, with qrContent"),
    ("expiredDate of a QR", "right", "unix seconds"),
    ("extra members of a QR's reply", "right", "neither"),
    ("validUpTo of e-wallets", "right", "unix seconds"),
    ("responseCode of stores", "right", "\"00\""),
    (
        "partnerReferenceNo of a link's reply",
        "right",
        "the link's code",
    ),
    ("expiryDate of a link's reply", "right", "seven hours early"),
    (
        "route in a callback's signature",
        "right",
        "the path of the URL",
    ),
    ("route with a query", "right", "with ? and the query"),
    (
        "spelling of callback bodies that are hashed",
        "right",
        "the bytes as received",
    ),
    ("the provider's public key", "right", "one of ours"),
    ("token with the notice of QRIS", "right", "no token"),
    (
        "callback URL: the request's or the portal's",
        "right",
        "the request's",
    ),
    ("callbacks of every method", "right", "all called back"),
    (
        "what counts as a failed callback",
        "right",
        "responseCode counts",
    ),
    ("reply to a QRIS notice", "right", "2005600 is taken"),
    ("type of amount.value", "right", "text;"),
    ("members missing in QRIS callbacks", "right", "none"),
    ("status of what expired unpaid", "right", "still 03"),
    ("a reference that was used", "right", "409"),
    ("reply of a QRIS cancel", "right", "2007700"),
];

pub(crate) const OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "life of a token: expiresIn",
        "right",
        "900 seconds, as a number",
    ),
    ("parallel tokens", "right", "revokes the one before"),
    ("answer about an unknown reference", "right", "status 07"),
    ("HTTP status of refusals", "right", "is not responseCode's"),
    (
        "spelling of bodies that are hashed",
        "right",
        "PHP's json_encode",
    ),
    ("spelling of X-TIMESTAMP", "right", "Z, milliseconds"),
    ("form of X-EXTERNAL-ID", "right", "any text"),
    (
        "X-EXTERNAL-ID again on one day",
        "right",
        "it may come again",
    ),
    ("expiredDate of a QR", "right", "ISO"),
    (
        "extra members of a QR's reply",
        "right",
        "qrUrl and referenceNo",
    ),
    ("validUpTo of e-wallets", "unfit", "only ISO"),
    ("responseCode of stores", "right", "seven digits"),
    (
        "partnerReferenceNo of a link's reply",
        "right",
        "our reference",
    ),
    (
        "expiryDate of a link's reply",
        "right",
        "as it was asked for",
    ),
    (
        "route in a callback's signature",
        "right",
        "the documented path",
    ),
    ("reply to a QRIS notice", "unfit", "2005100 is"),
    ("type of amount.value", "right", "a number"),
    ("status of what expired unpaid", "right", "05"),
    ("a reference that was used", "right", "accepted again"),
];
