//! Webhooks and events: a shop that is down, manages its endpoints, and pulls what it missed.

mod shop_is_down;
mod shop_manages_its_webhooks;
mod shop_pulls_its_events;
