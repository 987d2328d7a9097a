//! The merchant's side: REST, checkout pages and their documents. Decides nothing about money itself.

pub mod app;
pub mod assets;
pub mod auth;
pub mod body;
pub mod callers;
pub mod console;
pub mod creates;
pub mod docs;
pub mod error;
pub mod idempotency;
pub mod json;
pub mod links;
pub mod long_reads;
pub mod openapi;
pub mod pages;
pub mod params;
pub mod pictures;
pub mod rate_limit;
pub mod routes;
pub mod share_refusal;
pub mod state;
pub mod usecases;
pub mod views;
pub mod visits;
pub mod watching;
