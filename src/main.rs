//! Parses, runs, and turns the result into an exit code: all of it in `noisescope::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    noisescope::cli::main()
}
