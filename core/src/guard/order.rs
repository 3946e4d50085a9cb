//! What the host tells the guard.
