//! Binaries that stand where a Python interpreter would and play good or faulty plugins.
