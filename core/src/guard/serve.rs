//! The guard process.
/// Runs the guard.
pub fn serve() {}
/// Main of a guard.
pub fn main() {}
