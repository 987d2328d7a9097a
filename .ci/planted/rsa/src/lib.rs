//! Holds nothing: the audit must refuse this package for its name and its licence.
