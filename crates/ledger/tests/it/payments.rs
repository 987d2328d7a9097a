//! Payments: outcomes of creates, money that comes and money that goes back, reviews, and the work with the provider.

mod create_results;
mod paid;
mod provider_refunds;
mod provider_work;
mod requested_refunds;
mod resent_creates;
mod reviews;
mod shared_references;
