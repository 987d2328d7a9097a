//! Webhooks over real sockets: what each answer of a shop comes to, and where nothing may be sent.

#[cfg(test)]
mod answers;
#[cfg(test)]
#[path = "../../../http-client/tests/support/drawn.rs"]
mod drawn;
#[cfg(test)]
mod interim_answers;
#[cfg(test)]
mod official_libraries;
#[cfg(test)]
mod rebinding;
#[cfg(test)]
mod shop;
