//! The provider: down, refusing, silent, odd, in trouble on one channel; and what is concluded from it.

mod channels_are_apart;
mod create_is_sent_again;
pub(crate) mod outcome_is_unknown;
mod payment_ends_earlier;
pub(crate) mod provider_hands_us;
mod provider_is_down;
mod provider_is_tried;
mod provider_refuses;
