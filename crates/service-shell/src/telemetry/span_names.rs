//! The names by which spans are told apart: what begins something, what shows the inside, and steps of loops.

/// The target of spans that something begins with (a request, a webhook's try, a step): they are always
/// there, since lines and webhooks name their traces.
pub(super) const BEGINNING: &str = "trace_begins";
/// The target of spans that are only there to be exported.
pub(super) const INNER: &str = "trace";
/// The name of a step's span …
pub(crate) const STEP: &str = "step";
/// … and its attribute when it found nothing to do.
pub(crate) const IS_IDLE: &str = "step.is_idle";
