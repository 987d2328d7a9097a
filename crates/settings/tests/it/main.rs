//! The settings of each program: defaults, malformed values, and the rules between variables.
#![cfg(test)]

mod defaults;
mod example;
mod healing;
mod malformed;
mod rotation;
mod rules;
mod support;
