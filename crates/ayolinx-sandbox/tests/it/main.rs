//! The sandbox from outside: real sockets, own client, own receiver of callbacks.
//! `cfg(test)` tells the lints that helpers outside of test functions are test code too.

#[cfg(test)]
mod callbacks;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod magic;
#[cfg(test)]
mod outcome_classes;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rotation;
