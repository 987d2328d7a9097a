//! Holds nothing: the audit must find what this package depends on.
