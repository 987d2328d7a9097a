//! Security: strangers, other shops, malformed and endless connections, secrets that must not get out and keys that
//! rotate.

mod connections_are_bounded;
mod head_is_get;
mod keys_rotate_under_load;
mod no_canary_gets_out;
mod strangers_get_nothing;
mod tenants_are_separate;
