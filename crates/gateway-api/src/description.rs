//! Description: the parts that every room describes its calls with, for `/openapi.json` and `/docs`. The rooms call it,
//! `documents` puts together what they made; it knows none of them.
//! Invariant: a call is described once, and both documents are made from that.

pub mod call;
pub mod schemas;
