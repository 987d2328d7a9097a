//! What replies hold besides orders, as it is written and as it is documented.

mod channel;
mod delivery;
mod endpoint;
pub mod order_csv;
mod refund;
mod report;
mod timeline;

pub use channel::{ChannelList, ChannelView, MethodView};
pub use delivery::{
    DeliveryList, DeliveryView, EventList, RedeliveredView, RedeliveryView, TryView,
};
pub use endpoint::{EndpointList, EndpointView, NewEndpointView};
pub use refund::{PayeeView, RefundList, RefundView};
pub use report::{ChannelReport, Counted, DailyReport, SuspenseReport};
pub use timeline::{Timeline, TimelineItemView};
