//! The names that distinguish spans: beginnings, inner work, and steps of loops.

/// The target of spans that something begins with (a request, a webhook's attempt, a step): they are always
/// there, since lines and webhooks name their traces.
pub(super) const BEGINNING: &str = "trace_begins";
/// The target of spans that are only there to be exported.
pub(super) const INNER: &str = "trace";
/// The name of a step's span …
pub(crate) const STEP: &str = "step";
/// … and its attribute when it found nothing to do.
pub(crate) const IS_IDLE: &str = "step.is_idle";
