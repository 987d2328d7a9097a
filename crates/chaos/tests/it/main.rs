//! The proxy on real sockets: every fault bites as it says, is counted, and ends when it is healed.

#[cfg(test)]
mod proxy;
