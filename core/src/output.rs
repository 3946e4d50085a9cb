//! What a child writes: parsed by rules that are pure, given to `tracing` and to events.
