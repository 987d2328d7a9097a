//! What replies hold besides orders, as it is written and as it is documented.

mod delivery;
mod endpoint;
mod timeline;

pub use delivery::{
    DeliveryList, DeliveryView, EventList, RedeliveredView, RedeliveryView, TryView,
};
pub use endpoint::{EndpointList, EndpointView, NewEndpointView};
pub use timeline::{Timeline, TimelineItemView};
