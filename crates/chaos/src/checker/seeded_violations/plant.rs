//! One violation: what is changed in the evidence.

use crate::checker::evidence::Evidence;

/// How evidence is spoilt.
pub(super) enum Plant {
    /// Lines of a journal.
    Lines(fn(&mut Evidence)),
    /// Rows of the database.
    Rows(&'static str),
}
