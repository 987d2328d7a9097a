//! The sandbox from outside: real sockets, own client, own receiver of callbacks.

mod callbacks;
mod calls;
mod control;
mod faults;
mod magic;
mod receiver;
mod refusals;
mod rig;
