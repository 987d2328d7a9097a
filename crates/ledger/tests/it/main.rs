//! The books against a real Postgres: every flow, every race, every fault, and the proof of them.
#![cfg(test)]

mod audit;
mod backlog;
mod calls;
mod endings;
mod erase;
mod fronts;
mod gauges;
mod group;
mod group_creates;
mod group_faults;
mod idempotency;
mod inbox;
mod listing;
mod merchants;
mod migration_rules;
mod migrations;
mod outbox;
mod paid;
mod partitions;
mod plans;
mod privacy;
mod refunds;
mod resent;
mod review;
mod rotation;
mod sequences;
mod several;
mod standby_away;
mod storage_away;
mod support;
mod timeline;
mod triggers;
mod walls;
mod webhooks;
mod work;
