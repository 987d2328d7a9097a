//! One violation: a change of the evidence.

use crate::checker::evidence::Evidence;

/// A way to corrupt the evidence.
pub(super) enum Plant {
    /// A change of a journal's lines.
    Lines(fn(&mut Evidence)),
    /// A change of the database's rows.
    Rows(&'static str),
}
