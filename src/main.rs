//! Parses, runs, and turns the result into an exit code: all of it in `noisescope::cli`.

use std::process::ExitCode;

/// Keeps large buffers instead of returning them to the system at every training step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(unsafe_code, reason = "the environment is set before there is a second thread")]
fn main() -> ExitCode {
    // Mesa's layer that orders adapters asks for a Wayland display and, on a machine without one,
    // prints "error: XDG_RUNTIME_DIR is invalid" each time adapters are listed. There is nothing to
    // order there.
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: no other thread runs yet, so none reads the environment meanwhile.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
    noisescope::cli::main()
}
