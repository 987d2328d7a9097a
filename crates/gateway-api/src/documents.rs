//! Documents: `/openapi.json`, and `/docs` for people, from one table of calls to which every room gives its part.
//! The URL map calls it; it calls the rooms for their calls and schemas.
//! Invariant: every route is documented, and the file in `docs` is made from the types.

pub mod calls;
pub mod docs;
mod examples;
pub mod openapi;
mod replies;
mod scopes;
