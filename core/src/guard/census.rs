//! Who carries a mark.
