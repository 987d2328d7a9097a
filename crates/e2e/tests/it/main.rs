//! The promises of the gateway, kept by the real programs over real sockets and a real Postgres.
//! The file names are the list; what a story needs stands in `support`.
#![cfg(test)]

mod alerts_and_dashboards_fit;
mod alerts_fire;
mod books_balance;
mod callback_arrives_twice_or_out_of_order;
mod callback_before_reply;
mod callback_is_forged_or_stale;
mod callback_is_lost;
mod checkout_page;
mod commit_is_late;
mod connections_are_bounded;
mod create_is_idempotent;
mod database_is_away;
mod documents_are_served;
mod errors_are_problems;
mod gatewayctl_runs;
mod keys_rotate_under_load;
mod metrics_are_catalogued;
mod order_expires;
mod order_is_cancelled;
mod order_is_paid_another_way;
mod order_is_paid_by_each_method;
mod orders_are_found;
mod outcome_is_unknown;
mod paid_late;
mod paid_twice;
mod payer_is_erased;
mod process_dies_in_the_call;
mod prometheus_watches;
mod provider_is_down;
mod provider_refuses;
mod readiness;
mod redis_is_away;
mod refunded_by_provider;
mod restart_drains;
mod shop_is_down;
mod shop_manages_its_webhooks;
mod shop_pulls_its_events;
mod support;
mod tenants_are_separate;
mod tidy;
mod traps_are_held;
mod wrong_amount_goes_to_review;
