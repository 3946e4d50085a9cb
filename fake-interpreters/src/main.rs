//! The binary that is placed where an interpreter is looked for.

fn main() -> std::process::ExitCode {
    fake_interpreters::run()
}
