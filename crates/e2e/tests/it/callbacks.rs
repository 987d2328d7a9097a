//! Callbacks: early, late, twice, lost, forged or stale, and in the middle of an attack; what counts is what the
//! provider signed.

mod attacks_reach_no_callback;
mod callback_arrives_twice_or_out_of_order;
mod callback_before_reply;
mod callback_is_forged_or_stale;
mod callback_is_lost;
mod odd_http_stops_no_money;
