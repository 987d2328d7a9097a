//! Keys whose private half is public: those of the signing vectors and of the provider's documents.

/// SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
const FINGERPRINTS: [&str; 4] = [
    // vectors.json: merchant, provider, unrelated.
    "e26d91f768522d544e2648a6024e9f7390fb7654a8d596759b9db04e065b9fa5",
    "6609b37b309ff2e5952e23457bffc11ecf77b876a384bf3332c52e78e1a964df",
    "cf8e97b6c52a42d9ee7ca372ed7cea333b3bc26eccf8b1ccfa1669448459d418",
    // The demo key printed on the provider's signature page (protocol 3.6).
    "e834f485247e41e471d937629ce3b6ead55cd54c18ea5add3ef1c749b92d1920",
];

pub(super) fn is_published(spki_fingerprint: &str) -> bool {
    FINGERPRINTS.contains(&spki_fingerprint)
}
