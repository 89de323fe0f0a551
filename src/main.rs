//! Parses, runs, and turns the result into an exit code: all of it in `noisescope::cli`.

use std::process::ExitCode;

/// Keeps large buffers instead of returning them to the system at every training step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    noisescope::cli::main()
}
