//! Parses, runs, and turns the result into an exit code: all of it in `noisescope::cli`.

use std::process::ExitCode;

/// Keeps large buffers instead of returning them to the system at every training step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the allocator keeps free memory before the system has it back, in milliseconds: its
/// second (`mi_option_purge_delay`, option 15) holds 7 to 14 MB more, in training and in the DFA of
/// a long trace. A step of training is 1 to 3 % slower for it.
const FREE_KEPT: (libmimalloc_sys::mi_option_t, i16) = (15, 300);

#[expect(unsafe_code, reason = "environment and allocator are set before there is a second thread")]
fn main() -> ExitCode {
    // SAFETY: a number in the allocator's table of options; no other thread reads it meanwhile.
    unsafe { libmimalloc_sys::mi_option_set(FREE_KEPT.0, FREE_KEPT.1.into()) };
    // Mesa's layer that orders adapters asks for a Wayland display and, on a machine without one,
    // prints "error: XDG_RUNTIME_DIR is invalid" each time adapters are listed. There is nothing to
    // order there.
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: no other thread runs yet, so none reads the environment meanwhile.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
    noisescope::cli::main()
}
