//! The flows over the real books, with a provider and a database that obey the test.
#![cfg(test)]

mod model;
