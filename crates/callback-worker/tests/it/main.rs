//! The provider's side of the wire against the edge: real HTTP, storage in memory.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod http;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod redeliveries;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod server;
#[cfg(test)]
mod slow_endpoints;
#[cfg(test)]
mod snap;
#[cfg(test)]
mod spellings;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod vectors;
